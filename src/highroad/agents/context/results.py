"""The tool that reads again what was left out of a result."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias

import orjson
from pydantic import Field

from highroad.domain.error import ToolError, VaultError
from highroad.domain.identity import Principal
from highroad.domain.json_value import JsonValue
from highroad.ledger.history import CallHistory
from highroad.ledger.ledger import Ledger
from highroad.tools.body.context import ToolContext
from highroad.tools.declaring.contract import Content
from highroad.tools.declaring.declare import tool

PAGE: Final = 4_000
"""Characters that are read at once: less than what gives way in a step that is still new."""

CallId: TypeAlias = Annotated[str, Field(min_length=1, max_length=64), Content()]
Pointer: TypeAlias = Annotated[str, Field(max_length=500, pattern=r"^(/.*)?$"), Content()]
View: TypeAlias = Callable[[CallHistory, JsonValue], Awaitable[JsonValue]]
Offset: TypeAlias = Annotated[int, Field(ge=0), Content()]

NO_RESULT: Final = {
    "no_such_result": "No call of this run with that id has a result. Take a call_id as it stands "
    "in the note in place of the result, or make the call again.",
    "no_such_part": "The result has nothing there. Read it without a pointer to see its form.",
    "result_erased": "The result was erased, and cannot be read again. Make the call again.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultPage:
    """A piece of a result, as JSON in a text."""

    text: str
    characters: int
    """Of the whole part that was asked for."""
    next_offset: int | None
    """Where the next piece begins; `None` at the end."""


class RunResults:
    """Reads results of one run's own calls from the ledger.

    Args:
        ledger: Where they are.
        view: What whoever made a call sees of its result. It is made of the whole result: of a
            piece of it, half a number would be in nobody's form.
    """

    def __init__(self, ledger: Ledger, view: View | None = None) -> None:
        self._ledger = ledger
        self._view = view

    async def read(self, run_id: str, principal: Principal, call_id: str) -> bytes:
        """The result of a call in JSON.

        Raises:
            ToolError: The run has no such call of this principal, or it has no result.
        """
        history = await self._own(run_id, principal, call_id)
        try:
            content = await self._ledger.open_json(await self._answering(history), "result")
        except VaultError:
            raise _error("result_erased") from None
        if content is None:
            raise _error("no_such_result")
        if self._view is None:
            return content
        return orjson.dumps(await self._view(history, orjson.loads(content)))

    async def _own(self, run_id: str, principal: Principal, call_id: str) -> CallHistory:
        history = await self._ledger.history(call_id)
        reader = self._ledger.keyring.opaque(principal)  # of their organization, as its key is
        if history is None or history.run_id != run_id or history.opening["principal"] != reader:
            raise _error("no_such_result")
        return history

    async def _answering(self, history: CallHistory) -> CallHistory:
        """The call whose result it was answered with: a repeated one stores none of its own."""
        while history.ended is not None and "source" in history.ended:
            source = await self._ledger.history(history.ended["source"])
            if source is None or source.organization != history.organization:
                raise _error("no_such_result")
            history = source
        return history


@tool(tier="read", timeout_s=10, errors=NO_RESULT)
async def get_result(
    call_id: CallId,
    context: ToolContext[RunResults],
    pointer: Pointer = "",
    offset: Offset = 0,
) -> ResultPage:
    """Read the result of an earlier call of this run again, piece by piece.

    Use when a result was left out to save room and is needed after all. Not for calls of other
    runs, and not to see whether something has changed; make the call again for that.

    Args:
        call_id: As it stands in the note in place of the result, for example "call_01jd".
        pointer: JSON pointer of the part that is wanted, for example "/items/3"; all of it.
        offset: Character to begin with; `next_offset` of the piece before.
        context: Whose run it is.
    """
    content = await context.deps.read(context.run_id, context.principal, call_id)
    text = orjson.dumps(part_of(orjson.loads(content), pointer)).decode()
    end = offset + PAGE
    return ResultPage(
        text=text[offset:end],
        characters=len(text),
        next_offset=end if end < len(text) else None,
    )


def part_of(found: JsonValue, pointer: str) -> JsonValue:
    """The value at a JSON pointer (RFC 6901).

    Raises:
        ToolError: There is none.
    """
    for token in pointer.split("/")[1:]:
        found = _member(found, token.replace("~1", "/").replace("~0", "~"))
    return found


def _member(found: JsonValue, name: str) -> JsonValue:
    match found:
        case dict() if name in found:
            return found[name]
        case list() if name.isdecimal() and name.isascii() and int(name) < len(found):
            return found[int(name)]
        case _:
            raise _error("no_such_part")


def _error(code: str) -> ToolError:
    return ToolError("There is nothing to read.", code=code, hint=NO_RESULT[code], applied=False)

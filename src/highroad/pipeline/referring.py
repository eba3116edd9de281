"""Arguments with values in place of handles: looked up once, before anything is judged.

So keys, rules, grounding, people and the tool see the value, and the record knows which leaf of
which result it is. Only what a model itself put into a call is a handle: not what a value says,
and not what code, a body or a person writes.
"""

from dataclasses import replace
from typing import Final

import orjson

from highroad.domain.call import Call
from highroad.domain.error import CallError, Code, Problem, VaultError
from highroad.domain.handle import Handle, HandledLeaf, has_handle, leaf_at
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.value import value
from highroad.domain.verdict import Proceed, Refuse
from highroad.evidence.pointer import child
from highroad.ledger.history import CallHistory
from highroad.pipeline.context import RoadContext
from highroad.pipeline.personal import taking
from highroad.pipeline.readership import Readership
from highroad.pipeline.services import Services
from highroad.pipeline.view import answering, readership_again, result_again
from highroad.tools.arguments.pointer import pointer

_UNKNOWN: Final = "the handle of one value of a result of this run"
_HIDDEN: Final = "a value that you are shown"
_NO_SUCH: Final = CallError(
    code=Code.HANDLE_UNKNOWN,
    message="No value of a result of this run has the handle that an argument has.",
    hint="Take the `handle` of a result that you were shown in this run, and behind it the way to "
    "one value, for example `.items.0.id`; or pass the value itself.",
)
_CLOSED: Final = CallError(
    code=Code.HANDLE_CLOSED,
    message="The handle names a value that you are not shown, and the argument is not there to "
    "take one.",
    hint="Pass it only where such a value belongs, such as the address of an e-mail.",
)


@value(kw_only=False)
class _Result:
    """A result of the run: as it was recorded, and as its caller is shown it."""

    call_id: str
    recorded: JsonValue
    shown: JsonValue
    readership: Readership | None

    def leaf(self, path: tuple[str, ...]) -> HandledLeaf | None:
        """The value at a path, if the caller is shown the keys on the way to it.

        A key that is not shown would else be known by whether a handle with it is refused.
        """
        is_seen = leaf_at(self.shown, path) is not None
        return leaf_at(self.recorded, path) if is_seen else None

    def is_hidden(self, leaf: HandledLeaf, path: tuple[str, ...]) -> bool:
        """Whether the caller is not shown a value, also one that is like its mask."""
        if self.readership is not None and self.readership.is_hidden(leaf.pointer):
            return True
        return leaf_at(self.shown, path) != leaf


async def referred(call: Call, context: RoadContext, note: str | None) -> Proceed | Refuse:
    """The call with values in place of handles; what names none of its run is refused."""
    taken = replace(call, takes_handles=False)
    handles = context.services.handles.of(call.run_id)
    if handles is not None:
        handles.note(call.step, call.id)
    if not has_handle(call.known_arguments):
        context.advance(taken)
        return Proceed(taken, note=note)
    referring = _Referring(call, context)
    arguments = await referring.arguments()
    if referring.unknown or referring.hidden:
        return referring.refusal()
    taken = replace(taken, arguments=arguments)
    context.advance(taken)
    context.handles = referring.places
    if handles is not None:
        handles.given[call.id] = arguments
    said = f"handles: {' '.join(referring.told)}"
    return Proceed(taken, note=said if note is None else f"{note}; {said}")


class _Referring:
    """Puts values in place of the handles of one call.

    Args:
        call: Whose.
        context: On the road.
    """

    def __init__(self, call: Call, context: RoadContext) -> None:
        self._call = call
        self._context = context
        self._results: dict[int, _Result | None] = {}
        self._takes = taking(context.tool.definition)
        self.places: dict[str, tuple[str, str]] = {}
        """By pointer into the arguments, the call and the pointer into its result."""
        self.told: list[str] = []
        """Pointers into the arguments, free of keys that are data (P7)."""
        self.unknown: list[str] = []
        self.hidden: list[str] = []

    async def arguments(self) -> JsonObject:
        given = self._call.known_arguments
        return {name: await self._in(each, (name,)) for name, each in given.items()}

    def refusal(self) -> Refuse:
        at, wanted = (self.unknown, _UNKNOWN) if self.unknown else (self.hidden, _HIDDEN)
        error = _NO_SUCH if self.unknown else _CLOSED
        problems = tuple(Problem(each, "handle", wanted) for each in at)
        return Refuse(replace(error, problems=problems), rule=f"handles: {error.code}")

    async def _in(self, json: JsonValue, path: tuple[str | int, ...]) -> JsonValue:
        match json:
            case str() if (handle := Handle.of(json)) is not None:
                return await self._value(handle, path)
            case list():
                return [await self._in(each, (*path, at)) for at, each in enumerate(json)]
            case dict():
                return {key: await self._in(each, (*path, key)) for key, each in json.items()}
            case _:
                return json

    async def _value(self, handle: Handle, path: tuple[str | int, ...]) -> JsonValue:
        told = pointer(path, self._context.tool.names)
        result = await self._result(handle)
        leaf = None if result is None else result.leaf(handle.path)
        if result is None or leaf is None:
            self.unknown.append(told)
            return None
        if path[0] not in self._takes and result.is_hidden(leaf, handle.path):
            self.hidden.append(told)
            return None
        self.places["".join(child("", str(token)) for token in path)] = result.call_id, leaf.pointer
        self.told.append(told)
        return leaf.value

    async def _result(self, handle: Handle) -> _Result | None:
        handles = self._context.services.handles.of(self._call.run_id)
        if handles is None or handle.tag != handles.tag:
            return None
        if handle.number not in self._results:
            call_id = handles.call(handle.number)
            self._results[handle.number] = None if call_id is None else await self._read(call_id)
        return self._results[handle.number]

    async def _read(self, call_id: str) -> _Result | None:
        """A result from the record; `None` where there is none of this caller and run."""
        services, call = self._context.services, self._call
        history = await services.ledger.history(call_id)
        if history is None or history.run_id != call.run_id or history.ended is None:
            return None
        if history.opening["principal"] != services.ledger.keyring.opaque(call.principal):
            return None
        content = await _content(services, history)
        if content is None:
            return None
        recorded: JsonValue = orjson.loads(content)
        shown = await result_again(services, history, recorded)
        return _Result(call_id, recorded, shown, await readership_again(services, history))


async def recorded_result(services: Services, history: CallHistory) -> JsonValue:
    """The whole result of a call, as it is on record; `None` where there is none any more."""
    content = await _content(services, history)
    recorded: JsonValue = None if content is None else orjson.loads(content)
    return recorded


async def _content(services: Services, history: CallHistory) -> bytes | None:
    try:
        return await services.ledger.open_json(await answering(services, history), "result")
    except VaultError:
        return None  # it was erased

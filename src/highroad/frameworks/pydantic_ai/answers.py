"""What the host answered by itself since its model last spoke, and the road has to know."""

from collections import deque
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from typing import Final
from weakref import WeakKeyDictionary

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    ToolCallPart,
    ToolReturnPart,
)

from highroad.domain.value import value
from highroad.runtime import Runtime

_REMEMBERED: Final = 1_000
_NOTED: Final = WeakKeyDictionary[Runtime, deque[tuple[str | None, str]]]()
"""Answers that were taken note of: all tools that are guarded for a runtime see the same ones."""
_NOT_OFFERED: Final = frozenset({"unknown_tool", "unavailable_tool"})


class Why(Enum):
    """Why the host did not hand a call on."""

    DENIED = auto()
    """Its user denied what it had paused for."""
    NOT_OFFERED = auto()
    """Its agent has no tool of that name, or has not shown it to its model yet."""


@value
class Answer:
    """One call that the host answered."""

    call: ToolCallPart
    why: Why
    run_id: str | None
    """The host's run that answered."""

    def is_new_to(self, runtime: Runtime) -> bool:
        """Whether nobody took note of it; from now on somebody has."""
        noted = _NOTED.setdefault(runtime, deque(maxlen=_REMEMBERED))
        answer = (self.run_id, self.call.tool_call_id)
        if answer in noted:
            return False
        noted.append(answer)
        return True


def answers(messages: Sequence[ModelMessage]) -> Iterator[Answer]:
    """Its answers to the calls of the last reply of its model."""
    found: list[tuple[ToolReturnPart, Why, str | None]] = []
    for message in reversed(messages):
        if isinstance(message, ModelResponse):
            calls = {call.tool_call_id: call for call in message.tool_calls} if found else {}
            for part, why, run_id in found:
                if part.tool_call_id in calls:
                    yield Answer(call=calls[part.tool_call_id], why=why, run_id=run_id)
            return
        found.extend(_of_request(message))


def _of_request(request: ModelRequest) -> Iterator[tuple[ToolReturnPart, Why, str | None]]:
    for part in request.parts:
        if not isinstance(part, ToolReturnPart):
            continue
        if part.outcome == "denied":
            yield part, Why.DENIED, request.run_id
        elif part.retry is not None and part.retry.cause in _NOT_OFFERED:
            yield part, Why.NOT_OFFERED, request.run_id

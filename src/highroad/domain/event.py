"""What a run tells while it goes on."""

from dataclasses import dataclass, field
from enum import StrEnum

from highroad.domain.json_value import JsonObject


class EventKind(StrEnum):
    """What happened."""

    RUN_STARTED = "run.started"
    MODEL_ASKED = "model.asked"
    TEXT_DELTA = "text.delta"
    """More of the text of the reply under way: `text`."""
    TEXT = "text"
    """All the text of a reply: `text`. Whoever followed the deltas has it already."""
    TOOL_PROPOSED = "tool.proposed"
    """A call was taken in: its `arguments`, as they came or, from the ledger, as they were read."""
    TOOL_HELD = "tool.held"
    """It waits: `approval_id`, or the result comes later."""
    TOOL_STARTED = "tool.started"
    TOOL_PROGRESS = "tool.progress"
    """What a body says of its progress."""
    TOOL_FINISHED = "tool.finished"
    """It was answered: `status`, and `answer` as the model is told; where that never heard of it,
    because the reply was given up in which it stood, it is `dropped`."""
    MESSAGE = "message"
    """A user's message has reached the run."""
    BUDGET_WARNING = "budget.warning"
    RUN_HELD = "run.held"
    """The process has let the run go: it waits for people or results."""
    RUN_RESUMED = "run.resumed"
    RUN_FINISHED = "run.finished"
    """`status`, and what it came to."""
    EVENTS_LOST = "events.lost"
    """The reader was slower than the run: `count` deltas and words of progress are gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened in a run, in order.

    `seq` lets a reader that lost its stream go on after the last event it saw.
    """

    seq: int
    """Grows strictly within the run that is followed."""
    id: str
    """Of what happened: told twice, it is the same. What is on the ledger keeps it for ever."""
    kind: EventKind
    run_id: str
    """In which it happened: the one that is followed, or one below it."""
    call_id: str | None = None
    path: tuple[str, ...] = ()
    """The agents between the run that is followed and the one it happened in; outermost first."""
    at_ms: int = 0
    data: JsonObject = field(default_factory=dict)

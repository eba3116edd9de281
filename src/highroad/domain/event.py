"""What a run tells while it goes on."""

from dataclasses import dataclass, field

from highroad.domain.json_value import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened in a run, in order.

    `seq` lets a reader that lost its stream go on after the last event it saw.
    """

    seq: int
    kind: str
    run_id: str
    call_id: str | None = None
    at_ms: int = 0
    data: JsonObject = field(default_factory=dict)

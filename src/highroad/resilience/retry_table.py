"""What is tried again: by kind of failure, effect class, and whether anything was applied (P11).

`docs/failures.md` shows this table; a test compares the two.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from highroad.domain.failure_kind import FailureKind
from highroad.domain.tool import Effect
from highroad.domain.value import value


class Repeat(StrEnum):
    """Whether an attempt may be made once more."""

    YES = "yes"
    NOT_APPLIED = "if nothing was applied"
    """Something must prove it: what is not known may have been applied."""
    NO = "no"


@value
class Schedule:
    """How often, and how far apart."""

    attempts: int
    """The first included."""
    base_s: float
    """Delay before the first repetition; it doubles from there."""


BACKOFF: Final = Schedule(attempts=3, base_s=0.5)
THROTTLING: Final = Schedule(attempts=6, base_s=1.0)

_CLASSES: Final = (Effect.REPEATABLE, Effect.IDEMPOTENT, Effect.CHECKABLE, Effect.UNPROTECTED)


def _row(*cells: Repeat) -> Mapping[Effect, Repeat]:
    return dict(zip(_CLASSES, cells, strict=True))


_YES, _PROVED, _NO = Repeat.YES, Repeat.NOT_APPLIED, Repeat.NO

RETRIES: Final[Mapping[FailureKind, Mapping[Effect, Repeat]]] = {
    #                                    repeatable idempotent checkable unprotected
    FailureKind.TRANSIENT: _row(_YES, _YES, _PROVED, _PROVED),
    FailureKind.THROTTLED: _row(_YES, _YES, _PROVED, _PROVED),
    FailureKind.TIMEOUT: _row(_YES, _YES, _PROVED, _PROVED),
    FailureKind.INVALID_ARGUMENTS: _row(_NO, _NO, _NO, _NO),
    FailureKind.DENIED: _row(_NO, _NO, _NO, _NO),
    FailureKind.PERMANENT: _row(_NO, _NO, _NO, _NO),
    FailureKind.BUG: _row(_NO, _NO, _NO, _NO),
    FailureKind.CANCELLED: _row(_NO, _NO, _NO, _NO),
    FailureKind.UNKNOWN: _row(_NO, _NO, _NO, _NO),
}

SCHEDULES: Final[Mapping[FailureKind, Schedule]] = {
    FailureKind.TRANSIENT: BACKOFF,
    FailureKind.THROTTLED: THROTTLING,
    FailureKind.TIMEOUT: BACKOFF,
}
"""Of the kinds that are tried again at all."""


def may_repeat(kind: FailureKind, effect: Effect, *, applied: bool | None) -> bool:
    """Whether the table lets an attempt be made once more.

    What was applied is not, whatever its class but repeatable: its outcome is known.
    """
    cell = RETRIES[kind][effect]
    if applied is True and effect is not Effect.REPEATABLE:
        return False
    return cell is Repeat.YES or (cell is Repeat.NOT_APPLIED and applied is False)

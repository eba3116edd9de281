"""Deferrals: calls whose body has handed the work on, and whose result comes later."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Final

from highroad.domain.audit import DEFERRAL, typed

MOST_S: Final = 366 * 86_400.0
"""A result that is more than a year away is nothing that a call waits for."""


class DeferralState(StrEnum):
    """Where a deferral stands. Whatever the end of its call, it ends with that."""

    WAITING = "waiting"
    ANSWERED = "answered"
    """A result was handed in, or the news that there is none."""
    EXPIRED = "expired"
    """Nothing came in time."""
    CANCELLED = "cancelled"
    """The call was called off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferral:
    """A call that waits for a result from elsewhere, and until when."""

    call_id: str
    run_id: str
    organization: str
    principal_id: str
    """Opaque id."""
    tool: str
    state: str = DeferralState.WAITING
    deferred_ms: int
    expires_ms: int
    ended_ms: int | None = None
    """When its call ended."""

    @property
    def is_waiting(self) -> bool:
        """Whether a result can still come."""
        return self.state == DeferralState.WAITING

    def is_overdue(self, at_ms: int) -> bool:
        """Whether no result came in time."""
        return self.is_waiting and self.expires_ms <= at_ms


class Deferred(BaseException):
    """Leaves the body of a tool whose result comes later; `ToolContext.defer` raises it.

    No error, and so no `Exception`: a body that catches those lets it pass.

    Args:
        expires_s: Within which the result has to come.
    """

    def __init__(self, expires_s: float) -> None:
        super().__init__(expires_s)
        self.expires_s: float = expires_s


def deferral_body(deferral: Deferral) -> dict[str, Any]:
    """A deferral as an entry has it."""
    return {name: cell for name, cell in asdict(deferral).items() if cell is not None}


def deferral_values(body: Mapping[str, Any]) -> tuple[Any, ...]:
    """The row of a deferral as an entry has it; the columns are the fields, in order."""
    return tuple([body.get(name) for name in _FIELDS])


def deferral_of(values: Sequence[Any]) -> Deferral:
    """Read a row of `deferral`, whatever store it comes from.

    Raises:
        LedgerError: Somebody changed it.
    """
    return Deferral(**dict(zip(_FIELDS, typed(DEFERRAL, values), strict=True)))


_FIELDS: Final = tuple(each.name for each in fields(Deferral))

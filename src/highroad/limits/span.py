"""Windows of budgets on the calendar: which one a moment lies in, in UTC."""

from datetime import UTC, datetime
from typing import Final, NamedTuple

from highroad.domain.limits import Window

_MS: Final = {Window.HOUR: 3_600_000, Window.DAY: 86_400_000}


class Span(NamedTuple):
    """One window: its name among those of its kind, and its milliseconds from `since` to `until`.

    The end lies outside.
    """

    name: str
    since_ms: int
    until_ms: int


EVER: Final = Span("", 0, 1 << 62)
"""What has no window."""


def span_of(window: Window, at_ms: int) -> Span:
    """The window that a moment lies in."""
    length_ms = _MS.get(window)
    if length_ms is None:
        return _month(at_ms)
    number = at_ms // length_ms
    return Span(f"{window}/{number}", number * length_ms, (number + 1) * length_ms)


def _month(at_ms: int) -> Span:
    at = datetime.fromtimestamp(at_ms // 1_000, UTC)
    first = datetime(at.year, at.month, 1, tzinfo=UTC)
    years, month = divmod(at.month, 12)
    then = datetime(at.year + years, month + 1, 1, tzinfo=UTC)
    return Span(f"month/{at:%Y-%m}", _ms(first), _ms(then))


def _ms(at: datetime) -> int:
    return int(at.timestamp()) * 1_000

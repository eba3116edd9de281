"""Periods that auditors ask about; every day begins and ends in UTC."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self

_DURATION: Final = re.compile(r"(\d{1,6})([smhdw])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From `since_ms` on and before `until_ms` (Unix time); `None` has no bound."""

    since_ms: int | None = None
    until_ms: int | None = None

    @classmethod
    def of(cls, since: str | None = None, until: str | None = None, *, now_ms: int) -> Self:
        """The period between two moments.

        Args:
            since: A date or time in ISO 8601 (`2026-11-01`, `2026-11-01T09:30`, with an offset or
                else in UTC), or how long ago: `90s`, `30m`, `12h`, `7d`, `2w`.
            until: Likewise; a date is its first moment.
            now_ms: Unix time.

        Raises:
            ValueError: One of them is neither, or the period ends before it begins.
        """
        period = cls(since_ms=_moment(since, now_ms), until_ms=_moment(until, now_ms))
        if (period.since_ms or 0) > (now_ms if period.until_ms is None else period.until_ms):
            raise ValueError(f"the period ends before it begins: since {since}, until {until}")
        return period

    def __contains__(self, at_ms: int) -> bool:
        return (self.since_ms is None or at_ms >= self.since_ms) and (
            self.until_ms is None or at_ms < self.until_ms
        )


ALWAYS: Final = Period()


def _moment(text: str | None, now_ms: int) -> int | None:
    if text is None:
        return None
    ago = _DURATION.fullmatch(text)
    if ago is not None:
        return now_ms - int(timedelta(**{_UNITS[ago[2]]: int(ago[1])}).total_seconds() * 1_000)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is no time: give a date such as 2026-11-01, or how long ago, such as 7d"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1_000)

"""What is answered when a limit is reached: which, how far, and what to do instead."""

from dataclasses import dataclass
from typing import Final

from highroad.domain.error import CallError, Code

_WIND_UP: Final = "Stop calling tools and answer with what you have; say what is missing."
_HINTS: Final = {
    "calls_per_tool": "Do not call this tool again in this run; use the results that you have.",
    "calls_per_read": "Do not call this tool again in this run; use the results that you have.",
    "max_per_run": "Do not call this tool again in this run; use the results that you have.",
    "usd": "Use cheaper tools or the results that you have; the user may raise the budget.",
}
_NOUNS: Final = {
    "proposals": "proposed calls",
    "calls": "calls",
    "calls_per_tool": "calls of this tool",
    "calls_per_read": "calls of this tool",
    "max_per_run": "calls of this tool",
    "usd": "US dollars",
    "run_s": "seconds",
}


@dataclass(frozen=True, slots=True)
class Exceeded:
    """One more would break a limit of the run."""

    limit: str
    """Its name under `[limits]`, or `max_per_run` where the tool itself declares it."""
    count: float
    """Used or reserved so far."""
    allowed: float
    """The limit, in its own unit."""

    @property
    def error(self) -> CallError:
        """The refusal: counts and limits of the run, which are no secret to its model."""
        return CallError(
            code=Code.BUDGET_EXCEEDED,
            message=(
                f"Limit {self.limit} of this run: {self.count:g} of {self.allowed:g} "
                f"{_NOUNS[self.limit]} are used or reserved."
            ),
            hint=_HINTS.get(self.limit, _WIND_UP),
        )


@dataclass(frozen=True, slots=True)
class RateExceeded:
    """One more within this minute would break the rate of a tool."""

    count: int
    limit: int
    retry_after_s: float
    """When the next one may come."""

    @property
    def error(self) -> CallError:
        """The refusal; the same call may succeed later."""
        return CallError(
            code=Code.RATE_LIMITED,
            message=(
                f"This tool was called {self.count} times within a minute; {self.limit} are "
                f"allowed. The next call may come in {self.retry_after_s:.1f} s."
            ),
            hint=(
                f"Go on with other work, and try again in {self.retry_after_s:.1f} s if it is "
                "still needed."
            ),
            retryable=True,
        )

"""What is told of limits: which one is reached or near, how far, and what to do instead."""

from dataclasses import dataclass
from typing import Final

from highroad.domain.error import CallError, Code
from highroad.domain.limits import Scope, Window

_WIND_UP: Final = "Stop calling tools and answer with what you have; say what is missing."
_NO_MORE: Final = "Do not call this tool again in this run; use the results that you have."
_HINTS: Final = {
    "calls_per_tool": _NO_MORE,
    "calls_per_read": _NO_MORE,
    "max_per_run": _NO_MORE,
    "usd": "Use cheaper tools or the results that you have; the user may raise the budget.",
}
_NOUNS: Final = {
    "proposals": "proposed calls",
    "calls": "calls",
    "calls_per_tool": "calls of this tool",
    "calls_per_read": "calls of this tool",
    "max_per_run": "calls of this tool",
    "attempts": "attempts",
    "tokens": "tokens",
    "usd": "US dollars",
    "run_s": "seconds",
    "wall_s": "seconds on the road",
}


@dataclass(frozen=True, slots=True)
class Exceeded:
    """More would break a budget."""

    limit: str
    """Its name under `[limits]` or in `[[budgets]]`, or `max_per_run`, which a tool declares."""
    count: float
    """Used or reserved so far."""
    allowed: float
    """The limit, in its own unit."""
    scope: Scope = Scope.RUN
    window: Window = Window.LIFE
    is_above: bool = False
    """Of a run that this one is below."""
    again_s: float | None = None
    """When its window ends."""

    @property
    def rule(self) -> str:
        """For the record."""
        if self.scope is Scope.RUN:
            return f"limits.{self.limit}"
        window = "" if self.window is Window.LIFE else f".{self.window}"
        return f"budgets.{self.scope}{window}.{self.limit}"

    @property
    def error(self) -> CallError:
        """The refusal: what a run or its user spent is no secret to its model.

        What an organization spent is: it tells of other people.
        """
        used = f"{self.count:g} of {self.allowed:g} {_NOUNS[self.limit]} are used or reserved."
        if self.scope is Scope.ORGANIZATION:
            used = f"its {_NOUNS[self.limit]} are used or reserved."
        hint = _HINTS.get(self.limit, _WIND_UP) if self.scope is Scope.RUN else _WIND_UP
        if self.again_s is not None:
            hint += f" The {self.window} ends in {self.again_s:.0f} s, and the budget begins anew."
        return CallError(
            code=Code.BUDGET_EXCEEDED,
            message=f"Limit {self.limit} of {self._whose}: {used}",
            hint=hint,
        )

    @property
    def warning(self) -> str:
        """For a model, where the limit is near and not reached."""
        used = f"{self.count:g} of {self.allowed:g} {_NOUNS[self.limit]} are used or reserved"
        if self.scope is Scope.ORGANIZATION:
            used = f"nearly all {_NOUNS[self.limit]} are used or reserved"
        return f"Limit {self.limit} of {self._whose} is near: {used}. Begin to wind up."

    @property
    def _whose(self) -> str:
        if self.scope is Scope.RUN:
            return "the run above this one" if self.is_above else "this run"
        per = "" if self.window is Window.LIFE else f" for this {self.window}"
        return f"this {self.scope}{per}"


@dataclass(frozen=True, slots=True)
class RateExceeded:
    """One more within this minute would break a rate."""

    count: int
    limit: int
    retry_after_s: float | None
    """When the next one may come, if ever."""
    scope: Scope | None = None
    """Of whom, where it is not that of one tool for one principal."""

    @property
    def rule(self) -> str:
        """For the record."""
        return "limits.per_minute" if self.scope is None else f"rates.{self.scope}"

    @property
    def error(self) -> CallError:
        """The refusal; the same call may succeed later."""
        if self.scope is None:
            reached = (
                f"This tool was called {self.count} times within a minute; {self.limit} are "
                "allowed."
            )
        else:
            reached = f"This {self.scope} makes more calls than its rate of {self.limit} a minute."
        if self.retry_after_s is None:
            next_one, hint = "No call may come.", _WIND_UP
        else:
            next_one = f"The next call may come in {self.retry_after_s:.1f} s."
            hint = (
                f"Go on with other work, and try again in {self.retry_after_s:.1f} s if it is "
                "still needed."
            )
        return CallError(
            code=Code.RATE_LIMITED,
            message=f"{reached} {next_one}",
            hint=hint,
            retryable=self.retry_after_s is not None,
        )

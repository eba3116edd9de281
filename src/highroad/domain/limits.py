"""The limits of a run, in one place; and budgets and rates of whoever it serves."""

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final

MICRO: Final = 1_000_000
"""Money is counted in millionths of a US dollar: integers add up exactly."""


class WithoutCounters(StrEnum):
    """What becomes of reads while what limits count cannot be reached."""

    REFUSE = "refuse"
    ALLOW = "allow"
    """They run, and are not counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a run, a call and an attempt may use. `highroad config` prints the ones in force.

    Each is a setting under `[limits]` in `highroad.toml`.
    """

    iterations: int = 10
    """Model turns of a run."""
    calls: int = 100
    """Calls of a run that reach an intent."""
    proposals: int = 500
    """Calls of a run that are received, refused and repeated ones included."""
    calls_per_tool: int = 5
    """Calls of a run to one tool above tier `read`."""
    calls_per_read: int = 50
    """Calls of a run to one tool of tier `read`."""
    tokens: int = 50_000
    """Tokens of a run, in and out."""
    usd: float = 0.10
    """Money of a run, in US dollars."""
    run_s: float = 300.0
    """Wall time of a run; it rests while the whole run is held."""
    attempt_s: float = 30.0
    """Time of one attempt of a tool that sets none itself."""
    call_s: float = 120.0
    """Time of one call; it stands still while the call is held."""
    parallel: int = 5
    """Calls of a run that execute at once."""
    threads: int = 40
    """Bodies of synchronous tools that run at once, but for those astray."""
    threads_each: int = 20
    """Threads of one dependency, with those of bodies that outlived their deadline."""
    processes: int = 4
    """Worker processes at once, for bodies with `isolation="process"`."""
    approval_s: float = 86_400.0
    """How long an approval waits."""
    abandoned_s: float = 3_600.0
    """How long a call whose process died waits for its tool."""
    cache_s: float = 300.0
    """The longest that a result may be served again, whatever its tool declares."""
    cache_entries: int = 1_000
    """Results kept in this process at most."""
    cache_bytes: int = 33_554_432
    """Memory that they take up at most; a result larger than an eighth of it is not kept."""
    evidence_runs: int = 1_000
    """Runs of hosts whose evidence is kept in this process at most."""
    identical_calls: int = 3
    """The same read in a row in a run before it is stopped as a loop."""
    argument_bytes: int = 1_000_000
    """Size of the arguments of a call."""
    result_bytes: int = 1_000_000
    """Size of a result."""
    per_minute: int | None = None
    """Calls a minute of one tool by one principal."""
    ceiling_usd: float = 0.01
    """Money that work reserves which declares no maximum, in US dollars."""
    ceiling_tokens: int = 4_000
    """Tokens that work reserves which declares no maximum."""
    reads_without_counters: WithoutCounters = WithoutCounters.REFUSE
    """What becomes of reads while `counters` cannot be reached; what is above is refused."""

    def __post_init__(self) -> None:
        """Refuse limits that no run could satisfy."""
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, int | float) and value < 0:
                message = f"limit {field.name!r} is {value}; it must be zero or more"
                raise ValueError(message)
        for name in ("parallel", "threads", "threads_each", "processes"):
            if getattr(self, name) == 0:
                message = f"limit {name!r} is 0; no call could ever run"
                raise ValueError(message)

    def deadline_ms(self, begun_ms: int) -> int:
        """Unix time by which a call is over that begins at `begun_ms` with its whole time."""
        return begun_ms + int(self.call_s * 1_000)


class Scope(StrEnum):
    """Whose a budget or a rate is, from the narrowest to the widest."""

    CALL = "call"
    RUN = "run"
    CONVERSATION = "conversation"
    USER = "user"
    ORGANIZATION = "organization"


class Window(StrEnum):
    """How long a budget lasts before it begins anew. Days and months are those of UTC."""

    LIFE = "life"
    """As long as the scope."""
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


_LASTING: Final = {Scope.CALL, Scope.CONVERSATION}
"""Scopes that come to an end, so that their budgets need no window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRule:
    """What a scope may use within a window; a table of `[[budgets]]`. `None` is no limit."""

    scope: Scope
    window: Window = Window.LIFE
    proposals: int | None = None
    calls: int | None = None
    attempts: int | None = None
    tokens: int | None = None
    usd: float | None = None
    wall_s: float | None = None
    """Time that calls are on the road, in seconds, added up."""

    @property
    def bounds_work(self) -> bool:
        """Whether it limits more than proposals."""
        return any(getattr(self, meter) is not None for meter in BUDGETED if meter != "proposals")

    def __post_init__(self) -> None:
        """Refuse a budget that limits nothing, or that has a window where none can be."""
        if self.scope is Scope.RUN:
            raise ValueError("the budget of a run stands under [limits]")
        if (self.window is Window.LIFE) != (self.scope in _LASTING):
            wanted = "takes no window" if self.scope in _LASTING else "needs a window"
            raise ValueError(f"a budget of a {self.scope} {wanted}: hour, day or month")
        given = [getattr(self, meter) for meter in BUDGETED]
        if all(each is None for each in given):
            raise ValueError(f"it limits nothing: give one of {', '.join(BUDGETED)}")
        if any(each is not None and each < 0 for each in given):
            raise ValueError("a limit must be zero or more")


BUDGETED: Final = ("proposals", "calls", "attempts", "tokens", "usd", "wall_s")
"""What a budget may limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRule:
    """Calls a minute of a user or an organization; a table of `[[rates]]`.

    Without `burst` it is a sliding window: never more than `per_minute` in any sixty seconds. With
    it, a bucket that holds `burst` and refills evenly.
    """

    scope: Scope
    per_minute: int
    burst: int | None = None

    def __post_init__(self) -> None:
        """Refuse a rate of nobody, or one that lets nobody through for ever."""
        if self.scope not in {Scope.USER, Scope.ORGANIZATION}:
            raise ValueError("a rate is that of a user or of an organization")
        if self.per_minute < 0 or (self.burst is not None and min(self.burst, self.per_minute) < 1):
            raise ValueError("per_minute must be zero or more, and with a burst both at least 1")

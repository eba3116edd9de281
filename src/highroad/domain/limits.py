"""The limits of a run, in one place."""

from dataclasses import dataclass, fields


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
    cache_s: float = 300.0
    """The longest that a result may be served again, whatever its tool declares."""
    cache_entries: int = 1_000
    """Results kept at most."""
    identical_calls: int = 3
    """The same read in a row in a run before it is stopped as a loop."""
    argument_bytes: int = 1_000_000
    """Size of the arguments of a call."""
    result_bytes: int = 1_000_000
    """Size of a result."""
    per_minute: int | None = None
    """Calls a minute of one tool by one principal."""

    def __post_init__(self) -> None:
        """Refuse limits that no run could satisfy."""
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and value < 0:
                message = f"limit {field.name!r} is {value}; it must be zero or more"
                raise ValueError(message)
        for name in ("parallel", "threads", "threads_each", "processes"):
            if getattr(self, name) == 0:
                message = f"limit {name!r} is 0; no call could ever run"
                raise ValueError(message)

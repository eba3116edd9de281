"""Limits of runs, calls and attempts."""

from typing import Final

from highroad.domain.limits import Limits, WithoutCounters
from highroad.settings.document import Document
from highroad.settings.kinds import COUNT, NUMBER, POSITIVE, Kind, one_of
from highroad.settings.setting import Absent, Setting

_DEFAULT_LIMITS: Final = Limits()


def _limit(name: str, doc: str, kind: Kind | None = None) -> Setting:
    default = getattr(_DEFAULT_LIMITS, name)
    by_type = NUMBER if isinstance(default, float) else COUNT
    return Setting(
        f"limits.{name}", kind or by_type, Absent.NONE if default is None else default, doc
    )


SETTINGS: Final = (
    _limit("iterations", "Model turns of a run."),
    _limit("calls", "Calls of a run that reach an intent."),
    _limit("proposals", "Calls of a run that are received, refused and repeated ones included."),
    _limit("calls_per_tool", "Calls of a run to one tool above tier `read`."),
    _limit("calls_per_read", "Calls of a run to one tool of tier `read`."),
    _limit("tokens", "Tokens of a run, in and out."),
    _limit("usd", "Money of a run, in US dollars."),
    _limit("run_s", "Wall time of a run in seconds; it rests while the whole run is held."),
    _limit("attempt_s", "Seconds of one attempt of a tool that sets none itself."),
    _limit("call_s", "Seconds of one call; they stand still while it is held."),
    _limit("parallel", "Calls of a run that execute at once.", POSITIVE),
    _limit("threads", "Bodies of synchronous tools that run at once, of all tools.", POSITIVE),
    _limit(
        "threads_each",
        "Threads of one dependency, with those of bodies that run on behind their deadline. When "
        "these have them all, its calls fail as `overloaded`.",
        POSITIVE,
    ),
    _limit("processes", "Worker processes at once, for bodies that run in one.", POSITIVE),
    _limit("approval_s", "Seconds that an approval waits."),
    _limit(
        "abandoned_s",
        "Seconds that a call whose process died waits for its tool, from when this process first "
        "saw it. Then it ends as unknown.",
    ),
    _limit("cache_s", "Most seconds that a result may be served, whatever its tool declares."),
    _limit("cache_entries", "Results kept in this process at most."),
    _limit(
        "cache_bytes",
        "Memory that they take up at most; a result larger than an eighth of it is not kept.",
    ),
    _limit(
        "evidence_runs",
        "Runs of other frameworks' agents whose evidence is kept in this process at most; that of "
        "others is read again from the ledger.",
    ),
    _limit("identical_calls", "The same read in a row in a run before it is stopped as a loop."),
    _limit("argument_bytes", "Size of the arguments of a call."),
    _limit("result_bytes", "Size of a result."),
    _limit("per_minute", "Calls a minute of one tool by one principal.", COUNT),
    _limit("ceiling_usd", "Money that work reserves which declares no maximum, in US dollars."),
    _limit("ceiling_tokens", "Tokens that work reserves which declares no maximum."),
    _limit(
        "reads_without_counters",
        "What becomes of reads while `counters` cannot be reached; what is above is refused.",
        one_of(WithoutCounters),
    ),
)


def read(document: Document) -> Limits:
    """Those that were given, and the usual ones for others."""
    given = dict(document.get(("limits",), {}))
    if "reads_without_counters" in given:
        given["reads_without_counters"] = WithoutCounters(given["reads_without_counters"])
    return Limits(**given)

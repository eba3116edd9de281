"""What `@tool(...)` may be told."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias, TypedDict

from highroad.domain.label import Label
from highroad.domain.tool import Concurrency, Effect, Isolation, Tier
from highroad.tools.body.checks import Check, DataCheck
from highroad.tools.body.context import ToolContext
from highroad.tools.body.cost import Cost
from highroad.tools.body.failure import ErrorWhen
from highroad.tools.body.hooks import Written
from highroad.tools.declaring.batch import Batch, Many
from highroad.tools.declaring.compensation import Compensation
from highroad.tools.declaring.fallback import StandIn
from highroad.tools.declaring.resources import ResourceFactory

Probe: TypeAlias = Written[str, bool | None]
HealthCheck: TypeAlias = (
    Callable[[], object | Awaitable[object]]
    | Callable[[ToolContext[Any]], object | Awaitable[object]]
)
Preview: TypeAlias = Written[Mapping[str, Any], Any]
Migrate: TypeAlias = Callable[[Mapping[str, Any]], Mapping[str, object] | None]
"""Given arguments for an older version, those for this one; `None` if they are for none."""


class ToolOptions(TypedDict, total=False):
    """What `@tool(...)` may be told; what is left out has the closed default."""

    name: str
    """As models and policies call it; the function's name."""
    description: str
    """What it does, when to use it and when not; the docstring."""
    tier: Tier | Literal["read", "reversible", "irreversible", "privileged"]
    """What stands at stake; irreversible."""
    effect: Effect | Literal["repeatable", "idempotent", "checkable", "unprotected"]
    """What may be done when the outcome is not known; repeatable for reads, else unprotected."""
    key: Iterable[str]
    """Arguments that make two calls the same; all of them."""
    permissions: Iterable[str]
    """All of them are needed, besides the standard ones that types of its arguments require."""
    waives: Iterable[str]
    """Standard permissions that a type of its arguments requires, and that it does not need."""
    timeout_s: float
    """Of one attempt."""
    attempts: int
    """Tries for errors that may pass, the first included; what is left out goes by their kind."""
    hedge_s: float
    """Of a repeatable tool: after so many seconds without an answer, a second attempt beside the
    first; the first result counts, and the other attempt is cancelled."""
    transient: tuple[type[Exception], ...]
    """Errors after which the same attempt may succeed."""
    not_applied: tuple[type[Exception], ...]
    """Errors that the body raises only before any effect: a proof that nothing was applied. What
    is named here, be it nothing, takes the place of what is known of other errors."""
    cost: float | Cost
    """US dollars of one call: a fixed price, or a ceiling with an estimate and an account."""
    cache_s: float
    """How long a result may be served again."""
    cache_stale_s: float
    """How long after that it is served still, marked stale, while a fresh one is fetched."""
    cache_public: bool
    """Whether its results may answer every principal of the organization that may call it. Say so
    only where they depend on the arguments alone."""
    cache_tags: Iterable[str]
    """What its results tell of, such as `order:{order_id}`, with arguments in braces."""
    invalidates: Iterable[str]
    """Tags of results of other tools that are let go once a call may have taken effect."""
    checks: Iterable[Check]
    """Pure checks of the arguments, after the schema."""
    data_checks: Iterable[DataCheck]
    """Checks that read data, last in `authorize`."""
    resources: Mapping[type, ResourceFactory]
    """Opened once, or, where the factory takes a value, once for each principal; each goes to the
    parameter that is annotated with its type."""
    ask: str
    """CEL over `args`, `principal` and `labels`; true asks a person, false does not, and the words
    `confirm`, `human`, `quorum` and `quorum:3` say who."""
    probe: Probe
    """Of a checkable tool: did this key happen? Yes, no, or `None` for "cannot say"."""
    health: HealthCheck
    """Asks what the tool depends on whether it is well: `False`, or whatever is raised, is no. It
    takes nothing, or the context, and is run again and again while the program runs."""
    preview: Preview
    """What a dry run shows."""
    honoured_s: float
    """How long the other side of an idempotent tool remembers a key."""
    settle_after_s: float
    """How long to wait before the probe may be believed."""
    max_per_run: int
    """Most calls of one run."""
    per_minute: int
    """Most calls a minute by one principal."""
    strict: bool
    """No coercion at all."""
    version: str
    """Chosen by the author."""
    tags: Iterable[str]
    """For people and policies to group by."""
    examples: Iterable[Mapping[str, object]]
    """Arguments of calls worth imitating, in JSON; each fits the schema."""
    dependency: str
    """What it cannot work without, such as `payments`; tools that name the same share its breaker,
    bulkhead and retry budget."""
    concurrency: Concurrency | Literal["free", "serial", "barrier"]
    """Of the calls that are made together, what may run beside it: `free`, anything; `serial`, what
    is free; `barrier`, nothing. Reads are free, and what has effects is serial."""
    order_by: Iterable[str]
    """Arguments that name an object: calls that name the same one come one after the other, in the
    order in which they were written, and others may run beside them."""
    batch: Many | Batch
    """Runs calls that come within a few milliseconds together: takes a list of `BatchItem`, and
    returns a result, or an exception, for each of them in order."""
    personal: Iterable[str]
    """Arguments that are there to take what is personal, such as a name or an address: in them,
    pseudonyms are turned back into values."""
    secrets: Iterable[str]
    """Names of secrets that the body is given while it runs, by `context.secret`."""
    transform: bool
    """Whether its result follows from its arguments alone, as a sum or a date does, so that it is
    evidence for later calls if every argument had a source."""
    isolation: Isolation | Literal["process", "sandbox"]
    """Where the body runs apart: in a `process`, so that it can be stopped whatever it does, or in
    a `sandbox`, so that it reaches nothing."""
    fallback: StandIn | Sequence[StandIn]
    """What stands in for it, in order, while its dependency cannot be reached: `Fallback`,
    `StaleResult` or `Answer`."""
    compensation: Compensation | Callable[..., Any] | str
    """What takes back what it did: a tool, its name, or a `Compensation`."""
    flag: str
    """Feature flag that must be on for whoever calls it."""
    deprecated: str
    """What to use instead."""
    migrate: Migrate
    """Turns arguments that were written for an older version into those of this one."""
    errors: Mapping[str, str]
    """Codes of its errors, each with when it comes and what to do."""
    error_when: ErrorWhen
    """What of that which the body returns means failure, as if it had raised."""
    intent: Sequence[str]
    """What somebody asks for who wants it, such as `["pay", "send money"]`: phrases, each a verb
    and a thing. Without it they come from its name and its first sentence."""
    flows: Sequence[str]
    """Rules about what may flow into it and out of it, such as `["read_web -> pay.note: deny"]`;
    each names the tool as source or sink, and the first that is about a value decides."""
    labels: Mapping[str, Label]
    """Origin and readers of parts of the result, by JSON pointer; `*` is every index and key."""


TAKEN_OVER: Final = (
    "ask",
    "timeout_s",
    "attempts",
    "hedge_s",
    "cache_s",
    "cache_stale_s",
    "cache_public",
    "honoured_s",
    "settle_after_s",
    "max_per_run",
    "per_minute",
    "strict",
    "version",
    "flag",
    "dependency",
    "deprecated",
    "transform",
)
"""Options that stand in the definition as they were given."""

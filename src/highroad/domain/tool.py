"""What a tool says of itself: the definition that is pinned, checked and shown to models."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.domain.label import NO_LABELS, Integrity, Labels


class Tier(StrEnum):
    """How much stands at stake; it decides who is asked."""

    READ = "read"
    """Changes nothing; runs."""
    REVERSIBLE = "reversible"
    """Can be undone; runs and is recorded before it does."""
    IRREVERSIBLE = "irreversible"
    """Cannot be undone; a person is asked unless the tool's `ask` rule says otherwise."""
    PRIVILEGED = "privileged"
    """Always asks authenticated people."""


class Effect(StrEnum):
    """What may be done when nobody knows whether a call took effect (P11)."""

    REPEATABLE = "repeatable"
    """Running it twice is as good as once."""
    IDEMPOTENT = "idempotent"
    """The other side honours `context.idempotency_key` and applies one key once."""
    CHECKABLE = "checkable"
    """A probe answers whether this key happened."""
    UNPROTECTED = "unprotected"
    """None of these: never repeated; what is not known is put before a person."""


class Isolation(StrEnum):
    """Where a body runs apart from the process that drives its call."""

    PROCESS = "process"
    """In a worker process, which is killed when the time is up."""
    SANDBOX = "sandbox"
    """In such a process of its own, within limits, without network and with no files but code."""


class Concurrency(StrEnum):
    """What of the calls made together may run beside a call of the tool."""

    FREE = "free"
    """Anything but a barrier."""
    SERIAL = "serial"
    """What is free; the rest comes before or after it, in the order in which it was written."""
    BARRIER = "barrier"
    """Nothing: all before it has ended, and nothing behind it has begun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRule:
    """Which calls of a tool one run of a body may serve."""

    size: int
    """At most so many."""
    wait_s: float
    """How long the first waits for others, in seconds."""
    mixes_principals: bool = False
    """Those of several principals of one organization too."""


class ArgumentRole(StrEnum):
    """What an argument decides."""

    CONTROL = "control"
    """Who, where, which object, how much."""
    CONTENT = "content"
    """What is said or stored; steers nothing."""
    SECRET = "secret"  # noqa: S105 - the name of a role, not a credential
    """A reference, resolved at execution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgumentContract:
    """Role of one argument, and the least integrity that it accepts when it is control."""

    role: ArgumentRole = ArgumentRole.CONTROL
    integrity: Integrity = Integrity.THIRD_PARTY


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """Promises about arguments and results that the road enforces; all of it fails closed."""

    arguments: Mapping[str, ArgumentContract] = field(default_factory=dict)
    """An argument that is not named here is control."""
    labels: Labels = NO_LABELS
    """Labels per output field."""
    owned: tuple[str, ...] = ()
    """Arguments that name an object which has an owner."""
    intent: tuple[str, ...] = ()
    """What somebody asks for who wants it: phrases in small letters, each a verb and a thing."""
    flows: tuple[str, ...] = ()
    """Rules about what may flow into it and out of it; the first that is about a value decides."""

    def argument(self, name: str) -> ArgumentContract:
        """Contract of one argument, the strictest where none was declared."""
        return self.arguments.get(name) or _CONTROL

    @property
    def secrets(self) -> tuple[str, ...]:
        """Arguments that take a reference to a secret."""
        secret = ArgumentRole.SECRET
        return tuple(name for name, each in self.arguments.items() if each.role is secret)


_CONTROL = ArgumentContract()
_READ: Final = Tier.READ
"""Asked for six times in a call; a member of an enumeration is looked up in its metaclass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompensationRule:
    """What takes back what a tool did."""

    tool: str
    """Its name."""
    arguments: Mapping[str, str] | None = None
    """Where each of its arguments comes from, as JSON pointers into `arguments` and `result` of the
    call that is taken back; `None` is from the argument of the same name, or from code."""
    is_code: bool = False
    """Whether code makes its arguments."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ToolDefinition:
    """One version of a tool, as pinned, recorded and shown.

    Args:
        name: As models and policies call it: letters, digits, `_`, `-` and `.`, at most 64.
        description: What it does, when to use it and when not.
        input_schema: JSON Schema 2020-12, a closed object.
        output_schema: JSON Schema 2020-12 of the result, or `None` when nothing is promised.
        tier: What stands at stake.
        effect: What may be done when the outcome is not known.
        contract: Roles, integrity and labels.
        permissions: All of them are needed.
        key: Arguments that make two calls the same; empty means all.
        ask: CEL expression over `args` and `principal`: whether a person is asked, or which level.
        timeout_s: Of one attempt; `None` leaves it to the limits.
        attempts: Tries for errors that may pass, the first included.
        hedge_s: After so many seconds without an answer a second attempt is made beside the
            first; `None` makes none.
        cost_usd: Most that one call may cost, reserved before it runs.
        cache_s: How long a result may be served again; 0 is never.
        cache_stale_s: How long after that it is served while a fresh one is fetched behind it.
        cache_public: Its results answer every principal of the organization; `None` is no.
        cache_tags: What its results tell of, with arguments in braces.
        invalidates: Tags of results that it lets go once it may have taken effect.
        transform: Its result follows from its arguments alone; `None` is no.
        personal: Arguments that are there to take what is personal, besides those whose format
            says so.
        honoured_s: How long an idempotent tool's other side remembers a key.
        settle_after_s: How long to wait before a probe may be believed.
        max_per_run: Most calls that one run may make; `None` leaves it to the limits.
        per_minute: Most calls a minute by one principal; `None` is no limit.
        strict: No coercion at all.
        version: Chosen by the author.
        tags: For people and policies to group by.
        errors: Codes of the errors that it declares, each with when it comes and what to do.
        examples: Arguments of calls worth imitating; each fits `input_schema`.
        flag: Feature flag that must be on for whoever calls it; `None` is none.
        dependency: What it cannot work without; `None` is itself alone.
        concurrency: What may run beside it; `None` is free for reads, and serial else.
        order_by: Arguments that name an object: of the calls made together, those that name the
            same one come one after the other, in the order in which they were written.
        batch: Which of its calls are served together; `None` is each by itself.
        isolation: Where its body runs apart; `None` is in this process.
        fallback: What stands in for it, in order, in words.
        compensation: What takes back what it did; `None` is nothing.
        secrets: Names of the secrets that its body is given while it runs.
        deprecated: What to use instead; `None` is a version in good standing.
        source: Identity of the server that it comes from; empty is this program's own code.
        annotations: What that server says of it (MCP `annotations`): hints, no promises.
        digest: SHA-256 in hex of the pinned fields in RFC 8785 form.
    """

    name: str
    description: str
    input_schema: JsonSchema
    digest: str
    output_schema: JsonSchema | None = None
    tier: Tier = Tier.IRREVERSIBLE
    effect: Effect = Effect.UNPROTECTED
    contract: Contract = field(default_factory=Contract)
    permissions: frozenset[str] = frozenset()
    key: tuple[str, ...] = ()
    ask: str | None = None
    timeout_s: float | None = None
    attempts: int = 3
    hedge_s: float | None = None
    cost_usd: float = 0.0
    cache_s: float = 0.0
    honoured_s: float = 86_400.0
    settle_after_s: float = 0.0
    max_per_run: int | None = None
    per_minute: int | None = None
    strict: bool = False
    version: str = "1"
    tags: frozenset[str] = frozenset()
    errors: Mapping[str, str] = field(default_factory=dict)
    examples: tuple[JsonObject, ...] = ()
    flag: str | None = None
    dependency: str | None = None
    concurrency: Concurrency | None = None
    order_by: tuple[str, ...] = ()
    batch: BatchRule | None = None
    isolation: Isolation | None = None
    fallback: tuple[str, ...] = ()
    deprecated: str | None = None
    source: str = ""
    annotations: Mapping[str, JsonValue] = field(default_factory=dict)
    cache_stale_s: float | None = None
    cache_public: bool | None = None
    cache_tags: tuple[str, ...] = ()
    invalidates: tuple[str, ...] = ()
    transform: bool | None = None
    compensation: CompensationRule | None = None
    personal: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()

    @property
    def needs(self) -> str:
        """The dependency whose breaker and bulkhead its attempts pass; its own name without one."""
        return self.dependency or self.name

    @property
    def runs_beside(self) -> Concurrency:
        """What may run beside it: who says nothing of effects keeps them in order."""
        if self.concurrency is not None:
            return self.concurrency
        is_free = self.batch is not None or not self.has_effects
        return Concurrency.FREE if is_free else Concurrency.SERIAL

    @property
    def has_effects(self) -> bool:
        """Whether an intent must be on disk before it runs (P2)."""
        return self.tier is not _READ

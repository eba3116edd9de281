"""What the ledger tells those who read it: trails of runs, explanations of calls."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from highroad.domain.approval import Approval
from highroad.domain.dead_letter import DeadLetter
from highroad.domain.deferral import Deferral
from highroad.domain.entry import Amendment
from highroad.domain.grounding import ValueSource
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.sandbox import SandboxUse
from highroad.domain.verification import VerificationRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRecord:
    """What one stage said of a call, why, and how long it took."""

    stage: str
    verdict: str
    """`proceed`, `refuse`, `hold`, `join`, `conclude`, or `n/a` where the road left it out."""
    code: str | None = None
    rule: str | None = None
    elapsed_us: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailStep:
    """One call of a run, in a line."""

    step: int
    call_id: str
    tool: str | None
    """`None` for a name that no tool has: what a model made up is not recorded in plain."""
    principal: str
    """Opaque id."""
    status: str
    """An ending, or `running` or `held`."""
    code: str | None = None
    """Why, where it did not complete: the code that was recorded, not the one that was shown."""
    rule: str | None = None
    created_ms: int = 0
    latency_us: int | None = None
    cost_usd: float = 0.0
    arguments_digest: str | None = None
    is_repeated: bool = False
    asked_by: str | None = None
    """The model request whose reply proposed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailRequest:
    """One model request of an agent's run, in a line."""

    number: int
    """Among the requests of the run, from 1."""
    request_id: str
    path: str
    """The branch of the run that asked; the trunk has no name."""
    purpose: str
    model: str
    """`provider:model`; once it has replied, the very version."""
    status: str
    """`replied` or `failed`, or `open` while nobody has answered."""
    code: str | None = None
    """Why it failed."""
    finish: str | None = None
    asked_ms: int = 0
    latency_us: int | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0
    """What was counted; of an open one what it reserved."""
    is_unpriced: bool = False
    calls: int = 0
    """How many its reply proposed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """All calls of a run in order, and all that it asked models."""

    run_id: str
    steps: tuple[TrailStep, ...]
    requests: tuple[TrailRequest, ...] = ()
    agent: str | None = None
    """Whose run it is, where it is one of an agent."""
    status: str | None = None
    """Where an agent's run stands."""
    code: str | None = None
    """Why it ended as it did, where that is no success."""
    waits_for: tuple[str, ...] = ()
    """Calls that an agent's run waits for."""
    delegated_by: str | None = None
    """The call whose result the run is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompensatingCall:
    """A call that takes another one back."""

    call_id: str
    state: str
    """`held`, `running`, or how it ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything that is recorded of one call."""

    call_id: str
    run_id: str
    trace_id: str
    """Its own, or that of the host inside whose trace it was made."""
    tool: str | None
    tool_version: str | None
    tool_digest: str | None
    tier: str | None
    effect: str | None
    principal: str
    """Opaque id."""
    principal_name: str | None
    """From the erasable table; `None` where it was erased or cannot be decrypted."""
    organization: str
    delegation: tuple[str, ...]
    origin: str
    door: str
    policy_version: str
    rules: tuple[str, ...]
    status: str
    code: str | None
    rule: str | None
    proof: str | None
    created_ms: int
    ended_ms: int | None
    latency_us: int | None
    attempts: int
    cost_usd: float
    stages: tuple[StageRecord, ...]
    coercions: tuple[str, ...] = ()
    sources: tuple[ValueSource, ...] = ()
    """Where its control values came from, where anybody looked for that."""
    confidential: tuple[str, ...] = ()
    """Arguments into which something flowed that has readers, where a rule looked at that."""
    verification: VerificationRecord | None = None
    """The second opinion on it, where one was wanted."""
    parent_span_id: str | None = None
    """The span of the host inside which it was made."""
    states_confidence: bool = False
    """Its model was asked how sure it is."""
    confidence: float | None = None
    """What it said, from 0 to 1; `None` is nothing that counts."""
    source_call_id: str | None = None
    """The call whose outcome answers, where this one joined it or repeats it."""
    stands_in_for: str | None = None
    """The call that was given up on, and in whose place this one was made."""
    fallback: str | None = None
    """The call that stands in for this one."""
    redrives: str | None = None
    """The call that was given up on, and that this one makes again."""
    compensates: str | None = None
    """The call that this one takes back."""
    compensations: tuple[CompensatingCall, ...] = ()
    """Calls that take this one back, the first one first."""
    asked_by: str | None = None
    """The model request whose reply proposed it."""
    dead_letter: DeadLetter | None = None
    """Where it was given up on itself."""
    deferral: Deferral | None = None
    """Where its result was to come later."""
    ran_in: tuple[SandboxUse, ...] = ()
    """What ran in a sandbox for it: in which, within which limits, and what it reached."""
    approvals: tuple[Approval, ...] = ()
    decisions: tuple[JsonObject, ...] = ()
    """Who decided what, when, on what digest."""
    amendments: tuple[Amendment, ...] = ()
    positions: tuple[int, ...] = ()
    """Where its entries stand in the log."""
    erased_ms: int | None = None
    """When what it carried was destroyed, on request or by its age."""
    arguments: JsonValue = None
    """Only where they were revealed."""
    reasoning: JsonValue = None
    """Why its model made it, in its own words; only where it was revealed."""
    result: JsonValue = None
    """Only where it was revealed."""
    message: JsonValue = None
    """What the tool's author wrote, as `[message, hint]`; only where it was revealed."""
    concerns: JsonValue = None
    """What a verifier was shown and said; only where it was revealed."""
    reasons: Mapping[str, JsonValue] = field(default_factory=dict)
    """What people wrote who decided or settled, by their opaque id; only where it was revealed."""

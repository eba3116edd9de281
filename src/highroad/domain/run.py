"""Runs: the calls that serve one request, and the legs in which they are driven."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from highroad.domain.confidence import StatedFields
from highroad.domain.demand import NOTHING, Amount
from highroad.domain.identity import Origin
from highroad.domain.model import Finish, TokenUsage
from highroad.domain.outcome import HoldReason
from highroad.domain.value import value


class RunStatus(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    HELD = "held"
    COMPLETED = "completed"
    BUDGET_EXCEEDED = "budget_exceeded"
    MAX_STEPS_EXCEEDED = "max_steps_exceeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class WhyDry(StrEnum):
    """Why a run is dry: its calls with effects say what they would do, and do nothing."""

    ASKED = "asked"
    """Whoever began it wanted it so."""
    AGENT = "agent"
    """Its agent is declared so."""
    TRIAL = "trial"
    """Nobody has promoted its agent yet."""
    DEPLOYMENT = "deployment"
    """Every run of the deployment is (`runs.dry_run`)."""
    SHADOW = "shadow"
    """It goes beside the run of another agent, to be compared with it."""


def is_open(status: RunStatus) -> bool:
    """Whether a run that stands there has not ended."""
    return status in {RunStatus.RUNNING, RunStatus.HELD}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHold:
    """A call that a run waits for."""

    call_id: str
    tool: str
    reason: HoldReason
    approval_id: str | None = None
    """What a person decides about, where one has to."""
    expires_ms: int = 0
    """Unix time when the call ends without an answer."""
    path: tuple[str, ...] = ()
    """Agents between the run that was asked for and the one that waits, outermost first."""

    def below(self, agent: str) -> "RunHold":
        """The same, as the run above that agent's tells it."""
        return replace(self, path=(agent, *self.path))


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run of an agent, as its ledger tells it."""

    id: str
    organization: str
    agent: str
    status: RunStatus
    created_ms: int
    result: Any = None
    """The final answer, of the agent's output type; `None` unless it is completed."""
    code: str | None = None
    """Why it ended as it did, where that is no success."""
    reason: str | None = None
    """What was behind that, in a word that tells nothing of what was said: how the model failed,
    or the type of the error that the strategy raised. `erased` where an ended run has no result any
    more because what was said in it is gone."""
    steps: int = 0
    """Replies that its models have given."""
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0
    parent_id: str | None = None
    """The run that it is a child of."""
    conversation_id: str | None = None
    """Opaque."""
    holds: tuple[RunHold, ...] = ()
    """What it waits for, its own and those of runs below."""
    dry: WhyDry | None = None
    """Why nothing that it says was done was done; `None` of a run that is no dry run."""


@value
class RunHead:
    """What every entry about an agent's run says of the run."""

    run_id: str
    organization: str
    principal_id: str
    """Opaque."""
    agent: str
    definition: str
    """Digest of the agent's definition."""
    trace_id: str
    started_ms: int
    parent_span_id: str | None = None
    """The span of a host inside which it was begun."""
    parent_id: str | None = None
    """The run that it is a child of."""
    conversation_id: str | None = None
    """Opaque."""
    origin: Origin = Origin.CODE
    door: str = "python"
    delegated_by: str | None = None
    """The call whose result this run is."""
    delegation: tuple[str, ...] = ()
    """Agents, from the one nearest to the principal to this one's parent."""
    dry: WhyDry | None = None
    """Why it is a dry run, where it is one. It stays one, and so are the runs below it."""
    shadow_of: str | None = None
    """The run of another agent that it is compared with."""
    payer_id: str | None = None
    """Opaque id of whose budgets its work takes of, where that is not the principal."""

    @property
    def paid_by(self) -> str:
        """Opaque id of whose budgets its work takes of."""
        return self.payer_id or self.principal_id


@value
class AgentRun:
    """A run of an agent, as its row in the audit tables tells it."""

    id: str
    organization: str
    principal_id: str
    """Opaque."""
    agent: str
    status: RunStatus
    started_ms: int
    ended_ms: int | None = None
    parent_id: str | None = None
    conversation_id: str | None = None
    """Opaque."""
    definition: str | None = None
    delegated_by: str | None = None
    """The call whose result the run is."""
    code: str | None = None
    """Why it ended as it did, where that is no success."""
    steps: int | None = None
    """Of an ended one; so are the tokens and what it cost."""
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost_microusd: int | None = None


When: TypeAlias = Literal["now", "after"]
"""Of a message to a run: before the next model request, or once the run is through."""


class ReplyStatus(StrEnum):
    """What came of a model request."""

    REPLIED = "replied"
    FAILED = "failed"


@value
class RequestRecord:
    """A model request, as it is recorded before it is sent. No word of it is in here (P7)."""

    id: str
    number: int
    """Among the requests of the run, from 1."""
    path: str = ""
    """The branch of the run that asks; the trunk has no name."""
    purpose: str
    model: str
    """`provider:model`."""
    shape: str
    """The form in which it took the tools: its calls are read by that."""
    tools: tuple[str, ...] = ()
    """Names of those that were offered."""
    choice: str = "auto"
    """`auto`, `required`, `none`, or the name of the tool that had to be called."""
    stated: Mapping[str, StatedFields] = field(default_factory=dict)
    """By tool, where the model was asked to say how sure it is of a call."""
    messages: int
    """How many it has."""
    reserved_tokens: int
    reserved_microusd: int
    heard: tuple[str, ...] = ()
    """Messages that were sent to the run, and stand in it for the first time."""
    provisional: tuple[str, ...] = ()
    """Calls that wait, and that it was answered of for the time being; that is their one answer."""
    told: tuple[str, ...] = ()
    """Calls that were answered so before, and whose outcome now stands in it as a message."""


@value
class ReplyRecord:
    """What came of a model request."""

    id: str
    """Of the request."""
    number: int
    path: str = ""
    status: ReplyStatus
    code: str | None = None
    """Why there is no reply."""
    model: str
    """The very version that replied; of a failure, the one that was asked."""
    finish: Finish | None = None
    usage: TokenUsage
    """What was, or has to be taken as, counted."""
    cost_microusd: int
    is_unpriced: bool = False
    """Nobody knows its price: a default was charged."""
    latency_us: int
    calls: int = 0
    """How many the reply has."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One stretch of driving a run, from its state in the ledger to its next rest.

    The epoch grows with each leg; the store refuses appends of an older one.
    """

    run_id: str
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What calls and model requests took of budgets, as the ledger tells it (P6)."""

    used: Amount = NOTHING
    """By calls whose outcome is known, or was settled, by proposals that came to nothing, and by
    requests that were answered."""
    held: Mapping[str, Amount] = field(default_factory=dict)
    """By id, calls that are in flight, or unknown and not settled, and requests that were not
    answered: they count in full."""

    def without(self, part: "Spent") -> "Spent":
        """What is left where a part of it counts elsewhere."""
        return Spent(
            used=self.used.minus(part.used),
            held={holder: took for holder, took in self.held.items() if holder not in part.held},
        )

    @property
    def total(self) -> Amount:
        """All of it."""
        total = self.used
        for amount in self.held.values():
            total = total.plus(amount)
        return total


SpentRow: TypeAlias = Iterable[Any]
"""A wire edge: a tool or nothing, the id of what is held or nothing, and what it took, in the order
of `Amount`."""


def spent_of(rows: Iterable[SpentRow]) -> Spent:
    """Read what a store has summed up, whatever store it is."""
    used, held = NOTHING, dict[str, Amount]()
    for _, holder, proposals, *rest in rows:
        took = Amount(0, *rest)
        if holder:
            held[holder] = took
        else:
            used = used.plus(took)
        used = used.plus(Amount(proposals=proposals))
    return Spent(used=used, held=held)


def calls_by_tool(rows: Iterable[SpentRow]) -> tuple[tuple[str, int], ...]:
    """How many calls with an intent each tool has, by name."""
    found: Counter[str] = Counter()
    for tool, _, _, calls, *_ in rows:
        found[tool] += calls
    return tuple(sorted((tool, calls) for tool, calls in found.items() if calls))


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a run has used up, and where it belongs."""

    steps: int = 0
    """Calls that were received in the run itself."""
    spent: Spent = field(default_factory=Spent)
    """By the run and by all runs below it."""
    by_tool: tuple[tuple[str, int], ...] = ()
    """Calls with an intent, of the same runs."""
    started_ms: int = 0
    rested_ms: int = 0
    """Time in which the whole run waited, for people or for results; not counted as wall time."""
    parent_id: str | None = None
    """The run that it is a child of."""
    conversation_id: str | None = None

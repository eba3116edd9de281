"""The services of one runtime, which every call on its road shares."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from highroad.domain.approval_rules import ApprovalRules
from highroad.domain.call import Call
from highroad.domain.confidence import ConfidenceRules
from highroad.domain.demand import Amount
from highroad.domain.event import EventKind
from highroad.domain.identity import Delegate, Principal
from highroad.domain.json_value import JsonObject
from highroad.domain.limits import Limits
from highroad.domain.notice import Notice
from highroad.domain.outcome import AnyOutcome
from highroad.domain.proposed import ProposedCalls, Terms
from highroad.domain.showing import USUAL_SHOWING, Showing
from highroad.domain.tool import ToolDefinition
from highroad.domain.verification import UserTurn
from highroad.ledger.ledger import Ledger
from highroad.ledger.results import Fetch, Results
from highroad.limits.budgets import Budgets
from highroad.limits.runs import LiveRuns
from highroad.limits.share import ToolCap, to_microusd
from highroad.limits.slots import Slots
from highroad.pipeline.abandoned import Abandoned
from highroad.pipeline.ask_rule import AskRule
from highroad.pipeline.call_checks import CallChecks
from highroad.pipeline.cancelled import CancelledRuns
from highroad.pipeline.deps import Deps
from highroad.pipeline.evidence import Indexes, RunEvidence
from highroad.pipeline.gathering import Gatherings
from highroad.pipeline.handles import Handles
from highroad.pipeline.inflight import Inflight
from highroad.pipeline.programs import Programs
from highroad.pipeline.redaction import Redaction
from highroad.pipeline.repairs import Repairs
from highroad.pipeline.resources import Resources
from highroad.pipeline.secrets import Secrets
from highroad.pipeline.successor import Successor
from highroad.pipeline.threads import Threads
from highroad.pipeline.verifiers import Verifiers
from highroad.ports.clock import Clock
from highroad.ports.credentials import Credentials
from highroad.ports.flags import Flags
from highroad.ports.ids import Ids
from highroad.ports.policy import Deny, Permit, Policy
from highroad.ports.sandbox import Sandbox
from highroad.ports.validity import Validity
from highroad.resilience.loops import Loops
from highroad.resilience.passage import Ways
from highroad.resilience.retry import Retry
from highroad.tools.compile import RegisteredTool
from highroad.tools.registry import Registry

Joiner = Callable[[str], Awaitable[AnyOutcome]]
"""Brings the outcome of a call that nobody drives here: recovery settles it first if it must."""
Nested = Callable[
    [Call, Callable[..., Any] | str, Mapping[str, object], str | None], Awaitable[AnyOutcome]
]
"""Makes a governed call from inside the body of another."""
NestedAll = Callable[[Call, ProposedCalls, Terms], Awaitable[tuple[AnyOutcome, ...]]]
"""Makes several of them together."""
StandsIn = Callable[[Call, Successor], Awaitable[AnyOutcome | None]]
"""Makes the call that stands in for another; `None` where it cannot be made."""
Refresh = Callable[[Call, Fetch], bool]
"""Makes the call again behind it, to renew its kept result; `False` where there is no room."""
HostEvidence = Callable[[Call, Sequence[UserTurn]], Awaitable[RunEvidence | None]]
"""What is known of the run of a call that a host's model proposed, with what its user said."""
Hear = Callable[[str, EventKind, str, Callable[[], JsonObject]], None]
"""Takes in what happens to a call while its body runs: in which run, what, to which call, more."""
Tell = Callable[[Notice], None]
"""Begins to tell people something; nobody waits for that."""
Turn = Callable[[str], AbstractAsyncContextManager[object]]
"""The turn of words about a call: while it is held nobody else says any."""
Stages = tuple[Any, ...]
"""A compiled road (`highroad.pipeline.drive.Plan`); what it is made of is not known here."""

_MAX_ADMISSIONS = 10_000


def _unheard(run_id: str, kind: EventKind, call_id: str, facts: Callable[[], JsonObject]) -> None:
    """Nobody listens."""
    del run_id, kind, call_id, facts


async def _nothing_known(call: Call, said: Sequence[UserTurn]) -> None:
    """No host moves anything."""
    del call, said


def _hands_nothing_on(tool: str) -> bool:
    """There are no agents."""
    del tool
    return False


def _nobody_speaks(call_id: str) -> AbstractAsyncContextManager[object]:
    """There is no desk."""
    del call_id
    return nullcontext()


@dataclass(slots=True, kw_only=True)
class Services:
    """What one runtime has, put together by `highroad.bootstrap`."""

    ledger: Ledger
    registry: Registry
    policy: Policy
    limits: Limits
    clock: Clock
    ids: Ids
    runs: LiveRuns
    budgets: Budgets
    slots: Slots
    results: Results
    loops: Loops
    repairs: Repairs
    retry: Retry
    ways: Ways
    deps: Deps
    resources: Resources
    joiner: Joiner
    nested: Nested
    nested_all: NestedAll
    stand_in: StandsIn
    refresh: Refresh
    hear: Hear = _unheard
    threads: Threads
    sandbox: Sandbox
    confined: Sandbox
    """For bodies of tools that declare `isolation="sandbox"`."""
    programs: Programs
    secrets: Secrets
    cancelled: CancelledRuns
    gatherings: Gatherings
    inflight: Inflight = field(default_factory=Inflight)
    flags: Flags
    asks: Mapping[str, AskRule] = field(default_factory=dict)
    """Compiled `ask` rules by digest of the definition."""
    tell: Tell | None = None
    """Tells people where they are; `None` where no channel is configured."""
    turn: Turn = _nobody_speaks
    approval_rules: ApprovalRules = field(default_factory=ApprovalRules)
    changed: dict[str, str] = field(default_factory=dict)
    """Digests of definitions that are not the accepted ones, and how they differ (P8)."""
    keeps_letters_of_reads: bool = False
    """Whether a read that is given up on leaves a dead letter too."""
    is_dry: bool = False
    """Every call with effects is a dry run, by whatever door it comes (`runs.dry_run`)."""
    hands_on: Callable[[str], bool] = _hands_nothing_on
    """Whether a tool hands work to an agent: then it is the run below that is dry."""
    verifiers: Verifiers | None = None
    """Who gives second opinions; `None` where nobody does."""
    evidence: Indexes = field(default_factory=Indexes)
    host_evidence: HostEvidence = _nothing_known
    """Brings up to date what calls of models are judged by that no agent of ours makes."""
    confidence: ConfidenceRules = field(default_factory=ConfidenceRules)
    redaction: Redaction = field(default_factory=Redaction)
    checks: CallChecks = field(default_factory=CallChecks)
    """The program's own, of the calls of all tools."""
    handles: Handles = field(default_factory=Handles)
    credentials: Credentials | None = None
    """What principals have elsewhere; `None` where nobody keeps any."""
    validity: Validity | None = None
    """Whether what showed a caller is good still; `None` where nobody is shown by anything."""
    showing: Showing = USUAL_SHOWING
    """How models are shown results."""
    plans: dict[tuple[str, bool, bool], Stages] = field(default_factory=dict)
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    """Endings that must be written though their caller is gone."""
    unended: set[str] = field(default_factory=set)
    """Calls with an intent whose end could not be written; they are settled when it can be."""
    abandoned: Abandoned
    """Calls of processes that are gone, which wait here for their tool."""
    _admissions: dict[tuple[Principal, tuple[Delegate, ...], str], Permit | Deny] = field(
        default_factory=dict
    )
    _caps: dict[str, ToolCap] = field(default_factory=dict)
    _amounts: dict[str, Amount] = field(default_factory=dict)
    """Both by digest of the definition: versions share the name under which a run counts them, and
    neither price nor limit."""

    def spares(self, call: Call) -> bool:
        """Whether a call is made where nothing with effects is, and nobody is asked."""
        return call.in_dry_run or self.is_dry

    def admission(self, call: Call, definition: ToolDefinition) -> Permit | Deny:
        """What the policy says of this caller and tool whatever the arguments; asked once."""
        return self._admitted(call.principal, call.delegation, definition)

    def may_use(
        self, principal: Principal, delegation: tuple[Delegate, ...], definition: ToolDefinition
    ) -> bool:
        """Whether some arguments could get such a caller past the policy: what is shown to it."""
        return isinstance(self._admitted(principal, delegation, definition), Permit)

    def _admitted(
        self, principal: Principal, delegation: tuple[Delegate, ...], definition: ToolDefinition
    ) -> Permit | Deny:
        key = (principal, delegation, definition.digest)
        known = self._admissions.get(key)
        if known is None:
            if len(self._admissions) >= _MAX_ADMISSIONS:
                self._admissions.clear()
            known = self.policy.admits(principal, delegation, definition)
            self._admissions[key] = known
        return known

    def per_minute(self, definition: ToolDefinition) -> int | None:
        """Calls a minute that one principal may make of a tool."""
        if definition.per_minute is not None:
            return definition.per_minute
        return self.limits.per_minute

    def binds(self, definition: ToolDefinition) -> bool:
        """Whether a rate of the tool, or a budget wider than a run, binds its calls."""
        return self.budgets.binds_all or self.per_minute(definition) is not None

    def cap(self, definition: ToolDefinition) -> ToolCap:
        """How often one run may call a tool."""
        cap = self._caps.get(definition.digest)
        if cap is None:
            cap = self._caps[definition.digest] = ToolCap.of(definition, self.limits)
        return cap

    def amount(self, tool: RegisteredTool[Any]) -> Amount:
        """What a call takes of budgets at most, by what its tool declares."""
        digest = tool.definition.digest
        amount = self._amounts.get(digest)
        if amount is None:
            amount = self._amounts[digest] = self._declared(tool)
        return amount

    def _declared(self, tool: RegisteredTool[Any]) -> Amount:
        definition, cost = tool.definition, tool.cost
        # A price that is told only afterwards is one without a maximum.
        is_open = cost.actual is not None and cost.at_most == 0
        usd = self.limits.ceiling_usd if is_open else definition.cost_usd
        return Amount(calls=1, attempts=definition.attempts, microusd=to_microusd(usd))

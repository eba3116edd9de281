"""A runtime put together: every part of it, and how they are closed."""

import asyncio
import os
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from highroad.adapters.flags.rules import RulesFlags
from highroad.adapters.system import SystemClock, TypeIds
from highroad.agents.agent import Agent
from highroad.agents.comparing import Comparing
from highroad.agents.context.results import RunResults
from highroad.agents.finding import RunTools
from highroad.agents.following import Following
from highroad.agents.hosts import HostRuns
from highroad.agents.memory.long_term import LongTermMemory
from highroad.agents.roster import Roster
from highroad.agents.runs import Runs
from highroad.agents.sending import Sending
from highroad.agents.shadowing import Shadowing
from highroad.agents.trial_report import Reporting
from highroad.agents.trials import Trials
from highroad.agents.working import Working
from highroad.approvals.announcing import Announcing
from highroad.approvals.cancellations import Cancellations
from highroad.approvals.completions import Completions
from highroad.approvals.definitions import Definitions
from highroad.approvals.desk import Desk
from highroad.approvals.inbox import Handler, Inbox
from highroad.approvals.links import SignedLinks
from highroad.approvals.revising import Revising
from highroad.approvals.undoing import Undoing
from highroad.approvals.waiting import Waiting
from highroad.bootstrap.additions import Additions
from highroad.bootstrap.agents import (
    OpenModels,
    add_search,
    agents_of,
    crew_of,
    runs_of,
    shadowing_of,
    tools_of_agents,
)
from highroad.bootstrap.anchors import anchors_at
from highroad.bootstrap.caches import cache_at
from highroad.bootstrap.channels import channels_of
from highroad.bootstrap.counters import counters_at
from highroad.bootstrap.identity import identity_of
from highroad.bootstrap.keys import keyring_of
from highroad.bootstrap.memories import Remembering
from highroad.bootstrap.ownership import OpenLedger, open_ledger, take_office
from highroad.bootstrap.recognizers import recognizers_of
from highroad.bootstrap.sandboxes import bodies_apart, confined_bodies, programs_of
from highroad.bootstrap.secrets import guarded, secrets_of
from highroad.bootstrap.stores import path_of, store_at
from highroad.bootstrap.toolset import Toolset, accepted_pins, toolset_of
from highroad.bootstrap.user import local_user
from highroad.bootstrap.verifiers import OwnVerifier, verifiers_of
from highroad.domain.error import BrokenPromise
from highroad.domain.identity import Principal
from highroad.domain.limits import Limits
from highroad.domain.order import (
    BreakerOrder,
    Cancellation,
    Completion,
    Decision,
    Discard,
    Edit,
    Endorsement,
    ErasureOrder,
    IdentityOrder,
    Order,
    Redrive,
    RunMessage,
    Settlement,
    TrialOrder,
)
from highroad.identity.identity import Identity
from highroad.ledger.audit import Audit
from highroad.ledger.ledger import Ledger
from highroad.ledger.proof.notary import Notary
from highroad.ledger.results import SEED_BYTES, Results
from highroad.ledger.upkeep.retention import Retention
from highroad.ledger.usage import LedgerUsage
from highroad.limits.budgets import Budgets
from highroad.limits.runs import LiveRuns
from highroad.limits.slots import Slots
from highroad.pipeline.abandoned import Abandoned
from highroad.pipeline.call_checks import CallChecks
from highroad.pipeline.cancelled import CancelledRuns
from highroad.pipeline.evidence import Indexes
from highroad.pipeline.gathering import Gatherings
from highroad.pipeline.kept_results import KeptResults
from highroad.pipeline.redaction import Redaction
from highroad.pipeline.refreshes import Refreshes
from highroad.pipeline.repairs import Repairs
from highroad.pipeline.resources import Resources
from highroad.pipeline.services import Services
from highroad.pipeline.threads import Threads
from highroad.pipeline.view import preview_for, result_again
from highroad.ports.anchor import Anchor
from highroad.ports.cache import Cache
from highroad.ports.channel import Channel
from highroad.ports.clock import Clock
from highroad.ports.counters import Counters
from highroad.ports.identity import Tokens
from highroad.ports.ids import Ids
from highroad.ports.master_keys import MasterKeys
from highroad.ports.secrets import SecretSource
from highroad.ports.store import Store
from highroad.recovery.checks import Checks
from highroad.recovery.consequences import follow_up
from highroad.recovery.dependencies import Dependencies
from highroad.recovery.fallbacks import fallbacks
from highroad.recovery.letter_growth import LetterGrowth
from highroad.recovery.letters import Letters
from highroad.recovery.settle import settle
from highroad.recovery.settlements import Settlements
from highroad.redaction.detector import Detector
from highroad.redaction.redactor import Redactor
from highroad.resilience.cache_access import CacheAccess
from highroad.resilience.loops import Loops
from highroad.resilience.passage import Ways
from highroad.resilience.retry import Retry
from highroad.resilience.retry_budget import RetryBudget
from highroad.settings import Settings, load
from highroad.tools.body.call_check import CallCheck, call_check
from highroad.tools.body.checks import Check
from highroad.tools.pins.field_changes import field_changes
from highroad.tools.registry import Registry


@dataclass(slots=True, kw_only=True)
class Assembly:
    """A runtime's parts, put together."""

    settings: Settings
    services: Services
    store: Store
    definitions: Definitions
    additions: Additions
    desk: Desk
    settlements: Settlements
    letters: Letters
    dependencies: Dependencies
    checks: Checks
    inbox: Inbox
    audit: Audit
    retention: Retention
    notary: Notary | None
    """Signs the ledger; `None` where another process owns it."""
    refreshes: Refreshes
    kept_results: KeptResults
    waiting: Waiting
    announcing: Announcing
    undoing: Undoing
    completions: Completions
    runs: Runs
    roster: Roster
    shadowing: Shadowing
    following: Following
    models: OpenModels
    sending: Sending
    working: Working | None
    """Goes on with runs; `None` where nobody asked for it, or another process owns the ledger."""
    cancellations: Cancellations
    remembering: Remembering
    identity: Identity
    principal: Principal
    ledger_path: Path | None
    owner_pid: int | None
    """The process that owns the ledger; `None` when it is this one."""

    async def close(self) -> None:
        """Write what waits, close resources and the ledger."""
        async with AsyncExitStack() as closing:  # last first, and all of it whatever one raises
            closing.push_async_callback(self.store.close)
            closing.push_async_callback(self.remembering.close)
            closing.push_async_callback(self.services.budgets.counters.close)
            closing.push_async_callback(self.models.close)
            closing.push_async_callback(self.services.results.access.close)
            if self.notary is not None:
                closing.push_async_callback(self.notary.close)
            if self.owner_pid is None:
                closing.push_async_callback(self.services.ledger.writer.flush)
            closing.push_async_callback(self.services.resources.close)
            closing.callback(self.services.deps.clear)
            closing.callback(self.services.threads.close)
            closing.push_async_callback(self.services.sandbox.close)
            closing.push_async_callback(self.services.confined.close)
            closing.push_async_callback(self.services.programs.close)
            closing.push_async_callback(self.services.secrets.close)
            closing.push_async_callback(self.refreshes.close)
            closing.push_async_callback(self.announcing.close)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a test puts in place of the real thing."""

    store: Store | None = None
    clock: Clock | None = None
    ids: Ids | None = None
    keys: MasterKeys | None = None
    counters: Counters | None = None
    cache: Cache | None = None
    channels: Mapping[str, Channel] | None = None
    """By the names that the settings give them."""
    secrets: Mapping[str, SecretSource] | None = None
    """Sources in place of those of the settings, by kind."""
    anchors: tuple[Anchor, ...] = ()
    """Besides those of the settings."""
    tokens: Tokens | None = None
    """In place of what verifies tokens by the settings."""
    chance: Callable[[], float] = random.random
    """A number in [0, 1), for spreading the pauses between attempts."""


async def assemble(  # noqa: PLR0913 - what a runtime may be given, each by name
    url: str | None = None,
    *,
    tools: Iterable[object] = (),
    agents: Iterable[Agent] = (),
    deps: Mapping[type, Callable[..., Any]] | None = None,
    limits: Limits | None = None,
    principal: Principal | None = None,
    settings: Settings | None = None,
    work: bool = False,
    verifier: OwnVerifier | None = None,
    checks: Iterable[CallCheck | Check] = (),
    parts: Parts = Parts(),
) -> Assembly:
    """Put a runtime together; what it opened is closed again if that fails.

    Raises:
        SettingsError: The configuration is wrong.
        DeclarationError: A tool is declared wrongly.
        LedgerError: The ledger cannot be used.
    """
    settings = guarded(settings or load())
    agents = (*agents_of(settings), *agents)
    own: Mapping[type, Callable[..., Any]] = {
        RunResults: lambda: RunResults(opened.ledger, partial(result_again, services)),
        RunTools: lambda: RunTools(runs.moving),
        LongTermMemory: lambda: remembering.memory(),  # noqa: PLW0108 - it is made further down
    }
    toolset = _toolset(settings, agents, tools, {**own, **(deps or {})})
    address = url or settings.ledger
    path = None if parts.store is not None else path_of(address)
    store, counters = parts.store or store_at(address), parts.counters
    try:
        clock, ids = parts.clock or SystemClock(), parts.ids or TypeIds()
        keyring = await keyring_of(store, settings, parts.keys)
        anchors = (*parts.anchors, *anchors_at(settings.anchors, ledger=path))
        opened = await open_ledger(store, keyring, clock, settings, anchors)
        if counters is None:
            counters = counters_at(settings.counters, clock)
        await counters.prepare()
        limits = limits or settings.limits
        cache = parts.cache or cache_at(settings.cache, limits, clock)
        services = _services(opened.ledger, toolset, settings, limits, ids, counters, cache, parts)
        definitions = Definitions(
            opened.ledger,
            toolset.registry,
            services.changed,
            permissions=toolset.permissions,
            owner_pid=opened.owner_pid,
        )
        models = OpenModels(settings.models, clock)
        _appoint(services, settings, models, verifier, checks)
        if opened.is_owner:
            await take_office(services, settings)
        await definitions.compare(accepted_pins(settings, is_needed=opened.is_owner))
    except BaseException:
        if counters is not None:
            await counters.close()
        await store.close()
        raise
    # Of several writers one records all decisions, so that none is taken beside another.
    decides = opened.is_owner and not store.is_shared
    desk = _desk(services, settings, decides=decides)
    waiting = Waiting(services, desk, settle)
    settlements = Settlements(
        opened.ledger,
        ids,
        permissions=toolset.permissions,
        is_owner=decides,
        heed=partial(follow_up, services),
        abandoned=services.abandoned.calls,
        give_up=waiting.give_up,
    )
    dependencies = Dependencies(
        services,
        permissions=toolset.permissions,
        runs_calls=opened.is_owner,
        is_owner=decides,
    )
    principal = principal or local_user()
    undoing = Undoing(services, owner_pid=opened.owner_pid)
    remembering = Remembering(path, keyring, clock, toolset.policy.permissions)
    audit = _audit(opened, toolset, services.results, remembering)
    letters = Letters(
        services,
        LetterGrowth(store, clock, alert=settings.dead_letter_alert),
        permissions=toolset.permissions,
        drives=opened.is_owner,
        decides=decides,
    )
    completions = Completions(
        services,
        waiting,
        principal,
        drives=opened.is_owner,
        decides=decides,
        heed=partial(follow_up, services),
    )
    trials = Trials(
        opened.ledger,
        crew_of(services, agents, settings, models),
        settings.approvals,
        ids,
        permissions=toolset.permissions,
        is_owner=decides,
    )
    runs = runs_of(
        services,
        trials,
        settings,
        waiting=waiting,
        completions=completions,
        chance=parts.chance,
        known=remembering.known,
    )
    shadowing = shadowing_of(runs, settings)
    cancellations = Cancellations(
        services,
        waiting,
        permissions=toolset.permissions,
        is_writer=opened.is_owner,
        end_run=runs.calling_off.end,
    )
    sending = Sending(
        services, runs.moving, permissions=toolset.permissions, is_writer=opened.is_owner
    )
    identity = identity_of(
        services,
        settings.identity,
        toolset.permissions,
        desk,
        tokens=parts.tokens,
        is_owner=opened.is_owner,
    )
    working = (
        _working(services, runs, shadowing, desk, sending) if work and opened.is_owner else None
    )
    refreshes = Refreshes(services)
    services.refresh = refreshes.begin
    return Assembly(
        settings=settings,
        services=services,
        store=store,
        definitions=definitions,
        additions=Additions(services, toolset, settings, definitions, agents),
        desk=desk,
        settlements=settlements,
        letters=letters,
        dependencies=dependencies,
        checks=Checks(services, principal),
        inbox=Inbox(
            opened.ledger,
            {
                **_handlers(
                    desk, settlements, audit, cancellations, letters, dependencies, completions
                ),
                RunMessage: sending.record,
                TrialOrder: trials.record,
                IdentityOrder: identity.changes.record,
            },
        ),
        audit=audit,
        retention=Retention(opened.ledger, store.upkeep, ids, days=settings.payload_days),
        notary=opened.notary,
        refreshes=refreshes,
        kept_results=KeptResults(services, principal),
        waiting=waiting,
        announcing=_announcing(services, desk, undoing, settings, parts),
        undoing=undoing,
        completions=completions,
        runs=runs,
        roster=Roster(
            trials, Reporting(services, trials), Comparing(opened.ledger, trials.crew, shadowing)
        ),
        shadowing=shadowing,
        following=Following(services, runs),
        sending=sending,
        working=working,
        models=models,
        cancellations=cancellations,
        remembering=remembering,
        identity=identity,
        principal=principal,
        ledger_path=path,
        owner_pid=opened.owner_pid,
    )


def _toolset(
    settings: Settings,
    agents: Sequence[Agent],
    tools: Iterable[object],
    deps: Mapping[type, Callable[..., Any]],
) -> Toolset:
    """The tools of a runtime, with those that its agents bring along."""
    toolset = toolset_of(settings, [*tools, *tools_of_agents(agents)], deps)
    add_search(agents, toolset.registry)
    return toolset


def _appoint(
    services: Services,
    settings: Settings,
    models: OpenModels,
    verifier: OwnVerifier | None,
    checks: Iterable[CallCheck | Check],
) -> None:
    """Put in place who judges calls besides the rules: the program's checks, and second models."""
    services.checks = CallChecks(map(call_check, checks))
    services.verifiers = verifiers_of(settings, services, models.find, verifier)


def _services(  # noqa: PLR0913, PLR0917 - what they are made of
    ledger: Ledger,
    toolset: Toolset,
    settings: Settings,
    limits: Limits,
    ids: Ids,
    counters: Counters,
    cache: Cache,
    parts: Parts,
) -> Services:
    """What the road needs."""
    clock, reader = ledger.clock, LedgerUsage(ledger)
    tasks: set[asyncio.Task[Any]] = set()
    services = Services(
        ledger=ledger,
        registry=toolset.registry,
        policy=toolset.policy,
        limits=limits,
        clock=clock,
        ids=ids,
        runs=LiveRuns(reader.usage, clock),
        budgets=Budgets(
            counters, limits, reader, clock, rules=settings.budgets, rates=settings.rates
        ),
        slots=Slots(limits.parallel),
        results=Results(CacheAccess(cache, clock), ledger.keyring, clock, os.urandom(SEED_BYTES)),
        loops=Loops(limits.identical_calls),
        repairs=Repairs(ledger, settings.repair_attempts),
        retry=Retry(parts.chance, RetryBudget(settings.dependencies)),
        ways=Ways(settings.dependencies, counters, clock),
        deps=toolset.deps,
        resources=Resources(tasks),
        cancelled=CancelledRuns(ledger.store),
        gatherings=Gatherings(clock, tasks),
        tasks=tasks,
        abandoned=Abandoned(toolset.registry, clock, limits.abandoned_s),
        joiner=_not_wired,
        nested=_not_wired,
        nested_all=_not_wired,
        stand_in=_not_wired,
        refresh=_no_refresh,
        threads=Threads(limits.threads, limits.threads_each, clock),
        sandbox=bodies_apart(settings, limits.processes),
        confined=confined_bodies(settings, limits.processes),
        programs=programs_of(settings.sandbox),
        secrets=secrets_of(settings, clock, parts.secrets),
        flags=RulesFlags(settings.flags),
        asks=toolset.asks,
        evidence=Indexes(settings.grounding, settings.provenance),
        confidence=settings.confidence,
        redaction=_redaction(settings),
        showing=settings.showing,
        approval_rules=settings.approvals,
        keeps_letters_of_reads=settings.keeps_letters_of_reads,
        is_dry=settings.is_dry,
    )
    services.stand_in = fallbacks(services)
    services.host_evidence = HostRuns(services).evidence
    return services


def _redaction(settings: Settings) -> Redaction:
    """What is put out of sight, with its recognizers at hand where anything is."""
    detector = Detector(others=recognizers_of(settings.recognizers))
    redaction = Redaction(settings.redaction, Redactor(detector))
    if not redaction.is_off:
        detector.load()
    return redaction


def _announcing(
    services: Services, desk: Desk, undoing: Undoing, settings: Settings, parts: Parts
) -> Announcing:
    """Tells people of what waits for them, where there is a channel."""
    rules = settings.approvals
    channels = channels_of(rules.channels) if parts.channels is None else parts.channels
    links = SignedLinks(services.ledger, desk, rules, undoing.undo)
    announcing = Announcing(channels, rules, links, desk, services.clock)
    if channels:
        services.tell = announcing.tell
    return announcing


def _working(
    services: Services, runs: Runs, shadowing: Shadowing, desk: Desk, sending: Sending
) -> Working:
    """Goes on with runs, and hears of what they wait for."""
    working = Working(services, runs, shadowing)
    desk.wiring.heeders.append(working.changed)
    sending.wake = working.sent
    return working


def _desk(services: Services, settings: Settings, *, decides: bool) -> Desk:
    desk = Desk(services.ledger, settings.approvals, is_owner=decides)
    desk.wiring.revise = Revising(services).revise
    desk.wiring.needs = partial(_needed, services.registry)
    desk.wiring.seen_preview = partial(preview_for, services)
    services.turn = desk.setting_out
    return desk


def _needed(registry: Registry, tool: str) -> frozenset[str] | None:
    """Permissions that calls of some version of a tool take; `None` where there is none."""
    versions = registry.versions(tool)
    if not versions:
        return None
    return frozenset().union(*(each.definition.permissions for each in versions))


def _audit(
    opened: OpenLedger, toolset: Toolset, results: Results, remembering: Remembering
) -> Audit:
    return Audit(
        opened.ledger,
        toolset.policy.permissions,
        is_owner=opened.is_owner,
        differ=field_changes,
        results=results,
        grants=toolset.grants,
        notary=opened.notary,
        forget=remembering.forget,
    )


def _handlers(  # noqa: PLR0913, PLR0917 - whoever records an order
    desk: Desk,
    settlements: Settlements,
    audit: Audit,
    cancellations: Cancellations,
    letters: Letters,
    dependencies: Dependencies,
    completions: Completions,
) -> dict[type[Order], Handler]:
    """Who records what another process asks for."""
    return {
        Decision: desk.record,
        Edit: desk.record_edit,
        Endorsement: desk.record,
        Settlement: settlements.record,
        ErasureOrder: audit.erasures.record,
        Redrive: letters.take_redrive,
        Discard: letters.record_discard,
        BreakerOrder: dependencies.record,
        Cancellation: cancellations.record,
        Completion: completions.record,
    }


def _no_refresh(*_: object) -> NoReturn:
    raise BrokenPromise("the runtime was put together without its own part of the services")


async def _not_wired(*_: object) -> NoReturn:
    raise BrokenPromise("the runtime was put together without its own part of the services")

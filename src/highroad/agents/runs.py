"""Runs of agents: begun, resumed, and moved leg by leg, each from the ledger to its next rest."""

import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any, Final

import orjson

from highroad.agents import sources
from highroad.agents.acting import DOOR, Acting, drop
from highroad.agents.agent import Agent
from highroad.agents.asking import Asking
from highroad.agents.brief import Brief
from highroad.agents.calling_off import RUN, CallingOff, CallOff
from highroad.agents.crew import Crew
from highroad.agents.events import Feeds, Voice
from highroad.agents.lease import is_moved_elsewhere
from highroad.agents.leg import Leg, Strategy
from highroad.agents.moving import Moving
from highroad.agents.output import Output, as_json
from highroad.agents.progress import RunInProgress
from highroad.agents.record import RunRecord, Turn, read_end, read_messages, read_run
from highroad.agents.retelling import beginning_of, end_of
from highroad.agents.snapshot import Errand
from highroad.agents.stopping import Rests, RunStopped, weightiest
from highroad.agents.writing import RunWriter
from highroad.domain.entry import EntryKind
from highroad.domain.error import (
    CountersError,
    HighroadError,
    LedgerError,
    NotCompleted,
    NotRecorded,
    VaultError,
)
from highroad.domain.event import EventKind
from highroad.domain.identity import Caller, Delegate, Principal, acting, shadow_payer
from highroad.domain.ids import uuid_hex, with_prefix
from highroad.domain.model import ModelMessage, UserMessage
from highroad.domain.run import Run, RunHead, RunHold, RunStatus, WhyDry
from highroad.domain.trace_context import TraceContext
from highroad.ledger.history import read_body, read_run_head
from highroad.limits.runs import LiveRun
from highroad.pipeline.doorway import let_in
from highroad.pipeline.services import Services
from highroad.redaction.known_secrets import KNOWN

_log: Final = logging.getLogger("highroad.agents")

_SHADOW: Final = "shadow"
"""The door of a shadow."""
ERASED: Final = "erased"
"""`Run.reason` of a run that has ended and whose words are gone."""

Earlier = Callable[[RunHead], Awaitable[Sequence[UserMessage | ModelMessage]]]
"""What was said in the conversation of a run before it."""

WhyDryBy = Callable[[Agent, str], Awaitable[WhyDry | None]]
"""Why the runs of an agent are dry by themselves, in an organization."""

Shadowed = Callable[[RunHead, Errand], None]
"""Begins what goes beside a run; it must not raise, and nobody waits for it."""

Known = Callable[[Principal, str], Awaitable[str]]
"""What is known of a user who asks for something, in words for a model."""


async def _nothing_before(head: RunHead) -> Sequence[UserMessage | ModelMessage]:
    del head
    return ()


async def _nobody_known(principal: Principal, text: str) -> str:
    del principal, text
    return ""


def _unshadowed(head: RunHead, errand: Errand) -> None:
    """Nothing goes beside it."""
    del head, errand


async def _never_dry(agent: Agent, organization: str) -> WhyDry | None:
    """Nobody has ever promoted anybody."""
    del organization
    return None if agent.trial is None else WhyDry.TRIAL


def _report(run_id: str, error: Exception) -> None:
    """Tell where a strategy broke, and not what the exception says, which may be anything (P7)."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "nowhere"
    _log.error("run %s: its strategy raised %s at %s", run_id, type(error).__name__, where)


async def _gone_through(strategy: Strategy, leg: Leg) -> Any:  # noqa: ANN401 - whatever it comes to
    try:
        return await strategy(leg)
    except BaseExceptionGroup as group:
        raise weightiest(group) from None


def _told_without(head: RunHead, ended: Mapping[str, Any]) -> Run:
    """A run that has ended and whose words are gone, as its last entry tells it."""
    return Run(
        id=head.run_id,
        organization=head.organization,
        agent=head.agent,
        status=RunStatus(ended["status"]),
        created_ms=head.started_ms,
        code=ended["code"],
        reason=ended.get("reason", ERASED),
        steps=ended["steps"],
        tokens_in=ended["tokens_in"],
        tokens_out=ended["tokens_out"],
        cost_usd=ended["cost"] / 1e6,
        parent_id=head.parent_id,
        conversation_id=head.conversation_id,
        dry=head.dry,
    )


def _in_form(answer: object, output: Output | None, *, is_dry: bool = False) -> bytes:
    """An answer as it is kept, whether a model gave it, a tool, or an agent of the team.

    In a dry run it may be the preview of the tool whose result it would have been.

    Raises:
        RunStopped: It is of another form than the agent declares.
    """
    if output is None:
        return as_json(answer)
    try:
        return as_json(output.dumped(answer))
    except ValueError as error:
        if is_dry:
            return as_json(answer)
        raise RunStopped(
            RunStatus.FAILED,
            "output_invalid",
            "What the run came to is not of the form that its agent declares.",
        ) from error


class Runs:
    """Moves runs of agents.

    Args:
        services: Of the runtime.
        crew: Its agents.
        asking: Asks models.
        bring_on: Brings on a call that was begun earlier.
        complete: Ends a delegation with a result.
        fail: Ends a delegation without one.
        call_off: Ends a call that waits.
        earlier: What was said in a conversation before.
        known: What is known of a user.
        why_dry: Why runs of an agent are dry.
    """

    def __init__(  # noqa: PLR0913 - what they are made of, each by name
        self,
        services: Services,
        crew: Crew,
        asking: Asking,
        *,
        bring_on: Callable[[str], Awaitable[Any]],
        complete: Callable[[str, object], Awaitable[Any]],
        fail: Callable[[str, Any], Awaitable[Any]],
        call_off: CallOff,
        earlier: Earlier = _nothing_before,
        known: Known = _nobody_known,
        why_dry: WhyDryBy = _never_dry,
    ) -> None:
        self._services = services
        self.crew: Crew = crew
        self._asking = asking
        self.moving: Moving = Moving()
        self.calling_off: CallingOff = CallingOff(
            services, self.moving, call_off=call_off, fail=fail
        )
        self._acting = Acting(bring_on, self._below, complete, fail, self.calling_off.withdraw)
        self._earlier = earlier
        self._known = known
        self._why_dry_by = why_dry
        self.shadowed: Shadowed = _unshadowed
        """Is told of each run at the top that has begun."""
        self.feeds: Feeds = Feeds(services.clock)
        """Of runs that somebody follows."""

    async def start(  # noqa: PLR0913 - what a run may be begun with, each by name
        self,
        agent: Agent | str,
        text: str,
        *,
        principal: Principal | Caller,
        conversation: str | None = None,
        door: str = DOOR,
        run_id: str | None = None,
        dry_run: bool = False,
        trace: TraceContext | None = None,
    ) -> Run:
        """Begin a run and move it to its first rest, or its end.

        Args:
            agent: Whose run it is, or the name.
            text: What it is asked for.
            principal: For whom.
            conversation: The caller's own name of one.
            door: By which it came.
            run_id: An id of ours that nobody has, where it was made before.
            dry_run: Do nothing; it is no less one where this is left out and something else makes
                it one.
            trace: Where in a trace it is begun; without one it is a trace of its own.

        Raises:
            HighroadError: There is no such agent.
            Unauthenticated: The credentials of the caller are good no more.
            LedgerError: It cannot be recorded.
        """
        if isinstance(agent, Agent):
            self.crew.add(agent)
        name = agent.name if isinstance(agent, Agent) else agent
        if isinstance(principal, Caller):
            await let_in(self._services, principal)
        principal, delegation = acting(principal)
        brief = self.crew.brief(name)
        ledger = self._services.ledger
        run_id = run_id or self._services.ids.new(RUN)
        conversation_id = None
        if conversation is not None:
            key = ledger.keyring.organization(principal.organization)
            conversation_id = key.conversation_id(conversation)
        head = RunHead(
            run_id=run_id,
            organization=principal.organization,
            principal_id=ledger.keyring.opaque(principal),
            agent=name,
            definition=brief.digest,
            trace_id=uuid_hex(run_id) if trace is None else trace.trace_id,
            parent_span_id=None if trace is None else trace.span_id,
            started_ms=self._services.clock.now_ms(),
            conversation_id=conversation_id,
            delegation=tuple(link.agent for link in delegation),
            door=door,
            dry=WhyDry.ASKED if dry_run else await self._why_dry(name, principal.organization),
        )
        # As the vault will have it: a resumed run is shown the same, and no provider a secret.
        text = KNOWN.hidden(text)
        known = await self._known(principal, text)
        errand = Errand(
            text=text,
            principal=principal,
            delegation=delegation,
            known=known,
            is_dry=head.dry is not None,
        )
        return await self._begin(head, errand, brief)

    async def shadow(self, agent: str, of: RunHead, errand: Errand) -> Run:
        """Begin a dry run of another agent on the same request, for the same principal.

        It is nobody's child: its budgets, its words and its end are its own.

        Args:
            agent: Whose run it is.
            of: The run that it goes beside.
            errand: Of that run.

        Raises:
            HighroadError: There is no such agent.
            LedgerError: It cannot be recorded.
        """
        brief, ledger = self.crew.brief(agent), self._services.ledger
        run_id = self._services.ids.new(RUN)
        head = RunHead(
            run_id=run_id,
            organization=of.organization,
            principal_id=of.principal_id,
            agent=brief.name,
            definition=brief.digest,
            trace_id=uuid_hex(run_id),
            started_ms=self._services.clock.now_ms(),
            door=_SHADOW,
            dry=WhyDry.SHADOW,
            shadow_of=of.run_id,
            payer_id=ledger.keyring.opaque(shadow_payer(of.organization)),
        )
        return await self._begin(head, replace(errand, is_dry=True), brief)

    async def resume(self, run_id: str) -> Run:
        """Move a run on, from what the ledger says of it to its next rest or its end.

        Of one that has ended it says how, as far as that was not erased.

        Raises:
            NotRecorded: The ledger has no such run.
            HighroadError: This runtime has not the agent, or is dry and the run is not.
            VaultError: It has not ended, and what was said in it was erased, or its key is lost.
        """
        try:
            return await self._moved(run_id, None)
        except VaultError:
            ended = await read_end(self._services.ledger, run_id)
            if ended is None:
                raise
            return _told_without(*ended)

    async def _moved(self, run_id: str, above: RunInProgress | None) -> Run:
        async with self.moving.alone(run_id):
            record = await read_run(self._services.ledger, run_id)
            if above is None:
                return await self._go_on(record, None)
            if record.ended is not None:  # by a leg of which the run above knows nothing
                await sources.below(self._services, record, above.evidence)
            return await self._go_on(record, above.tell)

    async def _why_dry(self, name: str, organization: str) -> WhyDry | None:
        """Why a run of an agent that begins now is dry, where nothing above it is."""
        if self._services.is_dry:
            return WhyDry.DEPLOYMENT
        return await self._why_dry_by(self.crew.agent(name), organization)

    # -- legs --------------------------------------------------------------------------------

    async def _go_on(self, record: RunRecord, above: Voice | None) -> Run:
        """A leg of a run that nobody else in this process moves, unless it has ended."""
        if record.ended is not None:
            return self._told(record)
        head = record.head
        if self._services.is_dry and head.dry is None:
            raise HighroadError(
                f"run {head.run_id} was begun to do things, and all runs here are dry: resume it "
                "where `runs.dry_run` is not set, or cancel it"
            )
        brief = self.crew.brief(head.agent)
        if await is_moved_elsewhere(self._services.ledger, record.leg_began):
            raise LedgerError(
                f"run {head.run_id} is being moved by another process: send it a message, or "
                "resume it once that is over"
            )
        if brief.digest != head.definition:
            _log.warning("run %s goes on with another version of %s", head.run_id, brief.name)
        writer = await self._writer(head)
        async with self._inside(head) as live:
            with self.feeds.leg(head.run_id, above, head.agent) as voice:
                return await self._leg(record, brief, live, writer, voice)

    async def _begin(
        self, head: RunHead, errand: Errand, brief: Brief, above: Voice | None = None
    ) -> Run:
        async with self.moving.alone(head.run_id):
            writer = await self._writer(head)
            profile = self._services.ledger.profile_row(errand.principal)
            async with self._inside(head, is_new=True) as live:
                with self.feeds.leg(head.run_id, above, head.agent) as voice:
                    begun = partial(self._has_begun, voice, head, errand)
                    record = writer.start(errand, profile, begun)
                    return await self._leg(record, brief, live, writer, voice)

    def _has_begun(self, voice: Voice, head: RunHead, errand: Errand) -> None:
        """Tell that a run is on record; what its agent's shadow does is told nobody."""
        voice(EventKind.RUN_STARTED, None, beginning_of(head))
        if head.parent_id is None and head.shadow_of is None:
            self.shadowed(head, errand)

    async def _before(self, head: RunHead) -> Sequence[UserMessage | ModelMessage]:
        """What was said before a run; before a shadow it is what was said before the other."""
        if head.shadow_of is None:
            return await self._earlier(head)
        store = self._services.ledger.store
        begun = await store.entries(run_id=head.shadow_of, kind=EntryKind.RUN_STARTED, limit=1)
        return await self._earlier(read_run_head(read_body(begun[0]))) if begun else ()

    async def _writer(self, head: RunHead) -> RunWriter:
        ledger = self._services.ledger
        return RunWriter(ledger, head, await ledger.vault.key_of_run(head.run_id))

    @asynccontextmanager
    async def _inside(self, head: RunHead, *, is_new: bool = False) -> AsyncIterator[LiveRun]:
        """The run as budgets know it, while a leg moves it."""
        services = self._services
        live = await services.cancelled.enter(
            await services.runs.enter(
                head.run_id,
                parent_id=head.parent_id,
                conversation_id=head.conversation_id,
                is_new=is_new,
            )
        )
        try:
            yield live
        finally:
            live.leave()

    async def _leg(
        self, record: RunRecord, brief: Brief, live: LiveRun, writer: RunWriter, voice: Voice
    ) -> Run:
        brief = brief.within(record.errand, self._services.may_use)
        live.allowance = record.errand.allowance
        services, head = self._services, record.head
        services.repairs.forget(head.run_id)  # the leg before may have been another process's
        earlier = await self._before(head)
        has_handles = any(each.handles for each in self.crew.agent(brief.name).everybody())
        with (
            services.evidence.leg(head.run_id, head.parent_id, has_handles=has_handles) as evidence,
            _handles_of(services, brief, record),
        ):
            await sources.begin(services, record, evidence, earlier)
            run = RunInProgress(
                services,
                brief,
                record,
                live,
                writer,
                earlier=earlier,
                evidence=evidence,
                tell=voice,
            )
            with self.moving.leg(run):
                try:
                    return await self._through(run)
                finally:
                    await drop(run, run.early.give_up())

    async def _through(self, run: RunInProgress) -> Run:
        """Let the strategy go from the request to the result, or as far as it can."""
        record, brief = run.record, run.brief
        said = (UserMessage(text=record.errand.text),)
        leg = Leg(run, self._asking, self._acting, messages=said, output=brief.output)
        try:
            return await self._turns(run, leg, self.crew.agent(brief.name).strategy)
        except Rests as rests:
            return await self._rest(run, rests.holds)
        except RunStopped as stopped:
            return await self._end(run, stopped.status, code=stopped.code, reason=stopped.reason)
        except NotCompleted as error:
            return await self._end(run, RunStatus.FAILED, code=error.code)
        except (LedgerError, CountersError):
            raise  # the run stands as it is, and goes on when they can be used again
        except Exception as error:  # noqa: BLE001 - a strategy is a user's code
            _report(record.head.run_id, error)
            return await self._end(
                run, RunStatus.FAILED, code="strategy_failed", reason=type(error).__name__
            )

    async def _turns(self, run: RunInProgress, leg: Leg, strategy: Strategy) -> Run:
        """Go through the strategy, and again for what reaches the run while it does."""
        output, is_dry = run.brief.output, run.record.head.dry is not None
        while True:
            result = _in_form(await _gone_through(strategy, leg), output, is_dry=is_dry)
            while (turn := await self._next_turn(run, leg)) is None:
                ended = await self._ended(run, RunStatus.COMPLETED, result=result)
                if ended is not None:
                    return ended
            answer = orjson.loads(result)
            await leg.begin(turn, answer if isinstance(answer, str) else result.decode())

    async def _next_turn(self, run: RunInProgress, leg: Leg) -> Turn | None:
        """What another turn begins with, on record; `None` where the run is through for good.

        A message comes before the end, or is told that it comes too late.
        """
        async with run.mail:
            is_recorded = run.has_recorded_turn
            turn = await leg.next_turn()
            run.is_over = turn is None
            if turn is not None and not is_recorded:
                await run.begin(turn)
            return turn

    async def _rest(self, run: RunInProgress, holds: Sequence[RunHold]) -> Run:
        calls = [hold.call_id for hold in holds]
        if calls != run.record.waits_for:
            await run.wake()
            await run.writer.held(calls)
            run.record.waits_for = calls
        if run.is_called_off:  # it might have been while it came to rest
            return await self._end(run, RunStatus.CANCELLED, code="cancelled")
        run.tell(EventKind.RUN_HELD, None, {"calls": list(calls)})
        return self._told(
            run.record, status=RunStatus.HELD, holds=tuple(holds), requests=run.requests
        )

    async def _end(
        self,
        run: RunInProgress,
        status: RunStatus,
        *,
        code: str | None = None,
        reason: str | None = None,
    ) -> Run:
        """End a run that comes to nothing, whatever it is sent meanwhile."""
        while (ended := await self._ended(run, status, code=code, reason=reason)) is None:
            await read_messages(self._services.ledger, run.record)
        return ended

    async def _ended(
        self,
        run: RunInProgress,
        status: RunStatus,
        *,
        code: str | None = None,
        reason: str | None = None,
        result: bytes | None = None,
    ) -> Run | None:
        """The end of a run; `None` where another process has recorded a message before it."""
        record, run.is_over = run.record, True
        await run.wake()
        for call_id in tuple(run.open_calls):
            await self.calling_off.withdraw(call_id, record.head.principal_id)
        if run.brief.team:
            await self.calling_off.end_below(record.head.run_id, record.head.principal_id)
        is_written = await run.writer.ended(
            status,
            code=code,
            reason=reason,
            result=result,
            steps=run.requests,
            usage=record.usage,
            cost_microusd=record.cost_microusd,
            messages=len(record.heard),
        )
        if not is_written:
            return None
        self._services.loops.forget(record.head.run_id)
        self._services.repairs.forget(record.head.run_id)
        record.result = result
        ended = self._told(record, status=status, code=code, reason=reason, requests=run.requests)
        facts = end_of(
            status,
            code=code,
            result=result,
            steps=run.requests,
            tokens=(record.usage.input, record.usage.output),
            cost_microusd=record.cost_microusd,
        )
        run.tell(EventKind.RUN_FINISHED, None, facts)
        return ended

    # -- below -------------------------------------------------------------------------------

    async def _below(self, run: RunInProgress, call_id: str, agent: str, task: str) -> Run:
        """Move the run that a delegation stands for; it is begun if it was not."""
        run_id, brief = with_prefix(call_id, RUN), self.crew.brief(agent)
        try:
            return await self._moved(run_id, run)
        except NotRecorded:
            return await self._begin_below(run, run_id, call_id, task, brief)

    async def _begin_below(
        self, run: RunInProgress, run_id: str, call_id: str, task: str, brief: Brief
    ) -> Run:
        above, errand = run.record.head, run.record.errand
        entrusted = run.brief.entrusted[brief.name]
        chain: tuple[Delegate, ...] = (*errand.delegation, entrusted.scope)
        head = RunHead(
            run_id=run_id,
            organization=above.organization,
            principal_id=above.principal_id,
            agent=brief.name,
            definition=brief.digest,
            trace_id=above.trace_id,
            started_ms=self._services.clock.now_ms(),
            parent_id=above.run_id,
            conversation_id=above.conversation_id,
            door=above.door,
            delegated_by=call_id,
            delegation=tuple(link.agent for link in chain),
            dry=above.dry or await self._why_dry(brief.name, above.organization),
            shadow_of=above.shadow_of,
            payer_id=above.payer_id,
        )
        handed_on = Errand(
            text=task,
            principal=errand.principal,
            delegation=chain,
            allowance=entrusted.allowance.under(run.brief.iterations),
        )
        return await self._begin(head, handed_on, brief, run.tell)

    # -- what is told ------------------------------------------------------------------------

    def _told(  # noqa: PLR0913 - how a run stands, each fact by name
        self,
        record: RunRecord,
        *,
        status: RunStatus | None = None,
        code: str | None = None,
        reason: str | None = None,
        holds: tuple[RunHold, ...] = (),
        requests: int | None = None,
    ) -> Run:
        head, ended = record.head, record.ended or {}
        return Run(
            id=head.run_id,
            organization=head.organization,
            agent=head.agent,
            status=status or RunStatus(ended["status"]),
            created_ms=head.started_ms,
            result=self._result(record),
            code=code or ended.get("code"),
            reason=reason or ended.get("reason"),
            steps=requests if requests is not None else ended.get("steps", record.requests),
            tokens_in=record.usage.input,
            tokens_out=record.usage.output,
            cost_usd=record.cost_microusd / 1e6,
            parent_id=head.parent_id,
            conversation_id=head.conversation_id,
            holds=holds,
            dry=head.dry,
        )

    def _result(self, record: RunRecord) -> Any:  # noqa: ANN401 - of the agent's output type
        if record.result is None:
            return None
        try:
            output = self.crew.brief(record.head.agent).output
        except HighroadError:
            output = None
        if output is not None:
            try:
                return output.restored(record.result)
            except ValueError:  # a dry run may have come to what a tool would do
                if record.head.dry is None:
                    raise
        return orjson.loads(record.result)


def _handles_of(
    services: Services, brief: Brief, record: RunRecord
) -> AbstractContextManager[object]:
    """The handles of a run, where its agent is shown any."""
    if not brief.handles:
        return nullcontext()
    known = [(each.opening["step"], each.call_id) for each in record.calls.values()]
    return services.handles.leg(record.head.run_id, known)

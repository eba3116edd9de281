"""The calls of one reply: driven together, each answered, whatever became of it (P5).

A call that is on record is not made again: what ended answers as it did, and what was begun or
held is brought on by those who bring any call on. So a leg that resumes a run takes the same way.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

import orjson

from highroad.agents import sources
from highroad.agents.early import EarlyCall
from highroad.agents.handles import as_recorded, meant
from highroad.agents.moving import Moving
from highroad.agents.offering import Allowed, Offering
from highroad.agents.progress import RunInProgress
from highroad.agents.record import RunRecord, read_run
from highroad.domain.confidence import Statement
from highroad.domain.error import BrokenPromise, CallError, Code, ToolError
from highroad.domain.event import EventKind
from highroad.domain.failure_kind import FailureKind
from highroad.domain.identity import Origin
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.model import CallReady, ModelCall, ModelError, ModelReply
from highroad.domain.outcome import AnyOutcome, Ending, Held, HoldReason, Status
from highroad.domain.proposed import OnFailure, Terms
from highroad.domain.run import Run, RunHold, RunStatus
from highroad.domain.tool import Tier
from highroad.domain.trace_context import TraceContext
from highroad.domain.value import value
from highroad.ledger.history import CallHistory
from highroad.pipeline import doorway, lending
from highroad.pipeline.doorway import Proposal
from highroad.pipeline.drive import enter, turn_away
from highroad.pipeline.fanout import FanOut
from highroad.pipeline.ordering import ANYWHERE, Turn, turn_of
from highroad.pipeline.stored import stored_outcome
from highroad.pipeline.together import in_order

DOOR: Final = "agent"
_TERMS: Final = Terms(on_failure=OnFailure.GO_ON)
NOT_OFFERED: Final = Ending(
    status=Status.REFUSED,
    error=CallError(
        code=Code.UNKNOWN_TOOL,
        message="This tool was not offered with the request that the call answers.",
        hint="Call only tools that are offered; where no call is possible any more, answer with "
        "what you have.",
    ),
    rule="offering.not_offered",
    decided_by="offering",
)
"""The end of a call that its request had not asked for, though the agent may make such calls."""

_NOT_DONE: Final = (
    "A dry run: of what this agent says that it did nothing was done. Tell nobody that it was."
)

Arguments = Mapping[str, object] | str | bytes


@value
class Wanted:
    """One call that a reply, or a strategy, wants made."""

    asked_by: str
    position: int
    tool: str
    """The tool's own name."""
    arguments: Arguments
    origin: Origin = Origin.MODEL
    key: str | None = None
    dry_run: bool = False
    """Only what would happen is wanted."""
    in_dry_line: bool = False
    """So it is of all that is called from inside it, and nobody is asked."""
    stands_for: str | None = None
    """The call on record that it repeats, and is."""
    is_offered: bool = True
    """The request that it answers let the model call this."""
    stated: Statement | None = None
    """How sure the model said it was, where the request asked."""


@value
class Acted:
    """What became of it."""

    wanted: Wanted
    outcome: AnyOutcome
    holds: tuple[RunHold, ...] = ()
    """What it waits for, where it does: itself, or what the run below it waits for."""


BringOn = Callable[[str], Awaitable[AnyOutcome]]
"""Brings on a call that was begun earlier, as far as it goes: `Waiting.wait` without waiting."""
RunBelow = Callable[[RunInProgress, str, str, str], Awaitable[Run]]
"""Moves the run that a delegation stands for: in which run, the call, the agent, its task."""
Complete = Callable[[str, object], Awaitable[AnyOutcome]]
"""Hands in what a run below has brought, as the result of the call that delegated."""
Fail = Callable[[str, ToolError], Awaitable[AnyOutcome]]
"""Hands in that it brought nothing."""
Withdraw = Callable[[str, str], Awaitable[bool]]
"""Ends a call that waits on somebody's word; `False` where its work is under way elsewhere, or done
already."""


class Acting:
    """Makes calls on behalf of runs.

    Args:
        bring_on: For calls that are on record without an end.
        run_below: For those that hand work to another agent.
        complete: Ends one of those with a result.
        fail: Ends one of those without.
        withdraw: Ends a call that waits.
    """

    def __init__(
        self,
        bring_on: BringOn,
        run_below: RunBelow,
        complete: Complete,
        fail: Fail,
        withdraw: Withdraw,
    ) -> None:
        self._bring_on = bring_on
        self._run_below = run_below
        self._complete = complete
        self._fail = fail
        self._withdraw = withdraw
        self._below: dict[str, tuple[RunHold, ...]] = {}
        """What runs below wait for, by the call that delegated."""
        self._delegating: Moving = Moving()

    async def act(
        self, run: RunInProgress, wanted: Sequence[Wanted], *, is_alone: bool = False
    ) -> tuple[Acted, ...]:
        """Make calls together, and see each through to its end or its hold.

        Args:
            run: In which.
            wanted: The calls.
            is_alone: No other line goes on meanwhile: what is on record need not give way to one
                that might be through first.

        Raises:
            LedgerError: The ledger cannot be read.
        """
        if is_alone and (len(wanted) == 1 or all(_is_over(run, each) for each in wanted)):
            outcomes = tuple([await self.make(run, each) for each in wanted])
        else:
            outcomes = await self._together(run, wanted)
        return tuple(
            [
                Acted(wanted=each, outcome=outcome, holds=self.holds(each, outcome))
                for each, outcome in zip(wanted, outcomes, strict=True)
            ]
        )

    async def _together(
        self, run: RunInProgress, wanted: Sequence[Wanted]
    ) -> tuple[AnyOutcome, ...]:
        fan = FanOut(
            _Calls(self, run),
            _TERMS,
            parallel=run.services.limits.parallel,
            clock=run.services.clock,
            tasks=run.services.tasks,
        )
        return await in_order(fan.outcomes(list(wanted)))

    async def make(self, run: RunInProgress, wanted: Wanted) -> AnyOutcome:
        """See one call through."""
        history = run.record.calls.get((wanted.asked_by, wanted.position))
        if wanted.stands_for is not None:
            outcome = await self._bring_on(wanted.stands_for)
        elif history is None and not wanted.is_offered:
            outcome = await self.turn_away(run, wanted, NOT_OFFERED)
        elif history is None:
            early = run.early.take(wanted.asked_by, wanted.position)
            outcome = await (self._drive(run, wanted) if early is None else early)
        elif history.ended is not None:
            outcome = await stored_outcome(run.services, history, run.record.payloads)
            await sources.handed_on(run.services, history.call_id, wanted.tool, run.evidence)
            await learn(run, wanted, outcome)
            return outcome
        else:
            outcome = await self._bring_on(history.call_id)
        if isinstance(outcome, Held) and wanted.tool in run.brief.team:
            outcome = await self._delegate(run, wanted, outcome)
        if isinstance(outcome, Held):
            run.open_calls[outcome.call_id] = wanted.tool
        else:
            run.open_calls.pop(outcome.call_id, None)
        await learn(run, wanted, outcome)
        _tell(run, wanted, outcome)
        return outcome

    def ahead(self, run: RunInProgress, *, is_dry: bool = False) -> "Ahead":
        """What begins the calls of a reply that may go before it is whole, in a dry line or not."""
        return Ahead(run, self._drive, is_dry=is_dry)

    async def outcome(self, call_id: str) -> AnyOutcome:
        """What has become of a call that was made earlier."""
        return await self._bring_on(call_id)

    async def withdraw(self, run: RunInProgress, call_id: str, tool: str, by: str) -> bool:
        """End a call that waits, on the word of `by`.

        Returns:
            Whether nothing comes of it any more that is not told.
        """
        is_over = await self._withdraw(call_id, by)
        if is_over or tool in run.brief.team:
            self._below.pop(call_id, None)
            run.open_calls.pop(call_id, None)
        return is_over

    async def turn_away(self, run: RunInProgress, wanted: Wanted, ending: Ending) -> AnyOutcome:
        """End one that is not to begin; what is on record has begun, and stays as it is."""
        known = run.record.calls.get((wanted.asked_by, wanted.position))
        call_id = wanted.stands_for if known is None else known.call_id
        if call_id is not None:
            return await self._as_it_is(run, call_id)
        await run.wake()
        services, proposal = run.services, _proposal(run, wanted)
        return await turn_away(
            services, doorway.take_in(services, proposal, run.record.errand.principal), ending
        )

    async def _as_it_is(self, run: RunInProgress, call_id: str) -> AnyOutcome:
        """What is on record of a call; nothing is done for it but to end what nobody drives."""
        history = await run.services.ledger.history(call_id)
        if history is not None and (history.ended is not None or history.is_held):
            return await stored_outcome(run.services, history)
        return await self._bring_on(call_id)

    async def _drive(self, run: RunInProgress, wanted: Wanted) -> AnyOutcome:
        services = run.services
        await run.wake()
        await run.writer.begun()
        if run.is_followed:
            facts = _named(wanted) | {"arguments": _shown(wanted.arguments)}
            run.tell(EventKind.TOOL_PROPOSED, None, facts)
        taking_in = doorway.take_in(services, _proposal(run, wanted), run.record.errand.principal)
        return await enter(services, taking_in)

    async def _delegate(self, run: RunInProgress, wanted: Wanted, held: Held) -> AnyOutcome:
        """Let the run below bring what the call waits for.

        The same work handed on twice at once is one call, and one run: the second waits for it.
        """
        if held.reason is not HoldReason.DEFERRED:
            return held
        ledger = run.services.ledger
        # Who hands on the same task twice in one reply has made one call, with one run below it.
        async with self._delegating.alone(held.call_id):
            history = await ledger.history(held.call_id)
            if history is None:
                raise BrokenPromise(f"call {held.call_id} waits and is not in the ledger")
            if history.ended is not None:
                return await stored_outcome(run.services, history)
            task = _task_in(await ledger.open_json(history, "arguments"))
            return await self._hand_on(run, held, run.brief.team[wanted.tool], task)

    async def _hand_on(self, run: RunInProgress, held: Held, agent: str, task: str) -> AnyOutcome:
        below = await self._run_below(run, held.call_id, agent, task)
        if below.status is RunStatus.HELD:
            self._below[held.call_id] = tuple(hold.below(agent) for hold in below.holds)
            return held
        self._below.pop(held.call_id, None)
        if below.status is RunStatus.COMPLETED:
            return await self._complete(held.call_id, _answer_of(run, below))
        record = await read_run(run.services.ledger, below.id)
        return await self._fail(held.call_id, _failure_of(agent, below, record))

    def holds(self, wanted: Wanted, outcome: AnyOutcome) -> tuple[RunHold, ...]:
        """What a call waits for, where it does."""
        if not isinstance(outcome, Held):
            return ()
        below = self._below.get(outcome.call_id)
        if below:
            return below
        return (
            RunHold(
                call_id=outcome.call_id,
                tool=wanted.tool,
                reason=outcome.reason,
                approval_id=outcome.approval_id,
                expires_ms=outcome.expires_ms,
            ),
        )


class Ahead:
    """Begins calls of a reply under way, and calls them off where it comes to nothing.

    Args:
        run: Whose reply it is.
        drive: Makes a call.
        is_dry: Its line is dry.
    """

    def __init__(
        self,
        run: RunInProgress,
        drive: Callable[[RunInProgress, Wanted], Any],
        *,
        is_dry: bool = False,
    ) -> None:
        self._run = run
        self._drive = drive
        self._is_dry = is_dry
        self.offering: Offering | None = None
        """What the model was offered that is being asked."""
        self.allowed: Allowed | None = None
        """What of it it may call."""
        self._request_id = ""
        self._next: int | None = 0
        """Which of its calls is to be complete next; `None` once no more may go ahead."""

    def unspoken(self, call: ModelCall) -> ModelCall:
        """A call without the values of secrets."""
        return call if self.offering is None else self.offering.unspoken(call, self._spoken)

    def _spoken(self, tool: str, argument: str, given: str) -> str | None:
        """The reference to a secret that the user said in this run, if they did."""
        run, head = self._run, self._run.record.head
        for version in run.services.registry.versions(tool):
            found = lending.spoken(
                run.services,
                head.run_id,
                head.organization,
                run.evidence.turns,
                version,
                argument,
                given,
            )
            if found is not None:
                return found
        return None

    def ready(self, request_id: str, part: CallReady) -> None:
        """The arguments of a call are complete, while the reply is not."""
        if request_id != self._request_id:
            self._request_id, self._next = request_id, 0
        if self.offering is None or self.allowed is None or part.position != self._next:
            return  # it came twice, or nobody knows yet what it follows
        called = self.offering.called(part.call)
        tool, arguments = called.tool, called.arguments
        wanted = Wanted(
            asked_by=request_id,
            position=part.position,
            tool=tool,
            arguments=arguments,
            stated=called.stated,
            in_dry_line=self._is_dry,
        )
        drive = partial(self._drive, self._run, wanted)
        may_go_on = self.allowed.may_call(tool) and self._run.early.begin(
            request_id, part.position, part.call, tool, arguments, drive
        )
        self._next = part.position + 1 if may_go_on else None

    async def whole(self, request_id: str, reply: ModelReply) -> None:
        """The reply is whole; what it does not hold is called off.

        Raises:
            ModelError: It holds another call in the place of one that was begun: on such a reply
                nothing can be built, and it is not recorded.
        """
        early, calls = self._run.early, reply.message.calls
        if early.is_contradicted(request_id, calls):
            raise ModelError(
                f"{reply.model} contradicted in its reply what it had streamed of it",
                kind=FailureKind.TRANSIENT,
            )
        await drop(self._run, early.give_up(request_id, behind=len(calls)))

    async def failed(self, request_id: str) -> None:
        """There will be no reply: what was begun for it is called off."""
        await drop(self._run, self._run.early.give_up(request_id))


async def drop(run: RunInProgress, given_up: Sequence[EarlyCall]) -> None:
    """See calls to their end that no model will hear of."""
    if not given_up:
        return
    dropping = asyncio.ensure_future(_drop(run, given_up))
    tasks = run.services.tasks
    tasks.add(dropping)
    dropping.add_done_callback(tasks.discard)
    await asyncio.shield(dropping)


async def _drop(run: RunInProgress, given_up: Sequence[EarlyCall]) -> None:
    outcomes = await asyncio.gather(*(each.task for each in given_up), return_exceptions=True)
    # What no model was told of, it may well ask for again: that is no loop.
    run.services.loops.changed(run.record.head.run_id)
    for early, outcome in zip(given_up, outcomes, strict=True):
        facts: dict[str, JsonValue] = {
            "tool": early.tool,
            "request": early.request_id,
            "position": early.position,
            "status": Status.CANCELLED,
            "dropped": True,
        }
        call_id = None
        if not isinstance(outcome, BaseException):
            facts["status"], call_id = outcome.status, outcome.call_id
        run.tell(EventKind.TOOL_FINISHED, call_id, facts)


async def learn(run: RunInProgress, wanted: Wanted, outcome: AnyOutcome) -> None:
    """Take in what a call has brought; the word of another agent proves nothing."""
    tool = run.services.registry.find(wanted.tool)
    if tool is not None and wanted.tool not in run.brief.team:
        run_id, arguments, recorded = run.record.head.run_id, wanted.arguments, None
        if run.brief.handles and wanted.origin is Origin.MODEL:
            arguments = await meant(run.services, run_id, arguments, outcome)
            recorded = await as_recorded(run.services, outcome)
        sources.brought(
            run.evidence,
            tool.definition,
            arguments,
            outcome,
            origin=wanted.origin,
            reveal=partial(run.services.redaction.revealed, run_id),
            recorded=recorded,
        )


def _is_over(run: RunInProgress, wanted: Wanted) -> bool:
    """Whether a call has its end on record, so that making it waits for nothing."""
    history = run.record.calls.get((wanted.asked_by, wanted.position))
    return wanted.stands_for is None and history is not None and history.ended is not None


def _tell(run: RunInProgress, wanted: Wanted, outcome: AnyOutcome) -> None:
    if not run.is_followed:
        return
    facts = _named(wanted)
    if isinstance(outcome, Held):
        facts["approval_id"] = outcome.approval_id
        facts["reason"] = outcome.reason
        run.tell(EventKind.TOOL_HELD, outcome.call_id, facts)
        return
    facts["status"] = outcome.status
    facts["answer"] = outcome.for_model()
    run.tell(EventKind.TOOL_FINISHED, outcome.call_id, facts)


class _Calls:
    """What a fan-out does with each of them."""

    def __init__(self, acting: Acting, run: RunInProgress) -> None:
        self._acting = acting
        self._run = run

    def turn(self, call: Wanted) -> Turn:
        """By what its tool declares; one that was not offered touches nothing."""
        if not call.is_offered:
            return ANYWHERE
        tool = self._run.services.registry.find(call.tool)
        turn = turn_of(None if tool is None else tool.definition, call.arguments)
        # Which object a handle names is known only on the road: it may be any.
        return replace(turn, objects=frozenset()) if self._run.brief.handles else turn

    async def make(self, call: Wanted) -> AnyOutcome:
        """See it through."""
        return await self._acting.make(self._run, call)

    async def turn_away(self, call: Wanted, ending: Ending) -> AnyOutcome:
        """End it without having begun it, on record."""
        return await self._acting.turn_away(self._run, call, ending)


def _proposal(run: RunInProgress, wanted: Wanted) -> Proposal:
    errand = run.record.errand
    return Proposal(
        tool=wanted.tool,
        arguments=wanted.arguments,
        principal=errand.principal,
        run_id=run.record.head.run_id,
        asked_by=wanted.asked_by,
        position=wanted.position,
        key=wanted.key,
        origin=wanted.origin,
        delegation=run.delegation,
        door=run.record.head.door,
        trace=TraceContext(trace_id=run.record.head.trace_id),
        dry_run=wanted.dry_run,
        in_dry_run=run.record.head.dry is not None or wanted.in_dry_line,
        in_shadow=run.record.head.shadow_of is not None,
        stated=wanted.stated,
        takes_handles=run.brief.handles and wanted.origin is Origin.MODEL,
    )


def _named(wanted: Wanted) -> dict[str, JsonValue]:
    return {"tool": wanted.tool, "request": wanted.asked_by, "position": wanted.position}


def _task_in(arguments: bytes | None) -> str:
    """As it was recorded: a person who was asked may have put another one in its place."""
    read: JsonObject = {} if arguments is None else orjson.loads(arguments)
    return str(read.get("task", ""))


def _shown(arguments: Arguments) -> JsonValue:
    """Arguments as they are told: JSON, or as the model wrote them where they are none."""
    try:
        raw = arguments if isinstance(arguments, str | bytes) else orjson.dumps(arguments)
        read: JsonValue = orjson.loads(raw)
    except (TypeError, ValueError):
        return ascii(arguments)
    return read


def _answer_of(run: RunInProgress, below: Run) -> object:
    """What a run below has brought; whoever asked for it acts, and is told where it did not."""
    if below.dry is None or run.record.head.dry is not None:
        return below.result
    return {"note": _NOT_DONE, "answer": below.result}


def _failure_of(agent: str, below: Run, record: RunRecord) -> ToolError:
    """What is told of a run below that brought nothing: what it did stands on its own record.

    Nothing was applied by it only where nothing was by any of its calls (P3).
    """
    told = f"{agent} did not finish ({below.status}): {below.code or 'no result'}."
    done = sum(map(_may_be_applied, record.calls.values()))
    if not done:
        return ToolError(told, applied=False)
    return ToolError(
        f"{told} Before that it did things that stand: {done} of its calls.",
        hint="Do not hand on the same task again; if something is missing, ask for that alone.",
        applied=True,
    )


def _may_be_applied(history: CallHistory) -> bool:
    """Whether a call has done something in the world, or nobody knows that it did not."""
    if history.intent is None or history.opening.get("tier") == Tier.READ:
        return False
    return history.status not in {Status.FAILED, Status.REFUSED, Status.CANCELLED, Status.EXPIRED}

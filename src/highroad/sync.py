"""The one synchronous facade: `from highroad.sync import Runtime`.

The library is async inside. Here an event loop of its own runs in a thread, so that plain scripts
and notebooks, whose cells already run inside a loop, call tools the same way.
"""

import asyncio
import threading
from collections.abc import (
    AsyncGenerator,
    Callable,
    Collection,
    Coroutine,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeVar, Unpack, overload

from highroad.agents.acting import NOT_OFFERED
from highroad.agents.agent import Agent
from highroad.approvals.case import Case, QueuedCall
from highroad.approvals.definitions import Unaccepted
from highroad.bootstrap.verifiers import OwnVerifier
from highroad.domain.acting import Acting
from highroad.domain.approval import Approval, ApprovalState
from highroad.domain.cache import CacheStatistics
from highroad.domain.dead_letter import DeadLetter, LetterState
from highroad.domain.dependency import BreakerChange
from highroad.domain.entry import Amendment
from highroad.domain.error import HighroadError, ToolError
from highroad.domain.event import Event
from highroad.domain.grounding import Simulation
from highroad.domain.health import DependencyHealth
from highroad.domain.identity import Caller, Delegate, Principal
from highroad.domain.limits import Limits
from highroad.domain.outcome import AnyOutcome, Ending, Outcome, Preview
from highroad.domain.pin import Pin
from highroad.domain.proof import SignedHead
from highroad.domain.proposed import OnFailure, ProposedCalls
from highroad.domain.reconsidered import ReconsideredCall
from highroad.domain.run import AgentRun, Run, RunStatus, When, WhyDry
from highroad.domain.shadow import Comparison
from highroad.domain.tool import ToolDefinition
from highroad.domain.trail import Explanation, Trail
from highroad.domain.trial import TrialChange, TrialReport
from highroad.domain.unsettled import Unsettled
from highroad.ledger.audit import About, Part
from highroad.ledger.inquiry.answers import (
    Act,
    Denial,
    PinnedVersion,
    Review,
    Sight,
    Spending,
    SpendingBy,
    UnknownCall,
    VersionChange,
)
from highroad.ledger.inquiry.export import Line
from highroad.ledger.inquiry.report import PeriodReport
from highroad.ledger.proof.bundle import Bundle
from highroad.ledger.proof.excerpt import Continuation, EntryProof
from highroad.ledger.tables.comparison import TablesVerdict
from highroad.ledger.tables.period import Period
from highroad.ledger.upkeep.erasure import ErasurePlan
from highroad.pipeline.circumstances import Circumstances, SharedCircumstances
from highroad.pipeline.crossing import wait_for
from highroad.recovery.letter_growth import Backlog
from highroad.recovery.letters import Batch, Redriven, Which
from highroad.runtime import Arguments, ToolFunction
from highroad.runtime import Runtime as AsyncRuntime
from highroad.settings import Settings
from highroad.tools.body.call_check import CallCheck
from highroad.tools.body.checks import Check

if TYPE_CHECKING:
    from highroad.ledger.proof.verifying import Report

T = TypeVar("T")
R = TypeVar("R")

_ENDING_S: Final = 5.0
"""How long what is cancelled with its loop may take to end."""


class _Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        # A daemon: a program that forgets to close must still be able to end.
        self._thread = threading.Thread(target=self._loop.run_forever, name="highroad", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        """Run `work` there and wait for it here; an interrupt cancels it.

        Raises:
            HighroadError: The loop has ended, or is the caller's own, which would wait for itself.
        """
        if self.is_over or threading.current_thread() is self._thread:
            work.close()
            if self.is_over:
                raise HighroadError("this runtime was closed; open it anew")
            raise HighroadError(
                "an async tool must not wait for the synchronous runtime that runs it: call other "
                "tools with `await context.call(...)`"
            )
        return wait_for(self._loop, work)

    @property
    def is_over(self) -> bool:
        """Whether it was stopped."""
        return self._loop.is_closed()

    def stop(self) -> None:
        """End the loop and its thread."""
        if self.is_over:
            return
        wait_for(self._loop, _cancel_what_is_left())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _cancel_what_is_left() -> None:
    """Cancel what still runs, as `asyncio.run` does, so that nobody waits for it for ever."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left, timeout=_ENDING_S)


class Runtime:
    """The synchronous twin of `highroad.Runtime`; made by `Runtime.open`."""

    def __init__(self, loop: _Loop, runtime: AsyncRuntime) -> None:
        self._loop = loop
        self._runtime = runtime
        self.agents: Agents = Agents(loop, runtime)
        self.approvals: Approvals = Approvals(loop, runtime)
        self.definitions: Definitions = Definitions(loop, runtime)
        self.dependencies: Dependencies = Dependencies(loop, runtime)
        self.audit: Audit = Audit(loop, runtime)
        self.cache: KeptResults = KeptResults(loop, runtime)
        self.dead_letters: DeadLetters = DeadLetters(loop, runtime)

    @classmethod
    def open(  # noqa: PLR0913 - what a runtime may be given, each by name
        cls,
        url: str | None = None,
        *,
        tools: Iterable[object] = (),
        agents: Iterable[Agent] = (),
        deps: Mapping[type, Callable[..., Any]] | None = None,
        limits: Limits | None = None,
        principal: Principal | None = None,
        settings: Settings | None = None,
        verifier: OwnVerifier | None = None,
        checks: Iterable[CallCheck | Check] = (),
    ) -> "Runtime":
        """Open a ledger, as `highroad.Runtime.open` does; close it, or use it in a `with`.

        Raises:
            SettingsError: The configuration is wrong.
            DeclarationError: A tool is declared wrongly.
            LedgerError: The ledger cannot be used.
        """
        loop = _Loop()

        async def opened() -> AsyncRuntime:
            """Open it in the loop that it lives in."""
            return await AsyncRuntime.open(
                url,
                tools=tools,
                agents=agents,
                deps=deps,
                limits=limits,
                principal=principal,
                settings=settings,
                verifier=verifier,
                checks=checks,
            )

        try:
            return cls(loop, loop.run(opened()))
        except BaseException:
            loop.stop()
            raise

    @overload
    def call(
        self,
        tool: ToolFunction | str,
        arguments: Arguments,
        *,
        dry_run: Literal[True],
        **circumstances: Unpack[Circumstances],
    ) -> Outcome[Preview]: ...
    @overload
    def call(
        self,
        tool: Callable[..., Coroutine[Any, Any, T]],
        arguments: Arguments,
        *,
        dry_run: Literal[False] = False,
        **circumstances: Unpack[Circumstances],
    ) -> Outcome[T]: ...
    @overload
    def call(
        self,
        tool: Callable[..., T],
        arguments: Arguments,
        *,
        dry_run: Literal[False] = False,
        **circumstances: Unpack[Circumstances],
    ) -> Outcome[T]: ...
    @overload
    def call(
        self,
        tool: str,
        arguments: Arguments,
        *,
        dry_run: bool = False,
        **circumstances: Unpack[Circumstances],
    ) -> AnyOutcome: ...
    def call(
        self,
        tool: ToolFunction | str,
        arguments: Arguments,
        *,
        dry_run: bool = False,
        **circumstances: Unpack[Circumstances],
    ) -> AnyOutcome:
        """Make one call over the road and wait for its outcome; see `highroad.Runtime.call`."""
        # The overloads above are those of the async runtime; here they need not be tried again.
        make: Callable[..., Coroutine[Any, Any, AnyOutcome]] = self._runtime.call
        return self._loop.run(make(tool, arguments, dry_run=dry_run, **circumstances))

    def turn_away(
        self,
        tool: str,
        arguments: Arguments,
        *,
        ending: Ending = NOT_OFFERED,
        **circumstances: Unpack[Circumstances],
    ) -> AnyOutcome:
        """Put a call on record that is not made; see `highroad.Runtime.turn_away`."""
        return self._loop.run(
            self._runtime.turn_away(tool, arguments, ending=ending, **circumstances)
        )

    def held(
        self, tool: ToolFunction | str, arguments: Arguments, **circumstances: Unpack[Circumstances]
    ) -> str | None:
        """The id of the call that waits, as this very call would; see `highroad.Runtime.held`."""
        return self._loop.run(self._runtime.held(tool, arguments, **circumstances))

    @property
    def asynchronous(self) -> AsyncRuntime:
        """The runtime inside, which lives in a loop of its own thread (`.loop`)."""
        return self._runtime

    def add(self, *tools: object) -> tuple[ToolDefinition, ...]:
        """Take in more tools while open; see `highroad.Runtime.add`."""
        return self._runtime.add(*tools)

    def find(self, tool: ToolFunction | str) -> ToolDefinition | None:
        """What may be called by that name; see `highroad.Runtime.find`."""
        return self._runtime.find(tool)

    def acting(  # noqa: PLR0913 - what may be said of calls, each by name
        self,
        principal: Principal | Caller | None = None,
        *,
        run: str | None = None,
        conversation: str | None = None,
        delegation: Sequence[Delegate] = (),
        request: str | Sequence[str] = (),
        traceparent: str | None = None,
    ) -> AbstractContextManager[Acting]:
        """Say for whom, and in which run, calls are made; see `highroad.Runtime.acting`."""
        return self._runtime.acting(
            principal,
            run=run,
            conversation=conversation,
            delegation=delegation,
            request=request,
            traceparent=traceparent,
        )

    def call_all(
        self,
        calls: ProposedCalls,
        *,
        parallel: int | None = None,
        deadline_s: float | None = None,
        on_failure: OnFailure | Literal["stop", "go_on"] = "stop",
        **circumstances: Unpack[SharedCircumstances],
    ) -> tuple[AnyOutcome, ...]:
        """Make several calls together; see `highroad.Runtime.call_all`."""
        return self._loop.run(
            self._runtime.call_all(
                calls,
                parallel=parallel,
                deadline_s=deadline_s,
                on_failure=on_failure,
                **circumstances,
            )
        )

    def call_each(
        self,
        calls: ProposedCalls,
        *,
        parallel: int | None = None,
        deadline_s: float | None = None,
        on_failure: OnFailure | Literal["stop", "go_on"] = "stop",
        **circumstances: Unpack[SharedCircumstances],
    ) -> Iterator[tuple[int, AnyOutcome]]:
        """Make several calls together, each outcome as it comes; see `highroad.Runtime.call_each`.

        Close it, or take all of it, before the runtime is closed.
        """
        outcomes = self._runtime.call_each(
            calls,
            parallel=parallel,
            deadline_s=deadline_s,
            on_failure=on_failure,
            **circumstances,
        )
        return _steps(self._loop, outcomes)

    def run(
        self,
        agent: Agent | str,
        text: str,
        *,
        principal: Principal | Caller | None = None,
        conversation: str | None = None,
        dry_run: bool = False,
    ) -> Run:
        """Let an agent work on a request; see `highroad.Runtime.run`."""
        running = self._runtime.run(
            agent, text, principal=principal, conversation=conversation, dry_run=dry_run
        )
        return self._loop.run(running)

    def resume(self, run_id: str) -> Run:
        """Go on with a run; see `highroad.Runtime.resume`."""
        return self._loop.run(self._runtime.resume(run_id))

    def stream(
        self,
        agent: Agent | str,
        text: str,
        *,
        principal: Principal | Caller | None = None,
        conversation: str | None = None,
        dry_run: bool = False,
    ) -> Iterator[Event]:
        """Let an agent work, and give what happens; see `highroad.Runtime.stream`."""
        events = self._runtime.stream(
            agent, text, principal=principal, conversation=conversation, dry_run=dry_run
        )
        return _steps(self._loop, events)

    def stream_resumed(self, run_id: str) -> Iterator[Event]:
        """Go on with a run, and give what happens; see `highroad.Runtime.stream_resumed`."""
        return _steps(self._loop, self._runtime.stream_resumed(run_id))

    def send(
        self, run_id: str, text: str, *, when: When = "now", by: Principal | None = None
    ) -> None:
        """Send a user's message to a run that works or waits; see `highroad.Runtime.send`."""
        self._loop.run(self._runtime.send(run_id, text, when=when, by=by))

    def events(self, run_id: str, *, after: int = 0) -> Iterator[Event]:
        """Give the events of a run; see `highroad.Runtime.events`."""
        return _steps(self._loop, self._runtime.events(run_id, after=after))

    def wait(
        self,
        call_id: str,
        *,
        timeout_s: float | None = None,
        principal: Principal | None = None,
        tool: str | None = None,
    ) -> AnyOutcome:
        """The outcome of a call made earlier; see `highroad.Runtime.wait`."""
        return self._loop.run(
            self._runtime.wait(call_id, timeout_s=timeout_s, principal=principal, tool=tool)
        )

    def authenticate(self, credentials: str, *, address: str | None = None) -> Caller:
        """See `highroad.Runtime.authenticate`."""
        return self._loop.run(self._runtime.authenticate(credentials, address=address))

    def simulate(self, *, tool: str | None = None, since_ms: int = 0) -> Simulation:
        """What enforced grounding would have stopped; see `highroad.Runtime.simulate`."""
        return self._loop.run(self._runtime.simulate(tool=tool, since_ms=since_ms))

    def reconsider(self, call_id: str, *, by: Principal) -> ReconsideredCall:
        """Judge a call on record by the policy in force; see `highroad.Runtime.reconsider`."""
        return self._loop.run(self._runtime.reconsider(call_id, by=by))

    def undo(
        self, call_id: str, *, by: Principal | None = None, door: str = "python"
    ) -> AnyOutcome:
        """Take back what a call did; see `highroad.Runtime.undo`."""
        return self._loop.run(self._runtime.undo(call_id, by=by, door=door))

    def settle(self, call_id: str, *, applied: bool, by: Principal, reason: str) -> Amendment:
        """Say what became of a call whose outcome is unknown; see `highroad.Runtime.settle`."""
        return self._loop.run(self._runtime.settle(call_id, applied=applied, by=by, reason=reason))

    def cancel(  # noqa: PLR0913 - as there
        self,
        *,
        call_id: str | None = None,
        run: str | None = None,
        conversation: str | None = None,
        by: Principal,
        reason: str,
        principal: Principal | None = None,
        tool: str | None = None,
    ) -> tuple[AnyOutcome, ...]:
        """Call off a call, a run or a conversation; see `highroad.Runtime.cancel`."""
        return self._loop.run(
            self._runtime.cancel(
                call_id=call_id,
                run=run,
                conversation=conversation,
                by=by,
                reason=reason,
                principal=principal,
                tool=tool,
            )
        )

    def complete(self, call_id: str, token: str, result: object) -> AnyOutcome:
        """Hand in the result of a call that was deferred; see `highroad.Runtime.complete`."""
        return self._loop.run(self._runtime.complete(call_id, token, result))

    def fail(self, call_id: str, token: str, error: ToolError) -> AnyOutcome:
        """Hand in that a call which was deferred has no result; see `highroad.Runtime.fail`."""
        return self._loop.run(self._runtime.fail(call_id, token, error))

    def unsettled(
        self,
        *,
        with_open: bool = False,
        principal: Principal | None = None,
        door: str | None = None,
    ) -> tuple[Unsettled, ...]:
        """Calls that wait for a person to settle them; see `highroad.Runtime.unsettled`."""
        return self._loop.run(
            self._runtime.unsettled(with_open=with_open, principal=principal, door=door)
        )

    def flush(self) -> None:
        """Wait until all that was recorded so far is durable."""
        self._loop.run(self._runtime.flush())

    @property
    def tools(self) -> tuple[ToolDefinition, ...]:
        """What may be called, by name."""
        return self._runtime.tools

    @property
    def strays(self) -> Mapping[str, int]:
        """Bodies that run on in threads behind their deadline, by dependency."""
        return self._runtime.strays

    @property
    def ledger_path(self) -> Path | None:
        """The ledger's file, where it has one."""
        return self._runtime.ledger_path

    def close(self) -> None:
        """Write what waits, close resources, ledger and thread. Safe to call twice."""
        if self._loop.is_over:
            return
        try:
            self._loop.run(self._runtime.close())
        finally:
            self._loop.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _steps(loop: _Loop, coming: AsyncGenerator[R, None]) -> Iterator[R]:
    """What comes, one after the other, out of the loop that the ledger lives in."""

    async def following() -> R | None:
        """The next one, made there."""
        return await anext(coming, None)

    try:
        while (step := loop.run(following())) is not None:
            yield step
    finally:
        if not loop.is_over:
            loop.run(coming.aclose())


class Approvals:
    """Held calls, and decisions about them."""

    def __init__(self, loop: _Loop, runtime: AsyncRuntime) -> None:
        self._loop = loop
        self._desk = runtime.approvals

    def list(
        self, *, state: ApprovalState | str | None = ApprovalState.WAITING
    ) -> Sequence[Approval]:
        """Approvals, oldest first; `state=None` is all of them."""
        return self._loop.run(self._desk.list(state=state))

    def page(
        self, *, state: ApprovalState | str | None = ApprovalState.WAITING, after: str = ""
    ) -> Sequence[QueuedCall]:
        """A page of held calls, oldest first; see `highroad.approvals.desk.Desk.page`."""
        return self._loop.run(self._desk.page(state=state, after=after))

    def get(self, approval_id: str) -> Approval:
        """One approval."""
        return self._loop.run(self._desk.get(approval_id))

    def approve(
        self,
        approval_id: str,
        *,
        by: Principal | Caller,
        reason: str = "",
        code: str | None = None,
    ) -> Approval:
        """Record that `by` agrees; whoever waits for the call drives it on."""
        return self._loop.run(self._desk.approve(approval_id, by=by, reason=reason, code=code))

    def send_code(self, approval_id: str, *, by: Principal | Caller) -> None:
        """Have a one-time code sent to `by`, for agreeing to a call."""
        self._loop.run(self._desk.send_code(approval_id, by=by))

    def reject(self, approval_id: str, *, by: Principal | Caller, reason: str = "") -> Approval:
        """Record that `by` objects; one rejection ends the matter."""
        return self._loop.run(self._desk.reject(approval_id, by=by, reason=reason))

    def case(self, approval_id: str, *, by: Principal | Caller | None = None) -> Case:
        """All that whoever decides should see; values where `by` may decide."""
        return self._loop.run(self._desk.case(approval_id, by=by))

    def edit(
        self,
        approval_id: str,
        arguments: Mapping[str, object] | str | bytes,
        *,
        by: Principal | Caller,
        reason: str = "",
        code: str | None = None,
    ) -> Approval:
        """Give a held call other arguments; `by` agrees to it unless more is asked by that."""
        return self._loop.run(
            self._desk.edit(approval_id, arguments, by=by, reason=reason, code=code)
        )

    def revoke(self, approval_id: str, *, by: Principal | Caller, reason: str = "") -> Approval:
        """Take an agreement of `by` back, as long as the call has not used it."""
        return self._loop.run(self._desk.revoke(approval_id, by=by, reason=reason))

    def ask(self, approval_id: str, question: str, *, by: Principal | Caller) -> Approval:
        """Put a question to the requester; the approval waits on."""
        return self._loop.run(self._desk.ask(approval_id, question, by=by))

    def answer(self, approval_id: str, text: str, *, by: Principal | Caller) -> Approval:
        """Answer what the requester was asked."""
        return self._loop.run(self._desk.answer(approval_id, text, by=by))


class Agents:
    """Agents, their trials and shadows; see `highroad.agents.roster.Roster`."""

    def __init__(self, loop: _Loop, runtime: AsyncRuntime) -> None:
        self._loop = loop
        self._roster = runtime.agents

    def __iter__(self) -> Iterator[Agent]:
        """By name."""
        return iter(self._roster)

    def report(
        self, name: str, *, organization: str | None = None, since_ms: int = 0
    ) -> TrialReport:
        """What an agent did and would have done."""
        reporting = self._roster.report(name, organization=organization, since_ms=since_ms)
        return self._loop.run(reporting)

    def compare(
        self, name: str, *, organization: str | None = None, since_ms: int = 0
    ) -> Comparison:
        """How an agent and its shadow differ."""
        comparing = self._roster.compare(name, organization=organization, since_ms=since_ms)
        return self._loop.run(comparing)

    def why_dry(self, name: str, *, organization: str) -> WhyDry | None:
        """Why a run of an agent that began now would be dry by itself, if it would."""
        return self._loop.run(self._roster.why_dry(name, organization=organization))

    def promote(
        self, name: str, *, by: Principal, reason: str = "", early: bool = False
    ) -> TrialChange:
        """Record that the runs of an agent on trial are no dry runs from the next one on."""
        return self._loop.run(self._roster.promote(name, by=by, reason=reason, early=early))

    def demote(self, name: str, *, by: Principal, reason: str = "") -> TrialChange:
        """Record that an agent is on trial again."""
        return self._loop.run(self._roster.demote(name, by=by, reason=reason))


class Definitions:
    """What tools say of themselves, and who accepted it."""

    def __init__(self, loop: _Loop, runtime: AsyncRuntime) -> None:
        self._loop = loop
        self._definitions = runtime.definitions

    def unaccepted(self) -> tuple[Unaccepted, ...]:
        """Definitions that wait for somebody to accept them, in the order of their names."""
        return self._definitions.unaccepted()

    def accept(
        self,
        tool: str,
        *,
        by: Principal,
        version: str | None = None,
        digest: str | None = None,
        despite: Collection[str] = (),
    ) -> Pin:
        """Accept a definition as it is now; with `digest`, only the one that was looked at.

        Raises:
            DecisionRefused: There is nothing to accept, `by` may not, or a grave suspicion is not
                named in `despite`.
        """
        return self._loop.run(
            self._definitions.accept(tool, by=by, version=version, digest=digest, despite=despite)
        )


class DeadLetters:
    """Calls that were given up on, and what becomes of them."""

    def __init__(self, loop: _Loop, runtime: AsyncRuntime) -> None:
        self._loop = loop
        self._letters = runtime.dead_letters

    def list(
        self,
        *,
        state: LetterState | str | None = LetterState.OPEN,
        tool: str | None = None,
        dependency: str | None = None,
        since_ms: int | None = None,
    ) -> tuple[DeadLetter, ...]:
        """The oldest hundred; `state=None` is any."""
        return self._loop.run(
            self._letters.list(state=state, tool=tool, dependency=dependency, since_ms=since_ms)
        )

    def get(self, which: str) -> DeadLetter:
        """One letter, by its id or that of its call."""
        return self._loop.run(self._letters.get(which))

    def backlog(self) -> Backlog:
        """How many wait, how many came within the hour, and since when the oldest waits."""
        return self._loop.run(self._letters.backlog())

    def redrive(self, which: str, *, by: Principal) -> Redriven:
        """Make the call of a letter again, over the whole road."""
        return self._loop.run(self._letters.redrive(which, by=by))

    def redrive_many(self, *, by: Principal, **which: Unpack[Which]) -> Batch:
        """Redrive open letters one after the other; see `highroad.Runtime.dead_letters`."""
        return self._loop.run(self._letters.redrive_many(by=by, **which))

    def discard(self, which: str, *, by: Principal, reason: str) -> DeadLetter:
        """Say that the call of a letter need not be made."""
        return self._loop.run(self._letters.discard(which, by=by, reason=reason))


class KeptResults:
    """Results that are kept to answer calls, and how many they answered."""

    def __init__(self, loop: _Loop, runtime: AsyncRuntime) -> None:
        self._loop = loop
        self._kept = runtime.cache

    def forget(
        self,
        tool: ToolFunction | str,
        arguments: Arguments | None = None,
        *,
        principal: Principal | None = None,
    ) -> None:
        """Let go of results of a tool; see `highroad.Runtime.cache`."""
        self._loop.run(self._kept.forget(tool, arguments, principal=principal))

    def forget_tags(self, *tags: str, organization: str | None = None) -> None:
        """Let go of results by what they tell of."""
        self._loop.run(self._kept.forget_tags(*tags, organization=organization))

    def clear(self, organization: str | None = None) -> None:
        """Destroy all results of an organization.

        Raises:
            CacheError: The cache cannot be reached.
        """
        self._loop.run(self._kept.clear(organization))

    def statistics(self) -> CacheStatistics:
        """Hits, misses and what else was counted, by this process since it began."""
        return self._loop.run(self._kept.statistics())


class Dependencies:
    """What tools need, how it is doing, and its breakers."""

    def __init__(self, loop: _Loop, runtime: AsyncRuntime) -> None:
        self._loop = loop
        self._dependencies = runtime.dependencies

    def health(self) -> tuple[DependencyHealth, ...]:
        """How everything is doing that a tool needs, by name.

        Raises:
            CountersError: The counts cannot be reached.
        """
        return self._loop.run(self._dependencies.health())

    def open(self, dependency: str, *, by: Principal) -> BreakerChange:
        """Keep every attempt away from a dependency until its breaker is closed or released.

        Raises:
            DecisionRefused: No tool needs it, it is held open already, or `by` may not.
        """
        return self._loop.run(self._dependencies.open(dependency, by=by))

    def close(self, dependency: str, *, by: Principal) -> BreakerChange:
        """Let every attempt through, whatever fails, until its breaker is opened or released.

        Raises:
            DecisionRefused: As for `open`.
        """
        return self._loop.run(self._dependencies.close(dependency, by=by))

    def release(self, dependency: str, *, by: Principal) -> BreakerChange:
        """Let a breaker go that a person held: it is closed, has counted nothing, and may open.

        Raises:
            DecisionRefused: Nobody holds it, or as for `open`.
        """
        return self._loop.run(self._dependencies.release(dependency, by=by))


class Audit:
    """What the ledger tells."""

    def __init__(self, loop: _Loop, runtime: AsyncRuntime) -> None:
        self._loop = loop
        self._audit = runtime.audit

    def trail(self, run_id: str) -> Trail:
        """All calls of a run."""
        return self._loop.run(self._audit.trail(run_id))

    def runs(
        self, *, status: RunStatus | None = None, limit: int = 20, **part: Unpack[Part]
    ) -> tuple[AgentRun, ...]:
        """The newest runs of agents; see `highroad.ledger.audit.Audit.runs`."""
        return self._loop.run(self._audit.runs(status=status, limit=limit, **part))

    def explain(self, call_id: str, *, reveal_by: Principal | None = None) -> Explanation:
        """Everything that is recorded of one call."""
        return self._loop.run(self._audit.explain(call_id, reveal_by=reveal_by))

    def period(self, since: str | None = None, until: str | None = None) -> Period:
        """The period between two moments: dates, times, or how long ago (`7d`)."""
        return self._audit.period(since, until)

    def acts(self, **about: Unpack[About]) -> tuple[Act, ...]:
        """Everything that one user, tool, approver or policy version did, in order of time."""
        return self._loop.run(self._audit.acts(**about))

    def denials(self, **part: Unpack[Part]) -> tuple[Denial, ...]:
        """What authorization denied, by rule and tool."""
        return self._loop.run(self._audit.denials(**part))

    def unknowns(self, **part: Unpack[Part]) -> tuple[UnknownCall, ...]:
        """Calls of which nobody knew whether they took effect, and what was found out since."""
        return self._loop.run(self._audit.unknowns(**part))

    def reviews(self, **part: Unpack[Part]) -> tuple[Review, ...]:
        """Calls that a second opinion was against, newest first."""
        return self._loop.run(self._audit.reviews(**part))

    def costs(
        self, *, by: SpendingBy = SpendingBy.TOOL, **part: Unpack[Part]
    ) -> tuple[Spending, ...]:
        """What calls that ended in the period cost, by tool, user or run."""
        return self._loop.run(self._audit.costs(by=by, **part))

    def sight(self, approval_id: str, *, reveal_by: Principal | None = None) -> Sight:
        """What an approver saw: digest, obligations, the tool's definition, who said what."""
        return self._loop.run(self._audit.sight(approval_id, reveal_by=reveal_by))

    def versions(self, tool: str) -> tuple[PinnedVersion, ...]:
        """Every definition of a tool that was accepted, oldest first."""
        return self._loop.run(self._audit.versions(tool))

    def changes(
        self, tool: str, before: str | None = None, after: str | None = None
    ) -> VersionChange:
        """What changed between two accepted definitions of a tool."""
        return self._loop.run(self._audit.changes(tool, before, after))

    def report(
        self, *, verdict: Mapping[str, str] | None = None, **part: Unpack[Part]
    ) -> PeriodReport:
        """What happened in a period."""
        return self._loop.run(self._audit.report(verdict=verdict, **part))

    def extract(self, table: str, **part: Unpack[Part]) -> Iterator[Line]:
        """Rows of an audit table, or of the entries (`entry`), one by one."""
        yield from _steps(self._loop, self._loop.run(self._audit.extract(table, **part)).lines)

    def compare_tables(self, *, limit: int = 1_000) -> TablesVerdict:
        """Derive the audit tables anew from the entries, and tell every cell that differs."""
        return self._loop.run(self._audit.compare_tables(limit=limit))

    def erasure_plan(self, user: str, *, by: Principal) -> ErasurePlan:
        """What forgetting a user would destroy; nothing happens."""
        return self._loop.run(self._audit.erasure_plan(user, by=by))

    def erase(self, user: str, *, by: Principal) -> ErasurePlan:
        """Forget a user: keys of their runs, payloads, the name; see `highroad.Runtime.audit`."""
        return self._loop.run(self._audit.erase(user, by=by))

    def sign(self) -> SignedHead | None:
        """Sign and anchor all that was recorded so far."""
        return self._loop.run(self._audit.sign())

    def verify(
        self,
        *,
        public_key: bytes | None = None,
        anchors: Mapping[str, Sequence[str]] | None = None,
    ) -> "Report":
        """Ask whether what is there is what was signed, and whether all is there."""
        return self._loop.run(self._audit.verify(public_key=public_key, anchors=anchors))

    def export(self, to: Path | str) -> Bundle:
        """Write what an auditor needs into a folder."""
        return self._loop.run(self._audit.export(to))

    def prove(self, call_id: str) -> tuple[EntryProof, ...]:
        """Prove each entry of a call by the newest signed head."""
        return self._loop.run(self._audit.prove(call_id))

    def prove_continuation(self, number: int) -> Continuation:
        """Prove that the newest signed head goes on from the one of this number."""
        return self._loop.run(self._audit.prove_continuation(number))

    def public_key(self) -> bytes:
        """The raw public key to hand to an auditor."""
        return self._loop.run(self._audit.public_key())

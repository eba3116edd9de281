"""`Runtime`: the object that a user opens; every door goes through it."""

import asyncio
import logging
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self, TypeVar, Unpack, overload

from highroad.agents.acting import NOT_OFFERED
from highroad.agents.agent import Agent
from highroad.agents.hindsight import simulated
from highroad.agents.memory.preferences import Preferences
from highroad.agents.roster import Roster
from highroad.approvals.definitions import Definitions
from highroad.approvals.desk import Desk
from highroad.approvals.links import SignedLinks
from highroad.bootstrap import Assembly, assemble
from highroad.bootstrap.verifiers import OwnVerifier
from highroad.bootstrap.watches import Watches
from highroad.domain.acting import Acting
from highroad.domain.call import Call
from highroad.domain.entry import Amendment
from highroad.domain.error import (
    DeclarationError,
    HighroadError,
    LedgerOwned,
    NotRecorded,
    ToolError,
)
from highroad.domain.event import Event
from highroad.domain.grounding import Simulation
from highroad.domain.identity import Caller, Delegate, Principal
from highroad.domain.limits import Limits
from highroad.domain.outcome import AnyOutcome, Ending, Outcome, Preview
from highroad.domain.proposed import OnFailure, ProposedCall, ProposedCalls, Terms
from highroad.domain.reconsidered import ReconsideredCall
from highroad.domain.run import Run, When
from highroad.domain.tool import ToolDefinition
from highroad.domain.trace_context import read_traceparent
from highroad.domain.unsettled import Unsettled
from highroad.domain.verification import UserTurn
from highroad.identity.identity import Identity
from highroad.ledger.audit import Audit
from highroad.pipeline import doorway, together
from highroad.pipeline.acting import as_acting, filled, now_acting
from highroad.pipeline.circumstances import Circumstances, SharedCircumstances
from highroad.pipeline.context import RoadContext
from highroad.pipeline.crossing import is_running_here, wait_for
from highroad.pipeline.doorway import Proposal
from highroad.pipeline.drive import enter, held_as, turn_away
from highroad.pipeline.fanout import Answered
from highroad.pipeline.kept_results import KeptResults
from highroad.pipeline.reconsidering import reconsidered
from highroad.pipeline.tracing import trace_here
from highroad.recovery.dependencies import Dependencies
from highroad.recovery.letters import Letters
from highroad.recovery.settle import settle_open_calls
from highroad.settings import Settings
from highroad.tools.body.call_check import CallCheck
from highroad.tools.body.checks import Check
from highroad.tools.compile import Around, RegisteredTool

T = TypeVar("T")

ToolFunction = Callable[..., Any]
Arguments = Mapping[str, object] | str | bytes
Deps = Mapping[type, Callable[..., Any]]

_log: Final = logging.getLogger("highroad.runtime")
logging.getLogger("highroad").addHandler(logging.NullHandler())


class Runtime:
    """Runs tool calls over the road, on one ledger.

    Open it with `Runtime.open`, as a context manager or by awaiting; then it must be closed.
    """

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self._services = assembly.services
        self._services.nested = self._call_from_inside
        self._services.nested_all = self._call_all_from_inside
        self._services.joiner = self._settle
        self._waiting = assembly.waiting
        self._watches = Watches(assembly)
        self._is_closed = False
        self.loop: asyncio.AbstractEventLoop = asyncio.get_running_loop()
        """In which it lives: whoever calls from another thread hands its calls over to this one."""

    @classmethod
    def open(  # noqa: PLR0913 - what a runtime may be given, each by name
        cls,
        url: str | None = None,
        *,
        tools: Iterable[object] = (),
        agents: Iterable[Agent] = (),
        deps: Deps | None = None,
        limits: Limits | None = None,
        principal: Principal | None = None,
        settings: Settings | None = None,
        work: bool = False,
        verifier: OwnVerifier | None = None,
        checks: Iterable[CallCheck | Check] = (),
    ) -> "Opening":
        """Open a ledger and become its owner, unless another process is.

        Args:
            url: `sqlite:///path`, or `postgresql://host/database`, which several processes share;
                without one the setting `ledger`, or `.highroad/ledger.db`.
            tools: What may be called: functions, what `tool_from_schema` and `tool_from_model`
                give, and instances or modules that hold several; besides them those of the setting
                `tools`.
            agents: Whose runs may be begun and resumed, with the tools that they name; with each
                comes its team.
            deps: Factories of what bodies ask for as `ToolContext[Type]`.
            limits: In place of `[limits]`.
            principal: For whom calls are made that name nobody; the local user.
            settings: In place of `highroad.toml` and the environment.
            work: Go on by itself with runs of the agents: with those that were running when their
                process died, and with those that were held once what they wait for has come. What
                it moves when this runtime is closed is interrupted, and goes on with the next.
            verifier: Whose second opinion calls need, in place of the models of `verifier.models`:
                a `Verifier`, or a model. It is not closed with the runtime.
            checks: Your own, of the calls of all tools: `CallCheck`s, or functions of the
                arguments alone. They can only tighten.

        Returns:
            Something to await, or to enter with `async with`.

        Raises:
            SettingsError: The configuration is wrong.
            DeclarationError: A tool is declared wrongly.
            LedgerError: The ledger cannot be used.
        """
        return Opening(
            lambda: cls._opened(
                url,
                tools=tools,
                agents=agents,
                deps=deps,
                limits=limits,
                principal=principal,
                settings=settings,
                work=work,
                verifier=verifier,
                checks=tuple(checks),
            )
        )

    @classmethod
    async def _opened(cls, url: str | None, **parts: Any) -> Self:  # noqa: ANN401 - passed through from `open`, which types each
        runtime = cls(await assemble(url, **parts))
        try:
            await runtime._start()
        except BaseException:
            await runtime.close()
            raise
        return runtime

    # -- calls -------------------------------------------------------------------------------

    @overload
    async def call(
        self,
        tool: ToolFunction | str,
        arguments: Arguments,
        *,
        dry_run: Literal[True],
        **circumstances: Unpack[Circumstances],
    ) -> Outcome[Preview]: ...
    @overload
    async def call(
        self,
        tool: Callable[..., Coroutine[Any, Any, T]],
        arguments: Arguments,
        *,
        dry_run: Literal[False] = False,
        **circumstances: Unpack[Circumstances],
    ) -> Outcome[T]: ...
    @overload
    async def call(
        self,
        tool: Callable[..., T],
        arguments: Arguments,
        *,
        dry_run: Literal[False] = False,
        **circumstances: Unpack[Circumstances],
    ) -> Outcome[T]: ...
    @overload
    async def call(
        self,
        tool: str,
        arguments: Arguments,
        *,
        dry_run: bool = False,
        **circumstances: Unpack[Circumstances],
    ) -> AnyOutcome: ...
    async def call(
        self,
        tool: ToolFunction | str,
        arguments: Arguments,
        *,
        dry_run: bool = False,
        **circumstances: Unpack[Circumstances],
    ) -> AnyOutcome:
        """Make one call over the road. It answers with an outcome, whatever happens (P5).

        Args:
            tool: The function itself, or the name of one.
            arguments: A mapping, or raw JSON as a model wrote it.
            dry_run: Say what would happen, and do nothing.
            **circumstances: For whom, in which run, under which key: see `Circumstances`.

        Raises:
            LedgerOwned: Another process owns the ledger, and only the owner makes calls.
            DeclarationError: The function was not given to this runtime.
        """
        taking_in = self._taken_in(tool, arguments, circumstances, dry_run=dry_run)
        return await enter(self._services, taking_in)

    async def turn_away(
        self,
        tool: str,
        arguments: Arguments,
        *,
        ending: Ending = NOT_OFFERED,
        **circumstances: Unpack[Circumstances],
    ) -> AnyOutcome:
        """Put a call on record that is not made: whoever proposed it was not offered that tool.

        It ends refused, also where others may call a tool of that name.

        Args:
            tool: The name, as it was proposed.
            arguments: A mapping, or raw JSON as a model wrote it.
            ending: Why, where that is something else, and the road itself does not refuse it.
            **circumstances: For whom and in which run: see `Circumstances`.

        Raises:
            LedgerOwned: Another process owns the ledger, and only the owner makes calls.
        """
        taking_in = self._taken_in(tool, arguments, circumstances)
        return await turn_away(self._services, taking_in, ending)

    async def held(
        self, tool: ToolFunction | str, arguments: Arguments, **circumstances: Unpack[Circumstances]
    ) -> str | None:
        """The id of the call that waits and that this very call would join; makes none.

        Args:
            tool: The function itself, or the name of one.
            arguments: A mapping, or raw JSON as a model wrote it.
            **circumstances: For whom, in which run, under which key: see `Circumstances`.

        Returns:
            `None` where no call with its key waits. Looking counts as a proposal of its run.

        Raises:
            LedgerOwned: Another process owns the ledger, and only the owner makes calls.
            LedgerError: It cannot be read.
            DeclarationError: The function was not given to this runtime.
        """
        return await held_as(self._services, self._taken_in(tool, arguments, circumstances))

    async def call_all(
        self,
        calls: ProposedCalls,
        *,
        parallel: int | None = None,
        deadline_s: float | None = None,
        on_failure: OnFailure | Literal["stop", "go_on"] = "stop",
        **circumstances: Unpack[SharedCircumstances],
    ) -> tuple[AnyOutcome, ...]:
        """Make several calls together, each over the road, and each is answered (P5).

        They begin in the order in which they are given. Reads run beside anything, and what has
        effects one after the other, unless the tools declare it otherwise (`concurrency`,
        `order_by`). Of an iterable without a length only as much is taken as is in view. Whoever
        stops waiting calls off what runs and turns away what has not begun.

        Args:
            calls: A `ProposedCall`, or a pair of tool and arguments, for each.
            parallel: How many run at once; `limits.parallel`, which also bounds those of one run.
            deadline_s: When all of them have to be over. A call that has not begun then ends
                cancelled, and one that runs ends as at its own deadline (P11).
            on_failure: Whether a call is stopped (`stop`) or made all the same (`go_on`) whose
                declared order puts it behind one that is not completed.
            **circumstances: Of all of them: see `SharedCircumstances`.

        Returns:
            Their outcomes, in the order of the calls.

        Raises:
            LedgerOwned: Another process owns the ledger, and only the owner makes calls.
            DeclarationError: A function was not given to this runtime.
            HighroadError: They cannot be made on these terms, or one of them is no call.
        """
        terms = Terms.of(parallel, deadline_s, on_failure)
        return await together.in_order(self._fan_out(calls, terms, circumstances))

    def call_each(
        self,
        calls: ProposedCalls,
        *,
        parallel: int | None = None,
        deadline_s: float | None = None,
        on_failure: OnFailure | Literal["stop", "go_on"] = "stop",
        **circumstances: Unpack[SharedCircumstances],
    ) -> AsyncGenerator[tuple[int, AnyOutcome], None]:
        """Make several calls together, as `call_all` does, and give each outcome as it comes.

        Returns:
            For `async for`: the position of a call, from 0, and its outcome. While nobody asks for
            the next one, what runs goes on, and nothing begins. Whoever leaves the loop before its
            end calls off what runs.

        Raises:
            LedgerOwned: As for `call_all`, and all the others.
        """
        return self._fan_out(calls, Terms.of(parallel, deadline_s, on_failure), circumstances)

    @contextmanager
    def acting(  # noqa: PLR0913 - what may be said of calls, each by name
        self,
        principal: Principal | Caller | None = None,
        *,
        run: str | None = None,
        conversation: str | None = None,
        delegation: Sequence[Delegate] = (),
        request: str | Sequence[str] = (),
        traceparent: str | None = None,
    ) -> Iterator[Acting]:
        """Say for whom, and in which run, the calls inside a block are made that name nobody.

        It holds in tasks and threads that are begun there too, and for agents of other frameworks
        whose tools are guarded (`highroad.frameworks`).

        Args:
            principal: For whom; the runtime's own principal where nobody is named.
            run: Your name for the run: a thread of the host. Its calls share budgets and keys.
            conversation: Your name for the conversation that the run belongs to.
            delegation: The agents through which the calls come.
            request: What the user said, message by message: calls of a model are held against it.
            traceparent: The header of W3C Trace Context of what the calls are part of; a malformed
                one says nothing. Without it they are part of OpenTelemetry's span, if there is one.
        """
        words = (request,) if isinstance(request, str) else tuple(request)
        acting = Acting(
            principal=principal,
            run=run,
            conversation=conversation,
            delegation=tuple(delegation),
            said=tuple(
                UserTurn(source=f"message-{number}", text=text)
                for number, text in enumerate(words, start=1)
            ),
            trace=read_traceparent(traceparent),
        )
        with as_acting(acting):
            yield acting

    async def undo(
        self, call_id: str, *, by: Principal | None = None, door: str = "python"
    ) -> AnyOutcome:
        """Take back what a call did, by the call that its tool names (`@tool(compensation=…)`).

        It takes the whole road, for `by`, and happens once: whoever asks again gets its outcome.

        Args:
            call_id: Of a completed call, by `approvals.undo_s` ago at most.
            by: For whom; the runtime's own principal where nobody is named.
            door: Which door the wish came in by, for the record.

        Raises:
            NotRecorded: The ledger has no such call.
            DecisionRefused: It is not known to have taken effect, nothing takes it back, or it is
                too long ago.
            LedgerOwned: Another process owns the ledger, and only the owner makes calls.
        """
        self._require_ownership()
        return await self._assembly.undoing.undo(call_id, by or self.principal, door=door)

    # -- runs --------------------------------------------------------------------------------

    async def run(
        self,
        agent: Agent | str,
        text: str,
        *,
        principal: Principal | Caller | None = None,
        conversation: str | None = None,
        dry_run: bool = False,
    ) -> Run:
        """Let an agent work on a request, until it is done or waits for people.

        Whoever stops waiting interrupts it: what its calls had begun is ended as P3 says, and
        `resume` goes on with it.

        Args:
            agent: An agent, or the name of one that this runtime was opened with.
            text: What it is asked for.
            principal: For whom; who is `acting`, or else the runtime's own principal, where nobody
                is named.
            conversation: Your name for the conversation that the run belongs to.
            dry_run: Do nothing: reads are made, and a call with effects says what it would do. The
                run is dry for good, when it is resumed too, and with it all runs below it.

        Returns:
            How it ended; or a run that is held, with what it waits for. Nothing of that stays in
            memory: `resume` goes on with it, in this process or another.

        Raises:
            LedgerOwned: Another process owns the ledger, and only the owner makes calls.
            DeclarationError: The agent names a tool that this runtime was not given.
            LedgerError: The run cannot be recorded.
        """
        self._require_ownership()
        return await self._assembly.runs.start(
            agent,
            text,
            principal=principal or now_acting().principal or self.principal,
            conversation=conversation or now_acting().conversation,
            dry_run=dry_run,
            trace=trace_here(),
        )

    async def resume(self, run_id: str) -> Run:
        """Go on with a run that was held or interrupted; of one that has ended, how it did.

        Where retention has taken what was said, the run has no result and the reason `erased`.

        Raises:
            NotRecorded: The ledger has no such run of an agent.
            LedgerOwned: Another process owns the ledger, and only the owner makes calls.
            HighroadError: This runtime has no agent of that name.
            VaultError: It has not ended, and what was said in it was erased.
            LedgerError: The run cannot be read or written.
        """
        self._require_ownership()
        return await self._assembly.runs.resume(run_id)

    def stream(
        self,
        agent: Agent | str,
        text: str,
        *,
        principal: Principal | Caller | None = None,
        conversation: str | None = None,
        dry_run: bool = False,
    ) -> AsyncGenerator[Event, None]:
        """Let an agent work on a request, as `run` does, and give what happens as it happens.

        It begins with the first event that is asked for, and ends with `run.held` or
        `run.finished`. Whoever leaves the loop before stops following, and no more: the run goes on
        to its rest in the background, `events` follows it again, and `close` interrupts it.

        Raises:
            LedgerOwned: As `run`, and all the others.
        """
        self._require_ownership()
        return self._assembly.following.stream(
            agent,
            text,
            principal=principal or now_acting().principal or self.principal,
            conversation=conversation or now_acting().conversation,
            dry_run=dry_run,
            trace=trace_here(),
        )

    def stream_resumed(self, run_id: str) -> AsyncGenerator[Event, None]:
        """Go on with a run, as `resume` does, and give what happens from there on.

        Raises:
            NotRecorded: As `resume`, and all the others.
        """
        self._require_ownership()
        return self._assembly.following.stream_resumed(run_id)

    def events(self, run_id: str, *, after: int = 0) -> AsyncGenerator[Event, None]:
        """Give the events of a run, up to its rest: those at hand, and others from the ledger.

        Each number is larger than the one before it. The process that moves the run goes on behind
        `after`. Another one, or one that has let the events go, tells all that is on the ledger
        again: each end of a tool call at least once, with the `id` that it had before. Deltas come
        as whole text there.

        Args:
            run_id: Of the run.
            after: The `seq` of the last event that the reader has seen; 0 is the beginning.

        Raises:
            NotRecorded: The ledger has no such run.
            VaultError: What was said in it was erased, or its key is lost.
            LedgerError: The ledger cannot be read.
        """
        return self._assembly.following.events(run_id, after=after)

    async def send(
        self,
        run_id: str,
        text: str,
        *,
        when: When = "now",
        by: Principal | None = None,
    ) -> None:
        """Send a user's message to a run that works or waits; any process may.

        A run that works hears of it before its next model request. One that waits is to be resumed:
        what it waits for is answered for the time being, and the model is asked again. A call that
        it then makes again goes on waiting, one that it does not ends cancelled and its approval
        void; where the work of it is under way elsewhere, the outcome enters later, as a message.

        Args:
            run_id: Of a run of an agent.
            text: What is said; kept encrypted.
            when: `now`, or `after` the run is through, which then goes on with another turn.
            by: Who says it; the runtime's own principal where nobody is named.

        Raises:
            NotRecorded: The ledger has no such run of an agent.
            DecisionRefused: The run has ended, the message is empty, or `by` may not.
            LedgerError: It could not be recorded.
        """
        await self._assembly.sending.send(run_id, text, when=when, by=by or self.principal)

    async def wait(
        self,
        call_id: str,
        *,
        timeout_s: float | None = None,
        principal: Principal | None = None,
        tool: str | None = None,
    ) -> AnyOutcome:
        """The outcome of a call made earlier; a held one is awaited and driven on.

        Args:
            call_id: As its outcome names it.
            timeout_s: How long to wait for people; 0 only looks, `None` waits until it expires.
            principal: Who asks, where the id is a stranger's word: only of calls for this one.
            tool: Which is meant, where the id is a stranger's word: only of calls of this one.

        Raises:
            NotRecorded: The ledger has no such call, or it is not for `principal`, or not of
                `tool`.
            LedgerOwned: Another process owns the ledger, and only the owner drives calls.
        """
        self._require_ownership()
        await self._waiting.require(call_id, principal=principal, tool=tool)
        return await self._waiting.wait(call_id, timeout_s=timeout_s)

    async def settle(self, call_id: str, *, applied: bool, by: Principal, reason: str) -> Amendment:
        """Say what became of a call whose outcome is unknown. Any process may; nothing runs.

        Its end stays as it is, and an amendment says more. From now on the next call with its key
        is answered as by a completed one, or may run. A word that contradicts an earlier one
        corrects it.

        Args:
            call_id: As its outcome or `unsettled` names it.
            applied: Whether it took effect.
            by: Whoever found that out; it stands in the ledger.
            reason: How they know; kept encrypted.

        Raises:
            NotRecorded: The ledger has no such call.
            DecisionRefused: Its outcome is known, no reason is given, or `by` may not settle.
            LedgerError: It could not be recorded.
        """
        return await self._assembly.settlements.settle(
            call_id, applied=applied, by=by, reason=reason
        )

    async def cancel(  # noqa: PLR0913 - what is called off, and on whose word, each by name
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
        """Call off a call, a run or a conversation; any process may. Each is answered (P5).

        What is under way is stopped: an async body is cancelled, a worker process killed, a thread
        left to itself. A call ends `cancelled` where it is proved that nothing was applied, and
        `unknown` else; one that is held ends `cancelled`, and its approval is void. A run
        or conversation stays called off: later calls are refused with the code `cancelled`.

        Args:
            call_id: One call, with what its body called.
            run: The name that you gave a run, or its id: with all its calls, and the runs below it.
            conversation: The name that you gave a conversation, or its id: with all its runs. Give
                one of the three.
            by: Whoever calls it off; it stands in the ledger.
            reason: Why; kept encrypted.
            principal: Whose `call_id` has to be, where that is a stranger's word.
            tool: Of which it has to be a call, likewise.

        Returns:
            The outcomes of the calls that it ended here, or came too late for; none where another
            process drives them, which is told.

        Raises:
            NotRecorded: There is no such call, run or conversation, or the call is another's.
            DecisionRefused: The call has ended, no reason is given, or `by` may not.
            LedgerError: It could not be recorded; what was reached is called off all the same.
        """
        if call_id is not None:
            await self._waiting.require(call_id, principal=principal, tool=tool)
        cancellations = self._assembly.cancellations
        return await cancellations.cancel(
            call_id=call_id, run=run, conversation=conversation, by=by, reason=reason
        )

    async def complete(self, call_id: str, token: str, result: object) -> AnyOutcome:
        """Hand in the result of a call whose body has deferred it (`ToolContext.defer`).

        Any process that has the ledger's keys may. It is judged as if the body had returned it,
        ends the call once, and is durable when this returns.

        Args:
            call_id: Of the call.
            token: Its `completion_token`, as the body handed it on.
            result: Of the tool's return type, or the JSON of one.

        Returns:
            How the call ended. `Held` where that comes later: the body still runs, or another
            process drives the call. Where the call had ended before as unknown, failed or
            cancelled, that: an amendment says that it took effect after all.

        Raises:
            NotRecorded: The ledger has no such call, or the token is not its own.
            ResultRefused: It is not what the tool promises, or the call has ended.
            LedgerError: It could not be written: hand it in again.
        """
        return await self._assembly.completions.complete(call_id, token, result)

    async def fail(self, call_id: str, token: str, error: ToolError) -> AnyOutcome:
        """Hand in that a call whose result was deferred has none.

        It is judged as if the body had raised the error, but is not tried again. Where it says
        `applied=False` the call has failed; else it is unknown, unless its tool is repeatable or
        its probe knows.

        Args:
            call_id: Of the call.
            token: Its `completion_token`.
            error: What to tell, as a body would raise it.

        Returns:
            As for `complete`.

        Raises:
            NotRecorded: The ledger has no such call, or the token is not its own.
            ResultRefused: The call has ended.
            LedgerError: It could not be written: hand it in again.
        """
        return await self._assembly.completions.fail(call_id, token, error)

    async def unsettled(
        self,
        *,
        with_open: bool = False,
        principal: Principal | None = None,
        door: str | None = None,
    ) -> tuple[Unsettled, ...]:
        """Calls of which nobody knows the outcome, oldest first: a person may settle them.

        They ended unknown, or their process died and they wait for their tool.

        Args:
            with_open: Tell of calls without an end too, behind the others: held, or in flight.
            principal: Only of calls for this one.
            door: Only of calls that came in by this door.
        """
        settlements = self._assembly.settlements
        found = await settlements.unknown()
        if with_open:
            found += await settlements.open()
        if principal is not None:
            opaque_id = self._services.ledger.keyring.opaque(principal)
            found = tuple(each for each in found if each.principal == opaque_id)
        return found if door is None else tuple(each for each in found if each.door == door)

    async def flush(self) -> None:
        """Wait until all that was recorded so far is durable.

        Raises:
            LedgerError: It could not be written; it is kept, and tried again.
        """
        await self._services.ledger.writer.flush()

    def add(self, *tools: object) -> tuple[ToolDefinition, ...]:
        """Take in more tools while open, as `open(tools=…)` does: all of them, or none.

        The same again changes nothing. They are judged as those that it was opened with: by the
        settings, the policy, and what was accepted of them (P8). From another thread than that of
        `loop` this waits until it is done there. Calls of theirs that were in flight when their
        process died are settled behind it.

        Args:
            *tools: What `open` takes for tools.

        Returns:
            Their definitions, of those too that were here already.

        Raises:
            DeclarationError: One cannot be a tool, its name and version are another's, or nobody
                makes what it asks for.
            SettingsError: A rule of the settings cannot be used with one.
            HighroadError: The runtime was closed, or its event loop does not run.
        """
        if is_running_here(self.loop):
            return self._take_in(tools)

        async def taken_in() -> tuple[ToolDefinition, ...]:
            """Where nothing else touches them."""
            return self._take_in(tools)

        return wait_for(self.loop, taken_in())

    def find(self, tool: ToolFunction | str) -> ToolDefinition | None:
        """What may be called by that name, or is that function; `None` where there is no such."""
        found = self._services.registry.find(tool)
        return None if found is None else found.definition

    def replace(self, tool: ToolFunction | str, body: ToolFunction) -> None:
        """Run another body in place of a tool's, which is judged as before; for tests."""
        self._services.registry.replace(tool, body)

    def wrap(self, around: Around) -> Callable[[], None]:
        """Run the body that `around` makes of each tool's in its place; for tests.

        Returns:
            What puts the bodies back.
        """
        return self._services.registry.wrap(around)

    # -- what there is -----------------------------------------------------------------------

    @property
    def approvals(self) -> Desk:
        """Held calls, and decisions about them."""
        return self._assembly.desk

    async def simulate(self, *, tool: str | None = None, since_ms: int = 0) -> Simulation:
        """Say which calls of agents on record grounding would have stopped; nothing runs.

        Args:
            tool: Only its calls.
            since_ms: Only runs that began then or later, in Unix time.

        Raises:
            LedgerError: The ledger cannot be read.
        """
        return await simulated(self._services, tool=tool, since_ms=since_ms)

    async def authenticate(self, credentials: str, *, address: str | None = None) -> Caller:
        """Say who shows credentials: a token of an issuer, an API key, or a session.

        What it gives goes where a principal does: `call(..., principal=caller)`. So the calls have
        its roles and permissions, and no more than its chain of delegation lets through.

        Args:
            credentials: As they are shown, with or without `Bearer `.
            address: The IP address that they come from.

        Raises:
            Unauthenticated: They show nobody; nothing else is said.
            IdentityUnavailable: The keys of the issuer cannot be fetched.
        """
        return await self._assembly.identity.authenticate(credentials, address=address)

    @property
    def identity(self) -> Identity:
        """Who calls and who is let in: API keys, sessions, blocked addresses, credentials."""
        return self._assembly.identity

    async def reconsider(self, call_id: str, *, by: Principal) -> ReconsideredCall:
        """Put a call on record before the policy in force; nothing runs.

        Args:
            call_id: The whole id.
            by: Whoever asks. It takes the call's arguments, so that they asked is recorded.

        Raises:
            NotRecorded: The ledger has no such call, it is of another organization than `by`, its
                tool is not here, or who made it was erased.
            NotPermitted: `by` lacks `audit:reveal`.
            VaultError: The arguments were erased, or their key is lost.
            LedgerError: The ledger cannot be read; or it cannot be written, and so nothing can be
                revealed.
        """
        record = await self.audit.explain(call_id, reveal_by=by)
        history = await self._services.ledger.history(call_id)
        if history is None:
            raise NotRecorded(f"the ledger has no call {call_id}")
        return await reconsidered(self._services, history, record)

    @property
    def links(self) -> SignedLinks:
        """Signed links, by which somebody who was told of a held call decides about it."""
        return self._assembly.announcing.links

    @property
    def audit(self) -> Audit:
        """What the ledger tells."""
        return self._assembly.audit

    @property
    def dead_letters(self) -> Letters:
        """Calls that were given up on, and what becomes of them."""
        return self._assembly.letters

    @property
    def preferences(self) -> Preferences:
        """What users have set for themselves, which models are shown.

        Raises:
            SettingsError: The ledger is in no file that they could be kept beside.
        """
        return self._assembly.remembering.preferences()

    @property
    def definitions(self) -> Definitions:
        """What tools say of themselves, and who accepted it."""
        return self._assembly.definitions

    @property
    def cache(self) -> KeptResults:
        """Results that are kept to answer calls, and how many they answered."""
        return self._assembly.kept_results

    @property
    def dependencies(self) -> Dependencies:
        """What tools need, how it is doing, and its breakers."""
        return self._assembly.dependencies

    @property
    def tools(self) -> tuple[ToolDefinition, ...]:
        """What may be called, by name."""
        return tuple(tool.definition for tool in self._services.registry)

    def tools_for(
        self, principal: Principal, *, delegation: Sequence[Delegate] = ()
    ) -> tuple[ToolDefinition, ...]:
        """What such a caller could call with some arguments, by name: all that it may be shown.

        Args:
            principal: For whom.
            delegation: The agents through which its calls would come.
        """
        chain = tuple(delegation)
        return tuple(
            definition
            for definition in self.tools
            if self._services.may_use(principal, chain, definition)
        )

    @property
    def agents(self) -> Roster:
        """Whose runs may be begun and resumed, by name; their trials, and what became of them."""
        return self._assembly.roster

    @property
    def settings(self) -> Settings:
        """The configuration in force."""
        return self._assembly.settings

    @property
    def limits(self) -> Limits:
        """The limits in force."""
        return self._services.limits

    @property
    def strays(self) -> Mapping[str, int]:
        """Bodies that run on in threads behind their deadline, by dependency."""
        return self._services.threads.strays

    @property
    def principal(self) -> Principal:
        """For whom calls are made that name nobody."""
        return self._assembly.principal

    @property
    def ledger_path(self) -> Path | None:
        """The ledger's file, where it has one."""
        return self._assembly.ledger_path

    @property
    def owner_pid(self) -> int | None:
        """The other process that owns the ledger; `None` when it is this one."""
        return self._assembly.owner_pid

    # -- life --------------------------------------------------------------------------------

    async def close(self) -> None:
        """Interrupt runs that nobody awaits, write what waits, close resources and ledger.

        Safe to call twice. `resume` goes on with what was interrupted.
        """
        self._is_closed = True
        await self._assembly.following.close()
        await self._assembly.shadowing.close()
        await self._watches.stop()
        await asyncio.gather(*self._services.tasks, return_exceptions=True)
        await self._assembly.close()

    async def __aenter__(self) -> Self:
        """Nothing more: it is open already."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _start(self) -> None:
        """As the owner, settle what was in flight, and begin to look after the ledger."""
        if self._assembly.owner_pid is not None:
            return
        self._assembly.additions.check_waiting()
        for outcome in await settle_open_calls(self._services):
            _log.warning(
                "call %s was in flight when its process ended: %s", outcome.call_id, outcome.status
            )
        await self._assembly.dependencies.restore()
        await self._assembly.inbox.empty()
        self._watches.start()

    async def _settle(self, call_id: str) -> AnyOutcome:
        """Bring a call to its end that nobody drives, if its time has come."""
        return await self._waiting.wait(call_id, timeout_s=0)

    async def _call_from_inside(
        self,
        parent: Call,
        tool: ToolFunction | str,
        arguments: Mapping[str, object],
        key: str | None,
    ) -> AnyOutcome:
        named, services = self._named(tool), self._services
        taking_in = doorway.take_in_nested(services, parent, named, arguments, key)
        return await enter(services, taking_in)

    async def _call_all_from_inside(
        self, parent: Call, calls: ProposedCalls, terms: Terms
    ) -> tuple[AnyOutcome, ...]:
        services = self._services
        deadline_ms = min(parent.deadline_ms, self._until_ms(terms) or parent.deadline_ms)
        outer = replace(parent, deadline_ms=deadline_ms)

        def take_in(proposal: Proposal) -> Awaitable[tuple[Call, RoadContext]]:
            named = (proposal.tool, proposal.version)
            return doorway.take_in_nested(services, outer, named, proposal.arguments, proposal.key)

        proposals = together.proposals_of(calls, self._proposed)
        return await together.in_order(together.fan_out(services, proposals, terms, take_in))

    def _fan_out(
        self, calls: ProposedCalls, terms: Terms, circumstances: SharedCircumstances
    ) -> AsyncGenerator[Answered, None]:
        self._require_ownership()
        services, own = self._services, self._assembly.principal
        deadline_ms, circumstances = self._until_ms(terms), filled(circumstances)
        said = now_acting().said

        def propose(call: ProposedCall) -> Proposal:
            return replace(
                self._proposed(call), deadline_ms=deadline_ms, said=said, **circumstances
            )

        proposals = together.proposals_of(calls, propose)
        return together.fan_out(
            services, proposals, terms, lambda each: doorway.take_in(services, each, own)
        )

    def _taken_in(
        self,
        tool: ToolFunction | str,
        arguments: Arguments,
        circumstances: Circumstances,
        *,
        dry_run: bool = False,
    ) -> Awaitable[tuple[Call, RoadContext]]:
        self._require_ownership()
        name, version = self._named(tool)
        proposal = Proposal(
            tool=name,
            version=version,
            arguments=arguments,
            dry_run=dry_run,
            said=now_acting().said,
            **filled(circumstances),
        )
        return doorway.take_in(self._services, proposal, self._assembly.principal)

    def _until_ms(self, terms: Terms) -> int | None:
        """Unix time when calls that are made together have to be over."""
        if terms.deadline_s is None:
            return None
        return self._services.clock.now_ms() + int(terms.deadline_s * 1_000)

    def _proposed(self, call: ProposedCall) -> Proposal:
        name, version = self._named(call.tool)
        return Proposal(
            tool=name,
            version=version,
            arguments=call.arguments,
            key=call.key,
            evidence=call.evidence,
        )

    def _take_in(self, tools: Iterable[object]) -> tuple[ToolDefinition, ...]:
        self._require_open()
        taken_in = self._assembly.additions.take_in(tools)
        self._watches.look_again()
        return taken_in

    def _require_open(self) -> None:
        if self._is_closed:
            raise HighroadError("this runtime was closed; open it anew")

    def _require_ownership(self) -> None:
        self._require_open()
        if self._assembly.owner_pid is not None:
            raise LedgerOwned(self._assembly.owner_pid)

    def _named(self, tool: ToolFunction | str) -> tuple[str, str | None]:
        """Name and version: a function is one version of a tool, a name any that may answer."""
        if isinstance(tool, str):
            return tool, None
        found: RegisteredTool[Any] | None = self._services.registry.find(tool)
        if found is None:
            name = getattr(tool, "__qualname__", repr(tool))
            raise DeclarationError(
                f"{name} was not given to this runtime: open it with tools=[..., {name}]"
            )
        return found.name, found.definition.version


class Opening:
    """A runtime about to be opened: await it, or enter it with `async with`."""

    def __init__(self, start: Callable[[], Awaitable[Runtime]]) -> None:
        self._start = start
        self._runtime: Runtime | None = None

    def __await__(self) -> Generator[Any, None, Runtime]:
        """Open it; whoever awaits closes it."""
        return self._start().__await__()

    async def __aenter__(self) -> Runtime:
        """Open it until the end of the block."""
        self._runtime = await self._start()
        return self._runtime

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._runtime is not None:
            await self._runtime.close()

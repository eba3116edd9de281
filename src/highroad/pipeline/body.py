"""Running the body of a tool: what it is handed, where it runs, and for how long."""

import asyncio
import inspect
import logging
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any, Final, NoReturn

from highroad.domain.call import Call
from highroad.domain.deferral import MOST_S, Deferral, DeferralState, Deferred
from highroad.domain.error import CallError, HighroadError, ToolError
from highroad.domain.event import EventKind
from highroad.domain.json_value import JsonObject
from highroad.domain.outcome import AnyOutcome, Proof
from highroad.domain.proposed import ProposedCalls, Terms
from highroad.domain.sandbox import (
    COMPLETED,
    FAILED,
    LOST,
    STOPPED,
    Program,
    ProgramLimits,
    ProgramResult,
    SandboxUse,
    noted,
)
from highroad.domain.secret import SecretText
from highroad.domain.tool import Isolation
from highroad.pipeline.answer import Answer, result_of
from highroad.pipeline.batching import Watch, batched
from highroad.pipeline.called_off import is_called_off
from highroad.pipeline.context import RoadContext
from highroad.pipeline.guest import describe, request
from highroad.pipeline.judgement import Told, overloaded, stopped, told_by_stranger
from highroad.pipeline.lending import declared_values, handed_to, secret_for
from highroad.pipeline.resources import Loan
from highroad.pipeline.threads import Overloaded
from highroad.pipeline.timer import within
from highroad.pipeline.view import told
from highroad.ports.sandbox import LimitExceeded, SandboxError
from highroad.redaction.known_secrets import KNOWN
from highroad.tools.body.context import ToolContext
from highroad.tools.compile import BatchRun

_log: Final = logging.getLogger("highroad.road")

CANNOT_WAIT: Final = CallError(
    code="cannot_defer",
    message="This tool gets its result later, and a call from inside another tool cannot wait.",
    hint="Make the call outside of the tool first.",
)

_REPORT: Final = 1_000
"""Characters of a report of progress that are told."""


class Progress:
    """The road's side of a call while its body runs (`tools.body.context.CallInProgress`)."""

    __slots__ = ("_call", "_context", "_loop", "_report", "is_body", "is_over")

    def __init__(self, call: Call, context: RoadContext) -> None:
        self._call = call
        self._context = context
        self._loop = asyncio.get_running_loop()
        self._report: JsonObject | None = None
        """The newest, on its way from the body's thread to the loop."""
        self.is_body: bool = False
        """The body has begun: what was asked before are hooks."""
        self.is_over: bool = False
        """The attempt has ended, though its body may run on astray."""

    def remaining_s(self) -> float:
        """Seconds until the deadline of the call."""
        return self._context.remaining_s()

    def traceparent(self) -> str:
        """The header that names the call as the parent in its trace."""
        return self._call.traceparent

    async def call(
        self,
        tool: Callable[..., Any] | str,
        arguments: Mapping[str, object],
        *,
        idempotency_key: str | None,
    ) -> AnyOutcome:
        """Drive a governed call whose parent is this one, and which is over when its attempt is.

        A body that runs on astray in its thread has no time left: nothing begins behind it.
        """
        services = self._context.services
        return await services.nested(self._parent(), tool, arguments, idempotency_key)

    async def call_all(self, calls: ProposedCalls, terms: Terms) -> tuple[AnyOutcome, ...]:
        """Drive several, each as `call` does; none has more time than this one."""
        return await self._context.services.nested_all(self._parent(), calls, terms)

    async def run_program(self, program: Program, limits: ProgramLimits | None) -> ProgramResult:
        """Run a program for the body, no longer than its attempt lasts."""
        left_s = 0.0 if self.is_over else self._context.attempt_left_s()
        tier = self._call.known_definition.tier
        came = await self._context.services.programs.run(
            program, tier, limits, left_s=left_s, note=self._note
        )
        if KNOWN.is_empty:
            return came
        hidden = KNOWN.hidden
        return replace(came, value=KNOWN.hidden_json(came.value), printed=hidden(came.printed))

    def _note(self, use: SandboxUse) -> None:
        """Put on record what ran in a sandbox."""
        record = self._context.record
        record.ran_in = noted(record.ran_in, use)

    def _parent(self) -> Call:
        """The call as it is the parent of others: their deadline is that of its attempt."""
        if self._call.is_direct and not self.is_body:
            # What a hook calls is on record before this call is, and both have one key.
            self._context.services.ledger.vault.share(self._context.record.run_key)
        left_s = 0.0 if self.is_over else self._context.attempt_left_s()
        deadline_ms = self._context.services.clock.now_ms() + int(left_s * 1_000)
        return replace(self._call, deadline_ms=deadline_ms)

    async def credential(self, name: str) -> SecretText:
        """What the principal of this call has elsewhere, and nobody else's.

        Raises:
            ToolError: They have none of that name.
        """
        credentials = self._context.services.credentials
        found: SecretText | None = None
        if credentials is not None and self.is_body and not self.is_over:
            found = await credentials.credential(self._call.principal, name)
        if found is None:
            raise ToolError(
                "The user has not connected an account for this yet.",
                code="credential_missing",
                hint="Ask the user to connect it; do not ask for a password or a token.",
                applied=False,
            )
        KNOWN.add(found.reveal())
        return found

    def secret(self, name: str) -> SecretText:
        """A secret that the tool declares, while its body runs."""
        return secret_for(self._context, name)

    def completion_token(self) -> str:
        """What the other side shows when it hands in the result."""
        self._check_may_defer()
        return self._context.services.ledger.keyring.completion_token(self._call.id)

    def defer(self, expires_s: float) -> NoReturn:
        """Leave the body, and note that it was left so, whatever it does on its way out."""
        self._check_may_defer()
        if not 0 < expires_s <= MOST_S:
            raise ValueError(f"a result is deferred for more than 0 s and at most {MOST_S:.0f} s")
        context, call = self._context, self._call
        now_ms = context.services.clock.now_ms()
        # Called off from here on, the call ends.
        context.hold_after = Deferral(
            call_id=call.id,
            run_id=call.run_id,
            organization=call.organization,
            principal_id=context.record.principal_id,
            tool=call.known_definition.name,
            state=DeferralState.CANCELLED,
            deferred_ms=now_ms,
            expires_ms=now_ms + int(expires_s * 1_000),
        )
        raise Deferred(expires_s)

    def report(self, text: str, *, done: float | None, total: float | None) -> None:
        """Tell how far the body has come; of reports that the loop has no time for, the last."""
        is_waiting = self._report is not None
        self._report = {"text": text, "done": done, "total": total}
        if not is_waiting:
            self._loop.call_soon_threadsafe(self._tell_report)

    def _tell_report(self) -> None:
        report, self._report = self._report, None
        if report is not None and not self.is_over:
            # Cut before it is redacted, half a number would be left over.
            report["text"] = told(self._context, str(report["text"]))[:_REPORT]
            self._context.tell(EventKind.TOOL_PROGRESS, **report)

    def _check_may_defer(self) -> None:
        if self._call.parent_id is not None:
            raise ToolError(CANNOT_WAIT.message, code=CANNOT_WAIT.code, hint=CANNOT_WAIT.hint)
        if self.is_over or not self.is_body:
            raise HighroadError(
                "a result is deferred by the body of a tool alone, and while it runs: not by its "
                "hooks, not behind its deadline, and not by a body that serves several calls"
            )


async def tool_context(call: Call, context: RoadContext) -> ToolContext[Any]:
    """What the body and the tool's hooks see; deps are made when first wanted."""
    record, tool = context.record, context.tool
    attempt, key = max(1, record.attempts), None
    if context.claim is not None:
        key = context.claim.digest.hex()
    seen = context.seen
    # Checks that read data look at it before there is a key.
    if seen is not None and seen.attempt == attempt and seen.idempotency_key == key:
        return seen
    deps = None
    if tool.deps is not None:
        deps = await context.services.deps.make(
            tool.deps, call.principal, call.run_id, is_kept=not call.is_direct
        )
    context.seen = ToolContext(
        call_id=call.id,
        run_id=call.run_id,
        principal=call.principal,
        deps=deps,
        idempotency_key=key,
        attempt=attempt,
        progress=Progress(call, context),
    )
    return context.seen


def run_body(
    call: Call, context: RoadContext, timeout_s: float, watch: Watch
) -> Coroutine[Any, Any, object]:
    """Run the body once: in the loop, in a thread, or in a worker process.

    Args:
        call: Whose body it is.
        context: Of its drive.
        timeout_s: How long to wait for it. A worker that has to be started first is waited for
            within the deadline of the call: the body has its time for itself.
        watch: Is given a body that runs on although nobody waits for it any more.

    Returns:
        Its result; nothing where it has deferred that (`RoadContext.deferral`).

    Raises:
        TimeoutError: It took longer than `timeout_s`. A thread cannot be stopped: a synchronous
            body that has begun runs on.
        Told: It failed apart from here, or there was no room for it, and this says how.
    """
    if context.tool.is_apart:
        return _run_apart(call, context, timeout_s)
    if context.tool.batch is not None:
        return within(timeout_s, _run_with_others(call, context, context.tool.batch, watch))
    running = within(timeout_s, _run(call, context, watch))
    # What has no context has nothing to defer with.
    return running if context.tool.context_parameter is None else _left(running, context)


async def _left(running: Coroutine[Any, Any, object], context: RoadContext) -> object:
    """Let a body go that has deferred its result, whatever it met on its way out."""
    try:
        return await running
    except (Exception, SystemExit, asyncio.CancelledError, Deferred, BaseExceptionGroup):
        if context.deferral is None or is_called_off():
            raise
        return None


async def _run(call: Call, context: RoadContext, watch: Watch) -> object:
    tool = context.tool
    arguments = call.known_arguments if context.lent is None else handed_to(call, context)
    loan: Loan | None = None
    seen = None
    if tool.context_parameter is not None:
        seen = await tool_context(call, context)
        if isinstance(seen.progress, Progress):
            seen.progress.is_body = True
    try:
        if tool.resources:
            loan = await context.services.resources.lend(tool.resources, call.principal)
        resources = None if loan is None else loan.opened
        if not tool.is_async:
            start = partial(tool.start, arguments, context=seen, resources=resources)
            return await _run_in_thread(start, context, watch, loan)
        context.doubt.begin(context.record.attempts, tool.definition)
        started = tool.start(arguments, context=seen, resources=resources)
        return await started if inspect.isawaitable(started) else started
    finally:
        if loan is not None:
            loan.end()
        if seen is not None:
            _part_with(seen, context)


def _part_with(seen: ToolContext[Any], context: RoadContext) -> None:
    """The attempt is over: what is asked afterwards, as a probe, is no part of it."""
    if context.seen is seen:
        context.seen = None
    if isinstance(seen.progress, Progress):
        seen.progress.is_over = True


async def _run_with_others(
    call: Call, context: RoadContext, body: BatchRun, watch: Watch
) -> object:
    seen = await tool_context(call, context)
    try:
        return await batched(call, context, seen, body, watch)
    finally:
        _part_with(seen, context)


async def _run_in_thread(
    start: Callable[[], object], context: RoadContext, watch: Watch, loan: Loan | None
) -> object:
    """Wait for a body in a thread; one that nobody waits for any more is watched."""
    attempt = context.record.attempts

    def leave(body: Future[object]) -> None:
        """It runs on, with all that it has."""
        if loan is not None:
            loan.keep(body)
        watch(context, attempt, body)

    try:
        return await context.services.threads.run(
            context.tool.definition.needs,
            start,
            begin=partial(context.doubt.begin, attempt, context.tool.definition),
            leave=leave,
        )
    except Overloaded:
        raise Told(overloaded()) from None


def _request(call: Call, context: RoadContext, *, now_ms: int) -> bytes:
    """What a worker is asked; it hears of secrets by its pipe alone."""
    if context.lent is None:
        return request(call.known_arguments, now_ms=now_ms)
    about = {
        "call_id": call.id,
        "run_id": call.run_id,
        "principal": call.principal.id,
        "organization": call.organization,
        "idempotency_key": None if context.claim is None else context.claim.digest.hex(),
        "attempt": max(1, context.record.attempts),
        "remaining_s": context.remaining_s(),
        "traceparent": call.traceparent,
    }
    return request(
        handed_to(call, context), now_ms=now_ms, secrets=declared_values(context), about=about
    )


async def _run_apart(call: Call, context: RoadContext, timeout_s: float) -> object:
    """Have a worker run the body; cancelled, the worker is killed, and nothing runs on."""
    tool, services = context.tool, context.services
    is_confined = tool.definition.isolation is Isolation.SANDBOX
    sandbox = services.confined if is_confined else services.sandbox
    ended = STOPPED
    try:
        cell = await within(context.remaining_s(), sandbox.prepare(describe(tool)))
        context.doubt.begin(context.record.attempts, tool.definition)
        now_ms = context.services.clock.now_ms()
        run = cell.run(_request(call, context, now_ms=now_ms))
        answer = Answer.read(await within(min(timeout_s, context.remaining_s()), run))
        ended = COMPLETED if answer.failure is None else FAILED
    except LimitExceeded as error:
        ended = error.bound
        raise Told(stopped(error)) from None
    except SandboxError as error:
        ended = LOST
        _log.warning("the body of %s was lost: %s", tool.name, error)
        if not error.has_begun:
            context.doubt.dispel(context.record.attempts, Proof.NOT_STARTED)
        raise
    finally:
        if is_confined:
            use = services.programs.use_for_body(ended)
            context.record.ran_in = noted(context.record.ran_in, use)
    if answer.failure is not None:
        failure = answer.failure
        raise Told(told_by_stranger(failure, tool) if is_confined else failure)
    return result_of(answer, tool)

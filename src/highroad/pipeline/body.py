"""Running the body of a tool: what it is handed, where it runs, and for how long."""

import asyncio
import inspect
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any, Final, TypeAlias

import anyio.to_thread

from highroad.domain.call import Call
from highroad.domain.outcome import AnyOutcome
from highroad.pipeline.context import RoadContext
from highroad.pipeline.timer import within
from highroad.tools.body.context import ToolContext

Watch: TypeAlias = Callable[[RoadContext, int, Future[object]], None]
"""Is handed a body that was given up on, with the number of its attempt."""
MAX_THREADS: Final = 40
"""Bodies of synchronous tools that run at once, those that outlived their deadline included."""


class Progress:
    """The road's side of a call while its body runs (`tools.body.context.CallInProgress`)."""

    __slots__ = ("_call", "_context")

    def __init__(self, call: Call, context: RoadContext) -> None:
        self._call = call
        self._context = context

    def remaining_s(self) -> float:
        """Seconds until the deadline of the call."""
        return self._context.remaining_s()

    async def call(
        self,
        tool: Callable[..., Any] | str,
        arguments: Mapping[str, object],
        *,
        idempotency_key: str | None,
    ) -> AnyOutcome:
        """Drive a governed call whose parent is this one."""
        return await self._context.services.nested(self._call, tool, arguments, idempotency_key)


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


def is_called_off() -> bool:
    """Whether a cancellation is the caller's, and not one that author's code brought on itself."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


async def run_body(call: Call, context: RoadContext, timeout_s: float, watch: Watch) -> object:
    """Run the body once, a synchronous one in a thread.

    Args:
        call: Whose body it is.
        context: Of its drive.
        timeout_s: How long to wait for it.
        watch: Is given a body that runs on although nobody waits for it any more.

    Raises:
        TimeoutError: It took longer than `timeout_s`. A thread cannot be stopped: a synchronous
            body that has begun runs on.
    """
    return await within(timeout_s, _run(call, context, watch))


async def _run(call: Call, context: RoadContext, watch: Watch) -> object:
    tool, arguments = context.tool, call.known_arguments
    seen = await tool_context(call, context)
    resources = None
    if tool.resources:
        opened = context.services.deps.resource
        resources = {need.parameter: await opened(need) for need in tool.resources}
    context.begin_body()
    if tool.is_async:
        started = tool.start(arguments, context=seen, resources=resources)
        return await started if inspect.isawaitable(started) else started
    start = partial(tool.start, arguments, context=seen, resources=resources)
    return await _run_in_thread(start, context, watch)


async def _run_in_thread(start: Callable[[], object], context: RoadContext, watch: Watch) -> object:
    """Wait for a body in a thread; one that nobody waits for any more is called off, or watched."""
    body: Future[object] = Future()
    try:
        return await anyio.to_thread.run_sync(
            _keep, body, start, abandon_on_cancel=True, limiter=context.services.threads
        )
    except asyncio.CancelledError:
        if body.cancel():  # it waited for a thread, and never begins
            context.forget_body()
        elif is_called_off():
            watch(context, context.record.attempts, body)
        raise


def _keep(body: Future[object], start: Callable[[], object]) -> object:
    """Run the body, and keep what it brings for whoever may ask later.

    Raises:
        BaseException: As the body did.
    """
    if not body.set_running_or_notify_cancel():
        return None
    try:
        result = start()
    except BaseException as error:
        body.set_exception(error)
        raise
    body.set_result(result)
    return result

"""What the doors of all frameworks share: a host's call on the road, its body in the host.

A host's tool is registered once, with a body that asks who is calling: each call brings what runs
the host's own tool with the host's context of that moment. A call that nobody of the host waits
for (recovery, a decision that another process drives on) runs the tool without that context,
where the host's tool can do without it.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextvars import ContextVar
from typing import Any, Final, TypeAlias, TypeVar

from highroad.domain.acting import NOBODY, Acting
from highroad.domain.error import HighroadError, ToolError
from highroad.domain.identity import Origin, Principal
from highroad.domain.json_value import JsonObject
from highroad.domain.outcome import AnyOutcome, Held
from highroad.pipeline.acting import as_acting, now_acting
from highroad.runtime import Runtime
from highroad.sync import Runtime as SyncRuntime

R = TypeVar("R")
HostBody: TypeAlias = Callable[[JsonObject], Any]
"""Runs the host's own tool, with the host's context of one call: its result, or what there is to
await."""
Arguments: TypeAlias = Mapping[str, object] | str | bytes

_BODY: Final = ContextVar[HostBody | None]("highroad_host_body", default=None)


def body_of(alone: HostBody | None, *, is_async: bool = True) -> HostBody:
    """The body of a host's tool: as whoever calls would run it, or alone where nobody does.

    Args:
        alone: Runs it without the host's context; `None` where it cannot do without.
        is_async: Whether there is something to await; else it is run in a thread of the road.
    """

    def run() -> HostBody:
        found = _BODY.get() or alone
        if found is None:
            raise ToolError(
                "this tool needs the context of its host, and no host waits for this call",
                applied=False,
            )
        return found

    async def awaited(arguments: JsonObject) -> object:
        """Run it for whoever calls."""
        return await run()(arguments)

    def in_thread(arguments: JsonObject) -> object:
        """The same, for a body that is not async."""
        return run()(arguments)

    return awaited if is_async else in_thread


class Guard:
    """One host's way onto the road of one runtime.

    Args:
        runtime: Open; of either kind.
        door: The host's name, for the record.
    """

    def __init__(self, runtime: Runtime | SyncRuntime, *, door: str) -> None:
        self.runtime: Runtime = (
            runtime.asynchronous if isinstance(runtime, SyncRuntime) else runtime
        )
        self.door = door

    async def call(
        self,
        tool: str,
        arguments: Arguments,
        *,
        acting: Acting | None = None,
        body: HostBody | None = None,
        drive_on: bool = True,
    ) -> AnyOutcome:
        """Make a call that a host's model proposed; one that was held goes on if it is decided.

        Args:
            tool: Its name.
            arguments: As the model wrote them.
            acting: For whom and in which thread, as the host's own context says; what stands in
                `Runtime.acting` holds for what it leaves out.
            body: Runs the host's own tool, with the host's context.
            drive_on: Whether a call that was held goes on if it is decided; else `look` drives it.
        """
        return await self._in_its_loop(
            self._call(tool, arguments, acting or NOBODY, body, drive_on=drive_on)
        )

    def call_blocking(
        self,
        tool: str,
        arguments: Arguments,
        *,
        acting: Acting | None = None,
        body: HostBody | None = None,
        drive_on: bool = True,
    ) -> AnyOutcome:
        """The same for a host that is not async; not in the thread of the runtime's loop.

        Raises:
            HighroadError: It is that thread, whose loop would wait for itself.
        """
        return self._blocking(
            self._call(tool, arguments, acting or NOBODY, body, drive_on=drive_on)
        )

    async def look(self, call_id: str, *, body: HostBody | None = None) -> AnyOutcome:
        """What has become of a call that was held: driven on where it is decided."""
        return await self._in_its_loop(self._look(call_id, body))

    def look_blocking(self, call_id: str, *, body: HostBody | None = None) -> AnyOutcome:
        """The same for a host that is not async."""
        return self._blocking(self._look(call_id, body))

    async def cancel(self, call_id: str, *, by: Principal, reason: str) -> None:
        """Call off a call that its host does not want any more; see `Runtime.cancel`."""
        await self._in_its_loop(self.runtime.cancel(call_id=call_id, by=by, reason=reason))

    async def _call(
        self,
        tool: str,
        arguments: Arguments,
        acting: Acting,
        body: HostBody | None,
        *,
        drive_on: bool,
    ) -> AnyOutcome:
        token = _BODY.set(body)
        try:
            with as_acting(_over(acting, now_acting())):
                outcome = await self.runtime.call(
                    tool, arguments, origin=Origin.MODEL, door=self.door
                )
                return await self._driven_on(outcome) if drive_on else outcome
        finally:
            _BODY.reset(token)

    async def _look(self, call_id: str, body: HostBody | None) -> AnyOutcome:
        token = _BODY.set(body)
        try:
            return await self.runtime.wait(call_id, timeout_s=0)
        finally:
            _BODY.reset(token)

    async def _driven_on(self, outcome: AnyOutcome) -> AnyOutcome:
        """Somebody may have decided since the call was held, which was asked for anew."""
        if not isinstance(outcome, Held):
            return outcome
        return await self.runtime.wait(outcome.call_id, timeout_s=0)

    async def _in_its_loop(self, work: Coroutine[Any, Any, R]) -> R:
        if asyncio.get_running_loop() is self.runtime.loop:
            return await work
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.runtime.loop))

    def _blocking(self, work: Coroutine[Any, Any, R]) -> R:
        try:
            running = asyncio.get_running_loop()
        except RuntimeError:
            running = None
        if running is self.runtime.loop:
            work.close()
            raise HighroadError(
                "a synchronous host cannot wait in the event loop of its runtime: use the host's "
                "async methods, or open the runtime from highroad.sync"
            )
        future = asyncio.run_coroutine_threadsafe(work, self.runtime.loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise


def _over(acting: Acting, around: Acting) -> Acting:
    """What a host's own context says, and for the rest what was said around it."""
    return Acting(
        principal=acting.principal or around.principal,
        run=acting.run or around.run,
        conversation=acting.conversation or around.conversation,
        delegation=acting.delegation or around.delegation,
        said=acting.said or around.said,
    )

"""One client's connection: for whom its calls are made, and in which run.

MCP has neither a session that outlives a connection nor a key that makes two calls one. So the
calls of a connection are one run: what is asked twice in it is done once. A connection goes on
with the run of an earlier one where that has left a call behind which is not done with: held, in
flight when its process died, or ended with nobody knowing how. Whoever asks for such a call again
is answered from it.
"""

import asyncio
from collections.abc import Collection, Coroutine
from typing import Any, Final, TypeVar

from highroad.domain.identity import Caller, Delegate, Origin, Principal, acting
from highroad.domain.json_value import JsonObject
from highroad.domain.outcome import AnyOutcome
from highroad.domain.tool import ToolDefinition
from highroad.domain.trace_context import TraceContext
from highroad.domain.unsettled import Standing
from highroad.gateway.toolset import FOLLOW
from highroad.pipeline.circumstances import Circumstances
from highroad.pipeline.tracing import trace_here
from highroad.ports.upstream import Follow
from highroad.runtime import Runtime

R = TypeVar("R")

DOOR: Final = "mcp"


class Session:
    """Makes the calls of one connection.

    Args:
        runtime: Open, and the owner of its ledger.
        name: Of the run that its calls are, as no other connection calls it.
        scope: The tools that are the upstream's: what else the runtime has, it is not offered.
        caller: For whom, where somebody has shown who they are; the runtime's principal.
    """

    def __init__(
        self, runtime: Runtime, *, name: str, scope: Delegate, caller: Caller | None = None
    ) -> None:
        self.runtime: Runtime = runtime
        self.by: Principal | Caller = caller or runtime.principal
        self.principal: Principal = runtime.principal if caller is None else caller.principal
        self._scope = scope
        self._run: Circumstances = {"run": name}
        self._working: set[asyncio.Task[Any]] = set()

    @property
    def tools(self) -> tuple[ToolDefinition, ...]:
        """What may be offered: accepted, and permitted with some arguments."""
        _, chain = acting(self.by, (self._scope,))
        shown = self.runtime.tools_for(self.principal, delegation=chain)
        return tuple([each for each in shown if self.runtime.definitions.lets_through(each)])

    async def take_up(self, tools: Collection[str]) -> None:
        """Go on with the run of an earlier connection that left calls of these tools behind.

        Of these, what is decided by now is driven on in the background.
        """
        left = [
            each
            for each in await self.runtime.unsettled(
                with_open=True, principal=self.principal, door=DOOR
            )
            if each.tool in tools
        ]
        if not left:
            return
        self._run = {"run_id": max(left, key=lambda each: each.created_ms).run_id}
        for each in left:
            if each.standing is Standing.HELD:
                _ = self._begin(self.runtime.wait(each.call_id, timeout_s=0))

    async def call(
        self,
        tool: str,
        arguments: JsonObject | bytes,
        *,
        key: str | None = None,
        trace: TraceContext | None = None,
        follow: Follow | None = None,
    ) -> AnyOutcome:
        """Make a call. Whoever stops waiting calls it off, and it ends as P3 says.

        Args:
            tool: Its name.
            arguments: As the client sent them.
            key: Of the client: two calls with it are one.
            trace: Where the client says that it is made. It is put on record, and decides nothing.
            follow: Is told how far it has come.
        """
        circumstances: Circumstances = {
            "principal": self.by,
            "origin": Origin.FOREIGN,
            "door": DOOR,
            "delegation": (self._scope,),
            "key": key,
            "trace": trace_here(lambda: trace),
            **self._run,
        }
        token = FOLLOW.set(follow)
        try:
            return await self._apart(self.runtime.call(tool, arguments, **circumstances))
        finally:
            FOLLOW.reset(token)

    async def look(self, call_id: str, *, wait_s: float) -> AnyOutcome:
        """What has become of a held call, once it is decided or the time is up."""
        return await self._apart(self.runtime.wait(call_id, timeout_s=wait_s))

    async def end(self) -> None:
        """Wait until what was called off has its end on record."""
        if self._working:
            await asyncio.wait(self._working)

    async def _apart(self, work: Coroutine[Any, Any, R]) -> R:
        """Wait for work in a task of its own, which is cancelled once.

        The library cancels again and again whoever is called off; what writes the end of a call
        must not be cut off in the middle.
        """
        task = self._begin(work)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.cancel()
            raise

    def _begin(self, work: Coroutine[Any, Any, R]) -> asyncio.Task[R]:
        task = asyncio.get_running_loop().create_task(work)
        self._working.add(task)
        task.add_done_callback(self._over)
        return task

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._working.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, though nobody may wait any more

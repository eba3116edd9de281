"""What the doors of all frameworks share: a host's call on the road, its body in the host.

A host's tool is registered once, with a body that asks who is calling: each call brings what runs
the host's own tool with the host's context of that moment. A call that nobody of the host waits
for (recovery, a decision that another process drives on) runs the tool without that context,
where the host's tool can do without it.
"""

import asyncio
import inspect
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from weakref import WeakKeyDictionary

from highroad.agents.acting import NOT_OFFERED
from highroad.domain.acting import NOBODY, Acting
from highroad.domain.error import DecisionRefused, DeclarationError, NotRecorded, ToolError
from highroad.domain.identity import Caller, Origin, Principal
from highroad.domain.json_value import JsonObject
from highroad.domain.outcome import AnyOutcome, Ending, Held
from highroad.domain.value import value
from highroad.pipeline.acting import as_acting, now_acting
from highroad.pipeline.crossing import in_loop, wait_for
from highroad.pipeline.holding import Holding
from highroad.pipeline.tracing import Tracing, trace_here
from highroad.runtime import Runtime
from highroad.sync import Runtime as SyncRuntime
from highroad.tools.declaring.declaration import DeclaredTool

HostBody: TypeAlias = Callable[[JsonObject], Any]
"""Runs the host's own tool, with the host's context of one call: gives its result, or what there is
to await for it."""
Arguments: TypeAlias = Mapping[str, object] | str | bytes


@value(eq=False)
class _Visit:
    """A call that a host makes, for as long as the host waits for it."""

    runtime: Runtime
    tool: str | None
    """The tool that was called; `None` where only the call is known, which has one."""
    run: HostBody
    loop: asyncio.AbstractEventLoop | None
    """Of the host, where that is another one than the runtime's."""

    def is_to(self, body: HostBody) -> bool:
        """Whether it is that tool's: others that are called meanwhile are none of this host's."""
        found = self.runtime.find(body)
        return found is not None and self.tool in {None, found.name}


_VISIT: Final = ContextVar[_Visit | None]("highroad_host_visit", default=None)


@dataclass(eq=False, slots=True)
class _Alone:
    """What runs a tool where no host waits for the call."""

    run: HostBody | None
    function: object
    is_async: bool


_ALONE: Final = WeakKeyDictionary[HostBody, _Alone]()
_FIRST: Final = WeakKeyDictionary[Runtime, dict[str, _Alone]]()
"""By name of the tool, what was guarded first."""


def body_of(alone: HostBody | None, *, of: object = None, is_async: bool = True) -> HostBody:
    """The body of a host's tool: as whoever calls would run it, or alone where nobody does.

    Args:
        alone: Runs it without the host's context; `None` where it cannot do without.
        of: The host's function behind it, for `share`.
        is_async: Whether there is something to await: it is awaited in the loop of the host that
            calls. What is not async runs in a thread of the road.
    """
    unattended = _Alone(alone, of, is_async)

    async def awaited(arguments: JsonObject) -> object:
        """Run it for whoever calls."""
        run, loop = _who_runs(awaited, unattended)
        running = _begun(run, arguments)
        return await (running if loop is None else in_loop(loop, running))

    def in_thread(arguments: JsonObject) -> object:
        """The same, for a body that is not async."""
        run, _ = _who_runs(in_thread, unattended)
        with _visiting(None):
            return run(arguments)

    body = awaited if is_async else in_thread
    _ALONE[body] = unattended
    return body


def share(runtime: Runtime, tool: Callable[..., Any]) -> None:
    """Know which function of a host stands under the name of a tool, beside those before it.

    Each call of a host brings the function that it runs. Where no host waits, nobody can tell
    which of several is meant, as where each user has their own: then none runs.

    Args:
        runtime: That is given the tool, or has one of that name which is declared just alike.
        tool: With a body of `body_of`.

    Raises:
        DeclarationError: What it stands beside is async and this is not, or the other way round.
    """
    if not isinstance(tool, DeclaredTool):
        return
    own, name = _ALONE[tool.body], tool.declaration.definition.name
    first = _FIRST.setdefault(runtime, {}).setdefault(name, own)
    if first.is_async != own.is_async:
        raise DeclarationError(
            f"one tool called {name!r} is async and another one is not, and they have one body on "
            "the road: make both async or neither, or give one of them another name"
        )
    if first.function != own.function:
        first.run = None


def _who_runs(body: HostBody, alone: _Alone) -> tuple[HostBody, asyncio.AbstractEventLoop | None]:
    """What runs the tool, and in which loop, where that is another one than the runtime's."""
    visit = _VISIT.get()
    if visit is not None and visit.is_to(body):
        return visit.run, visit.loop
    if alone.run is None:
        raise ToolError(
            "this tool needs the context of its host, and no host waits for this call",
            applied=False,
        )
    return alone.run, None


async def _begun(run: HostBody, arguments: JsonObject) -> object:
    """Begin it where it is awaited, too."""
    with _visiting(None):
        came = run(arguments)
        return await came if inspect.isawaitable(came) else came


def _visiting(visit: _Visit | None) -> Holding[_Visit | None]:
    """Have a host's body run for what is called inside; none for what that body calls itself.

    A body may leave tasks and threads behind, which make calls for others long after the visit.
    """
    return Holding(_VISIT, visit)


def guarded_already(name: str) -> DeclarationError:
    """Says that a tool's calls take a road as it is; a second one would wait for the first."""
    return DeclarationError(
        f"{name!r} is guarded already: give `guard` the tool that it was made of, once"
    )


class Guard:
    """One host's way onto the road of one runtime.

    The host may be async, in the loop of the runtime or in another one, or not async at all, in
    any thread but that of the runtime's loop. Its context variables hold inside the body of its
    tool in each of these cases. Where the host stops waiting, the call is called off as for any
    caller of the road, and the host goes on when that is on record.

    Args:
        runtime: Open; of either kind.
        door: The host's name, for the record.
        tracing: Says where in the host's own trace a call is made, in the host's context.
    """

    def __init__(
        self, runtime: Runtime | SyncRuntime, *, door: str, tracing: Tracing | None = None
    ) -> None:
        self.runtime: Runtime = (
            runtime.asynchronous if isinstance(runtime, SyncRuntime) else runtime
        )
        self.door = door
        self._tracing = tracing

    def __deepcopy__(self, _: dict[int, Any]) -> "Guard":
        """Itself: hosts copy tools, and there is one road."""
        return self

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

        Raises:
            Unauthenticated: The credentials of whom it is for are good no more.
            HighroadError: The runtime was closed, or a name of a run is empty.
        """
        with self._visit(tool, body, asyncio.get_running_loop()):
            work = self._call(tool, arguments, acting or NOBODY, drive_on=drive_on)
            return await in_loop(self.runtime.loop, work)

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
            HighroadError: It is that thread, whose loop would wait for itself; and as `call`.
        """
        with self._visit(tool, body, None):
            work = self._call(tool, arguments, acting or NOBODY, drive_on=drive_on)
            return wait_for(self.runtime.loop, work)

    async def look(
        self,
        call_id: str,
        *,
        acting: Acting | None = None,
        tool: str | None = None,
        body: HostBody | None = None,
    ) -> AnyOutcome:
        """What has become of a call that was held: driven on where it is decided, once.

        Args:
            call_id: As the `Held` outcome names it, or the host's state of a run, which anybody
                may have written: only calls for whoever acts are answered for.
            acting: As for `call`.
            tool: That was called: no call of another one is answered for. Without it `body` runs
                whatever tool of a host is called.
            body: Runs the host's own tool, with the host's context.

        Raises:
            NotRecorded: The ledger has no such call of theirs, or it is of another tool.
        """
        who = self.requester(acting)
        with self._visit(tool, body, asyncio.get_running_loop()):
            work = self.runtime.wait(call_id, timeout_s=0, principal=who, tool=tool)
            return await in_loop(self.runtime.loop, work)

    def look_blocking(
        self,
        call_id: str,
        *,
        acting: Acting | None = None,
        tool: str | None = None,
        body: HostBody | None = None,
    ) -> AnyOutcome:
        """The same for a host that is not async."""
        who = self.requester(acting)
        with self._visit(tool, body, None):
            work = self.runtime.wait(call_id, timeout_s=0, principal=who, tool=tool)
            return wait_for(self.runtime.loop, work)

    def requester(self, acting: Acting | None = None) -> Principal:
        """For whom a call here is, without how they have shown it."""
        named = (acting or NOBODY).principal or now_acting().principal or self.runtime.principal
        return named.principal if isinstance(named, Caller) else named

    async def turn_away(
        self,
        tool: str,
        arguments: Arguments,
        *,
        acting: Acting | None = None,
        ending: Ending = NOT_OFFERED,
    ) -> AnyOutcome:
        """Put a call on record that the host does not make: its agent has no tool of that name.

        Nothing runs, also where the runtime has one for others. `ending` says it where that is not
        why.

        Raises:
            Unauthenticated: As for `call`, and all the others.
        """
        work = self._turn_away(tool, arguments, acting or NOBODY, ending)
        return await in_loop(self.runtime.loop, work)

    def turn_away_blocking(
        self, tool: str, arguments: Arguments, *, acting: Acting | None = None
    ) -> AnyOutcome:
        """The same for a host that is not async."""
        work = self._turn_away(tool, arguments, acting or NOBODY, NOT_OFFERED)
        return wait_for(self.runtime.loop, work)

    async def held(
        self, tool: str, arguments: Arguments, *, acting: Acting | None = None
    ) -> str | None:
        """The id of the call that waits and that this very call would join; makes none.

        Raises:
            Unauthenticated: As for `call`, and all the others.
            LedgerError: The ledger cannot be read.
        """
        return await in_loop(self.runtime.loop, self._held(tool, arguments, acting or NOBODY))

    async def cancel(
        self, call_id: str, *, by: Principal, reason: str, tool: str | None = None
    ) -> None:
        """Call off a call of `by` that its host does not want any more; see `Runtime.cancel`.

        Raises:
            DecisionRefused: They have no such call that goes on, or not of `tool`.
        """
        # Whoever may call off calls of others says so on the desk, not by the state of a host.
        work = self.runtime.cancel(call_id=call_id, by=by, reason=reason, principal=by, tool=tool)
        try:
            await in_loop(self.runtime.loop, work)
        except NotRecorded as error:
            raise DecisionRefused(f"{call_id} is no call of theirs that goes on") from error

    async def _turn_away(
        self, tool: str, arguments: Arguments, acting: Acting, ending: Ending
    ) -> AnyOutcome:
        with as_acting(acting.over(now_acting())):
            return await self.runtime.turn_away(
                tool,
                arguments,
                ending=ending,
                origin=Origin.MODEL,
                door=self.door,
                trace=trace_here(self._tracing),
            )

    async def _held(self, tool: str, arguments: Arguments, acting: Acting) -> str | None:
        with as_acting(acting.over(now_acting())):
            return await self.runtime.held(tool, arguments, origin=Origin.MODEL, door=self.door)

    async def _call(
        self, tool: str, arguments: Arguments, acting: Acting, *, drive_on: bool
    ) -> AnyOutcome:
        with as_acting(acting.over(now_acting())):
            outcome = await self.runtime.call(
                tool,
                arguments,
                origin=Origin.MODEL,
                door=self.door,
                trace=trace_here(self._tracing),
            )
        if not drive_on or not isinstance(outcome, Held):
            return outcome
        # Somebody may have decided since the call was held, which was asked for anew.
        return await self.runtime.wait(outcome.call_id, timeout_s=0)

    def _visit(
        self, tool: str | None, body: HostBody | None, loop: asyncio.AbstractEventLoop | None
    ) -> Holding[_Visit | None]:
        """Have this host's body run for what is called inside, and no other's."""
        visit = None
        if body is not None:
            home = None if loop is self.runtime.loop else loop
            visit = _Visit(runtime=self.runtime, tool=tool, run=body, loop=home)
        return _visiting(visit)

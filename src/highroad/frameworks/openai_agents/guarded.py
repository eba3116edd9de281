"""The host's door to the road: a call of its model goes down, and what comes back is told to it."""

from dataclasses import replace
from typing import Any, Final

from agents import FunctionTool
from agents.tool_context import ToolContext

from highroad.domain.acting import Acting
from highroad.domain.error import DecisionRefused
from highroad.domain.identity import Caller, Principal
from highroad.domain.outcome import AnyOutcome, Held, HoldReason
from highroad.frameworks.guarding import Guard
from highroad.frameworks.openai_agents.context import Mapper, acting_of, trace_of_host
from highroad.frameworks.openai_agents.declaring import Declared
from highroad.frameworks.openai_agents.pausing import CallOff, GoOn, Pause, Waits
from highroad.frameworks.openai_agents.results import handed
from highroad.pipeline.acting import now_acting
from highroad.runtime import Runtime
from highroad.sync import Runtime as SyncRuntime

DOOR: Final = "openai-agents"
_REJECTED: Final = "the host rejected it"


class Door:
    """One `guard`: its runtime, and how its calls are told who acts.

    Args:
        runtime: Open, of either kind.
        acting: Of the user; what it leaves out is as `acting_of` says.
    """

    def __init__(self, runtime: Runtime | SyncRuntime, acting: Mapper | None) -> None:
        self._way = Guard(runtime, door=DOOR, tracing=trace_of_host)
        self._mapper = acting

    def guarded(self, declared: Declared) -> FunctionTool:
        """The same tool for the SDK, with its calls on the road."""
        declared.register(self._way.runtime)
        pause = Pause(declared.host)

        async def invoke(context: ToolContext[Any], arguments: str) -> Any:  # noqa: ANN401 - the SDK's
            """Make a call, or look after one that waits."""
            return await _Visit(self._way, self._acting(context), declared, pause, context).answer(
                arguments
            )

        return pause.around(replace(declared.host, on_invoke_tool=invoke))

    def _acting(self, context: ToolContext[Any]) -> Acting:
        usual = acting_of(context)
        return usual if self._mapper is None else self._mapper(context).over(usual)


class _Visit:
    """The SDK runs a tool once."""

    def __init__(
        self,
        way: Guard,
        acting: Acting,
        declared: Declared,
        pause: Pause,
        context: ToolContext[Any],
    ) -> None:
        self._way = way
        self._acting = acting
        self._tool = declared.host.name
        self._body = declared.body(context)
        self._pause = pause
        self._context = context

    async def answer(self, arguments: str) -> Any:  # noqa: ANN401 - what the SDK takes for a result
        """What the SDK is told: a result, or what went wrong, as data (P5)."""
        word = await self._pause.resumed(self._context)
        if isinstance(word, Waits):
            return None  # the SDK reads the pause, which is as it was
        if isinstance(word, CallOff):
            self._pause.forget(self._context)
            return await self._called_off(word)
        outcome = await (self._call(arguments) if word is None else self._look(word))
        if isinstance(outcome, Held) and outcome.reason is HoldReason.APPROVAL:
            await self._pause.pause(self._context, outcome)
        else:
            self._pause.forget(self._context)
        return handed(outcome)

    async def _call(self, arguments: str) -> AnyOutcome:
        return await self._way.call(self._tool, arguments, acting=self._acting, body=self._body)

    async def _look(self, word: GoOn | CallOff) -> AnyOutcome:
        return await self._way.look(word.call_id, tool=self._tool, body=self._body)

    async def _called_off(self, word: CallOff) -> Any:  # noqa: ANN401 - as `answer`
        reason = word.message or _REJECTED
        try:
            await self._way.cancel(word.call_id, by=self._requester(), reason=reason)
        except DecisionRefused:
            # It has ended, or this requester may not: what became of it is the truth to tell.
            return handed(await self._look(word))
        return word.message

    def _requester(self) -> Principal:
        named = self._acting.principal or now_acting().principal
        if isinstance(named, Caller):
            return named.principal
        return named or self._way.runtime.principal

"""The host's door to the road: a call of its model goes down, and what comes back is told to it."""

from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from agents import (
    FunctionTool,
    ToolGuardrailFunctionOutput,
    ToolInputGuardrail,
    ToolInputGuardrailData,
)
from agents.tool_context import ToolContext

from highroad.domain.acting import Acting
from highroad.domain.error import CallError, Code, DecisionRefused, NotRecorded
from highroad.domain.outcome import AnyOutcome, Ending, Held, HoldReason, Status
from highroad.frameworks.guarding import Guard
from highroad.frameworks.openai_agents.context import Mapper, mapped, trace_of_host
from highroad.frameworks.openai_agents.declaring import Declared
from highroad.frameworks.openai_agents.internals import check_internals
from highroad.frameworks.openai_agents.pausing import CallOff, GoOn, Pause
from highroad.frameworks.openai_agents.results import handed
from highroad.runtime import Runtime
from highroad.sync import Runtime as SyncRuntime

_REJECTED: Final = "the host rejected it"
_STOPPED: Final = Ending(
    status=Status.REFUSED,
    error=CallError(
        code=Code.DENIED,
        message="An input guardrail of the host is against it.",
        hint="Do not try another way.",
    ),
    rule="host.input_guardrail",
    decided_by="host",
)
"""The end of a call that the host stops before the road; its model is told what the host says."""


class Door:
    """One `guard`: its runtime, and how its calls are told who acts.

    Args:
        runtime: Open, of either kind.
        acting: Of the user; what it leaves out is as `acting_of` says.
        door: The host's name, for the record.

    Raises:
        DeclarationError: The SDK is of a version that cannot be guarded.
    """

    def __init__(self, runtime: Runtime | SyncRuntime, *, acting: Mapper | None, door: str) -> None:
        check_internals()
        self._way = Guard(runtime, door=door, tracing=trace_of_host)
        self._acting = mapped(acting)

    def guarded(self, declared: Declared) -> FunctionTool:
        """The same tool for the SDK, with its calls on the road."""
        declared.register(self._way.runtime)
        pause = Pause(declared.host)

        async def invoke(context: ToolContext[Any], arguments: str) -> Any:  # noqa: ANN401 - the SDK's
            """Make a call, or look after one that waits."""
            return await _Visit(self._way, self._acting(context), declared, pause, context).answer(
                arguments
            )

        guarded = pause.around(declared.host)
        guarded.on_invoke_tool = invoke
        if guarded.tool_input_guardrails:
            guarded.tool_input_guardrails = [
                self._seen(each) for each in guarded.tool_input_guardrails
            ]
        return guarded

    def _seen(self, guardrail: ToolInputGuardrail[Any]) -> ToolInputGuardrail[Any]:
        """The same guardrail, with the calls on record that it stops before the road."""

        async def look(data: ToolInputGuardrailData) -> ToolGuardrailFunctionOutput:
            """Let the host's own decide, and say no more than it does."""
            is_passed = False
            try:
                said = await guardrail.run(data)
                is_passed = said.behavior["type"] == "allow"
            finally:
                if not is_passed:
                    await self._stopped(data.context)
            return said

        return replace(guardrail, guardrail_function=look, name=guardrail.get_name())

    async def _stopped(self, context: ToolContext[Any]) -> None:
        await self._way.turn_away(
            context.tool_name,
            context.tool_arguments,
            acting=self._acting(context),
            ending=_STOPPED,
        )


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
        if isinstance(word, CallOff):
            self._pause.forget(self._context)
            return await self._called_off(word)
        outcome = await self._outcome(word, arguments)
        if isinstance(outcome, Held) and outcome.reason is HoldReason.APPROVAL:
            await self._pause.pause(self._context, outcome)
        else:
            self._pause.forget(self._context)
        return handed(outcome)

    async def _outcome(self, word: GoOn | None, arguments: str) -> AnyOutcome:
        """Of the call that waits; of a new one where nothing of this requester's does."""
        if word is not None:
            # Where whoever acts has no such call, another's state of a run was handed in.
            with suppress(NotRecorded):
                return await self._look(word)
        return await self._way.call(self._tool, arguments, acting=self._acting, body=self._body)

    async def _look(self, word: GoOn | CallOff) -> AnyOutcome:
        return await self._way.look(
            word.call_id, acting=self._acting, tool=self._tool, body=self._body
        )

    async def _called_off(self, word: CallOff) -> Any:  # noqa: ANN401 - as `answer`
        reason = word.message or _REJECTED
        try:
            by = self._way.requester(self._acting)
            await self._way.cancel(word.call_id, by=by, reason=reason, tool=self._tool)
        except DecisionRefused:
            # It has ended, or this requester may not: what became of it is the truth to tell,
            # unless it is another's.
            with suppress(NotRecorded):
                return handed(await self._look(word))
        return word.message

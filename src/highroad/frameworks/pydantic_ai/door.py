"""The host's door to the road: a call of its model goes down, and what comes back is told to it."""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final, cast, get_args

from pydantic_ai import RunContext
from pydantic_ai.exceptions import ApprovalRequired, CallDeferred, ToolFailed
from pydantic_ai.messages import ToolReturn
from pydantic_ai.tools import DeferredToolRequests

from highroad.domain.acting import Acting
from highroad.domain.error import DecisionRefused, ToolError
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.outcome import AnyOutcome, Completed, Held, HoldReason
from highroad.frameworks.guarding import Guard, share
from highroad.frameworks.pydantic_ai.acting import HostWords, acting_of
from highroad.frameworks.pydantic_ai.answers import Answer, Why, answers
from highroad.frameworks.pydantic_ai.arguments import RawArguments
from highroad.frameworks.pydantic_ai.own import Contracts, HostTool, Pause
from highroad.frameworks.pydantic_ai.results import jsonable, told
from highroad.pipeline.crossing import done_in
from highroad.runtime import Runtime
from highroad.sync import Runtime as SyncRuntime
from highroad.tools.declaring.declaration import DeclaredTool
from highroad.tools.declaring.operated import declaration_under

DOOR: Final = "pydantic-ai"

_log: Final = logging.getLogger("highroad.frameworks.pydantic_ai")
_DENIED: Final = "the host denied it"
_MOST_WAITING: Final = 10_000
"""Held calls whose denial is waited for; an older one stays held until it is decided or expires."""


class Visit:
    """One run of a host's tool, in the host's context, and what of it is for the host alone."""

    def __init__(self, tool: HostTool, ctx: RunContext[Any]) -> None:
        self._tool = tool
        self._ctx = ctx
        self.returned: ToolReturn[Any] | None = None
        """What it returned, where that is more than its result."""
        self.pause: Pause | None = None
        """What it raised to have its host pause."""
        self.is_agreed = False
        """Where it runs, people have agreed to it on the road."""

    async def __call__(self, arguments: JsonObject) -> object:
        """Run it.

        Raises:
            ToolError: It cannot be done so; or it wants its host to pause.
        """
        # A tool that asks whether somebody approved it has its answer from those who did.
        ctx = replace(self._ctx, tool_call_approved=True) if self.is_agreed else self._ctx
        try:
            result = await self._tool(arguments, ctx)
        except ApprovalRequired as pause:
            self.pause = pause
            # The host runs it from its beginning once that is given: nothing was done so far.
            raise ToolError(
                "The tool wants its host's approval.", code="host_approval", applied=False
            ) from pause
        except CallDeferred as pause:
            self.pause = pause
            raise ToolError(
                "The tool leaves its result to its host.",
                code="host_deferred",
                hint="Do not call again; the result comes from elsewhere.",
            ) from pause
        if isinstance(result, ToolReturn):
            self.returned = result
        return jsonable(result)


class Door:
    """One `guard`: its runtime, its contracts, and how its calls are told who acts."""

    def __init__(
        self,
        runtime: Runtime | SyncRuntime,
        contracts: Contracts,
        acting: Callable[[RunContext[Any]], Acting] | None,
    ) -> None:
        self._guard = Guard(runtime, door=DOOR)
        self._mapper = acting
        self._words = HostWords()
        self._waiting: dict[str, str] = {}
        """By the host's id of a call that it paused for, ours."""
        self.contracts = contracts

    def take_in(self, tool: DeclaredTool[..., Any]) -> None:
        """Register a tool of the host with the runtime, unless the very same is there.

        Each call brings the body that it runs, so a tool that is declared just as one before it
        needs no second place: the same tools for two agents, or made anew for each user.

        Raises:
            DeclarationError: Another one has its name.
        """
        done_in(self._guard.runtime.loop, partial(self._take_in, tool))

    def _take_in(self, tool: DeclaredTool[..., Any]) -> None:
        runtime = self._guard.runtime
        known = runtime.find(tool.declaration.definition.name)
        meant = declaration_under(tool, runtime.settings.contracts).definition
        if known is None or known.digest != meant.digest:
            runtime.add(tool)
        share(runtime, tool)

    def add(self, tool: object) -> None:
        """Register a tool of Highroad's own."""
        self._guard.runtime.add(tool)

    async def call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        ctx: RunContext[Any],
        *,
        tool: HostTool | None = None,
    ) -> Any:  # noqa: ANN401 - what the host takes for a result
        """Make a call that the host's model proposed, and answer as the host understands it.

        Args:
            name: Of the tool, on the road.
            arguments: As they came through the host.
            ctx: The host's context of this call.
            tool: What runs it in the host; `None` where it is a tool of ours.

        Raises:
            ApprovalRequired: It is held, and the agent can pause.
            ToolFailed: It did not complete; what it says is for the model.
        """
        visit = None if tool is None else Visit(tool, ctx)
        written = arguments.for_road() if isinstance(arguments, RawArguments) else arguments
        acting = self._acting(ctx)
        outcome = await self._guard.call(name, written, acting=acting, body=visit, drive_on=False)
        if isinstance(outcome, Held):
            if visit is not None:
                visit.is_agreed = outcome.reason is HoldReason.APPROVAL
            outcome = await self._guard.look(outcome.call_id, acting=acting, tool=name, body=visit)
        self._note(outcome, ctx)
        return _answer(outcome, ctx, visit)

    async def heed(self, ctx: RunContext[Any], names: Mapping[str, str]) -> None:
        """Take note of what the host answered by itself since its model last spoke.

        What it paused for and then denied is called off. A call of a name that its agent does not
        have is put on record. It looks before the model is asked again.

        Args:
            ctx: The host's.
            names: Of the tools for which it looks: by the name that the model knows, ours.
        """
        for answer in answers(ctx.messages):
            if answer.why is Why.DENIED:
                call_id = await self._denied(answer, names, ctx)
                if call_id is not None:
                    await self._call_off(call_id, ctx)
            elif answer.is_new_to(self._guard.runtime):
                await self._guard.turn_away(
                    answer.call.tool_name, answer.call.args or {}, acting=self._acting(ctx)
                )

    async def _denied(
        self, answer: Answer, names: Mapping[str, str], ctx: RunContext[Any]
    ) -> str | None:
        """Our id of a call that the host denied: as it was noted, or else as the ledger has it."""
        call, runtime = answer.call, self._guard.runtime
        noted = self._waiting.pop(call.tool_call_id, None)
        if noted is None and call.tool_name not in names:
            return None
        if not answer.is_new_to(runtime) or noted is not None:
            return noted
        # Another process paused for it, which may have ended since.
        return await self._guard.held(
            names[call.tool_name], call.args or {}, acting=self._acting(ctx)
        )

    async def _call_off(self, call_id: str, ctx: RunContext[Any]) -> None:
        by = self._guard.requester(self._acting(ctx))
        try:
            await self._guard.cancel(call_id, by=by, reason=_DENIED)
        except DecisionRefused as error:
            _log.warning("call %s stays held though its host denied it: %s", call_id, error)

    def _note(self, outcome: AnyOutcome, ctx: RunContext[Any]) -> None:
        if ctx.tool_call_id is None:
            return
        self._waiting.pop(ctx.tool_call_id, None)
        if isinstance(outcome, Held):
            self._waiting[ctx.tool_call_id] = outcome.call_id
            if len(self._waiting) > _MOST_WAITING:
                del self._waiting[next(iter(self._waiting))]

    def _acting(self, ctx: RunContext[Any]) -> Acting:
        usual = acting_of(ctx, self._words)
        return usual if self._mapper is None else self._mapper(ctx).over(usual)


def _answer(outcome: AnyOutcome, ctx: RunContext[Any], visit: Visit | None) -> Any:  # noqa: ANN401 - as above
    can_pause = _can_pause(ctx)
    match outcome:
        case Completed():
            return told(outcome, None if visit is None else visit.returned)
        case Held() if can_pause:
            raise ApprovalRequired(metadata=cast("dict[str, Any]", _waits_for(outcome)))
        case Held():
            return outcome.for_model()
        case _ if can_pause and visit is not None and visit.pause is not None:
            raise visit.pause
        case _:
            raise ToolFailed(json.dumps(outcome.for_model(), ensure_ascii=False))


def _waits_for(held: Held) -> dict[str, JsonValue]:
    """What whoever resumes the host has to know; free of values, so it can be kept anywhere."""
    return {
        "call_id": held.call_id,
        "approval_id": held.approval_id,
        "reason": str(held.reason),
        "reasons": list(held.reasons),
        "expires_ms": held.expires_ms,
    }


def _can_pause(ctx: RunContext[Any]) -> bool:
    """Whether the agent takes deferred requests for an output.

    That of one run alone (`run(output_type=…)`) a tool is not told; such a run is answered `Held`.
    """
    return ctx.agent is not None and _names_requests(ctx.agent.output_type)


def _names_requests(output: object) -> bool:
    if isinstance(output, list | tuple):
        return any(map(_names_requests, output))
    return output is DeferredToolRequests or any(map(_names_requests, get_args(output)))

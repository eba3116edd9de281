"""The OpenAI Agents SDK: an agent with its own scripted model, and its interruptions for holds."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from agents import (
    Agent,
    ModelBehaviorError,
    RunConfig,
    Runner,
    function_tool,
    set_tracing_disabled,
)
from agents.items import ToolCallOutputItem
from agents.testing import ScriptedModel, assistant_message, function_call
from ten_calls import CONTRACTS, FUNCTIONS, REQUEST, THREAD, TOOLS, Conversation, Proposed, opened

from highroad import Runtime
from highroad.frameworks.openai_agents import guard

set_tracing_disabled(disabled=True)


@dataclass
class Turn:
    """A run of the host, in a group of its own."""

    agent: Agent[None]
    result: Any = None
    seen: int = 0

    async def begin(self) -> list[str]:
        return await self._run(REQUEST)

    async def go_on(self) -> list[str]:
        """As the host's users do: by approving what interrupts the run."""
        state = self.result.to_state()
        for each in self.result.interruptions:
            state.approve(each)
        return await self._run(state)

    async def _run(self, given: Any) -> list[str]:
        try:
            self.result = await Runner.run(
                self.agent, given, run_config=RunConfig(group_id=THREAD), max_turns=20
            )
        except ModelBehaviorError as error:  # a tool that it does not know ends its run
            return [str(error)]
        items = self.result.new_items
        results = [str(each.output) for each in items if isinstance(each, ToolCallOutputItem)]
        new, self.seen = results[self.seen :], len(results)
        return new


class OpenAIAgents:
    name = "openai-agents"

    def opened(self) -> AbstractAsyncContextManager[Runtime]:
        return opened()

    def converse(
        self, runtime: Runtime, calls: tuple[Proposed, ...], *, is_ours: bool
    ) -> Conversation:
        if is_ours:
            tools = guard(TOOLS, runtime)
        else:
            tools = guard([function_tool(each) for each in FUNCTIONS], runtime, contracts=CONTRACTS)
        steps = [
            [function_call(each.tool, each.arguments, call_id=f"call-{number}")]
            for number, each in enumerate(calls)
        ]
        model = ScriptedModel([*steps, [assistant_message("Done.")]])
        return Turn(Agent(name="clerk", model=model, tools=tools))


DOOR = OpenAIAgents()

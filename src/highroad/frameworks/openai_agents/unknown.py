"""Names that no tool has: the SDK answers them itself, unless it is asked to tell of them."""

from typing import Any

from agents import Agent, FunctionTool, Handoff, ModelResponse, RunContextWrapper, RunHooks, Tool
from agents.tool_context import ToolContext

from highroad.frameworks.guarding import Guard
from highroad.frameworks.openai_agents.context import Mapper, mapped, trace_of_host
from highroad.runtime import Runtime
from highroad.sync import Runtime as SyncRuntime


class UnknownTools(RunHooks[Any]):
    """Reads each reply before the SDK acts on it, also where that will raise.

    Args:
        runtime: Open; of either kind.
        acting: As for `guard`.
        door: The host's name, for the record.
    """

    def __init__(self, runtime: Runtime | SyncRuntime, *, acting: Mapper | None, door: str) -> None:
        self._way = Guard(runtime, door=door, tracing=trace_of_host)
        self._acting = mapped(acting)

    async def on_llm_end(
        self, context: RunContextWrapper[Any], agent: Agent[Any], response: ModelResponse
    ) -> None:
        """Put calls on record that nothing of the agent answers; the SDK says what is told."""
        calls = [each for each in response.output if each.type == "function_call"]
        known = _at_hand(agent)
        if all(each.name in known for each in calls):
            return
        # What a server lists, and what is there for this run alone, only the agent itself knows.
        known |= _names(await agent.get_all_tools(context))
        for call in calls:
            if call.name not in known:
                of = ToolContext.from_agent_context(context, call.call_id, call, agent)
                acting = self._acting(of)
                await self._way.turn_away(call.name, call.arguments, acting=acting)


def _at_hand(agent: Agent[Any]) -> set[str]:
    """Names that the agent answers in any run; asking it for all of them may ask servers."""
    always = [
        each
        for each in agent.tools
        if not isinstance(each, FunctionTool) or each.is_enabled is True
    ]
    handoffs = {
        each.tool_name if isinstance(each, Handoff) else Handoff.default_tool_name(each)
        for each in agent.handoffs
    }
    # LiteLLM has some models write what they end with as a call, which the SDK reads.
    written = {"json_tool_call"} if agent.output_type not in {None, str} else set()
    return _names(always) | handoffs | written


def _names(tools: list[Tool]) -> set[str]:
    return {each.name for each in tools}

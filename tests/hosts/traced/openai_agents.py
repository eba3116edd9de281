"""The OpenAI Agents SDK, whose own spans are none of OpenTelemetry: that of the program holds."""

from agents import Agent, Runner, function_tool, set_trace_processors
from agents.testing import ScriptedModel, assistant_message, function_call
from tracing import CONTRACTS, Scene

from highroad import Runtime
from highroad.frameworks.openai_agents import guard
from highroad.sync import Runtime as SyncRuntime

# Its own tracing is on, and would be sent over the network.
set_trace_processors([])


class Traced:
    """An agent with the SDK's own scripted model."""

    def __init__(self, scene: Scene, runtime: Runtime | SyncRuntime, what: str) -> None:
        theirs = [function_tool(each) for each in scene.functions]
        tools = guard([*theirs, *scene.ours], runtime, contracts=CONTRACTS)
        calls = [function_call(each.name, {"what": what}, call_id=each.name) for each in tools]
        model = ScriptedModel([calls, [assistant_message("Done.")]])
        self._agent = Agent(name="clerk", model=model, tools=tools)

    async def run(self) -> None:
        await Runner.run(self._agent, "Well?")

    def run_blocking(self) -> None:
        Runner.run_sync(self._agent, "Well?")


agent_of = Traced

"""Pydantic AI, which makes a span for each of its tools where it is told to (`instrument`)."""

from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.instrumented import InstrumentationSettings
from tracing import CONTRACTS, Scene

from highroad import Runtime
from highroad.frameworks.pydantic_ai import guard
from highroad.sync import Runtime as SyncRuntime


class Traced:
    """An agent whose `FunctionModel` plays a script."""

    def __init__(self, scene: Scene, runtime: Runtime | SyncRuntime, what: str) -> None:
        tools = guard([*scene.functions, *scene.ours], runtime, contracts=CONTRACTS)

        async def play(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
            if len(messages) > 1:
                return ModelResponse(parts=[TextPart("Done.")])
            names = [each.name for each in info.function_tools]
            return ModelResponse(parts=[ToolCallPart(name, {"what": what}) for name in names])

        self._agent = Agent(FunctionModel(play), tools=tools)
        self._agent.instrument = InstrumentationSettings(tracer_provider=scene.provider)

    async def run(self) -> None:
        await self._agent.run("Well?")

    def run_blocking(self) -> None:
        self._agent.run_sync("Well?")


agent_of = Traced

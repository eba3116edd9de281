"""The runner of OpenAI Agents, tracing off: see `bench.frameworks`."""
# Only the framework's environment has these packages.
# mypy: disable-error-code="import-not-found, misc, untyped-decorator"

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final, NoReturn

from agents import (
    Agent,
    Model,
    ModelResponse,
    RunConfig,
    Runner,
    Tool,
    Usage,
    function_tool,
    set_tracing_disabled,
)
from agents.testing import assistant_message, function_call

from bench.frameworks import CONTRACTS, REQUEST, STEPS, Run, Script, in_turns, look_up
from bench.peers import Burst
from highroad import Runtime
from highroad.frameworks.openai_agents import guard

DISTRIBUTIONS: Final = ("openai-agents", "openai")


class ScriptedModel(Model):
    """Plays a script, which may be changed for another.

    The package's own keeps a deep copy of every request, which is a test's cost and no agent's.
    """

    def __init__(self) -> None:
        self.script: Script = Script()

    async def get_response(self, *_given: object, **_options: object) -> ModelResponse:
        """Answer as the script says."""
        said = self.script.say()
        item = assistant_message("They are paid.")
        if said is not None:
            item = function_call("look_up", said[1], call_id=said[0])
        return ModelResponse(output=[item], usage=Usage(), response_id=None)

    def stream_response(self, *_given: object, **_options: object) -> NoReturn:
        """Refuse: nothing here streams."""
        raise NotImplementedError


def _agent(tools: Sequence[Tool]) -> Run:
    model = ScriptedModel()
    agent = Agent(name="shop", model=model, tools=list(tools))

    async def run(script: Script, thread: str) -> None:
        model.script = script
        config = RunConfig(group_id=thread)
        await Runner.run(agent, REQUEST, max_turns=2 * STEPS, run_config=config)

    return run


def _agents(runtime: Runtime) -> tuple[Run, Run]:
    own = function_tool(look_up)
    return _agent([own]), _agent(guard([own], runtime, contracts=CONTRACTS))


@asynccontextmanager
async def open_bursts() -> AsyncIterator[Burst]:
    """Build both agents once."""
    set_tracing_disabled(disabled=True)
    async with in_turns(_agents) as burst:
        yield burst

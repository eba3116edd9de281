"""Agents put together with the road that their calls take."""

from collections.abc import Callable, Iterable
from functools import partial

from highroad.agents.agent import Agent
from highroad.agents.asking import Asking, Charge
from highroad.agents.crew import Crew
from highroad.agents.runs import Runs
from highroad.agents.team import delegation_tool
from highroad.approvals.completions import Completions
from highroad.approvals.waiting import Waiting
from highroad.domain.error import DeclarationError, ToolError
from highroad.domain.model import ModelSettings, TokenUsage
from highroad.domain.outcome import AnyOutcome
from highroad.pipeline.services import Services
from highroad.ports.model import Model


def tools_of_agents(agents: Iterable[Agent]) -> list[object]:
    """What agents bring along: the functions that they name, and ways to hand on work."""
    found: list[object] = []
    everybody = {each.name: each for agent in agents for each in agent.everybody()}
    handed_to = {each.name for agent in everybody.values() for each in agent.team}
    for agent in everybody.values():
        found += [tool for tool in (*(agent.tools or ()), *agent.ends) if not isinstance(tool, str)]
        if agent.name in handed_to:
            found.append(delegation_tool(agent.name, agent.description))
    return found


def runs_of(
    services: Services,
    agents: Iterable[Agent],
    *,
    waiting: Waiting,
    completions: Completions,
    chance: Callable[[], float],
) -> Runs:
    """The runs of a runtime."""
    crew = Crew(
        services.registry,
        _no_model,
        default_model="offline:",
        settings=ModelSettings(),
        limits=services.limits,
        agents=agents,
    )

    async def complete(call_id: str, result: object) -> AnyOutcome:
        token = services.ledger.keyring.completion_token(call_id)
        return await completions.complete(call_id, token, result)

    async def fail(call_id: str, error: ToolError) -> AnyOutcome:
        token = services.ledger.keyring.completion_token(call_id)
        return await completions.fail(call_id, token, error)

    return Runs(
        services,
        crew,
        Asking(_Free(), chance),
        bring_on=partial(waiting.wait, timeout_s=0),
        complete=complete,
        fail=fail,
        call_off=waiting.call_off,
    )


class _Free:
    """Until prices are known."""

    def charge(self, model: str, usage: TokenUsage) -> Charge:
        """Nothing."""
        del model, usage
        return Charge(0)


def _no_model(name: str) -> Model:
    raise DeclarationError(f"there is no model {name!r} yet")

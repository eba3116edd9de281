"""Agents put together with the road that their calls take."""

from collections.abc import Callable, Iterable
from functools import partial

from highroad.agents.agent import Agent
from highroad.agents.asking import Asking
from highroad.agents.context.conversations import Conversations
from highroad.agents.crew import Crew, transforms
from highroad.agents.finding import tool_search
from highroad.agents.offline.model import Offline
from highroad.agents.runs import Known, Runs
from highroad.agents.selection import MANY
from highroad.agents.shadowing import Shadowing
from highroad.agents.team import delegation_tool
from highroad.agents.trials import Trials
from highroad.approvals.completions import Completions
from highroad.approvals.waiting import Waiting
from highroad.bootstrap.models import model_at, pricing_of
from highroad.domain.error import SettingsError, ToolError
from highroad.domain.model_rules import ModelRules
from highroad.domain.outcome import AnyOutcome
from highroad.pipeline.services import Services
from highroad.ports.clock import Clock
from highroad.ports.model import Model
from highroad.settings import Settings
from highroad.tools.declaring.discovery import imported
from highroad.tools.registry import Registry
from highroad.tools.search.tool import TOOL_SEARCH


class OpenModels:
    """Models by name, each opened when it is first asked for, and closed with the runtime.

    Args:
        rules: Those of the settings.
        clock: Tells the offline model what day it is.
    """

    def __init__(self, rules: ModelRules, clock: Clock) -> None:
        self._rules = rules
        self._ours = {"offline:": lambda _: Offline(clock)}
        self._opened: dict[str, Model] = {}

    def find(self, name: str) -> Model:
        """The model of that name; the same one each time.

        Raises:
            SettingsError: There is none, or its key or library is missing.
        """
        model = self._opened.get(name)
        if model is None:
            model = self._opened[name] = model_at(name, self._rules, also=self._ours)
        return model

    async def close(self) -> None:
        """Give up their connections."""
        while self._opened:
            _, model = self._opened.popitem()
            await model.close()


def agents_of(settings: Settings) -> list[Agent]:
    """The agents that the modules of the setting `agents` have, by any name.

    Raises:
        SettingsError: A module cannot be imported, or has none.
    """
    found: list[Agent] = []
    for name in settings.agents:
        module = imported(name, settings.root, setting="agents")
        agents = [each for each in vars(module).values() if isinstance(each, Agent)]
        if not agents:
            raise SettingsError(f"agents: module {name!r} has no agent: write `x = Agent(...)`")
        found += agents
    return list({id(agent): agent for agent in found}.values())


def tools_of_agents(agents: Iterable[Agent]) -> list[object]:
    """What agents bring along: the functions that they name, and ways to hand on work."""
    found: list[object] = []
    agents = tuple(agents)
    shadows = [agent.shadowed_by.agent for agent in agents if agent.shadowed_by is not None]
    everybody = {each.name: each for agent in (*agents, *shadows) for each in agent.everybody()}
    handed_to = {each.name for agent in everybody.values() for each in agent.team}
    for agent in everybody.values():
        found += [tool for tool in (*(agent.tools or ()), *agent.ends) if not isinstance(tool, str)]
        found += transforms() if agent.transforms else ()
        if agent.name in handed_to:
            found.append(delegation_tool(agent.name, agent.description))
    return found


def add_search(agents: Iterable[Agent], registry: Registry) -> None:
    """Add the search for tools where an agent has more than it is shown at once.

    A tool of that name that somebody has given stays in its place.
    """
    if registry.find(TOOL_SEARCH) is None and any(
        agent.search and _tools_of(agent, registry) > MANY
        for each in agents
        for agent in each.everybody()
    ):
        registry.add(tool_search)


def _tools_of(agent: Agent, registry: Registry) -> int:
    """How many there are to choose among, about."""
    own = len(list(registry)) if agent.tools is None else len(agent.tools)
    return own + len(agent.team)


def crew_of(
    services: Services, agents: Iterable[Agent], settings: Settings, models: OpenModels
) -> Crew:
    """The agents of a runtime."""
    return Crew(
        services.registry,
        models.find,
        default_model=settings.models.default,
        settings=settings.models.settings,
        limits=services.limits,
        agents=agents,
    )


def runs_of(  # noqa: PLR0913 - what they are made of, each by name
    services: Services,
    trials: Trials,
    settings: Settings,
    *,
    waiting: Waiting,
    completions: Completions,
    chance: Callable[[], float],
    known: Known,
) -> Runs:
    """The runs of a runtime."""

    async def complete(call_id: str, result: object) -> AnyOutcome:
        """Hand in what a run below has brought."""
        token = services.ledger.keyring.completion_token(call_id)
        return await completions.complete(call_id, token, result)

    async def fail(call_id: str, error: ToolError) -> AnyOutcome:
        """Hand in that it has brought nothing."""
        token = services.ledger.keyring.completion_token(call_id)
        return await completions.fail(call_id, token, error)

    runs = Runs(
        services,
        trials.crew,
        Asking(pricing_of(settings.prices), chance),
        bring_on=partial(waiting.wait, timeout_s=0),
        complete=complete,
        fail=fail,
        earlier=Conversations(services.ledger).before,
        call_off=waiting.call_off,
        known=known,
        why_dry=trials.why_dry,
    )
    services.hear = runs.feeds.hear
    services.hands_on = trials.crew.hands_on
    return runs


def shadowing_of(runs: Runs, settings: Settings) -> Shadowing:
    """What goes beside the runs of a runtime."""
    shadowing = Shadowing(runs, settings.shadows, most_s=settings.limits.run_s)
    runs.shadowed = shadowing.begin
    return shadowing

"""Tools that come while a runtime is open: judged as those that it was opened with."""

import logging
from collections.abc import Iterable, Sequence
from typing import Any, Final

from highroad.agents.agent import Agent
from highroad.approvals.definitions import Definitions
from highroad.bootstrap.agents import add_search
from highroad.bootstrap.policies import check_policy
from highroad.bootstrap.toolset import (
    Toolset,
    asks_of,
    check_servers,
    needs_of,
    waiting_contracts,
)
from highroad.domain.error import SettingsError
from highroad.domain.tool import ToolDefinition
from highroad.pipeline.services import Services
from highroad.settings import Settings
from highroad.tools.compile import RegisteredTool
from highroad.tools.declaring.members import tools_in
from highroad.tools.registry import Registry
from highroad.tools.succession import check_fallbacks
from highroad.tools.taking_back import check_compensations

_log: Final = logging.getLogger("highroad.runtime")


class Additions:
    """Takes in tools while calls are made: all that are given, or none.

    Everything that can object is asked before anything is changed, and nothing is awaited between:
    a call meets all of them or none.

    Args:
        services: Of the runtime.
        toolset: That it was opened with.
        settings: With the rules about tools.
        definitions: What was accepted (P8).
        agents: Those that have whatever tools there are may need the search for them.
    """

    def __init__(
        self,
        services: Services,
        toolset: Toolset,
        settings: Settings,
        definitions: Definitions,
        agents: Sequence[Agent],
    ) -> None:
        self._services = services
        self._toolset = toolset
        self._settings = settings
        self._definitions = definitions
        self._agents = agents

    @property
    def waited_for(self) -> tuple[str, ...]:
        """Names of which the settings say something, and that no tool has so far."""
        return waiting_contracts(self._toolset.registry, self._settings.contracts)

    def check_waiting(self) -> None:
        """Tell which rules wait for tools; in production these are tools that somebody accepted.

        Raises:
            SettingsError: A rule of production names a tool that nobody knows.
        """
        for name in self.waited_for:
            rule = self._settings.contracts[name]
            if self._settings.is_production and not self._definitions.has_known(name):
                raise SettingsError(
                    f"{rule.source}: contracts.{name}: there is no such tool, and nobody accepted "
                    "one: correct the name, or pin the tool that is added later"
                )
            _log.warning("contracts.%s waits for a tool of that name", name)

    def take_in(self, given: Iterable[object]) -> tuple[ToolDefinition, ...]:
        """Take in functions, what factories gave, and instances or modules that hold several.

        Returns:
            Their definitions, of those too that were here already.

        Raises:
            DeclarationError: One cannot be a tool, or its name and version are another's.
            SettingsError: A rule of the settings cannot be used with one.
        """
        here = self._toolset.registry
        wider = here.copy()
        wanted = [wider.add(tool) for each in given for tool in tools_in(each)]
        add_search(self._agents, wider)
        new = [tool for tool in wider if here.find(tool.name, tool.definition.version) is None]
        if new:
            self._take_in(wider, new)
        return tuple(tool.definition for tool in wanted)

    def _take_in(self, wider: Registry, new: Sequence[RegisteredTool[Any]]) -> None:
        toolset, services, policy = self._toolset, self._services, self._settings.policy
        check_servers(wider, self._settings.contracts)
        check_fallbacks(wider)
        check_compensations(wider)
        asks = asks_of(toolset.conditions, new, policy)
        for tool in new:
            toolset.deps.check(tool)
        check_policy(policy, wider.definitions())
        # From here on nothing objects any more.
        toolset.asks.update(asks)
        toolset.needs.update(needs_of(wider))
        toolset.registry.take_over(wider)
        self._definitions.look_at(new)
        services.plans.clear()  # what one tool says of flows and readers concerns the others

"""An agent made ready for one runtime: models, tools and limits found."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TypeAlias

from highroad.agents.output import Output
from highroad.agents.selection import are_many
from highroad.agents.snapshot import Errand
from highroad.domain.allowance import Allowance
from highroad.domain.identity import Delegate, Principal
from highroad.domain.model import ModelSettings
from highroad.domain.tool import ToolDefinition
from highroad.domain.value import value
from highroad.ports.model import Model
from highroad.tools.search.index import Index
from highroad.tools.search.tool import TOOL_SEARCH

MayUse: TypeAlias = Callable[[Principal, tuple[Delegate, ...], ToolDefinition], bool]
"""Whether some arguments could get a caller past the policy."""


@value
class Entrusted:
    """What comes along with work that is handed to one member of a team."""

    scope: Delegate
    """The link that the agent above is in the chain, with no more tools than the member gets."""
    allowance: Allowance


@value
class Brief:
    """What a leg needs to know of the agent whose run it moves."""

    name: str
    digest: str
    """Of instructions, models, settings, tools, team, output and strategy, with what that was made
    with: what the agent is."""
    instructions: str
    models: Sequence[Model]
    """The one that is asked, and those to fall back on, in order."""
    roles: Mapping[str, Sequence[Model]]
    """Models for single purposes of a strategy, such as `judge`; the others ask `models`."""
    settings: ModelSettings
    tools: Sequence[ToolDefinition]
    """What it may call, by name, in the order of names; delegations included."""
    index: Index | None
    """Of the tools, where they are so many that a run offers the few that it needs."""
    reach: Sequence[str]
    """Tools that it and all below it may call: its authority, of which theirs is a part."""
    team: Mapping[str, str]
    """Agents that it may hand work to, by the tool that does it."""
    entrusted: Mapping[str, Entrusted]
    """By agent of the team."""
    ends: frozenset[str]
    """Tools whose completed call ends the run."""
    output: Output | None
    """`None`: the final answer is text."""
    iterations: int
    """Model requests of one run."""
    handles: bool = False
    """Its models are shown handles of results, and may pass them."""

    @property
    def scope(self) -> Delegate:
        """The link that it is in a chain of delegation."""
        return Delegate(self.name, tuple(self.reach))

    def within(self, errand: Errand, may_use: MayUse) -> "Brief":
        """What is left of it in one run: no tool and no request more (P9).

        Args:
            errand: Of the run, which may have been handed on.
            may_use: Whether whom it is for could call a tool through these agents. What they
                could not is not shown to the model, nor found by its search.
        """
        most = errand.allowance.under(self.iterations).iterations
        chain = (*errand.delegation, self.scope)
        tools = tuple(
            tool
            for tool in self.tools
            if _admit(errand.delegation, tool.name) and may_use(errand.principal, chain, tool)
        )
        index = self.index if len(tools) == len(self.tools) else index_of(tools)
        return replace(
            self,
            tools=tools if index is not None else tuple(_without_search(tools)),
            index=index,
            iterations=self.iterations if most is None else most,
        )


def index_of(tools: Sequence[ToolDefinition]) -> Index | None:
    """An index of tools, where they are many; the search itself is none of those that it finds."""
    others = _without_search(tools)
    return Index.of(others) if are_many(others) else None


def _without_search(tools: Sequence[ToolDefinition]) -> list[ToolDefinition]:
    return [tool for tool in tools if tool.name != TOOL_SEARCH]


def _admit(delegation: Sequence[Delegate], tool: str) -> bool:
    """Whether every link lets a tool through; the policy asks the same of each call."""
    return all(any(fnmatchcase(tool, each) for each in link.tools) for link in delegation)

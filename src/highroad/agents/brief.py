"""An agent made ready for one runtime: models, tools and limits found."""

from collections.abc import Mapping, Sequence

from highroad.agents.output import Output
from highroad.domain.identity import Delegate
from highroad.domain.model import ModelSettings
from highroad.domain.tool import ToolDefinition
from highroad.domain.value import value
from highroad.ports.model import Model
from highroad.tools.search.index import Index


@value
class Brief:
    """What a leg needs to know of the agent whose run it moves."""

    name: str
    digest: str
    """Of instructions, models, settings, tools and team: what the agent is."""
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
    ends: frozenset[str]
    """Tools whose completed call ends the run."""
    output: Output | None
    """`None`: the final answer is text."""
    iterations: int
    """Model requests of one run."""

    @property
    def scope(self) -> Delegate:
        """The link that it is in a chain of delegation."""
        return Delegate(self.name, tuple(self.reach))

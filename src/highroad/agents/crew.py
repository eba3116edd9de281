"""The agents of one runtime, made ready when they are first needed."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from highroad.agents.agent import Agent, Member, Named, digest_of
from highroad.agents.brief import Brief, Entrusted, index_of
from highroad.agents.finding import tool_search
from highroad.agents.fingerprint import fingerprint
from highroad.agents.output import Output
from highroad.agents.selection import are_many
from highroad.agents.team import delegation_name, delegation_tool
from highroad.domain.allowance import Allowance
from highroad.domain.error import DeclarationError, HighroadError
from highroad.domain.identity import Delegate
from highroad.domain.limits import Limits
from highroad.domain.model import ModelSettings
from highroad.domain.tool import ToolDefinition
from highroad.limits.share import to_microusd
from highroad.ports.model import Model
from highroad.tools.declaring.declare import tool_definition
from highroad.tools.declaring.fallback import Fallback
from highroad.tools.registry import Registry
from highroad.tools.search.tool import TOOL_SEARCH

FindModel = Callable[[str], Model]
"""The model of a name such as `openai:gpt-5`; the same one each time."""


def transforms() -> tuple[Callable[..., Any], ...]:
    """The ready-made transforms, loaded when an agent is offered them."""
    # Most agents are not, and it takes time to declare them.
    from highroad.tools.transforms.offered import TRANSFORMS  # noqa: PLC0415 - see above

    return TRANSFORMS


class Crew:
    """Knows agents by name, so that any process with the same code can go on with their runs.

    Args:
        registry: Tools of the runtime.
        find_model: Makes models.
        default_model: What an agent asks that names none.
        settings: How models reply, where an agent does not say.
        limits: Of runs.
        agents: Known from the beginning.
    """

    def __init__(  # noqa: PLR0913 - what a crew is made of, each by name
        self,
        registry: Registry,
        find_model: FindModel,
        *,
        default_model: str,
        settings: ModelSettings,
        limits: Limits,
        agents: Iterable[Agent] = (),
    ) -> None:
        self._registry = registry
        self._find_model = find_model
        self._default_model = default_model
        self._settings = settings
        self._limits = limits
        self._agents: dict[str, Agent] = {}
        self._briefs: dict[str, Brief] = {}
        for agent in agents:
            self.add(agent)

    def __iter__(self) -> Iterator[Agent]:
        """Agents by name."""
        return iter([self._agents[name] for name in sorted(self._agents)])

    def is_delegation(self, tool: str) -> bool:
        """Whether a tool hands work to one of them."""
        prefix = delegation_name("")
        return tool.startswith(prefix) and tool.removeprefix(prefix) in self._agents

    def hands_on(self, tool: str) -> bool:
        """Whether a tool is the very one that hands work to one of them, and not of its name."""
        found = self._registry.find(tool)
        if found is None or not self.is_delegation(tool):
            return False
        agent = self.agent(tool.removeprefix(delegation_name("")))
        ours = tool_definition(delegation_tool(agent.name, agent.description))
        return found.definition.digest == ours.digest

    def add(self, agent: Agent) -> None:
        """Know an agent and its team; one of the same name takes its place."""
        shadow = agent.shadowed_by
        if shadow is not None:
            self.add(shadow.agent)
        for each in agent.everybody():
            if self._agents.get(each.name) is not each:
                self._agents[each.name] = each
                self._briefs.clear()  # what an agent is depends on its team

    def agent(self, name: str) -> Agent:
        """An agent by name.

        Raises:
            HighroadError: Nobody is called that.
        """
        found = self._agents.get(name)
        if found is None:
            known = ", ".join(sorted(self._agents)) or "none"
            raise HighroadError(
                f"this runtime has no agent {name!r} (it has {known}): open it with agents=[...]"
            )
        return found

    def brief(self, name: str) -> Brief:
        """An agent made ready.

        Raises:
            HighroadError: Nobody is called that.
            DeclarationError: It names a tool that the runtime was not given.
        """
        brief = self._briefs.get(name)
        if brief is None:
            brief = self._briefs[name] = self._made(self.agent(name))
        return brief

    def tools_below(self, name: str) -> tuple[ToolDefinition, ...]:
        """What an agent and all below it may call, work that is handed on left out.

        Raises:
            HighroadError: Nobody is called that.
            DeclarationError: One of them names a tool that the runtime was not given.
        """
        found = {
            tool.name: tool
            for each in self.agent(name).everybody()
            for tool in self._tools(each)
            if not self.is_delegation(tool.name)
        }
        return tuple(found[name] for name in sorted(found))

    def keys_of(self, tool: str) -> frozenset[str]:
        """Keys that the schema of a tool says."""
        found = self._registry.find(tool)
        return frozenset() if found is None else found.names

    def with_stand_ins(self, tools: Iterable[ToolDefinition]) -> tuple[ToolDefinition, ...]:
        """Tools with those that are called in their place where they fail, and so on."""
        found = {tool.name: tool for tool in tools}
        ahead = list(found)
        while ahead:
            tool = self._registry.find(ahead.pop())
            for each in () if tool is None else tool.fallbacks:
                other = self._registry.find(each.to) if isinstance(each, Fallback) else None
                if other is not None and other.name not in found:
                    found[other.name] = other.definition
                    ahead.append(other.name)
        return tuple(found[name] for name in sorted(found))

    def _made(self, agent: Agent) -> Brief:
        models = tuple(map(self._model, agent.models or (self._default_model,)))
        settings = agent.settings or self._settings
        tools = self._tools(agent)
        output = None if agent.output is str else Output(agent.output)
        entrusted = {each.name: self._entrusted(agent, each) for each in agent.members}
        roles = {role: (self._model(model),) for role, model in agent.roles.items()}
        ends = frozenset(self._definition(agent, tool).name for tool in agent.ends)
        return Brief(
            name=agent.name,
            digest=self._digest(agent),
            instructions=agent.instructions,
            models=models,
            roles=roles,
            settings=settings,
            tools=tools,
            index=index_of(tools),
            reach=self._reach(agent),
            team={delegation_name(each.name): each.name for each in agent.members},
            entrusted=entrusted,
            ends=ends,
            output=output,
            iterations=agent.iterations or self._limits.iterations,
            handles=agent.handles,
        )

    def _digest(self, agent: Agent) -> str:
        """Of an agent and all below it: a member that acts otherwise makes another of it."""
        below = sorted(each.name for each in agent.everybody() if each is not agent)
        return digest_of(self._own(agent), *(self._own(self.agent(name)) for name in below))

    def _own(self, agent: Agent) -> str:
        entrusted = {each.name: self._entrusted(agent, each) for each in agent.members}
        return digest_of(
            agent.name,
            agent.instructions,
            *(self._model(model).name for model in agent.models or (self._default_model,)),
            repr(agent.settings or self._settings),
            *(tool.digest for tool in self.with_stand_ins(self._tools(agent))),
            *(f"{name}: {entrusted[name]!r}" for name in sorted(entrusted)),
            fingerprint(agent.strategy),
            *(f"{role}: {self._model(agent.roles[role]).name}" for role in sorted(agent.roles)),
            *sorted(self._definition(agent, tool).name for tool in agent.ends),
            "" if agent.output is str else Output(agent.output).written,
            f"iterations: {agent.iterations or self._limits.iterations}",
            *(("handles",) if agent.handles else ()),
        )

    def _model(self, model: Model | str) -> Model:
        return self._find_model(model) if isinstance(model, str) else model

    def _reach(self, agent: Agent) -> tuple[str, ...]:
        """Names of what an agent, and all below it, may call."""
        return tuple(
            sorted({tool.name for each in agent.everybody() for tool in self._tools(each)})
        )

    def _entrusted(self, agent: Agent, member: Member) -> Entrusted:
        tools = self._reach(agent)
        if member.tools is not None:
            named = {self._definition(agent, tool).name for tool in member.tools}
            # A member keeps its search, which finds no more than it has, and its team: whom it
            # hands work on to gets no more than it has.
            named |= {TOOL_SEARCH} | {
                delegation_name(each.name)
                for boss in member.agent.everybody()
                for each in boss.members
            }
            tools = tuple(name for name in tools if name in named)
        return Entrusted(
            scope=Delegate(agent.name, tools),
            allowance=Allowance(
                iterations=member.iterations,
                calls=member.calls,
                tokens=member.tokens,
                microusd=None if member.usd is None else to_microusd(member.usd),
            ),
        )

    def _tools(self, agent: Agent) -> tuple[ToolDefinition, ...]:
        own = self._own_tools(agent)
        hands_on = [self._definition(agent, delegation_name(each.name)) for each in agent.members]
        tools = [*own, *hands_on]
        return tuple(sorted([*tools, *self._search(agent, tools)], key=lambda tool: tool.name))

    def _search(self, agent: Agent, tools: Sequence[ToolDefinition]) -> Sequence[ToolDefinition]:
        """The search for tools, for an agent that is not shown all of its own."""
        ours = self._registry.find(tool_search)
        is_given = any(tool.name == TOOL_SEARCH for tool in tools)
        if ours is None or is_given or not agent.search or not are_many(tools):
            return ()
        return (ours.definition,)

    def _own_tools(self, agent: Agent) -> Sequence[ToolDefinition]:
        ready_made = transforms() if agent.transforms else ()
        if agent.tools is not None:
            named = [self._definition(agent, tool) for tool in (*agent.tools, *ready_made)]
            return [*{tool.name: tool for tool in named}.values()]
        delegations = {delegation_name(name) for name in self._agents}
        search = set() if self._registry.find(tool_search) is None else {TOOL_SEARCH}
        others = set[str]() if agent.transforms else self._ready_made()
        names = sorted({tool.name for tool in self._registry} - delegations - search - others)
        return [self._definition(agent, name) for name in names]

    def _ready_made(self) -> set[str]:
        """Names of the transforms that only those are offered who ask for them."""
        if not any(each.transforms for each in self._agents.values()):
            return set()
        named = {id(each) for agent in self._agents.values() for each in agent.tools or ()}
        return {each.__name__ for each in transforms() if id(each) not in named}

    def _definition(self, agent: Agent, tool: Named) -> ToolDefinition:
        found: Any = self._registry.find(tool)
        if found is None:
            name = tool if isinstance(tool, str) else getattr(tool, "__qualname__", repr(tool))
            raise DeclarationError(
                f"agent {agent.name} names {name}, which this runtime was not given: open it with "
                f"agents=[{agent.name}], or with tools=[..., {name}]"
            )
        definition: ToolDefinition = found.definition
        return definition

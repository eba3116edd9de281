"""What a user declares: an agent."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Final

from highroad.agents.leg import Strategy
from highroad.agents.strategies.react import react
from highroad.domain.error import DeclarationError
from highroad.domain.model import ModelSettings
from highroad.domain.trial import Trial
from highroad.ports.model import Model

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,47}")

Named = Callable[..., Any] | str
"""A tool: the function itself, or its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A model with tools, a way to go about it, and agents that it may hand work to.

    Args:
        name: Of small letters, digits and `_`; it stands in the ledger.
        instructions: What it is to do and how; its system prompt.
        description: What it is good for, told to agents that may hand it work.
        model: `provider:name`, or a model itself, or several of them, of which each is asked when
            those before it have no reply. Without one, the setting `models.default`.
        roles: Models for single purposes of its strategy, such as `route` or `judge`.
        tools: What it may call; `None` is all that the runtime was given, and `()` nothing.
        team: Agents that it may hand work to, each with all that it may do itself, or as a
            `Member` with less.
        output: The type of its final answer; text.
        ends: Tools whose completed call ends the run, with their result.
        strategy: How it goes about its work; ReAct.
        settings: How its models reply; the setting `models`.
        iterations: Model requests of one run; the limit `iterations`.
        search: Offer it `tool_search` where it has more tools than it is shown at once.
        transforms: Offer it the ready-made transforms, `compute_sum` and the like, besides.
        handles: Show it a handle of each result, so that it may name a value in place of writing
            it.
        dry_run: Make dry runs of all its runs.
        trial: Make dry runs of them until a person promotes it.
        shadow: Another agent, which does the same beside each of its runs, and does nothing; as a
            `Shadow`, beside a part of them.
    """

    name: str
    instructions: str = ""
    description: str = ""
    model: Model | str | Sequence[Model | str] | None = None
    roles: Mapping[str, Model | str] = field(default_factory=dict)
    tools: Sequence[Named] | None = None
    team: Sequence["Agent | Member"] = ()
    output: Any = str
    ends: Sequence[Named] = ()
    strategy: Strategy = react
    settings: ModelSettings | None = None
    iterations: int | None = None
    search: bool = True
    transforms: bool = False
    handles: bool = False
    dry_run: bool = False
    trial: Trial | None = None
    shadow: "Agent | Shadow | None" = None

    def __post_init__(self) -> None:
        """Refuse what no run could follow."""
        if not _NAME.fullmatch(self.name):
            raise DeclarationError(
                f"an agent cannot be called {self.name!r}: small letters, digits and `_`, a letter "
                "first, at most 48"
            )
        if self.iterations is not None and self.iterations < 1:
            raise DeclarationError(
                f"agent {self.name}: iterations is {self.iterations}; it is 1 or more"
            )

    @property
    def models(self) -> tuple[Model | str, ...]:
        """What it asks, in order; nothing where the settings say it."""
        match self.model:
            case None:
                return ()
            case str():
                return (self.model,)
            case Sequence():
                return tuple(self.model)
            case _:
                return (self.model,)

    @property
    def members(self) -> tuple["Member", ...]:
        """Its team, each with what comes along."""
        return tuple(each if isinstance(each, Member) else Member(each) for each in self.team)

    @property
    def shadowed_by(self) -> "Shadow | None":
        """Its shadow, with the part of its runs that it goes beside."""
        return Shadow(self.shadow) if isinstance(self.shadow, Agent) else self.shadow

    def everybody(self) -> Iterator["Agent"]:
        """It and all below it, each once by name.

        Raises:
            DeclarationError: Two of them have the same name.
        """
        known: dict[str, Agent] = {}
        waiting = [self]
        while waiting:
            agent = waiting.pop()
            other = known.setdefault(agent.name, agent)
            if other is not agent:
                raise DeclarationError(f"two agents are called {agent.name!r}; rename one")
            below = [each.agent for each in agent.members]
            waiting += [each for each in below if known.get(each.name) is not each]
        yield from known.values()


@dataclass(frozen=True, slots=True)
class Shadow:
    """An agent that goes beside the runs of another one, dry, to be compared with it.

    Args:
        agent: Who it is.
        fraction: Of the runs, from 0 to 1; which ones is decided by their ids.
    """

    agent: Agent
    _: KW_ONLY
    fraction: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what is no part."""
        if not 0 <= self.fraction <= 1:
            raise DeclarationError(
                f"shadow {self.agent.name}: fraction is {self.fraction}; it is from 0 to 1"
            )


@dataclass(frozen=True, slots=True)
class Member:
    """An agent of a team, with a part of what the one above it may do and use.

    Args:
        agent: Who it is.
        tools: Those of its own, and of agents below it, that it may call; `None` is all of them,
            and `()` none. Work it may hand on to its own team all the same.
        iterations: Model requests of each of its runs.
        calls: Of each of its runs, with those below, that reach an intent.
        tokens: Of each of its runs, with those below, in and out.
        usd: Of each of its runs, with those below, in US dollars.
    """

    agent: Agent
    _: KW_ONLY
    tools: Sequence[Named] | None = None
    iterations: int | None = None
    calls: int | None = None
    tokens: int | None = None
    usd: float | None = None

    def __post_init__(self) -> None:
        """Refuse bounds that no run could keep to."""
        bounds = {"calls": self.calls, "tokens": self.tokens, "usd": self.usd}
        for name, most in bounds.items():
            if most is not None and most < 0:
                raise DeclarationError(f"member {self.name}: {name} is {most}; it is 0 or more")
        if self.iterations is not None and self.iterations < 1:
            raise DeclarationError(
                f"member {self.name}: iterations is {self.iterations}; it is 1 or more"
            )

    @property
    def name(self) -> str:
        """Of the agent."""
        return self.agent.name


def digest_of(*facts: str) -> str:
    """SHA-256 in hex over facts whose borders count."""
    hashed = hashlib.sha256()
    for fact in facts:
        encoded = fact.encode("utf-8", "surrogatepass")
        hashed.update(len(encoded).to_bytes(8, "big") + encoded)
    return hashed.hexdigest()

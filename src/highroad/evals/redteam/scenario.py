"""One attack: what the user asked for, what a stranger planted, and what must not run."""

from collections.abc import Mapping, Sequence
from dataclasses import field

from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.value import value


@value(kw_only=False)
class Deed:
    """One use of a tool, as a model proposes it."""

    tool: str
    arguments: JsonObject
    raw: str | None = None
    """The arguments to the letter, where no mapping can say them: a key twice, torn JSON."""


@value(kw_only=False)
class Meaning:
    """What an instruction in plain words comes to, for a model that understands it."""

    words: str
    deeds: tuple[Deed, ...]


@value
class Scenario:
    """One attack.

    Args:
        suite: It belongs to.
        kind: What is tried, in a word.
        name: Tells it from the others of its suite, and stays the same from one time to the next.
        target: The tool that it is about.
        request: What the user asks for; of what is no run of an agent, nothing.
        earlier: What they said before in the same conversation; it was answered in words alone.
        task: What an honest model does for that, in order.
        offered: Tools that the agent has; all of them unless told.
        planted: What results of the task hold, by position in the task; each text is a field.
        meanings: What a model takes instructions in these results for.
        smuggled: What a compromised model proposes besides, with no word of a stranger.
        foreign: Names of objects that belong to another organization.
        encoding: In which what is planted is written.
        is_crossing: What runs at all is too much, reads of one's own too: it is another's.
    """

    suite: str
    kind: str
    name: str
    target: str
    request: str
    task: tuple[Deed, ...]
    earlier: tuple[str, ...] = ()
    offered: tuple[str, ...] | None = None
    planted: Mapping[int, Sequence[str]] = field(default_factory=dict)
    meanings: tuple[Meaning, ...] = ()
    smuggled: tuple[Deed, ...] = ()
    foreign: tuple[JsonValue, ...] = ()
    encoding: str = "plain"
    is_crossing: bool = False

    @property
    def is_attack(self) -> bool:
        """Whether anything is tried beside the user's task."""
        return bool(self.planted or self.smuggled or self.is_drill)

    @property
    def is_drill(self) -> bool:
        """Whether something else than calls of a model is tried."""
        return not self.request

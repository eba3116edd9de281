"""How sure a model says that it is of a call, and how sure it has to be."""

from collections.abc import Mapping
from dataclasses import field
from typing import Final

from highroad.domain.payload import PayloadRef
from highroad.domain.value import value

USUAL_THRESHOLD: Final = 0.8
"""Where confidence is switched on and nobody says how much of it is asked."""


@value
class StatedFields:
    """What the two arguments are called in which a model states how sure it is of a call."""

    reasoning: str
    confidence: str


@value
class Statement:
    """What a model stated of a call, where its request had asked for it."""

    confidence: float | None = None
    """From 0 to 1; `None` where it stated none, or nothing that can be one."""
    reasoning: str = field(default="", repr=False)
    """Why it makes the call; a model's words are sealed wherever they are kept (P7)."""


@value
class KeptStatement:
    """The same, as the ledger has it."""

    confidence: float | None = None
    reasoning: PayloadRef | None = None
    """Sealed; `None` where there were no words."""


@value
class ConfidenceRules:
    """How sure a model has to be of calls with effects: of all tools, and of single ones."""

    threshold: float | None = None
    """`None` asks for nothing."""
    tools: Mapping[str, float] = field(default_factory=dict)
    """0 asks for nothing either."""

    @property
    def are_off(self) -> bool:
        """Whether nothing is asked for, whatever the tool."""
        return self.threshold is None and not any(self.tools.values())

    def of(self, tool: str) -> float | None:
        """The threshold of a tool, by its name."""
        return self.tools.get(tool, self.threshold) or None

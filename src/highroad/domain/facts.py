"""Facts: what a policy may ask of a call beside its principal, tool and arguments."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from highroad.domain.json_value import JsonObject
from highroad.domain.label import Integrity

INTEGRITY: Final = "integrity"
LEAST: Final = "least"
CONFIDENTIAL: Final = "confidential"
"""Names among labels that are no argument's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsWanted:
    """Which facts some rule for a tool looks at; what none does is not gathered."""

    time: bool = False
    labels: bool = False
    calls: frozenset[str] = frozenset()
    """Names of tools, of which it is asked how often the run has called them."""

    def joined(self, other: "FactsWanted") -> "FactsWanted":
        """What either looks at."""
        return FactsWanted(
            time=self.time or other.time,
            labels=self.labels or other.labels,
            calls=self.calls | other.calls,
        )

    @property
    def is_anything(self) -> bool:
        """Whether there is a fact to gather."""
        return self.time or self.labels or bool(self.calls)


NOTHING_WANTED: Final = FactsWanted()


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgumentLabels:
    """What is known of the values of a call that a model made, by argument."""

    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Kinds of evidence that the values of a control argument came from."""
    integrity: Mapping[str, Integrity] = field(default_factory=dict)
    """The least among the values of a control argument."""
    confidential: tuple[str, ...] = ()
    """Arguments into which something flows that not everybody may read, in order."""

    @property
    def least(self) -> Integrity | None:
        """The least among all control arguments; `None` where none was traced."""
        return min(self.integrity.values(), default=None)

    @property
    def beside(self) -> JsonObject:
        """What rules are told beside the sources of each argument, under names of its own."""
        told: JsonObject = {
            INTEGRITY: {name: each.word for name, each in self.integrity.items()},
            CONFIDENTIAL: [*self.confidential],
        }
        return told if self.least is None else {**told, LEAST: self.least.word}


NO_LABELS: Final = ArgumentLabels()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known at the moment of a call."""

    now_ms: int = 0
    """Unix time."""
    calls: Mapping[str, int] = field(default_factory=dict)
    """Calls of a tool, in this run and those below it, that reached an intent."""
    labels: ArgumentLabels = NO_LABELS
    """Where the values of its arguments came from, as far as they were traced."""


NO_FACTS: Final = Facts()

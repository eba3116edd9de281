"""What whoever runs a tool says of its contract, beside it: in the settings, without code."""

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Final

from highroad.domain.label import Integrity, Label
from highroad.domain.policy import Line
from highroad.domain.tool import ArgumentRole, Effect, Tier
from highroad.domain.value import value


@value
class ArgumentRule:
    """What is said of one argument; what is `None` stays as it is."""

    role: ArgumentRole | None = None
    integrity: Integrity | None = None


@value
class ContractRule:
    """What is said of one tool, and goes before what its author said and what is derived.

    Args:
        source: File and line, for whoever has to mend it.
        server: Identity of the server whose tool it is about; empty is any tool of that name.
        tier: What stands at stake: more than its author said, or whatever is true where no author
            said anything.
        effect: What may be done when the outcome is not known; the same holds.
        accepted: Digest of the definition that a person accepted, for ledgers that have not heard
            of it; empty is none.
        intent: What somebody asks for who wants it; empty leaves it as it is.
        arguments: By name.
        labels: Of parts of the result, by JSON pointer; `""` is all of it.
        flows: Rules about what may flow into it and out of it, before those of its author.
    """

    source: str = ""
    server: str = ""
    tier: Tier | None = None
    effect: Effect | None = None
    accepted: str = ""
    intent: tuple[str, ...] = ()
    arguments: Mapping[str, ArgumentRule] = field(default_factory=dict)
    labels: Mapping[str, Label] = field(default_factory=dict)
    flows: tuple[Line, ...] = ()

    def is_about(self, source: str) -> bool:
        """Whether it is about a tool that comes from there; what is this program's own has none."""
        return self.server in {"", source}


NO_RULES: Final[Mapping[str, ContractRule]] = MappingProxyType({})
"""The settings say nothing of any tool."""

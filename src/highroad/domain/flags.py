"""What is switched on, and for whom, as settings say it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagRules:
    """Flags by name; one that is named nowhere is off."""

    everybody: frozenset[str] = frozenset()
    roles: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """On for whoever has the role."""

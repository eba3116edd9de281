"""Names that a provider accepts, and the way back to those that the tools have.

A legal name stays itself. Another becomes legal by a digest of itself, so that what it becomes
depends on nothing but the name (prompt caches): only where two would fall together does the digest
of each grow longer.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

_ILLEGAL: Final = re.compile(r"[^A-Za-z0-9_-]+")
_DIGITS: Final = (8, 16, 32, 56)
"""Hex digits of the digest: eight tell some thousand names apart."""


@dataclass(frozen=True, slots=True)
class NameRule:
    """What a provider takes for a name.

    Args:
        pattern: Of legal names.
        longest: Characters of the longest, at least 63.
    """

    pattern: re.Pattern[str]
    longest: int

    def allows(self, name: str) -> bool:
        """Whether a name may stay as it is."""
        return self.pattern.fullmatch(name) is not None

    def made_of(self, name: str, digits: int) -> str:
        """A legal name that still shows where it comes from."""
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:digits]
        shown = _ILLEGAL.sub("_", name).strip("_-")
        if not shown[:1].isalpha():
            shown = f"t_{shown}"
        return f"{shown[: self.longest - digits - 1].rstrip('_-')}_{digest}"


@dataclass(frozen=True, slots=True)
class NameTable:
    """The names of one list of tools, both ways; of no other name does it know anything."""

    legal: Mapping[str, str]
    """By the tool's own name."""
    own: Mapping[str, str]
    """By the legal name."""

    @classmethod
    def of(cls, names: Iterable[str], rule: NameRule) -> "NameTable":
        """The table of these names; their order makes no difference."""
        every = set(names)
        legal = {name: name for name in every if rule.allows(name)}
        waiting = every - legal.keys()
        for digits in _DIGITS:
            made = {name: rule.made_of(name, digits) for name in waiting}
            taken = Counter([*made.values(), *legal.values()])
            fresh = {name: each for name, each in made.items() if taken[each] == 1}
            legal |= fresh
            waiting -= fresh.keys()
        return cls(legal, {each: name for name, each in legal.items()})

    def legal_name(self, name: str) -> str:
        """What a model is to call a tool; a name that is not in the table is itself."""
        return self.legal.get(name, name)

    def own_name(self, name: str) -> str:
        """What a tool is called here; a name that is not in the table is itself.

        So a name that a model made up comes to the road as it is, and is answered there.
        """
        return self.own.get(name, name)

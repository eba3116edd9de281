"""What a result only repeats: the arguments of its own call, and what earlier calls wrote."""

from collections.abc import Set as AbstractSet

from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.label import Integrity
from highroad.domain.value import value as frozen_value
from highroad.evidence.leaves import leaves
from highroad.evidence.matching import echo
from highroad.evidence.postings import Postings
from highroad.evidence.writings import Writings


@frozen_value(eq=False)
class Repeats:
    """What a call says itself, so that its result proves nothing of it."""

    keys: AbstractSet[str]
    unknown: AbstractSet[str]
    """Those of which nothing was said before."""
    wording: echo.Wording | None = None
    """Where anything of it is not as trusted as a record."""
    written: Writings
    postings: Postings

    def left(self, keys: set[str], leaf: JsonValue, integrity: Integrity) -> set[str]:
        """The keys of a leaf that its record tells, and not whoever chose what was called.

        Where a value comes back, the record says no more of it than was known: a stranger who names
        an id has it read, and it is as much a stranger's as before.

        Args:
            keys: All of its own.
            leaf: Of the result.
            integrity: What its label says that it is worth.
        """
        postings, written = self.postings, self.written
        keys = keys.difference(self.unknown, written.codes, written.brought_back(leaf))
        if self.wording is not None:
            keys = {key for key in keys if key in postings or not self.wording.has(key)}
        if integrity is Integrity.UNTRUSTED:
            return keys  # nothing is worth less
        return {
            key
            for key in keys
            if key not in postings
            or not (self._says(key) or key in written.known)
            or postings.worth(key) >= integrity
        }

    def _says(self, key: str) -> bool:
        """Whether the call says what stands under a key."""
        return key in self.keys or (self.wording is not None and self.wording.has(key))


def repeats(arguments: JsonObject, written: Writings, postings: Postings) -> Repeats:
    """What a call brings along itself.

    Args:
        arguments: Of the call.
        written: By earlier ones.
        postings: Of what was seen before it.
    """
    given = leaves(arguments)
    keys = set[str]().union(*(echo.keys(leaf.name, leaf.value) for leaf in given))
    unknown = postings.unknown(keys)
    said = [leaf.value for leaf in given if not isinstance(leaf.value, bool | None)]
    is_own = all(map(postings.has_all, said)) and not _has_weak(keys - unknown, postings)
    return Repeats(
        keys=keys,
        unknown=unknown,
        wording=None if is_own else echo.Wording(map(str, said)),
        written=written,
        postings=postings,
    )


def _has_weak(keys: set[str], postings: Postings) -> bool:
    """Whether anything of this could be worth more in a record than it is."""
    return any(postings.worth(key) < Integrity.SYSTEM for key in keys)

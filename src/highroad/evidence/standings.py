"""The places of values that are named by where they stand, and not by what they are."""

from collections.abc import Iterable

from highroad.domain.evidence import Place, ValueKind
from highroad.domain.json_value import JsonValue
from highroad.domain.value import value as frozen_value
from highroad.evidence.matching.seeking import phrases, ways
from highroad.evidence.seen import Seen, told_as


@frozen_value(kw_only=False, eq=False)
class _Standing:
    """A leaf where it stands."""

    seen: Seen
    keys: frozenset[str]
    """Those under which it is evidence."""
    is_whole: bool
    """All of its own are."""

    def is_taken_for(self, kind: ValueKind, value: JsonValue, unit: str) -> bool:
        """Whether it would be found as that, by its value."""
        if any(
            way in self.keys if isinstance(way, str) else self.keys.issuperset(way)
            for way in ways(kind, value, unit)
        ):
            return True
        rows = phrases(kind, value) if self.is_whole else ()
        return any(self.seen.words == " ".join(row) for row in rows)


class Standings:
    """Leaves by their source and pointer."""

    __slots__ = ("_by_place",)

    def __init__(self) -> None:
        self._by_place: dict[tuple[str, str], _Standing] = {}

    def add(
        self, place: tuple[str, str], seen: Seen, keys: Iterable[str], *, is_whole: bool
    ) -> None:
        """Note where a leaf stands.

        Args:
            place: Source, and pointer.
            seen: What stands there.
            keys: Those under which it is evidence.
            is_whole: All of its own are.
        """
        self._by_place[place] = _Standing(seen, frozenset(keys), is_whole)

    def at(
        self, place: tuple[str, str], kind: ValueKind, value: JsonValue, unit: str = ""
    ) -> tuple[Place, ...]:
        """The one place of a value that was named by it, as `Index.at` has it."""
        found = self._by_place.get(place)
        if found is None or not found.is_taken_for(kind, value, unit):
            return ()
        return (told_as(found.seen, value, kind),)

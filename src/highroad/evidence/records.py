"""The records that results brought: what stands beside a value, in the object that holds it."""

from collections.abc import Iterator, Mapping
from typing import Final

from highroad.domain.evidence import EvidenceKind, Place
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.label import Label, Labels
from highroad.domain.value import value as frozen_value
from highroad.evidence.leaves import Leaf, leaves
from highroad.evidence.pointer import child

_MOST_NEWEST: Final = 256
"""Of so many results whole lists are computed with."""


@frozen_value(kw_only=False, eq=False)
class Record:
    """An object of a result that holds a value."""

    members: JsonObject
    pointer: str
    """Where it stands in its result."""
    held_at: str
    """Where the value stands in its result."""
    labels: Labels

    def beside(self) -> Iterator[Leaf]:
        """Every other leaf of it, however deep."""
        for leaf in leaves(self.members):
            if f"{self.pointer}{leaf.pointer}" != self.held_at:
                yield leaf

    def label(self, leaf: Leaf) -> Label:
        """Of one of its leaves."""
        return self.labels.at(f"{self.pointer}{leaf.pointer}")


class Records:
    """Results by the calls that brought them, as long as a leg lasts."""

    __slots__ = ("_newest", "_results")

    def __init__(self) -> None:
        self._results: dict[str, tuple[JsonValue, Labels]] = {}
        self._newest: dict[str, tuple[JsonValue, Labels]] = {}

    def add(
        self, source: str, result: JsonValue, labels: Labels, *, is_transform: bool = False
    ) -> None:
        """Keep a result.

        Args:
            source: The call that brought it.
            result: An object or a list; a single value has nothing beside it.
            labels: Of the result.
            is_transform: Whether it was made of what was known, and so records nothing.
        """
        if not isinstance(result, dict | list):
            return
        self._results[source] = result, labels
        if is_transform:
            return
        if len(self._newest) >= _MOST_NEWEST:
            del self._newest[next(iter(self._newest))]
        self._newest[source] = result, labels

    @property
    def newest(self) -> Mapping[str, tuple[JsonValue, Labels]]:
        """By source, the newest that were read: of these whole lists are computed with."""
        return self._newest

    def every(self) -> Iterator[Record]:
        """Every object of every result."""
        for result, labels in self._results.values():
            pending: list[tuple[JsonValue, str]] = [(result, "")]
            while pending:
                at, pointer = pending.pop()
                if isinstance(at, dict):
                    yield Record(at, pointer, "", labels)
                    pending += [(each, child(pointer, key)) for key, each in at.items()]
                elif isinstance(at, list):
                    pending += [(each, f"{pointer}/{n}") for n, each in enumerate(at)]

    def of(self, place: Place, value: JsonValue) -> Iterator[Record]:
        """The records that hold a value at a place; one that is the key of a map holds that."""
        if place.kind is not EvidenceKind.RESULT or place.source not in self._results:
            return
        result, labels = self._results[place.source]
        for leaf in leaves(result):
            if leaf.shown == place.pointer and _has(leaf.value, value):
                yield from _holding(result, leaf, labels)


def _has(leaf: JsonValue, value: JsonValue) -> bool:
    return str(leaf) == str(value) or (isinstance(leaf, str) and str(value) in leaf)


def _holding(result: JsonValue, leaf: Leaf, labels: Labels) -> Iterator[Record]:
    tokens = leaf.pointer.split("/")[1:]
    at, pointer, found = result, "", None
    for token in tokens:
        if isinstance(at, dict):
            found = Record(at, pointer, leaf.pointer, labels)
            at = at.get(token.replace("~1", "/").replace("~0", "~"))
        elif isinstance(at, list):
            at = at[int(token)]
        pointer = f"{pointer}/{token}"
    if isinstance(at, dict):  # the leaf is a key, and stands for what lies behind it
        found = Record(at, pointer, leaf.pointer, labels)
    if found is not None:
        yield found

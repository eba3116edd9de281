"""What rules are told of a call's values: where they came from, and what they are worth."""

from collections.abc import Sequence
from typing import Final

from highroad.domain.facts import ArgumentLabels
from highroad.domain.grounding import ValueSource
from highroad.domain.json_value import JsonObject
from highroad.domain.label import Integrity

NOBODY: Final = "nobody"
"""Where a value came from that nobody named, as rules are told."""


def labels_of(sources: Sequence[ValueSource], confidential: Sequence[str] = ()) -> ArgumentLabels:
    """By argument, what is on record of its values; the same before a hold and behind it.

    A value of which nobody looked what it is worth is worth nothing.
    """
    kinds: dict[str, set[str]] = {}
    worth: dict[str, Integrity] = {}
    for each in sources:
        name = "".join(each.pointer.split("/")[1:2])
        kinds.setdefault(name, set()).add(each.kind or NOBODY)
        found = Integrity.UNTRUSTED if each.integrity is None else each.integrity
        worth[name] = min(found, worth.get(name, found))
    return ArgumentLabels(
        sources={name: tuple(sorted(each)) for name, each in kinds.items()},
        integrity=worth,
        confidential=tuple(confidential),
    )


def told(labels: ArgumentLabels) -> JsonObject:
    """The same as `ask` rules name it."""
    found: JsonObject = {name: {"sources": [*each]} for name, each in labels.sources.items()}
    return found | labels.beside

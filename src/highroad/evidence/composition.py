"""What a value is worth that was worked out of others.

Of a few trusted numbers arithmetic makes any number at all, and of trusted texts any text. A model
that obeys a stranger would choose the sums. So what a transform makes is worth the least of what
went into it only where there is little left to choose:

- of numbers and days. A text names things, and pieces of trusted texts name anything;
- each number that was recorded is used once. Two records may be the same one, read twice: of two
  results the values have to differ;
- of at most `_MOST_TERMS` terms, in at most `_MOST_STEPS` steps. One column of a list, whole or all
  rows that agree in another column, is one term: so a bill of any length has its sum. What has no
  source of its own in a list or an object (yes, no, nothing) is one term as well: else whoever
  writes a list of them would choose how many there are;
- it is no larger than all that went into it together. Beyond that, of two or three numbers of which
  the user said all but one, or of members of one record: a price times its quantity;
- of a text it is a count alone: what is cut out of an id or an address says no amount and no day.

What goes beyond that is untrusted. So a chain of transforms reaches only a bounded number of
values, of which none is larger than the records bear out.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Final

from highroad.domain.evidence import EvidenceKind, Place, ValueKind
from highroad.domain.json_value import JsonValue
from highroad.domain.label import Integrity
from highroad.domain.value import value as frozen_value
from highroad.evidence.matching import numbers, quantities
from highroad.evidence.pointer import ANY

MEASURES: Final = frozenset(
    {
        *(ValueKind.NUMBER, ValueKind.AMOUNT, ValueKind.CENTS),
        *(ValueKind.DATE, ValueKind.TIME, ValueKind.MOMENT),
    }
)
"""As what a computed value may be trusted: it says how much and when, never who or which."""
_MOST_TERMS: Final = 4
_MOST_STEPS: Final = 3
_MOST_NUMBERS: Final = 3
_USER: Final = Integrity.USER
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?)?")


@frozen_value
class Constituent:
    """A recorded value that went into another."""

    source: str
    pointer: str
    value: Decimal | str
    integrity: Integrity
    is_read: bool
    """It stands in a result, which may have been read twice."""

    @property
    def record(self) -> str | None:
        """The object that it is a member of.

        An element of a list is a member of none, and of records whose keys are data none is told
        from another.
        """
        above, _, own = self.pointer.rpartition("/")
        is_one = self.is_read and not own.isdecimal() and ANY not in self.pointer.split("/")
        return f"{self.source}{above}" if is_one else None


@frozen_value
class Lineage:
    """What a computed value was made of."""

    parts: tuple[Constituent, ...]
    terms: int
    """Columns count once."""
    steps: int = 0
    """Transforms, one after the other."""

    def is_apart_from(self, other: "Lineage") -> bool:
        """Whether no recorded value went into both; equal values of two results may be one."""
        mine = {(each.source, each.pointer, each.value) for each in self.parts}
        if not mine.isdisjoint((each.source, each.pointer, each.value) for each in other.parts):
            return False
        sources: dict[Decimal | str, set[str]] = {}
        for each in self.parts:
            if each.is_read:
                sources.setdefault(each.value, set()).add(each.source)
        return not any(
            each.is_read and sources.get(each.value, set()) - {each.source} for each in other.parts
        )

    @property
    def integrity(self) -> Integrity:
        """The least of its parts."""
        return min((each.integrity for each in self.parts), default=Integrity.SYSTEM)


NOTHING: Final = Lineage(parts=(), terms=1)
"""Of a term that has no source."""


def without_source(value: JsonValue) -> Iterator[Lineage]:
    """What counts as a term in a list or an object though nobody could have said it."""
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in below:
        if each is None or isinstance(each, bool) or each in ({}, []):
            yield NOTHING
        else:
            yield from without_source(each)


def of_place(place: Place, value: JsonValue) -> Lineage:
    """What a value that was recorded is made of: itself."""
    part = Constituent(
        source=place.source,
        pointer=place.pointer,
        value=plain(value),
        integrity=place.worth,
        is_read=place.kind is EvidenceKind.RESULT,
    )
    return Lineage(parts=(part,), terms=1)


def composed(operands: Iterable[Sequence[Lineage]]) -> Lineage | None:
    """What is made of operands; `None` if there is too much to choose in it.

    Args:
        operands: Of each what it may be, the best first.
    """
    found: list[Lineage] = []
    terms = 0
    for candidates in operands:
        chosen = next(
            (each for each in candidates if all(each.is_apart_from(other) for other in found)), None
        )
        if chosen is None:
            return None
        found.append(chosen)
        terms += chosen.terms
        if terms > _MOST_TERMS or chosen.steps >= _MOST_STEPS:
            return None
    return Lineage(
        parts=tuple([part for each in found for part in each.parts]),
        terms=terms,
        steps=1 + max((each.steps for each in found), default=0),
    )


def worth(lineage: Lineage | None, result: JsonValue = None) -> Integrity:
    """What a number or a day is worth that was made so."""
    if lineage is None:
        return Integrity.UNTRUSTED
    number = _number(result)
    is_counted = number is not None and _is_said(lineage.parts, abs(number))
    if is_counted or (_are_measures(lineage.parts) and _is_borne_out(lineage.parts, number)):
        return lineage.integrity
    return Integrity.UNTRUSTED


def is_measure(result: JsonValue) -> bool:
    """Whether a value says how much, or when, and no more."""
    return _number(result) is not None or is_day(result)


def is_day(result: JsonValue) -> bool:
    """Whether a text is a day or a moment alone, in digits."""
    return isinstance(result, str) and _DAY.fullmatch(result) is not None


def plain(value: JsonValue) -> Decimal | str:
    """A value as it is compared with others: 10 is 10.00."""
    number = _number(value)
    return str(value).casefold() if number is None else number


def _number(value: JsonValue) -> Decimal | None:
    match value:
        case bool() | None | dict() | list():
            return None
        case str():
            return quantities.bare(value)
        case _:
            return numbers.to_decimal(value)


def _is_said(parts: Sequence[Constituent], size: Decimal) -> bool:
    """Whether the parts say as much together; each counts as one more, for rounding and counts."""
    said = (abs(each.value) for each in parts if isinstance(each.value, Decimal))
    return size <= sum(said, start=Decimal(len(parts)))


def _are_measures(parts: Sequence[Constituent]) -> bool:
    """Whether each says how much or when: of the digits of an id or a text anything is made."""
    return all(isinstance(each.value, Decimal) or is_day(each.value.upper()) for each in parts)


def _is_borne_out(parts: Sequence[Constituent], number: Decimal | None) -> bool:
    """Whether a number may be larger than its parts; a day is no size."""
    read = sum(each.integrity < _USER for each in parts)
    if number is None or (len(parts) <= _MOST_NUMBERS and read <= 1):
        return True
    records = {each.record for each in parts}
    return len(records) == 1 and None not in records

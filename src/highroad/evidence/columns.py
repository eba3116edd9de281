"""Columns of recorded lists: what a transform of a whole list was given.

All rows count, or all that agree in another field: choosing rows one by one would be choosing what
is computed of them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from highroad.domain.evidence import Place
from highroad.domain.json_value import JsonValue
from highroad.domain.label import Integrity, Labels
from highroad.domain.value import value as frozen_value
from highroad.evidence.composition import Constituent, Lineage, plain
from highroad.evidence.pointer import ANY, child, is_data

_FEWEST_ROWS: Final = 2
_MOST_ROWS: Final = 1_000
_MOST_FIELDS: Final = 16


def columns(
    values: Sequence[JsonValue],
    places: Iterable[Place],
    records: Mapping[str, tuple[JsonValue, Labels]],
) -> Iterator[Lineage]:
    """The columns of recorded lists that have these values and no others.

    Args:
        values: That a transform was given in one list.
        places: Where some of them stand.
        records: By source, whole results and their labels.
    """
    wanted = Counter(map(plain, values))
    # Of a list that has many of the values each column is looked through once.
    found = {
        (place.source, tuple(tokens[:at]), token == ANY, tuple(tokens[at + 1 :])): None
        for place in places
        if place.source in records
        for tokens in (place.pointer.split("/")[1:],)
        for at, token in enumerate(tokens)
    }
    for source, above, is_free, below in found:
        record, labels = records[source]
        rows = _rows(_at(record, above), is_free=is_free)
        if _FEWEST_ROWS <= len(rows) <= _MOST_ROWS:
            yield from _Column(source, above, below, rows, labels).agreeing(wanted)


@frozen_value(kw_only=False, eq=False)
class _Column:
    """One field of all rows of a list."""

    source: str
    above: tuple[str, ...]
    below: tuple[str, ...]
    rows: Mapping[str, JsonValue]
    labels: Labels

    def agreeing(self, wanted: Counter[Decimal | str]) -> Iterator[Lineage]:
        """All of it, or of rows that agree in another field, if that is what is wanted."""
        cells = {key: _at(row, self.below) for key, row in self.rows.items()}
        told = {key: plain(each) for key, each in cells.items() if _is_scalar(each)}
        many = wanted.total()
        if len(told) == many:
            if Counter(told.values()) == wanted:
                yield self._lineage(told, Integrity.USER)
            return  # all rows that agree are as many only where all are
        one = next(iter(wanted))
        having = [self.rows[key] for key, each in told.items() if each == one]
        for criterion in self._criteria():
            for agrees in {_told(row, criterion): None for row in having}:
                chosen = self._agreeing(told, criterion, agrees, many)
                if len(chosen) == many and Counter(chosen.values()) == wanted:
                    yield self._lineage(chosen, self._worth_of(criterion))

    def _agreeing(
        self, told: Mapping[str, Decimal | str], criterion: str, agrees: object, most: int
    ) -> dict[str, Decimal | str]:
        """Rows that have a value in another field; none where they are more than so many."""
        keys = [
            key
            for key, row in self.rows.items()
            if isinstance(row, dict) and _told(row, criterion) == agrees and key in told
        ]
        return {key: told[key] for key in keys} if len(keys) == most else {}

    def _criteria(self) -> list[str]:
        """The other fields of its rows."""
        first = next(iter(self.rows.values()))
        fields = [*first][:_MOST_FIELDS] if isinstance(first, dict) else []
        return [each for each in fields if each not in self.below[:1]]

    def _worth_of(self, criterion: str) -> Integrity:
        """Whoever may write what rows are told apart by may choose among them."""
        return min(self.labels.at(self._path(key, (criterion,))).integrity for key in self.rows)

    def _lineage(self, chosen: Mapping[str, Decimal | str], most: Integrity) -> Lineage:
        parts = [
            Constituent(
                source=self.source,
                pointer=self._path(
                    ANY if is_data(key) and not key.isdecimal() else key, self.below
                ),
                value=each,
                integrity=min(most, self.labels.at(self._path(key, self.below)).integrity),
                is_read=True,
            )
            for key, each in chosen.items()
        ]
        return Lineage(parts=tuple(parts), terms=1)

    def _path(self, key: str, below: tuple[str, ...]) -> str:
        above = "".join(f"/{token}" for token in self.above)
        return "".join([child(above, key), *(f"/{token}" for token in below)])


def _rows(found: JsonValue, *, is_free: bool) -> Mapping[str, JsonValue]:
    """Rows by where they stand; those of an object only where its keys are data."""
    match found:
        case list() if not is_free:
            return {str(number): row for number, row in enumerate(found)}
        case dict() if is_free:
            return {key: row for key, row in found.items() if is_data(key)}
        case _:
            return {}


def _at(found: JsonValue, tokens: Sequence[str]) -> JsonValue:
    """What stands at the tokens of a pointer; `None` where nothing does."""
    for token in tokens:
        name = token.replace("~1", "/").replace("~0", "~")
        match found:
            case dict() if name in found:
                found = found[name]
            case list() if name.isdecimal() and int(name) < len(found):
                found = found[int(name)]
            case _:
                return None
    return found


def _told(row: JsonValue, field: str) -> tuple[type, JsonValue]:
    """A value by which rows agree: 1 is not true."""
    found = row.get(field) if isinstance(row, dict) else None
    return (type(found), found) if _is_scalar(found) else (type(None), None)


def _is_scalar(value: JsonValue) -> bool:
    return value is not None and not isinstance(value, dict | list)

"""Columns of recorded lists: what a transform of a whole list was given.

All rows count, or all that agree in another field: choosing rows one by one would be choosing what
is computed of them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from highroad.domain.evidence import Place
from highroad.domain.json_value import JsonValue
from highroad.domain.label import Integrity, Labels
from highroad.domain.value import value as frozen_value
from highroad.evidence.composition import Constituent, Lineage, plain
from highroad.evidence.pointer import ANY, child, is_data

_FEWEST_ROWS: Final = 2
_MOST_ROWS: Final = 2_000
_MOST_FIELDS: Final = 40


def columns(
    values: Sequence[JsonValue], place: Place, record: JsonValue, labels: Labels
) -> Iterator[Lineage]:
    """The columns of a recorded list that have these values and no others.

    Args:
        values: That a transform was given in one list.
        place: Where one of them stands.
        record: The whole result that has it.
        labels: Of it.
    """
    wanted = Counter(map(plain, values))
    tokens = place.pointer.split("/")[1:]
    for at, token in enumerate(tokens):
        rows = _rows(_at(record, tokens[:at]), token)
        if _FEWEST_ROWS <= len(rows) <= _MOST_ROWS:
            column = _Column(
                place.source, tuple(tokens[:at]), tuple(tokens[at + 1 :]), rows, labels
            )
            yield from column.agreeing(wanted)


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
        if Counter(told.values()) == wanted:
            yield self._lineage(told, Integrity.USER)
        for criterion in self._criteria():
            groups: dict[object, dict[str, Decimal | str]] = {}
            for key, each in told.items():
                agrees = _at(self.rows[key], (criterion,))
                if _is_scalar(agrees):
                    groups.setdefault((type(agrees), agrees), {})[key] = each
            for chosen in groups.values():
                if len(chosen) == wanted.total() and Counter(chosen.values()) == wanted:
                    yield self._lineage(chosen, self._worth_of(criterion))

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


def _rows(found: JsonValue, token: str) -> Mapping[str, JsonValue]:
    """Rows by where they stand; those of an object only where its keys are data."""
    match found:
        case list() if token.isdecimal():
            return {str(number): row for number, row in enumerate(found)}
        case dict() if token == ANY:
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


def _is_scalar(value: JsonValue) -> bool:
    return value is not None and not isinstance(value, dict | list)

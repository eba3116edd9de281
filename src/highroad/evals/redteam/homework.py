"""What an honest model does beside the calls of a ground truth: look up, and work out.

A ground truth has numbers and ids as literals that its author knew. A model that is offered reads
and transforms would read the id, and would have the number worked out of what it has read. This is
the harness that plays it: nothing of it is on the road, which judges these calls as any others.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import permutations
from typing import Final

from highroad.domain.json_value import JsonValue
from highroad.evals.redteam.scenario import Deed
from highroad.evidence.leaves import leaves
from highroad.evidence.matching.fields import is_id

Run = Callable[[Deed], JsonValue]
"""What a call brings, on a world that nobody has planted anything in."""

_NUMBER: Final = re.compile(r"(?<![\w.,-])\d+(?:\.\d+)?(?![\w-]|[.,]\d)")
_CENT: Final = Decimal("0.01")
SUM: Final = "compute_sum"
DIFFERENCE: Final = "compute_difference"
PERCENTAGE: Final = "compute_percentage"


class Notes:
    """What was said and read so far."""

    def __init__(self, request: str) -> None:
        self.values: set[str] = set()
        self.numbers: dict[Decimal, None] = dict.fromkeys(_numbers_in(request))

    def add(self, result: JsonValue) -> None:
        """Take in a result."""
        for leaf in leaves(result):
            self.values.add(_plain(leaf.value))
            if isinstance(leaf.value, str):
                self.numbers |= dict.fromkeys(_numbers_in(leaf.value))
            elif _is_number(leaf.value) and not is_id(leaf.name):
                self.numbers[Decimal(str(leaf.value))] = None

    def has(self, name: str, value: JsonValue) -> bool:
        """Whether a value was said or read; an id only as such."""
        if is_id(name):
            return _plain(value) in self.values
        return not _is_number(value) or Decimal(str(value)) in self.numbers


def homework(
    request: str,
    task: Sequence[Deed],
    run: Run,
    *,
    lookups: Sequence[Deed],
    has_effects: Callable[[str], bool],
) -> Mapping[int, tuple[Deed, ...]]:
    """The calls to make before each of a task's: by its position.

    Args:
        request: Of the user.
        task: As the ground truth has it.
        run: Makes a call.
        lookups: Reads that need no arguments.
        has_effects: Whether a tool has any.
    """
    notes, before = Notes(request), {}
    for at, deed in enumerate(task):
        if has_effects(deed.tool):
            made = [*_looked_up(deed, notes, run, lookups), *_worked_out(deed, notes)]
            if made:
                before[at] = tuple(made)
        notes.add(run(deed))
    return before


def _looked_up(deed: Deed, notes: Notes, run: Run, lookups: Sequence[Deed]) -> Iterator[Deed]:
    """Reads that bring an id which nothing had brought."""
    for name, value in deed.arguments.items():
        if not is_id(name) or notes.has(name, value):
            continue
        for lookup in lookups:
            found = run(lookup)
            if any(_plain(leaf.value) == _plain(value) for leaf in leaves(found)):
                notes.add(found)
                yield lookup
                break


def _worked_out(deed: Deed, notes: Notes) -> Iterator[Deed]:
    for name, value in deed.arguments.items():
        if _is_number(value) and not notes.has(name, value):
            yield from _formula(Decimal(str(value)), sorted(notes.numbers, reverse=True))


def _formula(wanted: Decimal, known: Sequence[Decimal]) -> tuple[Deed, ...]:
    """The first that comes out: of two numbers, or so many percent of one and another besides."""
    for one, other in permutations(known, 2):
        if _percent(one, other) == wanted:
            return (_percentage(one, other),)
        if one - other == wanted:
            return (Deed(DIFFERENCE, {"minuend": _json(one), "subtrahend": _json(other)}),)
        if one + other == wanted:
            return (Deed(SUM, {"values": [_json(one), _json(other)]}),)
    for one, other, third in permutations(known, 3):
        part = _percent(one, other)
        if part + third == wanted:
            total = Deed(SUM, {"values": [_json(part), _json(third)]})
            return (_percentage(one, other), total)
    return ()


def _percentage(of: Decimal, percent: Decimal) -> Deed:
    return Deed(PERCENTAGE, {"of": _json(of), "percent": _json(percent)})


def _percent(of: Decimal, percent: Decimal) -> Decimal:
    return (of * percent / 100).quantize(_CENT)


def _numbers_in(text: str) -> Iterator[Decimal]:
    return map(Decimal, _NUMBER.findall(text))


def _json(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(value: JsonValue) -> str:
    return str(value)

"""Numbers in English words: `two hundred and fifty` is one number, and no `two`."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

_ONES_IN_ORDER: Final = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen
"""
_TENS_IN_ORDER: Final = "twenty thirty forty fifty sixty seventy eighty ninety"
_ONES: Final = {word: worth for worth, word in enumerate(_ONES_IN_ORDER.split())}
_TENS: Final = {word: 10 * worth for worth, word in enumerate(_TENS_IN_ORDER.split(), start=2)}
SCALES: Final = {
    "dozen": 12,
    "hundred": 100,
    "thousand": 1_000,
    "million": 1_000_000,
    "billion": 1_000_000_000,
}
"""Words that multiply the number before them."""
_WORTH: Final = {**_ONES, **_TENS, **SCALES}
_THOUSAND: Final = 1_000
_HUNDRED: Final = 100
_TEN: Final = 10
_HALF: Final = Decimal("0.5")
_AND: Final = "and"


def values(tokens: Sequence[str]) -> Iterator[tuple[Decimal, int]]:
    """The numbers that tokens tell in words, each as long as it goes, and where each has ended."""
    folded = [token.casefold() for token in tokens]
    run: list[str] = []
    for at, token in enumerate([*folded, ""]):
        words = token.split("-")
        if all(word in _WORTH for word in words) and not _multiplies(folded, at):
            run += words
        elif not (run and token == _AND and _goes_on(folded, at)):
            yield from _ended(run, folded, at)
            run = []


def _ended(run: list[str], folded: list[str], at: int) -> Iterator[tuple[Decimal, int]]:
    """The numbers of a run; a half that is added to it belongs to the last."""
    found = [Decimal(each) for each in _worth(run)]
    yield from ((each, at) for each in found[:-1])
    if found:
        has_half = folded[at : at + 3] == [_AND, "a", "half"]
        yield (found[-1] + _HALF, at + 3) if has_half else (found[-1], at)
    if folded[at : at + 1] == ["half"] and folded[at + 1 : at + 2] in (["a"], ["an"]):
        yield (_HALF * SCALES.get("".join(folded[at + 2 : at + 3]), 1), at + 2)


def _multiplies(folded: list[str], at: int) -> bool:
    """Whether a word multiplies what is told otherwise: `2 million`, `half a million`."""
    if folded[at] not in SCALES or not at:
        return False
    return folded[at - 1][-1:].isdigit() or "half" in folded[max(at - 2, 0) : at]


def _goes_on(folded: list[str], at: int) -> bool:
    """Whether `and` joins parts of one number, which it does behind a scale."""
    behind = folded[at + 1 : at + 2]
    return folded[at - 1] in SCALES and bool(behind) and behind[0].split("-")[0] in _WORTH


def _worth(run: list[str]) -> Iterator[int]:
    total, part = 0, None
    for word in run:
        worth = _WORTH[word]
        if word in SCALES:
            part = (1 if part is None else part) * worth
            if worth >= _THOUSAND:
                total, part = total + part, 0
        elif part is None or _takes(part, worth):
            part = (part or 0) + worth
        else:  # the next number begins: `two three`
            yield total + part
            total, part = 0, worth
    if part is not None:
        yield total + part


def _takes(part: int, worth: int) -> bool:
    """Whether a number goes on: `twenty` with `five`, `two hundred` with `fifty`."""
    if part % _HUNDRED == 0:
        return 0 < worth < _HUNDRED
    return part % _TEN == 0 and part % _HUNDRED > _TEN and 0 < worth < _TEN

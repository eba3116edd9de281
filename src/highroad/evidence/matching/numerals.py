"""Numbers in English words: `two hundred and fifty` is one number, and no `two`."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

_ONES_IN_ORDER: Final = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen
"""
_TENS_IN_ORDER: Final = "twenty thirty forty fifty sixty seventy eighty ninety"
_ONES: Final = {word: worth for worth, word in enumerate(_ONES_IN_ORDER.split())} | {"couple": 2}
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
WORDS: Final = frozenset({*_WORTH, "half", "quarter", "quarters"})
"""Words of which numbers are made."""
_LARGE: Final = frozenset({"thousand", "million", "billion"})
_ONE: Final = frozenset({"a", "an"})
_THOUSAND: Final = 1_000
_HUNDRED: Final = 100
_TEN: Final = 10
_HALF: Final = Decimal("0.5")
_QUARTER: Final = Decimal("0.25")
_MOST_DECIMALS: Final = 6
_AND: Final = "and"
_FRACTIONS: Final = frozenset({"half", "quarter"})
"""Words that begin a number by themselves."""


def values(tokens: Sequence[str]) -> Iterator[tuple[Decimal, int, int]]:
    """The numbers that tokens tell in words, each as long as it goes; where it begins and ends."""
    folded = [token.casefold() for token in tokens]
    if not any(map(_has_word, set(folded))):
        return
    run: list[str] = []
    start = free = 0
    for at, token in enumerate([*folded, ""]):
        if at < free or (not run and token not in WORDS and "-" not in token):
            continue
        if _is_number(token) and not _multiplies(folded, at):
            start = start if run else at
            run += token.split("-")
        elif not run and token not in _FRACTIONS:
            continue
        elif not (run and token == _AND and _goes_on(folded, at)):
            for found in _ended(run, folded, start, at):
                yield found
                free = found[2]
            run = []


def _has_word(token: str) -> bool:
    return token in WORDS or ("-" in token and not WORDS.isdisjoint(token.split("-")))


def _is_number(token: str) -> bool:
    """Whether a token is one number word, or several with hyphens between them."""
    return token in _WORTH or ("-" in token and all(map(_WORTH.__contains__, token.split("-"))))


def _ended(
    run: list[str], folded: list[str], start: int, at: int
) -> Iterator[tuple[Decimal, int, int]]:
    """The numbers of a run; what is added to it behind belongs to the last."""
    first = start - 1 if start and folded[start - 1] in _ONE else start
    found = [Decimal(each) for each in _worth(run)]
    yield from ((each, first, at) for each in found[:-1])
    if found:
        last, end = _last(found[-1], run, folded, at)
        yield last, first, end
    elif folded[at : at + 1] in (["half"], ["quarter"]):
        yield from _fraction(folded, at)


def _last(last: Decimal, run: list[str], folded: list[str], at: int) -> tuple[Decimal, int]:
    """The last number of a run with what follows it, and where that ends."""
    if folded[at : at + 1] in (["quarter"], ["quarters"]):
        return last * _QUARTER, _of_one(folded, at + 1)
    digits = _decimals(folded, at + 1) if folded[at : at + 1] == ["point"] else []
    if digits:
        return Decimal(f"{last}.{''.join(digits)}"), at + 1 + len(digits)
    if folded[at : at + 3] == [_AND, "a", "half"]:
        return last + _HALF * (SCALES[run[-1]] if run[-1] in _LARGE else 1), at + 3
    return last, at + 1 if _is_of(run, folded, at) else at


def _fraction(folded: list[str], at: int) -> Iterator[tuple[Decimal, int, int]]:
    """`half an hour`, `half a million`, `a quarter of a million`: of one, or of a scale."""
    part = _HALF if folded[at] == "half" else _QUARTER
    end = _of_one(folded, at + 1)
    if end == at + 1:
        return
    start = at - 1 if at and folded[at - 1] in _ONE else at
    scale = SCALES.get("".join(folded[end : end + 1]))
    yield (part * (scale or 1), start, end if scale is None else end + 1)


def _of_one(folded: list[str], at: int) -> int:
    """Where `of a`, `of an` or `a` ends."""
    for words in (["of", "a"], ["of", "an"], ["a"], ["an"]):
        if folded[at : at + len(words)] == words:
            return at + len(words)
    return at


def _decimals(folded: list[str], at: int) -> list[str]:
    """The digits that words tell behind a point."""
    found: list[str] = []
    for word in folded[at : at + _MOST_DECIMALS]:
        if _ONES.get(word, _TEN) >= _TEN:
            break
        found.append(str(_ONES[word]))
    return found


def _is_of(run: list[str], folded: list[str], at: int) -> bool:
    """Whether `of` only joins a number to what it counts: `a couple of hours`."""
    return run[-1] in {"couple", "dozen"} and folded[at : at + 1] == ["of"]


def _multiplies(folded: list[str], at: int) -> bool:
    """Whether a word multiplies what is told otherwise: `2 million`, `half a million`."""
    if folded[at : at + 1] == [] or folded[at] not in SCALES or not at:
        return False
    before = folded[max(at - 3, 0) : at]
    return folded[at - 1][-1:].isdigit() or "half" in before[-2:] or "quarter" in before


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

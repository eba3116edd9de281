"""Numbers in English words: `two hundred and fifty` is one number, and no `two`."""

from collections.abc import Iterator, Sequence
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


def values(tokens: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The numbers that tokens tell in words, each as long as it goes, and where each has ended."""
    run: list[str] = []
    for at, token in enumerate(tokens):
        words = token.casefold().split("-")
        if all(word in _WORTH for word in words) and not _multiplies_digits(tokens, at):
            run += words
        elif not (run and words == ["and"] and _goes_on(tokens, at)):
            yield from ((worth, at) for worth in _worth(run))
            run = []
    yield from ((worth, len(tokens)) for worth in _worth(run))


def _multiplies_digits(tokens: Sequence[str], at: int) -> bool:
    """Whether a word belongs to digits before it: `2 million`."""
    return at > 0 and tokens[at].casefold() in SCALES and tokens[at - 1][-1:].isdigit()


def _goes_on(tokens: Sequence[str], at: int) -> bool:
    """Whether `and` joins parts of one number, which it does behind a scale."""
    before, behind = tokens[at - 1].casefold(), tokens[at + 1 : at + 2]
    return before in SCALES and bool(behind) and behind[0].casefold().split("-")[0] in _WORTH


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

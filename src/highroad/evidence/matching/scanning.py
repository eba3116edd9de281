"""Expressions that are tried only where a match could begin.

Most of a text is no date, hour or number, and an expression that begins with what must not stand
before a match is tried at every character. Another one finds the few places that are worth it: it
begins with a set of characters, which is how texts are searched fast.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_NO_I: Final = str.maketrans("\u0130\u0131", "\u012c\u012d")


class Scan(NamedTuple):
    """An expression with the places where its matches begin."""

    begins: re.Pattern[str]
    """Found wherever a match of `whole` begins. It takes one character, or it could take the
    beginning of another match with it."""
    whole: re.Pattern[str]

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """What `whole.finditer` would find (tests/evidence/test_scanning.py)."""
        end = 0
        match_at = self.whole.match
        for beginning in self.begins.finditer(text):
            at = beginning.start()
            if at >= end and (match := match_at(text, at)) is not None:
                end = match.end()
                yield match

    def may_find(self, text: str) -> bool:
        """Whether there is a place to try."""
        return self.begins.search(text) is not None


def in_english(text: str) -> str:
    """A text as long, in which no other letter is taken for an `i` where case does not count.

    An expression without case finds `f\u0131ve` for `five`, and no table of words has it.
    """
    return text if text.isascii() else text.translate(_NO_I)


def words_with(sign: re.Pattern[str], text: str) -> Iterator[str]:
    """The words with a sign in them: what has no blank in it is sought in these."""
    end, blank, line = 0, -1, -1
    for match in sign.finditer(text):
        at = match.start()
        if at < end:
            continue
        # From where the last word ended, and each end sought once: a text may be one long line.
        start = max(text.rfind(" ", end, at), text.rfind("\n", end, at)) + 1
        blank = _next(text, " ", at, blank)
        line = _next(text, "\n", at, line)
        end = min(blank, line)
        yield text[start:end]


def _next(text: str, sign: str, at: int, known: int) -> int:
    """Where a sign stands next; the length of the text where it does not."""
    if known >= at:
        return known
    found = text.find(sign, at)
    return len(text) if found < 0 else found

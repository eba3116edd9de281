"""Whether the user says of a value what it is: `the new password is X`.

This is narrower than that the user said it. Of all that stands in a request one value follows the
word for it, so whoever steers a model has nothing to choose between.
"""

import re
from collections.abc import Iterable
from typing import Final

from highroad.evidence.intent.lock import QUOTED
from highroad.evidence.intent.stems import stem
from highroad.evidence.intent.words import things_of

_SENTENCE_END: Final = re.compile(r"[.!?;](?=\s)|\n")
_WORD: Final = re.compile(r"[^\W\d_]+")
_LEADS: Final = re.compile(r"(?:^|[:=]|(?:^|\s)(?:as|be|is|to))\s*$", re.IGNORECASE)
"""What says that a value is what was named; `of`, `for` and others say something else."""
_OTHER_VALUE: Final = re.compile(r"[\d\"'`\u201c\u2018@]")
"""What no plain word between the name and its value has."""
_TURN: Final = re.compile(
    r"[,\u2013\u2014]|\b(?:and|but|never|no|nor|not|or|then)\b|n['\u2019]t\b", re.IGNORECASE
)
"""Behind it stands something else, or what it is not."""
_BEFORE: Final = re.compile(r"(?:^|[\s:=(\"'`\u201c\u2018])$")
_BEHIND: Final = re.compile(r"[.,;:!?)]*(?:$|[\s\"'`\u201d\u2019])")
_OPENING: Final = "\"'`\u201c\u2018"
_MOST_WORDS: Final = 6
"""So many may stand between the word for a value and the value."""
_FEWEST: Final = 4
"""A shorter value stands in a text by chance."""


def is_called(value: str, name: str, texts: Iterable[str]) -> bool:
    """Whether somebody says in one of these texts that a value is what a name says.

    It stands there as it is written, whole; it is quoted, or has more than letters; and in front of
    it, in its sentence and with no other value between, stands the name or a word for the same, and
    then what says that it is that: `to`, `is`, a colon.

    Args:
        value: As a model passes it on.
        name: A word for what it is: `password`.
        texts: Of the user.
    """
    kinds = things_of(stem(name))
    return len(value) >= _FEWEST and any(_is_called(value, kinds, text) for text in texts)


def _is_called(value: str, kinds: frozenset[str], text: str) -> bool:
    quotes = [match for match in QUOTED.finditer(text) if match[0][1:-1] != value]
    for found in re.finditer(re.escape(value), text):
        start, end = found.span()
        before = text[:start]
        is_whole = _BEFORE.search(before) is not None and _BEHIND.match(text, end) is not None
        is_quoted = before[-1:] in _OPENING and bool(before)
        is_anothers = any(quote.start() <= start < quote.end() for quote in quotes)
        if (
            is_whole
            and not is_anothers
            and (is_quoted or not value.isalpha())
            and _is_named(before.rstrip(_OPENING) if is_quoted else before, kinds)
        ):
            return True
    return False


def _is_named(before: str, kinds: frozenset[str]) -> bool:
    """Whether a sentence that leads to a value says last what that is."""
    sentence = _SENTENCE_END.split(before)[-1]
    words = [*_WORD.finditer(sentence)]
    for word in reversed(words[-_MOST_WORDS - 1 :]):
        if not kinds.isdisjoint(things_of(stem(word[0].casefold()))):
            between = sentence[word.end() :]
            is_other = any(sign.search(between) for sign in (_OTHER_VALUE, _TURN))
            return not is_other and _LEADS.search(between) is not None
    return False

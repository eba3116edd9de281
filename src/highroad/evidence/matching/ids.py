"""Ids: one token, compared whole."""

import re
from collections.abc import Iterator
from typing import Final

from highroad.evidence.matching.scanning import Scan
from highroad.evidence.matching.tokens import (
    EXACT,
    bare,
    fold,
    is_mixed,
    is_small,
    is_word,
    written,
)

_WHOLE: Final = "id|"
_GROUPS: Final = re.compile(
    r"(?<![\w-])[A-Z0-9]{4}(?:[ \u00a0][A-Z0-9]{4}){2,}(?:[ \u00a0][A-Z0-9]{1,3})?"
    r"(?![\w-])"
)
"""Three groups of four or more, with a digit; of two nobody can tell whether they are one id."""
_GROUPS_IN_TEXT: Final = Scan(
    re.compile(r"[A-Z0-9](?<![\w-].)(?=[A-Z0-9]{3}[ \u00a0][A-Z0-9]{4})"), _GROUPS
)
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""RFC 9562; also written without its hyphens."""
_UUID_LENGTH: Final = 36
_LABELLED: Final = re.compile(r"(?:[A-Za-z_]+[:/#]+|[Nn][or]\.)+(?P<code>[\w-]*\d[\w-]*)")
"""`id:A1`, `order/ORD-1`, `ID#7`: words that say what the code behind them is."""
_GAP: Final = re.compile(r"[ \u00a0]")


def keys(token: str) -> list[str]:
    """The keys of one token of what was seen.

    Case does not count (`ord-000042`), unless what is sought has letters of both: `aB3x` must have
    been seen just so. A small word is a code only as it stands: `IN` for Indiana is not `in`.
    """
    folded = fold(token)
    if is_small(folded):
        return [EXACT + token]
    if is_word(token):
        return [folded]
    if len(folded) == _UUID_LENGTH and _UUID.fullmatch(folded):
        return [folded, folded.replace("-", "")]
    return [folded, EXACT + token] if is_mixed(token) else [folded]


def labelled_keys(token: str) -> list[str]:
    """The keys of the code in a token that begins with what the code is."""
    match = _LABELLED.fullmatch(token)
    return [] if match is None else keys(match["code"])


def written_keys(text: str) -> Iterator[str]:
    """The keys of tokens with other characters than ASCII has: by each as it stands."""
    for token in written(text):
        if not token.isascii():
            yield EXACT + _cased(token)


def grouped_keys(text: str) -> Iterator[str]:
    """The keys of ids that stand in groups of four, as account numbers do; each as one token."""
    for match in filter(_has_digit, _GROUPS_IN_TEXT.finditer(text)):
        yield fold(_GAP.sub("", match[0]))


def whole(text: str) -> str:
    """The key of a leaf that a record calls an id, whatever it looks like."""
    return _WHOLE + " ".join(map(_cased, written(text)))


def sought(text: str) -> str | None:
    """The key under which an id would have been seen, or `None` if it has none."""
    found = written(text)
    if len(found) != 1:
        return _of_several(text.strip()) if found else None
    token = found[0]
    if not token.isascii():
        return EXACT + _cased(token)
    folded = fold(token)
    if len(folded) == _UUID_LENGTH and _UUID.fullmatch(folded):
        return folded.replace("-", "")
    return EXACT + token if is_mixed(token) or is_small(folded) else folded


def _cased(token: str) -> str:
    """A token without its case; accents and look-alikes make another id of it."""
    return fold(token) if token.isascii() else bare(token).casefold()


def _of_several(text: str) -> str:
    match = _GROUPS.fullmatch(text)
    return fold(_GAP.sub("", text)) if match and _has_digit(match) else whole(text)


def _has_digit(match: re.Match[str]) -> bool:
    return any(map(str.isdigit, match[0]))

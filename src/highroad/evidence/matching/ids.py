"""Ids: one token, compared whole."""

from typing import Final

from highroad.evidence.matching.tokens import EXACT, fold, is_mixed, is_small, split

_WHOLE: Final = "id|"


def keys(token: str) -> list[str]:
    """The keys of one token of what was seen.

    Case does not count (`ord-000042`), unless what is sought has letters of both: `aB3x` must have
    been seen just so. A small word is a code only as it stands: `IN` for Indiana is not `in`.
    """
    folded = fold(token)
    if is_small(folded):
        return [EXACT + token]
    return [folded, EXACT + token] if is_mixed(token) else [folded]


def whole(text: str) -> str:
    """The key of a leaf that is an id although it has blanks in it."""
    return _WHOLE + " ".join(map(fold, split(text)))


def sought(text: str) -> str | None:
    """The key under which an id would have been seen, or `None` if it has none."""
    found = split(text)
    if len(found) != 1:
        return whole(text) if found else None
    token = found[0]
    folded = fold(token)
    return EXACT + token if is_mixed(token) or is_small(folded) else folded

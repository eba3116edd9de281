"""Texts as tokens: what stands between blanks, quotes, brackets and commas, always whole.

An id, a number or a word is compared as a whole token. `ORD-000042` is one token, and so no
evidence for `42`, for `000042` or for `ORD`.
"""

import re
import unicodedata
from typing import Final

_QUOTES: Final = '"`\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}„«»'
_APOSTROPHES: Final = "'\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}"
# A comma between digits groups or parts a number; every other comma parts tokens.
_PARTING: Final = re.compile(
    rf"[\s{_QUOTES}()\[\]{{}}<>;|=\u2026\u2013\u2014]+|,(?!\d)|(?<!\d),|--+"
)
_TO_BLANKS: Final = str.maketrans(dict.fromkeys('"`()[]{}<>;|=', " "))
"""Those of ASCII, as they are parted in texts that are nothing else: a table is faster."""
_IN_COMMAS: Final = re.compile(r",(?!\d)|(?<!\d),")
_HYPHENS: Final = re.compile("--+")
_IN_NUMBER: Final = re.compile(r"\d,\d{3}(?!\d)|^[^,]*\d,\d{1,2}[^\d,]*$")
_BEFORE: Final = f"{_APOSTROPHES}*•·"
_BEHIND: Final = f"{_APOSTROPHES}.,:!?*"
_DASHES: Final = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2212\ufe63\uff0d", "-"))
_POSSESSIVE: Final = re.compile(rf"[{_APOSTROPHES}]s$", re.IGNORECASE)
_NO_WORD: Final = "-"
_WHOLLY_KEPT: Final = re.compile(r"[A-Za-z0-9_@#+/&%$~^ -]*")
"""Characters that neither part tokens nor are trimmed off them, two hyphens in a row apart."""
_JOINTS: Final = re.compile(r"[_\u2010\u2011-]")
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SMALL_WORDS: Final = """
    a an and are as at be by can do for from has have her his i in is it its me my of on or our
    please so that the their them then this to us want was we will with would you your
"""
SMALL: Final = frozenset(_SMALL_WORDS.split())
"""Words that hold others together; a phrase is compared without them."""

EXACT: Final = "="
"""Before a key that is compared by every character as it stands; no token has the sign in it."""


def split(text: str) -> list[str]:
    """The tokens of a text in plain characters, without the marks around them."""
    return written(
        text if text.isascii() else unicodedata.normalize("NFKC", text).translate(_DASHES)
    )


def written(text: str) -> list[str]:
    """The tokens of a text as they stand: `\uff14\uff12` is no `42`, though it reads so."""
    if is_plain(text):
        return [token for token in text.split() if token != _NO_WORD]
    raws = (
        _ascii_raws(text) if text.isascii() else _PARTING.split(unicodedata.normalize("NFC", text))
    )
    if "," in text:
        raws = [part for raw in raws for part in _parted(raw)]
    trimmed = [raw.lstrip(_BEFORE).rstrip(_BEHIND) for raw in raws]
    return [token for token in trimmed if token and token != _NO_WORD]


def _ascii_raws(text: str) -> list[str]:
    """What `_PARTING` leaves of a text of ASCII."""
    if "," in text:
        text = _IN_COMMAS.sub(" ", text)
    if "--" in text:
        text = _HYPHENS.sub(" ", text)
    return text.translate(_TO_BLANKS).split()


def is_word(token: str) -> bool:
    """Whether a token is a word of ASCII, in one case or with a capital first: most are.

    So it is one part, it has no other form but that without case, and it is no code.
    """
    return (
        token.isascii()
        and token.isalpha()
        and (token.islower() or token.istitle() or token.isupper())
    )


def is_simple(text: str) -> bool:
    """Whether a text is letters and digits of ASCII with blanks between them, as most are."""
    return text.isascii() and text.replace(" ", "").isalnum()


def is_plain(text: str) -> bool:
    """Whether a text is its tokens with blanks between them, to the last character."""
    return "--" not in text and _WHOLLY_KEPT.fullmatch(text) is not None


def _parted(raw: str) -> list[str]:
    """What commas part although digits stand on both sides: `52.52,13.40`, `1,2,3`."""
    return [raw] if "," not in raw or _IN_NUMBER.search(raw) else raw.split(",")


def fold(token: str) -> str:
    """A token without case, without a possessive, and without `#` or `@` before it.

    Words have no accents either. A code and a host keep theirs: with one they are others.
    """
    if is_word(token):
        return token.lower()
    token = bare(token)
    keeps_accents = token.isascii() or not token.isalpha()
    return token.casefold() if keeps_accents else _unaccented(token)


def bare(token: str) -> str:
    """A token without a possessive, and without `#` or `@` before it."""
    if "'" in token or not token.isascii():
        token = _POSSESSIVE.sub("", token)
    return token.lstrip("#@") or token


def is_small(folded: str) -> bool:
    """Whether a word says nothing by itself."""
    return folded in SMALL


def is_mixed(token: str) -> bool:
    """Whether a token is a code in which capitals and small letters differ: `aB3x`."""
    return (
        not token.islower()
        and not token.isupper()
        and any(map(str.isdigit, token))
        and any(map(str.islower, token))
        and any(map(str.isupper, token))
    )


def has_humps(text: str) -> bool:
    """Whether a capital stands right behind a small letter: `livingRoom`."""
    is_usual = text.islower() or text.istitle() or text.isupper()
    return not is_usual and _CAMEL.search(text) is not None


def spelled_out(token: str) -> list[str]:
    """The words of which a name is put together: `living_room`, `living-room`, `livingRoom`.

    What has a digit in it is a code, and stays whole.
    """
    if token.isalpha() and not has_humps(token):
        return [token]
    words = [part for each in _JOINTS.split(token) for part in _CAMEL.split(each)]
    return words if all(map(str.isalpha, words)) else [token]


def _unaccented(token: str) -> str:
    apart = unicodedata.normalize("NFKD", token.casefold())
    return "".join([each for each in apart if not unicodedata.combining(each)])

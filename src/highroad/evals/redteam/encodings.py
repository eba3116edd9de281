"""Ways to write a payload so that no word of it stands in plain, and the ways back.

A compromised model reads all of them. What is planted must therefore be stopped by where values
come from, and never by what they look like.
"""

import base64
import codecs
import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import quote, unquote

from highroad.domain.value import value

ZERO_WIDTH: Final = "\u200b"
_PART: Final = re.compile(r"\((\d+)/(\d+)\)(.*?)(?=\n?\(\d+/\d+\)|\Z)", re.DOTALL)
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{24,}")
_FROM_URL: Final = str.maketrans("-_", "+/")
_GROUP: Final = 4
"""Letters of base64 that make bytes together (RFC 4648, 4)."""
_HEX: Final = re.compile(r"[0-9a-fA-F]{32,}")
_INVISIBLE: Final = re.compile("[\u200b-\u200f\u2060-\u2064\ufeff\U000e0000-\U000e007f]")
_LIKE: Final = str.maketrans(
    "aceopxyijsABCEHIKMOPTX",
    "\u0430\u0441\u0435\u043e\u0440\u0445\u0443\u0456\u0458\u0455"
    "\u0410\u0412\u0421\u0415\u041d\u0406\u041a\u041c\u041e\u0420\u0422\u0425",
)
"""Cyrillic letters that look like Latin ones."""
_UNLIKE: Final = {other: letter for letter, other in _LIKE.items()}
_LEET: Final = str.maketrans("aeiost", "431057")
_UNLEET: Final = str.maketrans("431057", "aeiost")
_TABS: Final = str.maketrans(" ", "\t")
_PIECES: Final = 3


@value
class Encoding:
    """One way to write a payload."""

    name: str
    write: Callable[[str], tuple[str, ...]]
    """Gives a text for each field that it is spread over."""


def _one(write: Callable[[str], str]) -> Callable[[str], tuple[str, ...]]:
    return lambda text: (write(text),)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _split(text: str) -> tuple[str, ...]:
    size = -(-len(text) // _PIECES)
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    return tuple(f"({number}/{len(pieces)}){piece}" for number, piece in enumerate(pieces, 1))


def _zero_width(text: str) -> str:
    return ZERO_WIDTH.join(text)


def _words(text: str, letters: Mapping[int, int]) -> str:
    """Change letters of the words, and leave the values of an order as they are."""
    words, brace, values = text.partition("{")
    return words.translate(letters) + brace + values


def _entities(text: str) -> str:
    return "".join(f"&#{ord(letter)};" for letter in text)


ENCODINGS: Final = (
    Encoding(name="plain", write=_one(str)),
    Encoding(name="base64", write=_one(_base64)),
    Encoding(name="hex", write=_one(lambda text: text.encode().hex())),
    Encoding(name="rot13", write=_one(lambda text: codecs.encode(text, "rot13"))),
    Encoding(name="reversed", write=_one(lambda text: text[::-1])),
    Encoding(name="split", write=_split),
    Encoding(name="homoglyph", write=_one(lambda text: text.translate(_LIKE))),
    Encoding(name="zero_width", write=_one(_zero_width)),
    Encoding(name="leetspeak", write=_one(lambda text: _words(text, _LEET))),
    Encoding(name="tabs", write=_one(lambda text: _words(text, _TABS))),
    Encoding(name="url", write=_one(lambda text: quote(text, safe=""))),
    Encoding(name="html", write=_one(_entities)),
)
"""Every encoding; the first is none."""


def encoding(name: str) -> Encoding:
    """The encoding of that name.

    Raises:
        KeyError: There is none.
    """
    return {each.name: each for each in ENCODINGS}[name]


def readings(text: str) -> Iterator[str]:
    """Every way in which somebody who wants to could read a text, itself first."""
    yield text
    seen = _INVISIBLE.sub("", text)
    if seen != text:
        yield seen
    if not seen.isascii():
        yield seen.translate(_UNLIKE)
        yield unicodedata.normalize("NFKC", seen)
    if "%" in seen:
        yield unquote(seen)
    if "&" in seen:
        yield html.unescape(seen)
    yield codecs.encode(seen, "rot13")
    yield seen[::-1]
    yield _words(seen, _UNLEET)
    yield from _decoded(seen)


def joined(texts: Iterable[str]) -> str:
    """Numbered pieces of one text, wherever they stand, in the order of their numbers."""
    pieces = {int(number): piece for text in texts for number, _, piece in _PART.findall(text)}
    return "".join(pieces[number] for number in sorted(pieces))


def folded(text: str) -> str:
    """A text without what leetspeak, scenario and blanks change, to be compared with another."""
    return "".join(text.split()).casefold().translate(_UNLEET)


def _decoded(text: str) -> Iterator[str]:
    """What runs of letters come to, wherever in a run the payload begins.

    What it is planted in may end in letters, and then nobody sees where it does.
    """
    for run in _BASE64.findall(text):
        letters = run.translate(_FROM_URL)
        yield from (_plain(_from_base64(letters[start:])) for start in range(_GROUP))
    for run in _HEX.findall(text):
        yield from (_plain(bytes.fromhex(_even(run[start:]))) for start in range(2))


def _from_base64(letters: str) -> bytes:
    whole = letters[: len(letters) - (len(letters) % _GROUP == 1)]
    return base64.b64decode(whole + "=" * (-len(whole) % _GROUP))


def _even(digits: str) -> str:
    return digits[: len(digits) - len(digits) % 2]


def _plain(read: bytes) -> str:
    return read.decode(errors="replace")

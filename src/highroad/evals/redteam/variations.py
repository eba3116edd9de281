"""Other ways to write a value: those that a road which reads too kindly would take for it.

Each names something else than the text that it is made of, or would be taken for it only by who
normalizes: an address with a tag is another mailbox, and `00017` is no order `17`. Blanks around a
value, and another case, are none of them.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final
from urllib.parse import quote

from highroad.domain.json_value import JsonObject, JsonValue
from highroad.evals.redteam.encodings import encoding
from highroad.evals.redteam.values import STRANGER

_DIGITS: Final = str.maketrans(
    "0123456789", "\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669"
)
_WIDE: Final = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_NUMBER: Final = re.compile(r"\d+")
_MAILBOX: Final = re.compile(r"(?P<name>[^@\s]+)@(?P<host>[\w.-]+)")
_HOST: Final = re.compile(r"(?<=[@/])[\w-]+(?:\.[\w-]+)+|^[\w-]+(?:\.[\w-]+)+$")


def _full_width(text: str) -> str:
    return text.translate(_WIDE)


def _digits(text: str) -> str:
    return text.translate(_DIGITS)


def _leading_zeros(text: str) -> str:
    return _NUMBER.sub(lambda found: f"00{found[0]}", text, count=1)


def _percent(text: str) -> str:
    return "".join(
        quote(each, safe="") if not each.isalnum() else f"%{ord(each):02X}" for each in text
    )


def _right_to_left(text: str) -> str:
    return f"\u202e{text[::-1]}\u202c"


def _plus(text: str) -> str:
    return _MAILBOX.sub(lambda found: f"{found['name']}+{STRANGER.name}@{found['host']}", text)


def _dots(text: str) -> str:
    return _MAILBOX.sub(lambda found: f"{'.'.join(found['name'])}@{found['host']}", text)


def _subdomain(text: str) -> str:
    return _HOST.sub(lambda found: f"{found[0]}.{STRANGER.host}", text)


def _user_info(text: str) -> str:
    return _HOST.sub(lambda found: f"{found[0]}@{STRANGER.host}", text)


def _punycode(text: str) -> str:
    return _HOST.sub(lambda found: _like(found[0]).encode("idna").decode(), text)


def _like(text: str) -> str:
    (written,) = encoding("homoglyph").write(text)
    return written


WRITINGS: Final[Mapping[str, Callable[[str], str]]] = {
    "full_width": _full_width,
    "digits": _digits,
    "leading_zeros": _leading_zeros,
    "percent": _percent,
    "right_to_left": _right_to_left,
    "plus": _plus,
    "dots": _dots,
    "subdomain": _subdomain,
    "user_info": _user_info,
    "punycode": _punycode,
    "look_alike": _like,
}
"""Every way, by name."""


def rewritten(arguments: JsonObject, write: Callable[[str], str]) -> Iterator[JsonObject]:
    """Arguments with one text of them written in a way, for each text that the way changes."""
    for name, each in arguments.items():
        changed = _changed(each, write)
        if changed != each:
            yield {**arguments, name: changed}


def _changed(found: JsonValue, write: Callable[[str], str]) -> JsonValue:
    match found:
        case str():
            return write(found)
        case list():
            return [_changed(each, write) for each in found]
        case _:
            return found

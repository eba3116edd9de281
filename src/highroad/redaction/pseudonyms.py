"""Pseudonyms: what a model is shown in place of a value, and can hand back in its place.

A pseudonym is made of the value under the key of its run, so the same value has the same one in the
run, whoever meets it first, and none that anybody could guess or find again in another run. What
it stands for is known to whoever has seen the value; once key and values are erased, to nobody.
"""

import re
from base64 import b32encode
from collections.abc import Callable, Mapping
from typing import Final

from highroad.domain.json_value import JsonValue
from highroad.domain.label import CONFIDENTIAL
from highroad.domain.redaction import SensitiveKind
from highroad.redaction.checksums import digits_of

DOMAIN: Final = "redacted.example"
"""Where no mail arrives: RFC 2606 section 2 reserves `.example`."""

_MARK_BYTES: Final = 10
_MARK: Final = r"[a-z2-7]{16}"
_KINDS: Final = "|".join(SensitiveKind)
_FORM: Final = re.compile(
    rf"\[(?:{_KINDS}|{CONFIDENTIAL})-{_MARK}\]|email-{_MARK}@redacted\.example"
)
_BY_DIGITS: Final = frozenset({SensitiveKind.PHONE, SensitiveKind.CARD})
_WITHOUT_CASE: Final = frozenset({SensitiveKind.EMAIL, SensitiveKind.PERSON, SensitiveKind.PLACE})
_BLANKS: Final = re.compile(r"[\s.-]+")

Digest = Callable[[bytes], str]
"""HMAC-SHA256 under the key of a run, in hex."""


class Pseudonyms:
    """Those of one run.

    Args:
        digest: Under the key of the run.
        values: What those stand for that were met so far; it grows as others are made.
    """

    __slots__ = ("_digest", "_values")

    def __init__(self, digest: Digest, values: dict[str, str] | None = None) -> None:
        self._digest = digest
        self._values: dict[str, str] = {} if values is None else values

    def of(self, kind: SensitiveKind, value: str) -> str:
        """What stands for a value from now on."""
        mark = self._mark(kind, _same(kind, value))
        made = f"email-{mark}@{DOMAIN}" if kind is SensitiveKind.EMAIL else f"[{kind}-{mark}]"
        self._values.setdefault(made, value)
        return made

    def of_confidential(self, text: str) -> str:
        """The same for a whole text that is for other readers, whatever it tells of."""
        made = f"[{CONFIDENTIAL}-{self._mark(CONFIDENTIAL, text)}]"
        self._values.setdefault(made, text)
        return made

    def _mark(self, kind: str, value: str) -> str:
        content = f"pseudonym\n{kind}\n{value}".encode()
        return b32encode(bytes.fromhex(self._digest(content))[:_MARK_BYTES]).decode().lower()


def revealed(json: JsonValue, values: Mapping[str, str]) -> JsonValue:
    """A value with what pseudonyms stand for in their place; those that are unknown stay."""
    match json:
        case str():
            return _FORM.sub(lambda found: values.get(found[0], found[0]), json)
        case dict():
            members = (
                (revealed(key, values), revealed(each, values)) for key, each in json.items()
            )
            return {str(key): each for key, each in members}
        case list():
            return [revealed(each, values) for each in json]
        case _:
            return json


def concealed(json: JsonValue, values: Mapping[str, str]) -> JsonValue:
    """A value in which a pseudonym stands again for each text that is for other readers."""
    made = {text: each for each, text in values.items() if each.startswith(f"[{CONFIDENTIAL}-")}
    return _concealed(json, made) if made else json


def _concealed(json: JsonValue, made: Mapping[str, str]) -> JsonValue:
    match json:
        case str():
            return made.get(json, json)
        case dict():
            return {made.get(key, key): _concealed(each, made) for key, each in json.items()}
        case list():
            return [_concealed(each, made) for each in json]
        case _:
            return json


def has_pseudonym(text: str) -> bool:
    """Whether a text has what looks like one."""
    return (DOMAIN in text or "-" in text) and _FORM.search(text) is not None


def is_pseudonym(text: str) -> bool:
    """Whether a text is one, of whichever run."""
    return _FORM.fullmatch(text) is not None


def _same(kind: SensitiveKind, value: str) -> str:
    """What writings of one value have in common."""
    if kind in _BY_DIGITS:
        return "".join(map(str, digits_of(value)))
    if kind in _WITHOUT_CASE:
        return " ".join(value.casefold().split())
    return value if kind is SensitiveKind.KEY else _BLANKS.sub("", value).upper()

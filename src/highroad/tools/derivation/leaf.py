"""What one leaf of a result is, by its schema and its name, and so who could have chosen it."""

import re
from enum import Enum, auto
from typing import Final

from highroad.domain.json_value import JsonObject
from highroad.domain.value import value
from highroad.tools.derivation.reason import Basis
from highroad.tools.words import word_set, words_of


class LeafKind(Enum):
    """What a leaf is."""

    CLOSED = auto()
    """One of a few values that the schema lists."""
    MEASURE = auto()
    """A number, a date."""
    ID = auto()
    """Names a record."""
    CHOICE = auto()
    """A text that stands for one of a few values."""
    ADDRESS = auto()
    """Where a party is reached or paid."""
    NAME = auto()
    """What a party or a place calls itself."""
    OPEN = auto()
    """Anything that somebody likes to write."""


@value
class LeafReading:
    """What a leaf is, and what that rests on."""

    kind: LeafKind
    basis: Basis
    what: str
    """In words, for the reason."""


_FREE: Final = word_set(
    """abstract about answer bio body caption comment comments content contents description detail
    details feedback headline html info information instructions markdown memo message note notes
    question reason remark remarks review snippet subject summary text title topic transcript"""
)
_ADDRESSES: Final = word_set(
    """account address addresses attendee attendees bcc beneficiary bic cc city counterparty
    country_of email emails fax from iban invitee invitees mail mobile organizer participant
    participants payee payer phone phones postal postcode recipient recipients sender street
    telephone to town wallet zip zipcode"""
)
_NUMBERED: Final = word_set("account card iban phone routing fax mobile")
_NAMES: Final = word_set(
    """author channel channels displayname firstname fullname handle label lastname login member
    members name names nickname owner owners surname team user username usernames users"""
)
ID_NAMES: Final = word_set("ean guid id ids isbn serial sku uuid uuids")
_CHOICES: Final = word_set(
    "country currency kind language level locale priority state status tier timezone type unit"
)
_DATES: Final = word_set("at date dates day deadline end expires start time timestamp until")
_PLACES: Final = word_set(
    "endpoint file filename folder href image link links location path photo picture uri url urls "
    "website webhook"
)
_REACHED: Final = {
    "email": "an e-mail address",
    "idn-email": "an e-mail address",
    "iban": "an account",
    "phone": "a phone number",
    "tel": "a phone number",
}
"""Formats of where a party is reached or paid."""
_TIMES: Final = frozenset({"date", "date-time", "time", "duration"})
_ATOM: Final = (
    r"(?:[A-Z0-9]|[-_#:]|\\d|\[(?:0-9|A-Z|A-F|a-f|0-9A-F|0-9a-f|A-Z0-9|0-9A-Z)\])(?:\{\d+\})?"
)
_FIXED: Final = re.compile(rf"\^(?:{_ATOM})+\$")
"""A pattern of capitals, digits and signs of a fixed length: a code, in which nothing is said."""


def leaf_of(name: str, part: JsonObject, types: frozenset[str]) -> LeafReading:
    """What a leaf of this name and schema is.

    Args:
        name: Of the member that holds it, or that holds the list in which it stands.
        part: Its schema.
        types: JSON types that it may have, but for `null`.
    """
    if "enum" in part or "const" in part:
        return LeafReading(kind=LeafKind.CLOSED, basis=Basis.TYPE, what="one of a few values")
    if types == {"boolean"}:
        return LeafReading(kind=LeafKind.CLOSED, basis=Basis.TYPE, what="yes or no")
    if types and types <= {"integer", "number"}:
        if words_of(name)[-1:] and words_of(name)[-1] in ID_NAMES:
            return LeafReading(kind=LeafKind.ID, basis=Basis.TYPE, what="the number of a record")
        return LeafReading(kind=LeafKind.MEASURE, basis=Basis.TYPE, what="a number")
    if types != {"string"}:
        return LeafReading(kind=LeafKind.OPEN, basis=Basis.DEFAULT, what="no single type")
    return _by_format(part) or _by_name(name)


def names_record(name: str) -> bool:
    """Whether a name says that it is the id by which a record goes."""
    return not ID_NAMES.isdisjoint(words_of(name)[-1:])


def own_id(name: str, holder: frozenset[str]) -> bool:
    """Whether an id is that of the record in which it stands, and not one that this names."""
    words = words_of(name)[:-1]
    return all(word in holder or f"{word}s" in holder for word in words)


def _by_format(part: JsonObject) -> LeafReading | None:
    said = part.get("format")
    if said == "uuid":
        return LeafReading(kind=LeafKind.ID, basis=Basis.TYPE, what="a UUID")
    if said in _TIMES:
        return LeafReading(kind=LeafKind.MEASURE, basis=Basis.TYPE, what=f"a {said}")
    if isinstance(said, str) and said in _REACHED:
        return LeafReading(kind=LeafKind.ADDRESS, basis=Basis.TYPE, what=_REACHED[said])
    if isinstance(said, str):
        return LeafReading(kind=LeafKind.OPEN, basis=Basis.TYPE, what=f"a text of format {said}")
    pattern = part.get("pattern")
    if isinstance(pattern, str) and _FIXED.fullmatch(pattern):
        return LeafReading(kind=LeafKind.ID, basis=Basis.TYPE, what="a code of fixed length")
    return None


def _by_name(name: str) -> LeafReading:
    words = words_of(name)
    kind = _kind_named(words) if words else LeafKind.OPEN
    if kind is LeafKind.OPEN:
        return LeafReading(kind=kind, basis=Basis.DEFAULT, what="text")
    return LeafReading(kind=kind, basis=Basis.NAME, what=_TOLD[kind])


def _kind_named(words: tuple[str, ...]) -> LeafKind:  # noqa: PLR0911 - one line for each kind
    last, every = words[-1], frozenset(words)
    if last in _FREE or not every.isdisjoint(_PLACES):
        return LeafKind.OPEN
    if last in ID_NAMES:
        return LeafKind.ID
    if last in _ADDRESSES or (last in {"number", "code"} and not every.isdisjoint(_NUMBERED)):
        return LeafKind.ADDRESS
    if words[0] in {"street", "address", "postal", "zip"}:
        return LeafKind.ADDRESS
    if last in _NAMES:
        return LeafKind.NAME
    if last in _DATES:
        return LeafKind.MEASURE
    if last in _CHOICES or (last == "code" and not every.isdisjoint(_CHOICES)):
        return LeafKind.CHOICE
    return LeafKind.OPEN


_TOLD: Final = {
    LeafKind.ID: "an id",
    LeafKind.ADDRESS: "a party's address",
    LeafKind.NAME: "a name",
    LeafKind.MEASURE: "a date",
    LeafKind.CHOICE: "one of a few values",
}

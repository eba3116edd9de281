"""What the name of a field tells of its values: an id, money, cents, a date.

A name only chooses how values are compared; what is compared as the wrong kind is found less often,
never more.
"""

import re
from functools import lru_cache
from typing import Final

from highroad.domain.evidence import ValueKind
from highroad.evidence.matching import units

_SYMBOL: Final = 2
"""A name so short is no unit by itself: `m` may be anything."""
_PARTS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_CENTS: Final = frozenset({"cents", "cent", "pence", "minor"})
_ID_WORDS: Final = """
    id ids uuid guid key keys ref reference sku iban code codes slug token handle username login
    serial number no nr zip zipcode postcode phone telephone
"""
_IDS: Final = frozenset(_ID_WORDS.split())
_POSTAL: Final = frozenset({"zip", "zipcode", "postcode"})
"""Ids in which blanks stand: they are sought as texts."""
_MONEY_WORDS: Final = """
    amount amounts price prices total subtotal cost costs balance fee fees refund refunded paid sum
    budget salary payment tax discount
"""
_MONEY: Final = frozenset(_MONEY_WORDS.split())
_KINDS: Final = {
    ValueKind.EMAIL: "email emails mail recipient recipients attendee attendees cc bcc invitees",
    ValueKind.PHONE: "phone phones telephone mobile fax",
    ValueKind.URL: "url urls uri link website webhook",
    ValueKind.PATH: "path paths file files filename directory folder",
    ValueKind.DATE: "date dates day birthday deadline due since until",
    ValueKind.TIME: "time",
    ValueKind.MOMENT: "datetime timestamp moment at start end begin",
    ValueKind.UNIT: "unit units currency",
    ValueKind.NAME: "name names person author user assignee owner contact customer guest city town",
}
_BY_PART: Final = {part: kind for kind, parts in _KINDS.items() for part in parts.split()}


@lru_cache(4_096)
def parts_of(name: str) -> tuple[str, ...]:
    """The words of a name: `newItem_IDs` is new, item, ids."""
    return tuple(part.lower() for part in _PARTS.findall(name.replace("IDs", "Ids")))


@lru_cache(4_096)
def is_id(name: str) -> bool:
    """Whether the last word says that it is an id."""
    parts = parts_of(name)
    return bool(parts) and parts[-1] in _IDS


@lru_cache(4_096)
def is_cents(name: str) -> bool:
    """Whether it counts hundredths of a currency."""
    return not _CENTS.isdisjoint(parts_of(name))


@lru_cache(4_096)
def is_money(name: str) -> bool:
    """Whether it is money in its major unit, or in one that it does not tell."""
    if not _MONEY.isdisjoint(parts_of(name)):
        return not _is_measured(name)
    found = units.codes_of(unit_of(name))
    return len(found) == 1 and units.is_money(found[0])


@lru_cache(4_096)
def is_year(name: str) -> bool:
    """Whether it is the year of some date."""
    return parts_of(name)[-1:] == ("year",)


@lru_cache(4_096)
def unit_of(name: str) -> str:
    """What its last word says its numbers count: `duration_minutes`, `price_usd`, `dollars`."""
    parts = parts_of(name)
    is_unit = parts and units.codes_of(parts[-1]) and (len(parts) > 1 or len(name) > _SYMBOL)
    return parts[-1] if is_unit else ""


@lru_cache(4_096)
def codes_of(name: str) -> tuple[str, ...]:
    """The codes of that unit; of money in its major unit that of its currency alone."""
    found = units.codes_of(unit_of(name))
    if _MONEY.isdisjoint(parts_of(name)) or _is_measured(name):
        return found
    return tuple(code for code in found if units.is_money(code))


def _is_measured(name: str) -> bool:
    """Whether what is called money is so much of a measure: `discount_percent`."""
    unit = unit_of(name)
    is_measure = units.is_clear(unit) and not any(map(units.is_money, units.codes_of(unit)))
    return is_measure and "per" not in parts_of(name)


@lru_cache(4_096)
def has_clear_unit(name: str) -> bool:
    """Whether its last word can be nothing but the unit of its numbers."""
    return units.is_clear(unit_of(name))


@lru_cache(4_096)
def kind_of(name: str) -> ValueKind | None:
    """The kind of a text under that name; `None` if the name tells nothing."""
    parts = parts_of(name)
    if not parts:
        return None
    if parts[-1] in _BY_PART:
        return _BY_PART[parts[-1]]
    if parts[-1] in _IDS - _POSTAL:
        return ValueKind.ID
    found = [_BY_PART[part] for part in parts if part in _BY_PART]
    return found[0] if found else None

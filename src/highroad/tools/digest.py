"""The digest of a definition: what pins compare and approvals bind (P8, P4)."""

import hashlib
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass, replace
from operator import attrgetter
from typing import Final

from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.tool import ToolDefinition
from highroad.ledger.canonical import canonical

_PINNED: Final = tuple(each.name for each in fields(ToolDefinition) if each.name != "digest")
_values_of = attrgetter(*_PINNED)


def pinned_fields(definition: ToolDefinition) -> JsonObject:
    """Every field of a definition that says anything, but the digest itself, as JSON.

    A field that is added to `ToolDefinition` is pinned without a word here: to forget one would
    let it change behind a person's back. What is null or empty is left out, so that a field which
    a later version adds, and of which a tool says nothing, leaves what was accepted as it is.
    """
    found = zip(_PINNED, map(_json, _values_of(definition)), strict=True)
    return {name: value for name, value in found if value or value is False or value == 0}


def digest_of(pinned: Mapping[str, JsonValue]) -> str:
    """SHA-256 in hex over pinned fields in RFC 8785 form."""
    return hashlib.sha256(canonical(dict(pinned))).hexdigest()


def sealed(definition: ToolDefinition) -> ToolDefinition:
    """The definition with its digest."""
    return replace(definition, digest=digest_of(pinned_fields(definition)))


def _json(value: object) -> JsonValue:  # noqa: PLR0911 - one branch for each kind of value
    """Sets in order, values by their fields, keys as text.

    A whole number has one RFC 8785 form, with a fraction or without: `5.0` is told as `5`.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, Mapping):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, AbstractSet):
        return [_json(item) for item in sorted(value)]
    if is_dataclass(value):
        return {field.name: _json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no form in a digest")

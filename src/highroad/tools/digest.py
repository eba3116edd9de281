"""The digest of a definition: what pins compare and approvals bind (P8, P4)."""

import hashlib
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass, replace
from functools import cache
from operator import attrgetter
from typing import Any, Final

from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.tool import ToolDefinition
from highroad.ledger.canonical import canonical

_FIELDS: Final = tuple(each for each in fields(ToolDefinition) if each.name != "digest")
_JSON: Final = frozenset({"input_schema", "output_schema", "examples", "annotations"})
"""Fields that are JSON as they stand; a schema is large, and every tool has one."""
_values_of = attrgetter(*(each.name for each in _FIELDS))


def pinned_fields(definition: ToolDefinition) -> JsonObject:
    """Every field of a definition that says anything, but the digest itself, as JSON.

    A field that is added to `ToolDefinition` is pinned without a word here: to forget one would
    let it change behind a person's back. What is null or empty is left out, so that a field which
    a later version adds, and of which a tool says nothing, leaves what was accepted as it is.
    """
    return {
        each.name: _plain(value) if each.name in _JSON else _json(value)
        for each, value in zip(_FIELDS, _values_of(definition), strict=True)
        if value or value is False or value == 0
    }


def digest_of(pinned: Mapping[str, JsonValue]) -> str:
    """SHA-256 in hex over pinned fields in RFC 8785 form."""
    return hashlib.sha256(canonical(dict(pinned))).hexdigest()


def sealed(definition: ToolDefinition) -> ToolDefinition:
    """The definition with its digest."""
    return replace(definition, digest=digest_of(pinned_fields(definition)))


def _plain(value: Any) -> JsonValue:  # noqa: ANN401 - JSON, in whichever container its author gave it
    """JSON in containers of JSON."""
    return list(value) if isinstance(value, tuple) else dict(value)


def _json(value: object) -> JsonValue:
    """Sets in order, values by their fields, keys as text.

    A whole number has one RFC 8785 form, with a fraction or without: `5.0` is told as `5`.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return _scalar(value)
    if isinstance(value, dict):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    if isinstance(value, AbstractSet):
        return [_json(item) for item in sorted(value)]
    return {name: _json(getattr(value, name)) for name in _names_of(type(value))}  # type: ignore[arg-type]  # every type can be hashed


def _scalar(value: bool | float | str | None) -> JsonValue:  # noqa: FBT001 - a value, no switch
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    return int(value) if value == int(value) else value


@cache
def _names_of(kind: type[Any]) -> tuple[str, ...]:
    """Fields of a value; asked anew for each argument of each tool it would cost more than all."""
    if not is_dataclass(kind):
        raise TypeError(f"{kind.__name__} has no form in a digest")
    return tuple(each.name for each in fields(kind))

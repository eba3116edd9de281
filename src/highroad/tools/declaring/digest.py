"""The digest of a definition: what pins compare and approvals bind (P8, P4)."""

import hashlib
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass, replace
from functools import cache, lru_cache
from operator import attrgetter
from types import NoneType
from typing import Any, Final

from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.label import Labels
from highroad.domain.tool import ArgumentContract, ToolDefinition
from highroad.ledger.canonical import canonical

_FIELDS: Final = tuple(each.name for each in fields(ToolDefinition) if each.name != "digest")
_JSON: Final = frozenset({"input_schema", "output_schema", "examples", "annotations"})
"""Fields that are JSON as they stand; a schema is large, and every tool has one."""
_SCALARS: Final = frozenset({str, bool, int, float, NoneType})
_COMMON: Final = frozenset({ArgumentContract, Labels})
"""What many definitions hold the very same of."""
_LATER: Final = frozenset({"flows", "intent"})
"""Fields of a part of a definition that came with a later version: left out where they say
nothing, as fields of the definition are."""
_values_of = attrgetter(*_FIELDS)


def pinned_fields(definition: ToolDefinition) -> JsonObject:
    """Every field of a definition that says anything, but the digest itself, as JSON.

    A field that is added to `ToolDefinition` is pinned without a word here: to forget one would
    let it change behind a person's back. What is null or empty is left out, so that a field which
    a later version adds, and of which a tool says nothing, leaves what was accepted as it is.
    Parts of it may be shared with other definitions: it is there to be read.
    """
    return _pinned(zip(_FIELDS, _values_of(definition), strict=True))


def digest_of(pinned: Mapping[str, JsonValue]) -> str:
    """SHA-256 in hex over pinned fields in RFC 8785 form."""
    return hashlib.sha256(canonical(dict(pinned))).hexdigest()


def sealed(definition: ToolDefinition) -> ToolDefinition:
    """The definition with its digest."""
    return replace(definition, digest=digest_of(pinned_fields(definition)))


def defined(said: Mapping[str, Any]) -> ToolDefinition:
    """The definition with these fields, the defaults of all others, and its digest."""
    unsaid = {name: usual for name, usual in _USUAL.items() if name not in said}
    return ToolDefinition(**said, digest=digest_of(unsaid | _pinned(said.items())))


def _pinned(said: Iterable[tuple[str, Any]]) -> JsonObject:
    return {
        name: _plain(value) if name in _JSON else _json(value)
        for name, value in said
        if value or value is False or value == 0
    }


def _plain(value: Any) -> JsonValue:  # noqa: ANN401 - JSON, in whichever container its author gave it
    """JSON in containers of JSON."""
    return list(value) if isinstance(value, tuple) else dict(value)


def _json(value: Any) -> JsonValue:  # noqa: ANN401, PLR0911 - whatever a field holds, each its way
    """Sets in order, values by their fields, keys as text.

    A whole number has one RFC 8785 form, with a fraction or without: `5.0` is told as `5`.
    """
    kind = type(value)
    if kind in _SCALARS:
        return int(value) if kind is float and value.is_integer() else value
    if kind in _COMMON:
        return _known(value)
    if kind is dict:
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, str | int):  # of an enumeration
        return str(value) if isinstance(value, str) else int(value)
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    if isinstance(value, AbstractSet):
        return [_json(item) for item in sorted(value)]
    return _by_fields(value)


@lru_cache(1024)
def _known(value: ArgumentContract | Labels) -> JsonValue:
    """What is common, written once."""
    return _by_fields(value)


def _by_fields(value: object) -> JsonObject:
    names = _names_of(type(value))  # type: ignore[arg-type]  # every type can be hashed
    said = {name: _json(getattr(value, name)) for name in names}
    return {name: each for name, each in said.items() if each or name not in _LATER}


@cache
def _names_of(kind: type[Any]) -> tuple[str, ...]:
    """Fields of a value; asked anew for each argument of each tool it would cost more than all."""
    if not is_dataclass(kind):
        raise TypeError(f"{kind.__name__} has no form in a digest")
    return tuple(each.name for each in fields(kind))


_USUAL: Final = pinned_fields(ToolDefinition(name="", description="", input_schema={}, digest=""))
"""What is pinned of a definition that says nothing."""

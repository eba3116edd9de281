"""The digest of a definition: what pins compare and approvals bind (P8, P4)."""

import hashlib
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass, replace

from highroad.domain.json_value import JsonValue
from highroad.domain.tool import ToolDefinition
from highroad.ledger.canonical import canonical


def pinned_fields(definition: ToolDefinition) -> dict[str, JsonValue]:
    """Every field of a definition but the digest itself, as JSON.

    A field that is added to `ToolDefinition` is pinned without a word here: to forget one would
    let it change behind a person's back.
    """
    return {
        field.name: _json(getattr(definition, field.name))
        for field in fields(definition)
        if field.name != "digest"
    }


def sealed(definition: ToolDefinition) -> ToolDefinition:
    """The definition with its digest: SHA-256 in hex over the pinned fields in RFC 8785 form."""
    digest = hashlib.sha256(canonical(pinned_fields(definition))).hexdigest()
    return replace(definition, digest=digest)


def _json(value: object) -> JsonValue:
    """Sets in order, values by their fields, keys as text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, AbstractSet):
        return [_json(item) for item in sorted(value)]
    if is_dataclass(value):
        return {field.name: _json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no form in a digest")

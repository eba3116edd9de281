"""What other processes ask of a ledger's owner; it waits in the inbox until an entry answers it."""

import json
from dataclasses import dataclass, fields
from typing import Any, Final, TypeAlias

from highroad.domain.approval import Decision, Ruling


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """A person's word on what became of a call whose outcome is unknown."""

    call_id: str
    applied: bool
    """Whether it took effect."""
    by: str
    """Opaque id."""
    at_ms: int
    reason: bytes | None = None
    """Why, encrypted with the organization's key."""
    profile: bytes | None = None
    """Who they are, encrypted, for the erasable table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureOrder:
    """Somebody asks that what is known of a principal be destroyed."""

    principal_id: str
    """Opaque id of whoever is forgotten."""
    organization: str
    by: str
    """Opaque id."""
    at_ms: int
    profile: bytes | None = None
    """Who asks, encrypted, for the erasable table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redrive:
    """Somebody asks that a call that was given up on be made again."""

    letter_id: str
    by: str
    """Opaque id."""
    at_ms: int
    profile: bytes | None = None
    """Who they are, encrypted, for the erasable table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discard:
    """A person's word that a call that was given up on need not be made."""

    letter_id: str
    by: str
    """Opaque id."""
    at_ms: int
    reason: bytes | None = None
    """Why, encrypted with the organization's key."""
    profile: bytes | None = None
    """Who they are, encrypted, for the erasable table."""


Order: TypeAlias = Decision | Settlement | ErasureOrder | Redrive | Discard

_KINDS: Final[dict[str, type[Order]]] = {
    "decision": Decision,
    "settlement": Settlement,
    "erasure": ErasureOrder,
    "redrive": Redrive,
    "discard": Discard,
}
_NAMES: Final = {kind: name for name, kind in _KINDS.items()}
_BYTES: Final = {"reason", "profile"}
"""Fields of bytes; they are written in hex."""


def write_order(order: Order) -> tuple[str, str]:
    """Name of its kind, and its fields as JSON: the same order always gives the same text."""
    values: dict[str, Any] = {field.name: getattr(order, field.name) for field in fields(order)}
    for name in _BYTES & values.keys():
        values[name] = None if values[name] is None else values[name].hex()
    return _NAMES[type(order)], json.dumps(values, sort_keys=True, separators=(",", ":"))


def is_known(kind: str) -> bool:
    """Whether this version reads orders of that kind."""
    return kind in _KINDS


def read_order(kind: str, text: str) -> Order:
    """What `write_order` wrote.

    Raises:
        KeyError: The kind is of a newer version.
    """
    values: dict[str, Any] = json.loads(text)
    for name in _BYTES & values.keys():
        values[name] = None if values[name] is None else bytes.fromhex(values[name])
    if "ruling" in values:
        values["ruling"] = Ruling(values["ruling"])
    return _KINDS[kind](**values)

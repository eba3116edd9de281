"""What other processes ask of a ledger's owner; it waits in the inbox until an entry answers it.

An order is written as JSON with the version of its form. What a newer version wrote is told apart
from what nobody wrote so: the first waits for a process that knows it, the second is put aside.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, NamedTuple, TypeAlias

from highroad.domain.approval import Decision, Ruling
from highroad.domain.dependency import BreakerState
from highroad.domain.error import HighroadError


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """A person's word on what became of a call whose outcome is unknown."""

    id: str
    """Of the amendment that it becomes."""
    call_id: str
    organization: str
    applied: bool
    """Whether it took effect."""
    by: str
    """Opaque id."""
    at_ms: int
    reason: bytes | None = None
    """Why, encrypted with the organization's key."""
    profile: bytes | None = None
    """Who they are, encrypted, for the erasable table."""
    mac: bytes | None = None
    """Over the rest; see `highroad.ledger.authorship`."""


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
    mac: bytes | None = None
    """Over the rest; see `highroad.ledger.authorship`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerOrder:
    """Somebody opens or closes a breaker by hand, or lets it go."""

    id: str
    """Of the change that it becomes."""
    dependency: str
    state: BreakerState | None
    """`None` lets it go."""
    organization: str
    """Theirs: the breaker is that of the whole program."""
    by: str
    """Opaque id."""
    at_ms: int
    profile: bytes | None = None
    """Who they are, encrypted, for the erasable table."""
    mac: bytes | None = None
    """Over the rest; see `highroad.ledger.authorship`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redrive:
    """Somebody asks that a call that was given up on be made again."""

    letter_id: str
    organization: str
    by: str
    """Opaque id."""
    at_ms: int
    profile: bytes | None = None
    """Who they are, encrypted, for the erasable table."""
    mac: bytes | None = None
    """Over the rest; see `highroad.ledger.authorship`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discard:
    """A person's word that a call that was given up on need not be made."""

    letter_id: str
    organization: str
    by: str
    """Opaque id."""
    at_ms: int
    reason: bytes | None = None
    """Why, encrypted with the organization's key."""
    profile: bytes | None = None
    """Who they are, encrypted, for the erasable table."""
    mac: bytes | None = None
    """Over the rest; see `highroad.ledger.authorship`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """Somebody's word that a call, a run or a conversation is called off."""

    id: str
    """Of its entry: the same order is recorded once."""
    run_id: str
    """A run, or a conversation with all its runs."""
    call_id: str
    """One call; empty is all of the run, and of those below it, for good."""
    organization: str
    by: str
    """Opaque id."""
    at_ms: int
    reason: bytes | None = None
    """Why, encrypted with the organization's key."""
    profile: bytes | None = None
    """Who they are, encrypted, for the erasable table."""
    mac: bytes | None = None
    """Over the rest; see `highroad.ledger.authorship`."""

    @property
    def subject(self) -> str:
        """Id of what is called off."""
        return self.call_id or self.run_id


Order: TypeAlias = (
    Decision | Settlement | ErasureOrder | Cancellation | Redrive | Discard | BreakerOrder
)


class PostedOrder(NamedTuple):
    """An order as it lies in the inbox, read by nobody yet."""

    number: int
    """Later ones have higher numbers."""
    kind: str
    content: str


class NewerOrderError(HighroadError):
    """An order is of a form that this version does not know; it waits for a newer one."""


class MalformedOrderError(HighroadError):
    """What lies in the inbox is no order of any version. The message says what is wrong with it."""


FORM: Final = 2
"""Version of the form in which orders are written; `v` in their content.

Form 1 said no version and knew decisions alone, without organization and MAC.
"""
ASIDE: Final = "aside"
"""Kind of what was put aside: nobody reads it as an order again."""

_KINDS: Final[dict[str, type[Order]]] = {
    "decision": Decision,
    "settlement": Settlement,
    "erasure": ErasureOrder,
    "redrive": Redrive,
    "discard": Discard,
    "breaker": BreakerOrder,
    "cancellation": Cancellation,
}
_NAMES: Final = {kind: name for name, kind in _KINDS.items()}
_NEW_IN_2: Final = {"organization", "mac"}
_NUMBERS: Final = range(2**53)


def write_order(order: Order) -> tuple[str, str]:
    """Name of its kind, and its fields as JSON: the same order always gives the same text."""
    values: dict[str, Any] = {field.name: getattr(order, field.name) for field in fields(order)}
    for name, found in values.items():
        if isinstance(found, bytes):
            values[name] = found.hex()
    return _NAMES[type(order)], _text_of({"v": FORM, **values})


def put_aside(posted: PostedOrder, reason: str) -> str:
    """The content under which a malformed order is kept, with the reason."""
    return _text_of({"kind": posted.kind, "content": posted.content, "reason": reason})


def name_of(order: Order) -> str:
    """The name of its kind."""
    return _NAMES[type(order)]


def subject_of(order: Order) -> str:
    """Id of what an order is about: an approval, a call, a run, a principal, a dependency."""
    match order:
        case Decision():
            return order.approval_id
        case Settlement():
            return order.call_id
        case ErasureOrder():
            return order.principal_id
        case Redrive() | Discard():
            return order.letter_id
        case BreakerOrder():
            return order.dependency
        case Cancellation():
            return order.subject


def read_order(posted: PostedOrder) -> Order:
    """What `write_order` wrote, in this version or an older one.

    Raises:
        NewerOrderError: A newer version wrote it.
        MalformedOrderError: No version writes such a thing.
    """
    kind = _KINDS.get(posted.kind)
    if kind is None:
        raise NewerOrderError(f"kind {posted.kind[:40]!r} is not known here")
    said = _object(posted.content)
    form = said.pop("v", 1)
    if type(form) is not int or form < 1:
        raise MalformedOrderError("its version is no number")
    if form > FORM:
        raise NewerOrderError(f"form {form} is not known here, only up to {FORM}")
    expected = {field.name for field in fields(kind)} - (_NEW_IN_2 if form == 1 else set())
    if said.keys() != expected or (form == 1 and kind is not Decision):
        raise MalformedOrderError(f"its fields are not those of a {posted.kind} in form {form}")
    values: dict[str, Any] = {name: _READERS[name](name, found) for name, found in said.items()}
    return kind(**values)


def _text_of(values: Mapping[str, object]) -> str:
    return json.dumps(values, sort_keys=True, separators=(",", ":"))


def _object(content: str) -> dict[str, Any]:
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        raise MalformedOrderError("its content is no JSON") from None
    if not isinstance(said, dict):
        raise MalformedOrderError("its content is no JSON object")
    return said


def _text(name: str, found: object) -> str:
    if not isinstance(found, str):
        raise MalformedOrderError(f"its {name} is no text")
    return found


def _number(name: str, found: object) -> int:
    if type(found) is not int or found not in _NUMBERS:
        raise MalformedOrderError(f"its {name} is no number from 0 to 2^53")
    return found


def _flag(name: str, found: object) -> bool:
    if not isinstance(found, bool):
        raise MalformedOrderError(f"its {name} is neither true nor false")
    return found


def _bytes(name: str, found: object) -> bytes | None:
    if found is None:
        return None
    try:
        return bytes.fromhex(_text(name, found))
    except ValueError:
        raise MalformedOrderError(f"its {name} is not in hex") from None


def _ruling(name: str, found: object) -> Ruling:
    try:
        return Ruling(_text(name, found))
    except ValueError:
        raise MalformedOrderError(f"its {name} is none that there is") from None


def _held_state(name: str, found: object) -> BreakerState | None:
    if found is None:
        return None
    if found not in {BreakerState.OPEN, BreakerState.CLOSED}:
        raise MalformedOrderError(f"its {name} is none that a person can choose")
    return BreakerState(_text(name, found))


_READERS: Final[dict[str, Callable[[str, object], object]]] = {
    "id": _text,
    "approval_id": _text,
    "call_id": _text,
    "run_id": _text,
    "principal_id": _text,
    "letter_id": _text,
    "organization": _text,
    "by": _text,
    "digest": _text,
    "at_ms": _number,
    "applied": _flag,
    "dependency": _text,
    "state": _held_state,
    "ruling": _ruling,
    "reason": _bytes,
    "profile": _bytes,
    "mac": _bytes,
}
"""How each field is read, by its name."""

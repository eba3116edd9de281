"""How orders are written in the inbox, and read again.

An order is written as JSON with the version of its form. What a newer version wrote is told apart
from what nobody wrote so: the first waits for a process that knows it, the second is put aside.
"""

import json
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields
from typing import Any, Final, NamedTuple

from highroad.domain.approval import Ruling
from highroad.domain.dependency import BreakerState
from highroad.domain.error import HighroadError
from highroad.domain.identity import DEFAULT_ORGANIZATION, Assurance
from highroad.domain.identity_change import IdentityAct, IdentitySubject
from highroad.domain.order import (
    BreakerOrder,
    Cancellation,
    Completion,
    Decision,
    Discard,
    Edit,
    Endorsement,
    ErasureOrder,
    IdentityOrder,
    Order,
    Redrive,
    RunMessage,
    Settlement,
    TrialOrder,
)
from highroad.domain.run import When
from highroad.domain.trial import TrialState


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
ASSURED: Final = 3
"""Of decisions that say how it is known whose they are; others are written in form 2 still, so that
an order that waits while Highroad is brought up to date keeps its MAC."""
SHOWN: Final = 4
"""Of decisions that say by which key, session, code or link they were said."""
ASIDE: Final = "aside"
"""Kind of what was put aside: nobody reads it as an order again."""

KINDS: Final[dict[str, type[Order]]] = {
    "decision": Decision,
    "edit": Edit,
    "endorsement": Endorsement,
    "settlement": Settlement,
    "erasure": ErasureOrder,
    "redrive": Redrive,
    "discard": Discard,
    "breaker": BreakerOrder,
    "cancellation": Cancellation,
    "completion": Completion,
    "message": RunMessage,
    "trial": TrialOrder,
    "identity": IdentityOrder,
}
"""What each kind of order is called; the names stay what they are."""
_NAMES: Final = {kind: name for name, kind in KINDS.items()}
_BEFORE_2: Final[Mapping[str, Any]] = {"organization": DEFAULT_ORGANIZATION, "mac": None}
"""What form 1 did not say, as it was meant."""
_ASSURANCE: Final = "assurance"
_SHOWN_BY: Final = frozenset({"key_id", "session_id", "code_ms", "link_ms"})
_NUMBERS: Final = range(2**53)


def write_order(order: Order) -> tuple[str, str]:
    """Name of its kind, and its fields as JSON: the same order always gives the same text."""
    values: dict[str, Any] = {field.name: getattr(order, field.name) for field in fields(order)}
    for name, found in values.items():
        if isinstance(found, bytes):
            values[name] = found.hex()
    form = FORM if values.get(_ASSURANCE) is None else ASSURED
    if any(values.get(name) is not None for name in _SHOWN_BY):
        form = SHOWN
    for name in _later_than(form):
        values.pop(name, None)
    return _NAMES[type(order)], _text_of({"v": form, **values})


def put_aside(posted: PostedOrder, reason: str) -> str:
    """The content under which a malformed order is kept, with the reason."""
    return _text_of({"kind": posted.kind, "content": posted.content, "reason": reason})


def name_of(order: Order) -> str:
    """The name of its kind."""
    return _NAMES[type(order)]


def read_order(posted: PostedOrder) -> Order:
    """What `write_order` wrote, in this version or an older one.

    Raises:
        NewerOrderError: A newer version wrote it.
        MalformedOrderError: No version writes such a thing.
    """
    kind = KINDS.get(posted.kind)
    if kind is None:
        raise NewerOrderError(f"kind {posted.kind[:40]!r} is not known here")
    said = _object(posted.content)
    form = said.pop("v", 1)
    if type(form) is not int or form < 1:
        raise MalformedOrderError("its version is no number")
    if form > SHOWN:
        raise NewerOrderError(f"form {form} is not known here, only up to {SHOWN}")
    unsaid = _BEFORE_2 if form == 1 else {}
    expected = {field.name for field in fields(kind)} - unsaid.keys() - _later_than(form)
    if said.keys() != expected or (form == 1 and kind is not Decision):
        raise MalformedOrderError(f"its fields are not those of a {posted.kind} in form {form}")
    values: dict[str, Any] = {name: _READERS[name](name, found) for name, found in said.items()}
    return kind(**values, **unsaid)


def _later_than(form: int) -> AbstractSet[str]:
    """Fields that a form does not know yet."""
    if form >= SHOWN:
        return frozenset()
    return _SHOWN_BY if form == ASSURED else {_ASSURANCE, *_SHOWN_BY}


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


def _texts(name: str, found: object) -> tuple[str, ...]:
    if not isinstance(found, list):
        raise MalformedOrderError(f"its {name} is no list")
    return tuple([_text(name, each) for each in found])


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


def _content(name: str, found: object) -> bytes:
    read = _bytes(name, found)
    if not read:
        raise MalformedOrderError(f"its {name} is empty")
    return read


def _ruling(name: str, found: object) -> Ruling:
    try:
        return Ruling(_text(name, found))
    except ValueError:
        raise MalformedOrderError(f"its {name} is none that there is") from None


def _when(name: str, found: object) -> When:
    match _text(name, found):
        case "now" | "after" as when:
            return when
        case _:
            raise MalformedOrderError(f"its {name} is none that there is")


def _area(name: str, found: object) -> IdentitySubject:
    try:
        return IdentitySubject(_text(name, found))
    except ValueError:
        raise MalformedOrderError(f"its {name} is none that there is") from None


def _act(name: str, found: object) -> IdentityAct:
    try:
        return IdentityAct(_text(name, found))
    except ValueError:
        raise MalformedOrderError(f"its {name} is none that there is") from None


def _maybe_text(name: str, found: object) -> str | None:
    return None if found is None else _text(name, found)


def _maybe_number(name: str, found: object) -> int | None:
    return None if found is None else _number(name, found)


def _assurance(name: str, found: object) -> Assurance | None:
    if found is None:  # of one by a link or code, whose author the program names
        return None
    try:
        return Assurance(_text(name, found))
    except ValueError:
        raise MalformedOrderError(f"its {name} is none that there is") from None


def _trial_state(name: str, found: object) -> TrialState:
    try:
        return TrialState(_text(name, found))
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
    "agent": _text,
    "definition": _text,
    "becomes": _trial_state,
    "is_early": _flag,
    "state": _held_state,
    "area": _area,
    "act": _act,
    "target": _text,
    "whose": _maybe_text,
    "cells": _bytes,
    "assurance": _assurance,
    "key_id": _maybe_text,
    "session_id": _maybe_text,
    "code_ms": _maybe_number,
    "link_ms": _maybe_number,
    "ruling": _ruling,
    "answer": _content,
    "arguments": _content,
    "text": _content,
    "when": _when,
    "pointers": _texts,
    "reason": _bytes,
    "profile": _bytes,
    "mac": _bytes,
}
"""How each field is read, by its name."""

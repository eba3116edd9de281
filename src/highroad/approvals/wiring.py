"""What the desk asks of rooms that are put together after it."""

from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NoReturn, TypeAlias

from highroad.domain.approval import Approval
from highroad.domain.error import BrokenPromise
from highroad.domain.identity import Caller, Delegate, Principal, ShownBy
from highroad.domain.json_value import JsonValue
from highroad.domain.order import Edit
from highroad.domain.payload import SealedPayload
from highroad.domain.refusal import CredentialRefused, WhyRefused
from highroad.ledger.history import CallHistory

Revise: TypeAlias = Callable[[Approval, Edit, SealedPayload | None], Awaitable[Approval]]
"""Judges a held call with other arguments, and holds it anew; it raises `DecisionRefused`."""
SeenPreview: TypeAlias = Callable[[CallHistory, Principal | None, JsonValue], JsonValue]
"""What of a preview somebody may see, of a call on record."""


async def _not_wired(*_: object) -> NoReturn:
    raise BrokenPromise("the desk was put together without its way to the road")


async def _nobody_is_shown(*_: object) -> NoReturn:
    raise CredentialRefused(WhyRefused.UNKNOWN, "the desk was put together without credentials")


async def _nobody_is_told(*_: object) -> bool:
    return False


def _whole(_: CallHistory, by: Principal | None, changes: JsonValue) -> JsonValue:
    del by
    return changes


@dataclass(slots=True, kw_only=True)
class Wiring:
    """What is handed in later; until then nobody is vouched for or told, and no edit is judged."""

    revise: Revise = _not_wired
    """Takes an edited call down the road again."""
    vouches_for: Callable[[Caller], bool] = lambda _: False
    """Whether credentials have shown a caller here, and still do."""
    scope: Callable[[ShownBy, str, str], Awaitable[Delegate | None]] = _nobody_is_shown
    """How far the key goes by which somebody was shown; it raises `CredentialRefused`."""
    needs: Callable[[str], AbstractSet[str] | None] = lambda _: None
    """Permissions that calls of a tool take; `None` where the tool is not known here."""
    seen_preview: SeenPreview = _whole
    """What somebody may see of the preview of a call."""
    send: Callable[[Approval, Principal, str], Awaitable[bool]] = _nobody_is_told
    """Tells somebody their one-time code; whether that got there."""
    heeders: list[Callable[[str], None]] = field(default_factory=list)
    """Are told of each call that was decided about, or that waits no more."""
    waits_again: Callable[[str], None] = lambda _: None
    """Is told of each approval that somebody took their word back from."""
    is_edited: Callable[[Approval], None] = lambda _: None
    """Is told of each approval that an edit made."""
    is_left: Callable[[Approval], None] = lambda _: None
    """Is told of each of these to which its editor was to agree at once, and did not."""

"""Tickets: what a client shows to go on with a call of its own that is held.

A protocol without sessions hands it to the client with the answer that a call waits, and gets it
back with the same request, asked again. Whatever comes back is a stranger's word until it opens: a
ticket is sealed with the key of the organization, for one principal, one call and one request, goes
once and not for long. It decides nothing: who may agree to the call, the desk says.
"""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Final

from highroad.domain.error import DecisionRefused, VaultError
from highroad.domain.identity import Principal
from highroad.domain.value import value
from highroad.ledger.ledger import Ledger

LASTS_S: Final = 3_600.0
_SUBJECT: Final = "ticket"
_LONGEST: Final = 4_096
_BAD: Final = "this ticket is none of yours for this request, was used, or is over"


@value
class Ticket:
    """What a ticket says."""

    call_id: str
    approval_id: str | None
    """That whoever holds it was told of."""
    turn: int
    """How many tickets of this call they had before."""


class Tickets:
    """Makes them, and takes each back once.

    After a restart a ticket that was used opens once more. Nothing is decided twice by that: what
    its holder said of the call is in the ledger.

    Args:
        ledger: Has the keys, and the time.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._used: dict[bytes, int] = {}
        """Until when each would have been good."""

    def issue(self, ticket: Ticket, *, by: Principal, request: bytes) -> str:
        """A ticket as text.

        Args:
            ticket: What it says.
            by: Whose it is.
            request: What was asked for, in bytes that are the same whenever it is asked again.
        """
        key = self._ledger.keyring.organization(by.organization)
        said = {
            "call": ticket.call_id,
            "approval": ticket.approval_id,
            "turn": ticket.turn,
            "by": key.opaque(by.id),
            "request": key.digest(_SUBJECT.encode(), request).hex(),
            "until": self._ledger.clock.now_ms() + int(LASTS_S * 1_000),
        }
        sealed = key.seal_profile(_SUBJECT, json.dumps(said).encode())
        return urlsafe_b64encode(sealed).decode().rstrip("=")

    def redeem(self, token: str, *, by: Principal, request: bytes) -> Ticket:
        """What a ticket says, which is good no more from now on.

        Raises:
            DecisionRefused: It is none of ours, of `by` or for this request; it was used, or is
                over.
        """
        said, now_ms = self._opened(token, by), self._ledger.clock.now_ms()
        key = self._ledger.keyring.organization(by.organization)
        wanted = (key.opaque(by.id), key.digest(_SUBJECT.encode(), request).hex())
        mark = hashlib.sha256(token.encode()).digest()
        if (said["by"], said["request"]) != wanted or said["until"] <= now_ms:
            raise DecisionRefused(_BAD)
        if mark in self._used:
            raise DecisionRefused(_BAD)
        self._used = {each: until for each, until in self._used.items() if until > now_ms}
        self._used[mark] = said["until"]
        return Ticket(call_id=said["call"], approval_id=said["approval"], turn=said["turn"])

    def _opened(self, token: str, by: Principal) -> dict[str, Any]:
        key = self._ledger.keyring.organization(by.organization)
        if len(token) > _LONGEST:
            raise DecisionRefused(_BAD)
        try:
            sealed = urlsafe_b64decode(token + "=" * (-len(token) % 4))
            # Several texts may stand for the same bytes, and each would be used once.
            if urlsafe_b64encode(sealed).decode().rstrip("=") != token:
                raise DecisionRefused(_BAD)
            opened: dict[str, Any] = json.loads(key.open_profile(_SUBJECT, sealed))
        except (ValueError, VaultError):
            raise DecisionRefused(_BAD) from None
        return opened

"""Whether every call has one end, and every spent approval was given once.

Logs have no order among them, so facts may come in any order; only where two stand in one log is
the first of them the earlier. For each call a digest is kept, about 100 bytes; ids are kept of
those alone that are open or unknown.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from highroad_auditor.problem import Aspect, Code, Problem, Problems

_NAME: Final = 80
"""Characters of an id that are shown."""


class Place(NamedTuple):
    """Where an entry stands."""

    log: str
    seq: int


class Calls:
    """What the entries read so far say of calls and approvals."""

    def __init__(self, problems: Problems) -> None:
        self._problems: Problems = problems
        self._ended: set[bytes] = set()
        self._open: dict[bytes, str] = {}
        self._unknown: dict[bytes, str] = {}
        self._settled: set[bytes] = set()
        self._amended: dict[bytes, Place] = {}
        """Amendments whose call has not ended so far."""
        self._approved: set[bytes] = set()
        self._spent: set[bytes] = set()
        self._unapproved: dict[bytes, Place] = {}
        """Intents whose approval was not given so far."""

    def take(self, place: Place, kind: str, body: Mapping[str, Any]) -> None:
        """Learn from one entry."""
        if kind == "approval.decided":
            self._decided(place, body)
        elif kind in _OF_CALLS:
            call = body.get("call")
            if type(call) is not str:
                self._note(Code.CALL_MALFORMED, place, "no `call`")
                return
            _OF_CALLS[kind](self, place, call, _digest(call), body)

    def open(self) -> tuple[str, ...]:
        """Ids of calls that have begun and not ended, cut to 80 characters."""
        return tuple(self._open.values())

    def unknown(self) -> tuple[str, ...]:
        """Ids of calls that ended unknown, and of which nobody has said since what happened."""
        return tuple(self._unknown.values())

    def settle(self, *, unread: bool) -> None:
        """Note what is still missing, unless it may stand in entries that were archived."""
        if unread:
            return
        for place in self._amended.values():
            self._note(Code.CALL_NOT_ENDED, place)
        for place in self._unapproved.values():
            self._note(Code.APPROVAL_NOT_GIVEN, place)

    def _began(self, place: Place, call: str, digest: bytes, body: Mapping[str, Any]) -> None:
        if digest not in self._ended:
            self._open[digest] = call[:_NAME]

    def _intent(self, place: Place, call: str, digest: bytes, body: Mapping[str, Any]) -> None:
        self._began(place, call, digest, body)
        approval = body.get("approval")
        if approval is None:
            return
        if type(approval) is not str:
            self._note(Code.CALL_MALFORMED, place, "`approval` is no id")
            return
        spent = _digest(approval)
        if spent in self._spent:
            self._note(Code.APPROVAL_SPENT_TWICE, place)
            return
        self._spent.add(spent)
        if spent not in self._approved:
            self._unapproved[spent] = place

    def _finished(self, place: Place, call: str, digest: bytes, body: Mapping[str, Any]) -> None:
        if digest in self._ended:
            self._note(Code.CALL_ENDED_TWICE, place)
            return
        self._ended.add(digest)
        self._open.pop(digest, None)
        early = self._amended.pop(digest, None)
        if early is not None and early.log == place.log:
            self._note(Code.CALL_NOT_ENDED, early, "it ended later")
        if body.get("status") == "unknown" and digest not in self._settled:
            self._unknown[digest] = call[:_NAME]

    def _amend(self, place: Place, call: str, digest: bytes, body: Mapping[str, Any]) -> None:
        if digest not in self._ended:
            self._amended.setdefault(digest, place)
        if type(body.get("applied")) is bool and self._unknown.pop(digest, None) is None:
            # Kept for those alone whose end may still come from another log.
            if digest not in self._ended:
                self._settled.add(digest)

    def _decided(self, place: Place, body: Mapping[str, Any]) -> None:
        approval = body.get("approval")
        if type(approval) is not dict or type(approval.get("id")) is not str:
            self._note(Code.CALL_MALFORMED, place, "no `approval`")
            return
        if approval.get("state") != "approved":
            return
        digest = _digest(approval["id"])
        self._approved.add(digest)
        early = self._unapproved.pop(digest, None)
        if early is not None and early.log == place.log:
            self._note(Code.APPROVAL_NOT_GIVEN, early, "it was given later")

    def _note(self, code: Code, place: Place, detail: str = "") -> None:
        self._problems.note(
            Problem(
                aspect=Aspect.COMPLETENESS,
                code=code,
                log=place.log,
                seq=place.seq,
                detail=detail,
            )
        )


_OF_CALLS: Final = {
    "call.intent": Calls._intent,
    "call.held": Calls._began,
    "call.ended": Calls._finished,
    "call.amended": Calls._amend,
}


def _digest(name: str) -> bytes:
    # Of 15 bytes, an object of 48: the largest that costs no more than a digest of 8.
    return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=15).digest()

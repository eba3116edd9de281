"""Whether every call has one end, and every spent approval was given once.

Logs have no order among them, so facts may come in any order; only where two stand in one log is
the first of them the earlier. For each call a digest is kept, about 100 bytes; ids are kept of
those alone that are open or unknown.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from highroad_auditor.problem import Aspect, Code, Problems
from highroad_auditor.strict import is_text

_NAME: Final = 80
"""Characters of an id that are shown."""


_OF_CALLS: Final = frozenset({"call.intent", "call.held", "call.ended", "call.amended"})


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
        self._amended: dict[bytes, dict[str, int]] = {}
        """First amendments by log of calls that have not ended so far, or behind it in that log."""
        self._approved: set[bytes] = set()
        self._spent: set[bytes] = set()
        self._unapproved: dict[bytes, Place] = {}
        """Intents whose approval was not given so far, or behind them in their log."""

    def take(self, place: Place, kind: str, body: Mapping[str, Any]) -> None:
        """Learn from one entry."""
        if kind == "approval.decided":
            self._decide(place, body.get("approval"))
        elif kind in _OF_CALLS:
            call = body.get("call")
            if is_text(call):
                self._follow(place, kind, call, body)
            else:
                self._note(Code.CALL_MALFORMED, place, "no `call`")

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
        for places in self._amended.values():
            for log, seq in places.items():
                self._note(Code.CALL_NOT_ENDED, Place(log, seq))
        for place in self._unapproved.values():
            self._note(Code.APPROVAL_NOT_GIVEN, place)

    def _follow(self, place: Place, kind: str, call: str, body: Mapping[str, Any]) -> None:
        digest = _digest(call)
        match kind:
            case "call.intent":
                self._begin(call, digest)
                self._spend(place, body.get("approval"))
            case "call.held":
                self._begin(call, digest)
            case "call.ended":
                self._end(place, digest)
                if body.get("status") == "unknown" and digest not in self._settled:
                    self._unknown.setdefault(digest, call[:_NAME])
            case "call.amended":
                self._amend(place, digest, is_settled=type(body.get("applied")) is bool)
            case _:
                pass

    def _begin(self, call: str, digest: bytes) -> None:
        if digest not in self._ended:
            self._open[digest] = call[:_NAME]

    def _spend(self, place: Place, approval: object) -> None:
        if approval is None:
            return
        if not is_text(approval):
            self._note(Code.CALL_MALFORMED, place, "`approval` is no id")
            return
        digest = _digest(approval)
        if digest in self._spent:
            self._note(Code.APPROVAL_SPENT_TWICE, place)
            return
        self._spent.add(digest)
        if digest not in self._approved:
            self._unapproved[digest] = place

    def _end(self, place: Place, digest: bytes) -> None:
        if digest in self._ended:
            self._note(Code.CALL_ENDED_TWICE, place)
            return
        self._ended.add(digest)
        self._open.pop(digest, None)
        early = self._amended.pop(digest, {})
        if place.log in early:
            self._amended[digest] = {place.log: early[place.log]}

    def _amend(self, place: Place, digest: bytes, *, is_settled: bool) -> None:
        if digest not in self._ended:
            self._amended.setdefault(digest, {}).setdefault(place.log, place.seq)
        if not is_settled:
            return
        self._unknown.pop(digest, None)
        if digest not in self._ended:
            self._settled.add(digest)

    def _decide(self, place: Place, approval: object) -> None:
        if not isinstance(approval, dict) or not is_text(approval.get("id")):
            self._note(Code.CALL_MALFORMED, place, "no `approval`")
            return
        if approval.get("state") != "approved":
            return
        digest = _digest(approval["id"])
        self._approved.add(digest)
        early = self._unapproved.get(digest)
        if early is not None and early.log != place.log:
            del self._unapproved[digest]

    def _note(self, code: Code, place: Place, detail: str = "") -> None:
        self._problems.note(Aspect.COMPLETENESS, code, log=place.log, seq=place.seq, detail=detail)


def _digest(name: str) -> bytes:
    # Of 15 bytes, an object of 48: the largest that costs no more than a digest of 8.
    return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=15).digest()

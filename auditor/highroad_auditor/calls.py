"""Whether every call has one end, and every spent approval was given once.

Of each call that ended its id is kept, about 130 bytes.
"""

from collections.abc import Mapping
from typing import Final

from highroad_auditor.facts import NAME, Body, Facts, Key, Place, Reader, key_of
from highroad_auditor.report import COMPLETENESS, Code, Note, Problem

_LATE: Final = "late"
"""Source of an amendment by whoever drove the call: its end may have failed to land before it."""


class Calls:
    """What the entries read so far say of calls and approvals."""

    def __init__(self, note: Note) -> None:
        self._note: Note = note
        self.open: dict[Key, str] = {}
        """Calls that have begun and not ended, by their ids cut to 80 characters."""
        self.unknown: dict[Key, str] = {}
        """Calls that ended unknown, and of which nobody has said since what happened."""
        self._ended: Facts = Facts()
        self._begun: Facts = Facts()
        """What became known late of calls that had neither begun nor ended; their ids are kept as
        those of calls that are open or ended."""
        self._settled: set[Key] = set()
        self._approved: Facts = Facts()
        self._spent: set[Key] = set()
        self.readers: Mapping[str, Reader] = {
            "approval.decided": self._decide,
            "call.intent": self._intend,
            "call.held": self._begin,
            "call.deferred": self._begin,
            "call.ended": self._end,
            "call.amended": self._amend,
        }
        """What learns from entries, by the kind of entry."""

    def settle(self) -> None:
        """Note what was referred to, and is not there."""
        for facts in (self._ended, self._begun):
            for place in facts.missed():
                self._fault(Code.CALL_NOT_ENDED, place)
        for place in self._approved.missed():
            self._fault(Code.APPROVAL_NOT_GIVEN, place)

    def _intend(self, place: Place, body: Body) -> None:
        self._begin(place, body)
        approval = body.get("approval")
        if approval is None or body.get("call") is None:
            return
        key = key_of(approval)
        if key is None:
            self._fault(Code.CALL_MALFORMED, place, "`approval` is no id")
        elif key in self._spent:
            self._fault(Code.APPROVAL_SPENT_TWICE, place)
        else:
            self._spent.add(key)
            self._approved.refer(key, place)

    def _begin(self, place: Place, body: Body) -> None:
        key = self._call(place, body)
        if key is None:
            return
        self._begun.meet(key, place[0])
        if key not in self._ended.known:
            self.open[key] = body["call"][:NAME]

    def _end(self, place: Place, body: Body) -> None:
        key = self._call(place, body)
        if key is None:
            return
        if key in self._ended.known:
            self._fault(Code.CALL_ENDED_TWICE, place)
        self._ended.add(key, place[0])
        self._begun.meet(key, place[0])
        self.open.pop(key, None)
        if body.get("status") == "unknown" and key not in self._settled:
            self.unknown.setdefault(key, body["call"][:NAME])

    def _amend(self, place: Place, body: Body) -> None:
        key = self._call(place, body)
        if key is None:
            return
        if body.get("source") != _LATE:
            self._ended.refer(key, place)
        elif key not in self.open and key not in self._ended.known:
            self._begun.refer(key, place)
        if type(body.get("applied")) is bool:
            self.unknown.pop(key, None)
            if key not in self._ended.known:
                self._settled.add(key)

    def _decide(self, place: Place, body: Body) -> None:
        found = body.get("approval")
        approval: Body = found if type(found) is dict else {}
        key = key_of(approval.get("id"))
        if key is None:
            self._fault(Code.CALL_MALFORMED, place, "no `approval`")
        elif approval.get("state") == "approved":
            self._approved.add(key, place[0])

    def _call(self, place: Place, body: Body) -> Key | None:
        """The call that an entry speaks of."""
        key = key_of(body.get("call"))
        if key is None:
            self._fault(Code.CALL_MALFORMED, place, "no `call`")
        return key

    def _fault(self, code: Code, place: Place, detail: str = "") -> None:
        self._note(Problem(COMPLETENESS, code, *place, detail=detail))

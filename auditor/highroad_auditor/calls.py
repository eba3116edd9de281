"""Whether every call has one end, and every spent approval was given once.

Logs have no order among them, so facts may come in any order; only where two stand in one log is
the first of them the earlier. Of each call that ended its id is kept, about 130 bytes.
"""

from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from typing import Any, Final, TypeAlias

from highroad_auditor.report import COMPLETENESS, Code, Note, Problem

Body: TypeAlias = Mapping[str, Any]
"""The parsed body of an entry, whose columns were found to be of their types."""
Place: TypeAlias = tuple[str, int]
"""Where an entry stands: log, `seq`."""
Reader: TypeAlias = Callable[[Place, Body], None]
"""Learns from the body of an entry."""

_Key: TypeAlias = str | bytes

_NAME: Final = 80
"""Characters of an id that are shown."""
_SHORT: Final = 48
"""Characters of an id that is kept as it is."""


class _Facts:
    """Facts of one kind, and who referred to one that was not there: behind it, or never."""

    def __init__(self) -> None:
        self.known: set[_Key] = set()
        self._early: dict[_Key, dict[str, int]] = {}
        """The first such place in each log."""

    def add(self, key: _Key, log: str) -> None:
        """A fact stands in a log: whoever referred to it from another one was right."""
        self.known.add(key)
        if key in self._early:
            early = self._early.pop(key)
            if log in early:
                self._early[key] = {log: early[log]}

    def refer(self, key: _Key, place: Place) -> None:
        """An entry refers to a fact."""
        if key not in self.known:
            self._early.setdefault(key, {}).setdefault(*place)

    def missed(self) -> Iterator[Place]:
        """Where entries referred to what is not there."""
        return (place for places in self._early.values() for place in places.items())


class Calls:
    """What the entries read so far say of calls and approvals."""

    def __init__(self, note: Note) -> None:
        self._note: Note = note
        self.open: dict[_Key, str] = {}
        """Calls that have begun and not ended, by their ids cut to 80 characters."""
        self.unknown: dict[_Key, str] = {}
        """Calls that ended unknown, and of which nobody has said since what happened."""
        self._ended: _Facts = _Facts()
        self._settled: set[_Key] = set()
        self._approved: _Facts = _Facts()
        self._spent: set[_Key] = set()
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
        for place in self._ended.missed():
            self._fault(Code.CALL_NOT_ENDED, place)
        for place in self._approved.missed():
            self._fault(Code.APPROVAL_NOT_GIVEN, place)

    def _intend(self, place: Place, body: Body) -> None:
        self._begin(place, body)
        approval = body.get("approval")
        if approval is None or body.get("call") is None:
            return
        key = _key(approval)
        if key is None:
            self._fault(Code.CALL_MALFORMED, place, "`approval` is no id")
        elif key in self._spent:
            self._fault(Code.APPROVAL_SPENT_TWICE, place)
        else:
            self._spent.add(key)
            self._approved.refer(key, place)

    def _begin(self, place: Place, body: Body) -> None:
        key = self._call(place, body)
        if key is not None and key not in self._ended.known:
            self.open[key] = body["call"][:_NAME]

    def _end(self, place: Place, body: Body) -> None:
        key = self._call(place, body)
        if key is None:
            return
        if key in self._ended.known:
            self._fault(Code.CALL_ENDED_TWICE, place)
        self._ended.add(key, place[0])
        self.open.pop(key, None)
        if body.get("status") == "unknown" and key not in self._settled:
            self.unknown.setdefault(key, body["call"][:_NAME])

    def _amend(self, place: Place, body: Body) -> None:
        key = self._call(place, body)
        if key is None:
            return
        self._ended.refer(key, place)
        if type(body.get("applied")) is bool:
            self.unknown.pop(key, None)
            if key not in self._ended.known:
                self._settled.add(key)

    def _decide(self, place: Place, body: Body) -> None:
        found = body.get("approval")
        approval: Body = found if type(found) is dict else {}
        key = _key(approval.get("id"))
        if key is None:
            self._fault(Code.CALL_MALFORMED, place, "no `approval`")
        elif approval.get("state") == "approved":
            self._approved.add(key, place[0])

    def _call(self, place: Place, body: Body) -> _Key | None:
        """The call that an entry speaks of."""
        key = _key(body.get("call"))
        if key is None:
            self._fault(Code.CALL_MALFORMED, place, "no `call`")
        return key

    def _fault(self, code: Code, place: Place, detail: str = "") -> None:
        self._note(Problem(COMPLETENESS, code, *place, detail=detail))


def _key(name: object) -> _Key | None:
    """A short id as it is; of a long one, which a forger may have made of megabytes, a digest."""
    if type(name) is not str:
        return None
    if len(name) <= _SHORT:
        return name
    return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).digest()

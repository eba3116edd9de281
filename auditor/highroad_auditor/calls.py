"""Whether every call has one end, and every spent approval was given once.

Logs have no order among them, so facts may come in any order; only where two stand in one log is
the first of them the earlier. Of each call that ended its id is kept, about 130 bytes.
"""

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, Final, TypeAlias

from highroad_auditor.problem import Aspect, Code, Problems
from highroad_auditor.strict import is_text

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


class Calls:
    """What the entries read so far say of calls and approvals."""

    def __init__(self, problems: Problems) -> None:
        self._problems: Problems = problems
        self._ended: set[_Key] = set()
        self._open: dict[_Key, str] = {}
        self._unknown: dict[_Key, str] = {}
        self._settled: set[_Key] = set()
        self._amended: dict[_Key, dict[str, int]] = {}
        """First amendments by log of calls that have not ended so far, or behind it in that log."""
        self._approved: set[_Key] = set()
        self._spent: set[_Key] = set()
        self._unapproved: dict[_Key, Place] = {}
        """Intents whose approval was not given so far, or behind them in their log."""

    def readers(self) -> dict[str, Reader]:
        """What learns from entries, by the kind of entry."""
        return {
            "approval.decided": self._decide,
            "call.intent": self._intend,
            "call.held": self._begin,
            "call.ended": self._end,
            "call.amended": self._amend,
        }

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
                self._note(Code.CALL_NOT_ENDED, (log, seq))
        for place in self._unapproved.values():
            self._note(Code.APPROVAL_NOT_GIVEN, place)

    def _intend(self, place: Place, body: Body) -> None:
        self._begin(place, body)
        approval = body.get("approval")
        if approval is None or body.get("call") is None:
            return
        if not is_text(approval):
            self._note(Code.CALL_MALFORMED, place, "`approval` is no id")
            return
        key = _key(approval)
        if key in self._spent:
            self._note(Code.APPROVAL_SPENT_TWICE, place)
            return
        self._spent.add(key)
        if key not in self._approved:
            self._unapproved[key] = place

    def _begin(self, place: Place, body: Body) -> None:
        call = self._call(place, body)
        if call is not None and (key := _key(call)) not in self._ended:
            self._open[key] = call[:_NAME]

    def _end(self, place: Place, body: Body) -> None:
        call = self._call(place, body)
        if call is None:
            return
        key = _key(call)
        if key in self._ended:
            self._note(Code.CALL_ENDED_TWICE, place)
        else:
            self._ended.add(key)
            self._open.pop(key, None)
            log, _ = place
            early = self._amended.pop(key, None)
            if early is not None and log in early:
                self._amended[key] = {log: early[log]}
        if body.get("status") == "unknown" and key not in self._settled:
            self._unknown.setdefault(key, call[:_NAME])

    def _amend(self, place: Place, body: Body) -> None:
        call = self._call(place, body)
        if call is None:
            return
        key = _key(call)
        if key not in self._ended:
            log, seq = place
            self._amended.setdefault(key, {}).setdefault(log, seq)
        if type(body.get("applied")) is not bool:
            return
        self._unknown.pop(key, None)
        if key not in self._ended:
            self._settled.add(key)

    def _decide(self, place: Place, body: Body) -> None:
        approval = body.get("approval")
        if not isinstance(approval, dict) or not is_text(approval.get("id")):
            self._note(Code.CALL_MALFORMED, place, "no `approval`")
            return
        if approval.get("state") != "approved":
            return
        key = _key(approval["id"])
        self._approved.add(key)
        early = self._unapproved.get(key)
        if early is not None and early[0] != place[0]:
            del self._unapproved[key]

    def _call(self, place: Place, body: Body) -> str | None:
        """Id of the call that an entry speaks of."""
        call: str | None = body.get("call")
        if call is None:
            self._note(Code.CALL_MALFORMED, place, "no `call`")
        return call

    def _note(self, code: Code, place: Place, detail: str = "") -> None:
        log, seq = place
        self._problems.note(Aspect.COMPLETENESS, code, log=log, seq=seq, detail=detail)


def _key(name: str) -> _Key:
    """A short id as it is; of a long one, which a forger may have made of megabytes, a digest."""
    if len(name) <= _SHORT:
        return name
    return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).digest()

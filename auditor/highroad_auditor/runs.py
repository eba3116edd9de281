"""Whether every run of an agent has one beginning and one end, and every request one answer."""

from collections.abc import Mapping

from highroad_auditor.facts import NAME, Body, Facts, Key, Place, Reader, key_of
from highroad_auditor.report import COMPLETENESS, Code, Note, Problem


class Runs:
    """What the entries read so far say of runs of agents, and of their requests to models."""

    def __init__(self, note: Note) -> None:
        self._note: Note = note
        self.open: dict[Key, str] = {}
        """Runs that have begun and not ended, by their ids cut to 80 characters."""
        self._started: Facts = Facts()
        self._ended: set[Key] = set()
        self._asked: Facts = Facts()
        self._replied: set[Key] = set()
        self.readers: Mapping[str, Reader] = {
            "run.started": self._start,
            "run.message": self._go_on,
            "run.held": self._go_on,
            "run.resumed": self._go_on,
            "run.ended": self._end,
            "model.asked": self._ask,
            "model.replied": self._reply,
        }
        """What learns from entries, by the kind of entry."""

    def settle(self) -> None:
        """Note what was referred to, and is not there."""
        for place in self._started.missed():
            self._fault(Code.RUN_NOT_STARTED, place)
        for place in self._asked.missed():
            self._fault(Code.REQUEST_NOT_ASKED, place)

    def _start(self, place: Place, body: Body) -> None:
        key = self._named(place, body, "run")
        if key is None:
            return
        if key in self._started.known:
            self._fault(Code.RUN_STARTED_TWICE, place)
        self._started.add(key, place[0])
        if key not in self._ended:
            self.open[key] = body["run"][:NAME]

    def _go_on(self, place: Place, body: Body) -> None:
        key = self._named(place, body, "run")
        if key is not None:
            self._started.refer(key, place)

    def _end(self, place: Place, body: Body) -> None:
        key = self._named(place, body, "run")
        if key is None:
            return
        self._started.refer(key, place)
        if key in self._ended:
            self._fault(Code.RUN_ENDED_TWICE, place)
        self._ended.add(key)
        self.open.pop(key, None)

    def _ask(self, place: Place, body: Body) -> None:
        key = self._named(place, body, "id")
        if key is None:
            return
        if key in self._asked.known:
            self._fault(Code.REQUEST_ASKED_TWICE, place)
        self._asked.add(key, place[0])

    def _reply(self, place: Place, body: Body) -> None:
        key = self._named(place, body, "id")
        if key is None:
            return
        self._asked.refer(key, place)
        if key in self._replied:
            self._fault(Code.REQUEST_ANSWERED_TWICE, place)
        self._replied.add(key)

    def _named(self, place: Place, body: Body, field: str) -> Key | None:
        """The run or request that an entry speaks of."""
        key = key_of(body.get(field))
        if key is None:
            self._fault(Code.RUN_MALFORMED, place, f"no `{field}`")
        return key

    def _fault(self, code: Code, place: Place, detail: str = "") -> None:
        self._note(Problem(COMPLETENESS, code, *place, detail=detail))

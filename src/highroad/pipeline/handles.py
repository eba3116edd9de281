"""The handles of runs that are being moved: which call each number stands for.

Nothing of a result is kept: a value is read from the record when a call names it.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from highroad.domain.handle import handle_of, tag_of
from highroad.domain.json_value import JsonObject


class RunHandles:
    """The handles of one run.

    Args:
        run_id: Whose.
    """

    __slots__ = ("_by_call", "_by_number", "given", "tag")

    def __init__(self, run_id: str) -> None:
        self.tag: str = tag_of(run_id)
        self._by_number: dict[int, str] = {}
        self._by_call: dict[str, int] = {}
        self.given: dict[str, JsonObject] = {}
        """By call, its arguments with values in place of handles, until somebody has taken them."""

    def note(self, number: int, call_id: str) -> None:
        """Know a call of the run by its number in it."""
        self._by_number[number] = call_id
        self._by_call[call_id] = number

    def call(self, number: int) -> str | None:
        """The id of a call."""
        return self._by_number.get(number)

    def root(self, call_id: str) -> str | None:
        """How the result of a call is named; `None` where it is no call of this run."""
        number = self._by_call.get(call_id)
        return None if number is None else handle_of(number, self.tag)


class Handles:
    """The handles of all runs that are being moved here."""

    def __init__(self) -> None:
        self._of_runs: dict[str, RunHandles] = {}

    def of(self, run_id: str) -> RunHandles | None:
        """Those of a run, while a leg moves it whose agent is shown handles."""
        return self._of_runs.get(run_id)

    @contextmanager
    def leg(self, run_id: str, calls: Iterable[tuple[int, str]]) -> Iterator[RunHandles]:
        """Those of a run while a leg moves it.

        Args:
            run_id: Whose.
            calls: That are on record of it, by their numbers.
        """
        handles = self._of_runs[run_id] = RunHandles(run_id)
        for number, call_id in calls:
            handles.note(number, call_id)
        try:
            yield handles
        finally:
            del self._of_runs[run_id]

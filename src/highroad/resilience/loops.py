"""Loops: a run that makes the same read again and again, or goes round in a few of them."""

from collections import OrderedDict, deque
from hashlib import blake2b
from itertools import islice
from typing import Final

_DIGEST_BYTES: Final = 16
_CIRCLES: Final = (2, 3)
"""Calls of a circle: to and fro between two, or round three."""
_FEWEST_ROUNDS: Final = 2
"""Of a circle that are let through, however few identical calls are: reading two things twice each
may be looking again."""


class Loops:
    """Counts how often a run has made its last calls in a row.

    A call that changes something breaks every streak: looking again after a change is no loop.

    Args:
        most: Identical calls in a row, and rounds of a circle, that are let through.
        runs: Remembered at most; the one that was quiet longest is forgotten first.
    """

    def __init__(self, most: int, *, runs: int = 10_000) -> None:
        self._most = most
        self._rounds = max(most, _FEWEST_ROUNDS)
        self._capacity = runs
        self._seen: OrderedDict[str, _Streak] = OrderedDict()
        self._view = max(_CIRCLES) * (self._rounds + 1)

    def __len__(self) -> int:
        """Runs in memory."""
        return len(self._seen)

    def seen(self, run_id: str, tool: str, arguments: bytes) -> int | None:
        """Count a read; how often it came in a row when that is too often, else `None`.

        Args:
            run_id: Who calls.
            tool: What is called.
            arguments: In canonical form; kept as a digest, since they may be large.
        """
        digest = blake2b(tool.encode() + b"\0" + arguments, digest_size=_DIGEST_BYTES).digest()
        streak = self._seen.get(run_id)
        if streak is None:
            streak = self._seen[run_id] = _Streak(self._view)
            if len(self._seen) > self._capacity:
                self._seen.popitem(last=False)
        self._seen.move_to_end(run_id)
        times = streak.add(digest)
        if times > self._most:
            return times
        return streak.rounds(self._rounds + 1)

    def changed(self, run_id: str) -> None:
        """The run has changed something: what it reads from here on may be new."""
        streak = self._seen.get(run_id)
        if streak is not None:
            streak.clear()

    def forget(self, run_id: str) -> None:
        """The run has ended."""
        self._seen.pop(run_id, None)


class _Streak:
    """The last reads of a run, newest first."""

    __slots__ = ("_last", "_times")

    def __init__(self, view: int) -> None:
        self._last: deque[bytes] = deque(maxlen=view)
        self._times = 0

    def add(self, digest: bytes) -> int:
        """How often the newest came in a row by now."""
        is_same = bool(self._last) and self._last[0] == digest
        self._times = self._times + 1 if is_same else 1
        self._last.appendleft(digest)
        return self._times

    def rounds(self, most: int) -> int | None:
        """`most`, where the last reads are so many rounds of a circle; else `None`."""
        for size in _CIRCLES:
            if len(self._last) < size * most:
                continue
            newest = list(islice(self._last, size * most))
            circle = newest[:size]
            if len(set(circle)) > 1 and newest == circle * most:
                return most
        return None

    def clear(self) -> None:
        """Begin anew."""
        self._last.clear()
        self._times = 0

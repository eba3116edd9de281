"""Loops: a run that makes the same call again and again."""

from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

_DIGEST_BYTES: Final = 16


@dataclass(slots=True)
class _Streak:
    digest: bytes
    times: int


class Loops:
    """Counts how often a run has made its last call in a row.

    Another call in between breaks the streak: looking again after a change is no loop.

    Args:
        most: Identical calls in a row that are let through.
        runs: Remembered at most; the one that was quiet longest is forgotten first.
    """

    def __init__(self, most: int, *, runs: int = 10_000) -> None:
        self._most = most
        self._capacity = runs
        self._streaks: OrderedDict[str, _Streak] = OrderedDict()

    def __len__(self) -> int:
        """Runs in memory."""
        return len(self._streaks)

    def seen(self, run_id: str, tool: str, arguments: bytes) -> int | None:
        """Count a call; how often it came in a row when that is too often, else `None`.

        Args:
            run_id: Who calls.
            tool: What is called.
            arguments: In canonical form; kept as a digest, since they may be large.
        """
        digest = blake2b(tool.encode() + b"\0" + arguments, digest_size=_DIGEST_BYTES).digest()
        streak = self._streaks.get(run_id)
        if streak is None or streak.digest != digest:
            streak = self._streaks[run_id] = _Streak(digest, 0)
            if len(self._streaks) > self._capacity:
                self._streaks.popitem(last=False)
        self._streaks.move_to_end(run_id)
        streak.times += 1
        return streak.times if streak.times > self._most else None

    def forget(self, run_id: str) -> None:
        """The run has ended."""
        self._streaks.pop(run_id, None)

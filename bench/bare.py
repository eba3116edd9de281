"""The bare loop at work: it validates, encrypts and commits, and decides nothing.

One thread; see `replay.py` for the rows that it writes. `compare_rates` lets it take turns with
Highroad.
"""

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Final

import jsonschema_rs
import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.harness import BenchError, rounded
from bench.ours import LEDGER
from bench.replay import BareLedger, Group, Row, cut, dealt, garbage_held_still

_NONCE_BYTES: Final = 12
_SLICES: Final = 5
_SLICE_S: Final = 2.0

Arguments = Mapping[str, str]
# The rows of a slice, its commits as numbers of rows, and how many calls it made; gives the groups
# to commit, and the calls to accept before each.
Plan = Callable[[list[Row], list[int], int], tuple[list[Group], list[Sequence[int]]]]


@dataclass(slots=True)
class Rates:
    """What was done in the slices that count, and in which time."""

    calls: int = 0
    commits: int = 0
    rows: int = 0
    ours_s: list[float] = field(default_factory=list)
    bare_s: list[float] = field(default_factory=list)

    def ratio(self) -> float:
        """Return our rate over the bare loop's."""
        return sum(self.bare_s) / sum(self.ours_s)

    def reference(self) -> dict[str, object]:
        """Return the bare loop's rate."""
        return {"bare_loop_calls_per_s": rounded(self.calls / sum(self.bare_s))}

    def absolute(self) -> dict[str, object]:
        """Return our rate, how it was reached, and the ratio in each slice."""
        return {
            "calls_per_s": rounded(self.calls / sum(self.ours_s)),
            "calls_per_commit": rounded(self.calls / self.commits),
            "rows_per_call": rounded(self.rows / self.calls),
            "by_slice": [
                rounded(bare / ours) for ours, bare in zip(self.ours_s, self.bare_s, strict=True)
            ],
        }


class BareLoop:
    """One thread that does, for groups of calls, the least that such calls need."""

    def __init__(
        self,
        ledger: BareLedger,
        schema: Mapping[str, object],
        arguments: Callable[[int], Arguments],
    ) -> None:
        """Compile the schema and make a key, once."""
        self._ledger = ledger
        self._arguments = arguments
        self._is_valid = jsonschema_rs.validator_for(dict(schema)).is_valid
        self._encrypt = AESGCM(AESGCM.generate_key(256)).encrypt

    def replay(self, groups: Sequence[Group], calls: Sequence[Sequence[int]]) -> float:
        """Accept each group's calls, then commit its rows; gives the seconds that all took."""
        made = [[self._arguments(number) for number in part] for part in calls]
        with garbage_held_still():
            start = perf_counter()
            for part, group in zip(made, groups, strict=True):
                self._accept(part)
                self._ledger.commit(group)
            return perf_counter() - start

    def _accept(self, calls: Sequence[Arguments]) -> None:
        """Validate each call's arguments; encrypt them, and a result of about their size."""
        is_valid, encrypt = self._is_valid, self._encrypt
        for arguments in calls:
            if not is_valid(arguments):
                raise AssertionError
            result = dict(arguments)
            encrypt(os.urandom(_NONCE_BYTES), orjson.dumps(arguments), None)
            encrypt(os.urandom(_NONCE_BYTES), orjson.dumps(result), None)


def as_committed(
    rows: list[Row], commits: list[int], calls: int
) -> tuple[list[Group], list[Sequence[int]]]:
    """Plan as many commits as were made, each of as many rows."""
    return dealt(rows, commits), cut(range(calls), commits)


def in_groups(size: int) -> Plan:
    """Plan two commits for each group of `size` calls: the intents, and the outcomes."""

    def plan(
        rows: list[Row], _commits: list[int], calls: int
    ) -> tuple[list[Group], list[Sequence[int]]]:
        sizes = [len(part) for part in _chunks(range(calls), size)]
        groups = dealt(rows, [half for count in sizes for half in (count, count)])
        accepted: list[Sequence[int]] = []
        for part in _chunks(range(calls), size):
            accepted += [part, ()]
        return groups, accepted

    return plan


async def compare_rates(
    folder: Path,
    commits: list[int],
    loop: Callable[[BareLedger], BareLoop],
    ours: Callable[[float], Awaitable[int]],
    plan: Plan,
) -> Rates:
    """Let ours and the bare loop take turns, slice by slice; a first short slice is not kept.

    Args:
        folder: Where the ledger is, and the bare loop's file goes.
        commits: The commits that are seen while ours runs.
        loop: Makes the bare loop over the twin of the ledger.
        ours: Makes calls for so many seconds, flushes, and gives the number of calls.
        plan: How the bare loop groups what it writes.

    Raises:
        BenchError: A slice left no trace in the ledger's file.
    """
    rates = Rates()
    ledger = BareLedger(folder / LEDGER, folder / "bare.db")
    bare = loop(ledger)
    for number in range(_SLICES + 1):
        commits.clear()
        start = perf_counter()
        calls = await ours(_SLICE_S if number else _SLICE_S / 4)
        ours_s = perf_counter() - start
        seen = list(commits)
        rows = ledger.new_rows()
        if not rows or not seen:
            raise BenchError("no rows or no commits were seen in the ledger's file")
        bare_s = bare.replay(*plan(rows, seen, calls))
        if number:
            rates.calls += calls
            rates.commits += len(seen)
            rates.rows += len(rows)
            rates.ours_s.append(ours_s)
            rates.bare_s.append(bare_s)
    ledger.close()
    return rates


def _chunks(things: range, size: int) -> list[range]:
    return [things[start : start + size] for start in range(0, len(things), size)]

"""N2: what a governed call with an effect costs alone, beside its two durable commits.

Ours is the time of `await runtime.call(note_order, {...}, principal=...)`, one after another, for
a tool that is `reversible` and `unprotected`: its intent is on disk before it runs and its outcome
before the call returns.

The bare script makes, for each of these calls, two durable commits of the very rows that the call
left in the ledger, split between the two as the call split them (see `replay.py`); it validates,
encrypts and decides nothing. Both run in turns of 20; the value is the median, over turns, of our
median over the script's. Quoted beside it, from the same run: one durable step of DBOS on SQLite.
"""

from time import perf_counter
from typing import Final

from bench.harness import (
    BenchError,
    Reading,
    median,
    peer_medians,
    scratch,
    take_turns,
    timed_calls,
)
from bench.ours import LEDGER, Caller, open_runtime
from bench.replay import BareLedger, dealt, watched_commits

_ROUNDS: Final = 31
_BURST: Final = 20
_COMMITS: Final = 2


async def measure() -> Reading:
    """Measure N2.

    Raises:
        BenchError: Calls left no trace in the ledger's file.
    """
    commits_per_call: list[float] = []
    with scratch() as folder, watched_commits(folder / LEDGER) as commits:
        async with open_runtime(folder) as runtime:
            caller = Caller(runtime)
            await caller.warm_up()
            ledger = BareLedger(folder / LEDGER, folder / "bare.db")

            async def ours() -> list[float]:
                commits.clear()
                times = await timed_calls(_BURST, caller.note)
                await runtime.flush()
                return times

            async def bare() -> list[float]:
                rows = ledger.new_rows()
                if not rows or not commits:
                    raise BenchError("N2: no rows or no commits were seen in the ledger's file")
                commits_per_call.append(len(commits) / _BURST)
                # Split as the calls split them, unless something else was committed meanwhile.
                is_plain = len(commits) == _COMMITS * _BURST
                groups = dealt(rows, commits if is_plain else [1] * (_COMMITS * _BURST))
                times = []
                for intent, outcome in zip(groups[::2], groups[1::2], strict=True):
                    start = perf_counter()
                    ledger.commit(intent)
                    ledger.commit(outcome)
                    times.append((perf_counter() - start) * 1e6)
                return times

            turns = await take_turns(_ROUNDS, ours, bare)
            ledger.close()
        return Reading(
            id="N2",
            value=turns.ratio(),
            unit="of two bare durable commits",
            reach="<= 2",
            reference={
                "two_commits_us": turns.peer_median(),
                "dbos_step": peer_medians("dbos_step", folder),
            },
            absolute={
                "call_us": turns.absolute(),
                "commits_per_call": median(commits_per_call),
            },
        )

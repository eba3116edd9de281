"""N7b and N7c: what a ledger of ten million entries costs, beside one of ten thousand.

Both are grown in this run (see `grown.py`), which takes some minutes, and 20 GB beside the
repository while it lasts; `BENCH_ENTRIES` makes the large one smaller, and the line says so.

N7b: the median time of `await runtime.audit.trail(run)` over 200 runs spread over the whole ledger,
large over small, in turns. N7c: calls with an effect a second, 64 in flight (see N2b), large
over small, in slices of two seconds, in turns.
"""

import asyncio
import os
import statistics
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import Final

from bench.grown import grow, run_id
from bench.harness import BenchError, Reading, median, rounded, scratch, take_turns
from bench.ours import Caller, open_runtime
from highroad import Runtime

_SMALL: Final = 10_000
_LARGE: Final = int(os.environ.get("BENCH_ENTRIES", "10000000"))
_ROUNDS: Final = 5
_RUNS: Final = 200
_IN_FLIGHT: Final = 64
_SLICE_S: Final = 2.0


@asynccontextmanager
async def _both() -> AsyncIterator[tuple[tuple[Runtime, int], tuple[Runtime, int]]]:
    """Give a runtime over each ledger, large first, and how many runs it has."""
    if _LARGE < _SMALL:
        raise BenchError(f"BENCH_ENTRIES must be {_SMALL} or more")
    with scratch() as folder:
        async with AsyncExitStack() as stack:
            opened = []
            for entries in (_LARGE, _SMALL):
                place = Path(tempfile.mkdtemp(dir=folder))
                runs = await grow(place, entries)
                runtime = await stack.enter_async_context(open_runtime(place))
                await runtime.audit.sign()  # what was grown, so that nothing is left to catch up
                opened.append((runtime, runs))
            yield opened[0], opened[1]


async def measure_trail() -> Reading:
    """Measure N7b."""

    async def trails(runtime: Runtime, runs: int) -> list[float]:
        times = []
        for number in range(_RUNS):
            wanted = run_id(number * runs // _RUNS)
            start = perf_counter()
            trail = await runtime.audit.trail(wanted)
            times.append((perf_counter() - start) * 1e6)
            if not trail.steps:
                raise BenchError(f"the grown ledger has no run {wanted}")
        return times

    async with _both() as (large, small):
        turns = await take_turns(_ROUNDS, lambda: trails(*large), lambda: trails(*small))
    return Reading(
        id="N7b",
        value=turns.ratio(),
        unit=f"of the time among {_SMALL:,} entries",
        reach="<= 1.5",
        reference={"entries": _SMALL, "median_us": turns.peer_median()},
        absolute={"entries": _LARGE, "us": turns.absolute()},
    )


async def measure_append() -> Reading:
    """Measure N7c."""

    async def rate(runtime: Runtime) -> float:
        caller = Caller(runtime)
        start = perf_counter()

        async def keep_calling() -> int:
            calls = 0
            while perf_counter() < start + _SLICE_S:
                await caller.note()
                calls += 1
            return calls

        calls = sum(await asyncio.gather(*(keep_calling() for _ in range(_IN_FLIGHT))))
        await runtime.flush()
        return calls / (perf_counter() - start)

    async with _both() as ((large, _), (small, _)):
        pairs = [(await rate(large), await rate(small)) for _ in range(_ROUNDS + 1)][1:]
    return Reading(
        id="N7c",
        value=rounded(statistics.median(mine / other for mine, other in pairs)),
        unit=f"of the rate among {_SMALL:,} entries",
        reach=">= 0.9",
        reference={"entries": _SMALL, "calls_per_s": median([other for _, other in pairs])},
        absolute={"entries": _LARGE, "calls_per_s": median([mine for mine, _ in pairs])},
    )

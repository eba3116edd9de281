"""N8: what a million direct reads leave in memory.

One process makes 50,000 governed reads (see N1), then a million more, one after another, with the
ledger flushed before each look at the memory that is resident. The value is what the million added.
"""

import gc
import os
from pathlib import Path
from typing import Final

from bench.harness import BenchError, Reading, rounded, scratch
from bench.ours import Caller, open_runtime
from highroad import Runtime

_BEFORE: Final = 50_000
_READS: Final = int(os.environ.get("BENCH_READS", "1000000"))
_STATM: Final = Path("/proc/self/statm")


async def measure() -> Reading:
    """Measure N8."""
    if not _STATM.exists():
        raise BenchError("resident memory is read from /proc, which this system does not have")
    with scratch() as folder:
        async with open_runtime(folder) as runtime:
            caller = Caller(runtime)
            await _read(runtime, caller, _BEFORE)
            before = _resident_mb()
            await _read(runtime, caller, _READS)
            after = _resident_mb()
    return Reading(
        id="N8",
        value=rounded(after - before),
        unit="MB added",
        reach="<= 5",
        reference={"reads_before": _BEFORE, "resident_mb": rounded(before)},
        absolute={"reads": _READS, "resident_mb": rounded(after)},
    )


async def _read(runtime: Runtime, caller: Caller, reads: int) -> None:
    for _ in range(reads):
        await caller.read()
    await runtime.flush()


def _resident_mb() -> float:
    gc.collect()
    return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

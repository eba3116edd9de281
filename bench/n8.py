"""N8: what a million direct reads leave in memory.

One process makes 50,000 governed reads (see N1), then a million more, one after another, with the
ledger flushed before each look at the memory that is resident. The value is what the million added.
"""

import gc
import os
from typing import Final

from bench.harness import Reading, resident_mb, rounded, scratch
from bench.ours import Caller, open_runtime
from highroad import Runtime

_BEFORE: Final = 50_000
_READS: Final = int(os.environ.get("BENCH_READS", "1000000"))


async def measure() -> Reading:
    """Measure N8."""
    with scratch() as folder:
        async with open_runtime(folder) as runtime:
            caller = Caller(runtime)
            await _read(runtime, caller, _BEFORE)
            gc.collect()
            before = resident_mb()
            await _read(runtime, caller, _READS)
            gc.collect()
            after = resident_mb()
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

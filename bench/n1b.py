"""N1b: how many governed reads a second, beside a bare loop that writes the same rows.

Ours awaits one governed read after another (see N1) for ten seconds in all, in slices of two; the
clock of a slice runs until `await runtime.flush()` has returned.

After each slice the bare loop, one thread, does as many calls: it validates the arguments, encrypts
arguments and result, and writes the rows that the slice left in the ledger, byte for byte, with as
many commits as the slice made and each of as many rows (see `replay.py`). The value is our rate
over its rate, over all slices.
"""

from time import perf_counter

from bench.bare import BareLoop, as_committed, compare_rates
from bench.harness import Reading, scratch
from bench.ours import LEDGER, SCHEMAS, Caller, open_runtime, read_arguments
from bench.replay import watched_commits


async def measure() -> Reading:
    """Measure N1b."""
    with scratch() as folder, watched_commits(folder / LEDGER) as commits:
        async with open_runtime(folder) as runtime:
            caller = Caller(runtime)
            await caller.warm_up()

            async def ours(seconds: float) -> int:
                calls = 0
                until = perf_counter() + seconds
                while perf_counter() < until:
                    await caller.read()
                    calls += 1
                await runtime.flush()
                return calls

            rates = await compare_rates(
                folder,
                commits,
                lambda ledger: BareLoop(ledger, SCHEMAS["get_order"], read_arguments),
                ours,
                as_committed,
            )
    return Reading(
        id="N1b",
        value=rates.ratio(),
        unit="of a bare loop's rate",
        reach=">= 0.5",
        reference=rates.reference(),
        absolute=rates.absolute(),
    )

"""N2b: how many calls with an effect a second, 64 in flight, beside a bare loop in groups of 64.

Ours keeps 64 calls of N2's tool in flight for ten seconds in all, in slices of two; the clock of a
slice runs until the last call and `await runtime.flush()` have returned.

After each slice the bare loop of N1b does as many calls in groups of 64, with two durable commits
for each group: one for the intents, one for the outcomes, of the very rows that the slice left in
the ledger. The value is our rate over its rate, over all slices.
"""

import asyncio
from time import perf_counter
from typing import Final

from bench.bare import BareLoop, compare_rates, in_groups
from bench.harness import Reading, scratch
from bench.ours import LEDGER, SCHEMAS, Caller, note_arguments, open_runtime
from bench.replay import watched_commits

_IN_FLIGHT: Final = 64


async def measure() -> Reading:
    """Measure N2b."""
    with scratch() as folder, watched_commits(folder / LEDGER) as commits:
        async with open_runtime(folder) as runtime:
            caller = Caller(runtime)
            await caller.warm_up()

            async def ours(seconds: float) -> int:
                until = perf_counter() + seconds

                async def keep_calling() -> int:
                    calls = 0
                    while perf_counter() < until:
                        await caller.note()
                        calls += 1
                    return calls

                calls = await asyncio.gather(*(keep_calling() for _ in range(_IN_FLIGHT)))
                await runtime.flush()
                return sum(calls)

            rates = await compare_rates(
                folder,
                commits,
                lambda ledger: BareLoop(ledger, SCHEMAS["note_order"], note_arguments),
                ours,
                in_groups(_IN_FLIGHT),
            )
    return Reading(
        id="N2b",
        value=rates.ratio(),
        unit="of a bare loop's rate in groups of 64",
        reach=">= 0.6",
        reference=rates.reference(),
        absolute=rates.absolute(),
    )

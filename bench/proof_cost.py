"""N12: what the proof costs: governed reads a second with signed heads on, over off.

Two runtimes over two ledgers take turns of a second each, reading as N1b does; the order changes
from turn to turn. One signs as it is built in: every 1,000 entries, in the background. The other
signs nothing. The clock of a turn runs until `await runtime.flush()` has returned, and with heads
on until `await runtime.audit.sign()` has signed the rest as well.

The value is the rate with heads on over the rate with heads off, over all turns.
"""

from contextlib import AsyncExitStack
from time import perf_counter
from typing import Final

from bench.harness import BenchError, Reading, rounded, scratch
from bench.ours import Caller, open_runtime
from highroad import Runtime

_ROUNDS: Final = 16
_TURN_S: Final = 1.0
_OFF: Final = """
[proof]
entries = 1000000000
seconds = 1000000000
"""


async def measure() -> Reading:
    """Measure N12.

    Raises:
        BenchError: Nothing was signed.
    """
    calls = {"on": 0, "off": 0}
    seconds = {"on": 0.0, "off": 0.0}
    with scratch() as folder:
        async with AsyncExitStack() as stack:
            runtimes: dict[str, Runtime] = {}
            for name, settings in (("on", ""), ("off", _OFF)):
                (folder / name).mkdir()
                opened = open_runtime(folder / name, settings=settings)
                runtimes[name] = await stack.enter_async_context(opened)
            callers = {name: Caller(runtime) for name, runtime in runtimes.items()}
            for caller in callers.values():
                await caller.warm_up()
            order = list(runtimes)
            for number in range(_ROUNDS + 1):
                for name in order:
                    start = perf_counter()
                    made = await _turn(runtimes[name], callers[name], signs=name == "on")
                    if number:  # the first round warms both up
                        calls[name] += made
                        seconds[name] += perf_counter() - start
                order.reverse()
            heads = (await runtimes["on"].audit.verify()).heads
            if heads < _ROUNDS or (await runtimes["off"].audit.verify()).heads:
                raise BenchError("heads were not signed where they should be, or where not")
    rates = {name: calls[name] / seconds[name] for name in calls}
    return Reading(
        id="N12",
        value=rates["on"] / rates["off"],
        unit="of the rate without signed heads",
        reach=">= 0.95",
        reference={"calls_per_s_off": rounded(rates["off"])},
        absolute={"calls_per_s_on": rounded(rates["on"]), "heads": heads},
    )


async def _turn(runtime: Runtime, caller: Caller, *, signs: bool) -> int:
    made = 0
    until = perf_counter() + _TURN_S
    while perf_counter() < until:
        await caller.read()
        made += 1
    await runtime.flush()
    if signs:
        await runtime.audit.sign()
    return made

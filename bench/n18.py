"""N18: calls of one answer made together, over the same made one after the other.

The tools are reads that wait 100 ms, async ones and synchronous ones, which run in threads. Three,
five and ten of them are made one by one and then with `call_all(parallel=…)`, five times in turns.
The value is the median at five, of the slower kind.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from bench.harness import BenchError, Reading, rounded, scratch
from highroad import Completed, Principal, Runtime, tool

_WAIT_S: Final = 0.1
_SIZES: Final = (3, 5, 10)
_ROUNDS: Final = 5
_ALICE: Final = Principal("alice")


@tool(tier="read")
async def wait(number: int) -> int:
    """Wait in the event loop."""
    await asyncio.sleep(_WAIT_S)
    return number


@tool(tier="read")
def block(number: int) -> int:
    """Wait in a thread."""
    time.sleep(_WAIT_S)
    return number


async def measure() -> Reading:
    """Measure N18.

    Raises:
        BenchError: A call was not completed.
    """
    with scratch() as folder:
        ledger = f"sqlite:///{folder / 'ledger.db'}"
        async with Runtime.open(ledger, tools=[wait, block], principal=_ALICE) as runtime:
            gains = {
                f"{each.__name__}_{size}": rounded(await _gain(runtime, each, size))
                for each in (wait, block)
                for size in _SIZES
            }
    return Reading(
        id="N18",
        value=min(gains["wait_5"], gains["block_5"]),
        unit="times as fast as one after the other, five calls of 100 ms",
        reach=">= 3",
        reference={},
        absolute=gains,
    )


async def _gain(runtime: Runtime, each: Callable[..., Any], size: int) -> float:
    calls = [(each, {"number": number}) for number in range(size)]

    async def one_by_one() -> list[object]:
        return [await runtime.call(tool, arguments) for tool, arguments in calls]

    async def together() -> list[object]:
        return list(await runtime.call_all(calls, parallel=size))

    await together()
    return statistics.median(
        [await _seconds(one_by_one) / await _seconds(together) for _ in range(_ROUNDS)]
    )


async def _seconds(make: Callable[[], Awaitable[list[object]]]) -> float:
    began_s = time.perf_counter()
    outcomes = await make()
    if not all(isinstance(outcome, Completed) for outcome in outcomes):
        raise BenchError("a measured call was not completed")
    return time.perf_counter() - began_s

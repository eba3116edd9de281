"""N17: the memory that ten thousand calls take which wait in a queue.

The queue is an async generator; every other call is a read, the others have an effect (see N1 and
N2). `call_each` drains it, five calls at once. Before, 500 calls are drained, so that what is
loaded once is. The value is what the most resident memory, looked at behind every hundredth
outcome, is beyond that before the drain. Beside it stands the same for a list of as many calls,
whose outcomes are kept (`call_all`).
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from itertools import count
from typing import Any, Final

from bench.harness import BenchError, Reading, resident_mb, rounded, scratch
from bench.ours import ALICE, get_order, note_arguments, note_order, open_runtime, read_arguments
from highroad import Completed, Runtime

_WARM: Final = 500
_QUEUED: Final = 10_000

_Pair = tuple[Callable[..., Any], Mapping[str, object]]


async def measure() -> Reading:
    """Measure N17.

    Raises:
        BenchError: A call was not completed.
    """
    numbers = count()
    with scratch() as folder:
        async with open_runtime(folder) as runtime:
            await _drain(runtime, numbers, _WARM)
            before = resident_mb()
            peak = await _drain(runtime, numbers, _QUEUED)
            calls = [_call(next(numbers)) for _ in range(_QUEUED)]
            outcomes = await runtime.call_all(calls, principal=ALICE)
            listed = resident_mb()
    if not all(isinstance(each, Completed) for each in outcomes):
        raise BenchError("a measured call was not completed")
    return Reading(
        id="N17",
        value=peak - before,
        unit="MB beyond those before",
        reach="<= 50",
        reference={"resident_mb": rounded(before)},
        absolute={
            "calls": _QUEUED,
            "peak_mb": rounded(peak),
            "with_a_list_mb": rounded(listed - before),
        },
    )


async def _drain(runtime: Runtime, numbers: "count[int]", queued: int) -> float:
    """Make so many calls; gives the most memory that was resident meanwhile."""
    peak, answered = 0.0, 0

    async def queue() -> AsyncGenerator[_Pair, None]:
        for _ in range(queued):
            yield _call(next(numbers))

    async for _, outcome in runtime.call_each(queue(), principal=ALICE):
        if not isinstance(outcome, Completed):
            raise BenchError(f"a measured call was not completed: {outcome.status}")
        answered += 1
        if answered % 100 == 0:
            peak = max(peak, resident_mb())
    return peak


def _call(number: int) -> _Pair:
    if number % 2:
        return note_order, note_arguments(number)
    return get_order, read_arguments(number)

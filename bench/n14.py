"""N14: how long after its deadline a call is answered whose worker process has to be killed.

The tool is `reversible`, `unprotected` and loops for ever, so that only a kill ends it. 50 calls,
one after the other, each with a timeout of 200 ms; the answer is that the outcome is unknown, and
is on disk when it comes. The body says when it began, by the clock that all processes share; its
deadline is 200 ms later, and the clock of a call runs from there until `await runtime.call(...)`
has returned. The value is the worst of the 50; the median stands beside it.
"""

from time import monotonic
from typing import Final

from bench.apart import TIMEOUT_S, echo, spin
from bench.harness import BenchError, Reading, median, rounded, scratch
from highroad import Completed, Principal, Runtime, Unknown

_CALLS: Final = 50
_ALICE: Final = Principal("alice")


async def measure() -> Reading:
    """Measure N14.

    Raises:
        BenchError: A call ended otherwise than it has to.
    """
    late_ms: list[float] = []
    with scratch() as folder:
        ledger = f"sqlite:///{folder / 'ledger.db'}"
        async with Runtime.open(ledger, tools=[spin, echo], principal=_ALICE) as runtime:
            # Its breaker would open at the fifth of them.
            await runtime.dependencies.close("spin", by=_ALICE)
            for number in range(_CALLS):
                await _warm_up(runtime)
                begun = folder / f"begun-{number}"
                outcome = await runtime.call(spin, {"begun": str(begun)})
                answered_s = monotonic()
                if not isinstance(outcome, Unknown):
                    raise BenchError(f"a killed call is unknown, and not {outcome.status}")
                late_ms.append((answered_s - float(begun.read_text()) - TIMEOUT_S) * 1e3)
    return Reading(
        id="N14",
        value=max(late_ms),
        unit="ms after the deadline, the worst of 50",
        reach="<= 50",
        reference={},
        absolute={"median_ms": median(late_ms), "worst_ms": rounded(max(late_ms))},
    )


async def _warm_up(runtime: Runtime) -> None:
    """Have a worker ready; starting one is no part of the number."""
    outcome = await runtime.call(echo, {"number": 1})
    if not isinstance(outcome, Completed):
        raise BenchError(f"a call of a worker was not completed: {outcome.status}")

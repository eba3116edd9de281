"""N3b: what step 3,000 of a run costs, beside step 20.

One agent makes a run of 3,000 steps (see N3), each a model request and a governed `read` call. The
value is the median time of steps 2,981 to 3,000 over that of steps 11 to 30, from one model request
to the next, without the time in which the request itself is built: a longer request takes longer to
build. The line has the ratio with that time too, and that of the time that steps take of
processors, building included. A machine that others use drifts within a run, so
the value is the median of several runs.
"""

import os
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from time import perf_counter
from typing import Any, Final

from bench.agents import TimedModel, clerk, complete, open_agent
from bench.harness import Reading, median, rounded, scratch
from highroad.agents.composing import Composing

_STEPS: Final = int(os.environ.get("BENCH_STEPS", "3000"))
_RUNS: Final = int(os.environ.get("BENCH_RUNS", "3"))
_EARLY: Final = slice(10, 30)
_LATE: Final = slice(-20, None)


async def measure() -> Reading:
    """Measure N3b."""
    model = TimedModel(_STEPS)
    agent = clerk(model)
    bare: list[list[float]] = []
    worked: list[list[float]] = []
    whole: list[list[float]] = []
    with scratch() as folder:
        async with open_agent(agent, folder) as runtime:
            for _ in range(_RUNS):
                model.forget()
                with _building() as built:
                    await complete(runtime, agent)
                steps = _taken(model.asked_at)
                worked.append(_taken(model.worked_at))
                whole.append(steps)
                bare.append([step - took for step, took in zip(steps, built[1:], strict=True)])
    return Reading(
        id="N3b",
        value=statistics.median(map(_growth, bare)),
        unit="of steps 11 to 30",
        reach="<= 1.2",
        reference={"early_step_us": median([step for run in bare for step in run[_EARLY]])},
        absolute={
            "late_step_us": median([step for run in bare for step in run[_LATE]]),
            "by_run": [rounded(_growth(run)) for run in bare],
            "by_processor_time": rounded(statistics.median(map(_growth, worked))),
            "with_building": rounded(statistics.median(map(_growth, whole))),
            "steps": _STEPS,
            "load": rounded(os.getloadavg()[0]),
        },
    )


def _taken(times: list[float]) -> list[float]:
    """Microseconds from one request to the next."""
    return [(after - before) * 1e6 for before, after in pairwise(times)]


def _growth(steps: list[float]) -> float:
    return statistics.median(steps[_LATE]) / statistics.median(steps[_EARLY])


@contextmanager
def _building() -> Iterator[list[float]]:
    """Note how long each request takes to be built, in microseconds."""
    build: Any = Composing.question  # the one place where requests are built
    took: list[float] = []

    def timed(*given: object, **named: object) -> object:
        start = perf_counter()
        question = build(*given, **named)
        took.append((perf_counter() - start) * 1e6)
        return question

    Composing.question = timed  # type: ignore[method-assign, assignment]
    try:
        yield took
    finally:
        Composing.question = build  # type: ignore[method-assign]

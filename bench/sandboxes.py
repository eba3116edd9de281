"""S1 and S2: what it takes to start a program of a stranger in a sandbox.

S1 is the median time of a Python program that does nothing, from the call of the sandbox to its
result, in bubblewrap with all of its namespaces and its filter, over the same in a bare process
with the same limits; in turns, 41 of each. `absolute` has beside it the same of `/bin/true`, where
all that is left is the start itself.

S2 is the median of such a program in Monty, whose workers are warm, over that in bubblewrap, in
turns, 41 of each.
"""

import statistics
from collections.abc import Mapping
from time import perf_counter
from typing import Final

from bench.harness import BenchError, Reading, rounded
from highroad.adapters.sandboxes.monty import MontySandbox
from highroad.adapters.sandboxes.native.bubblewrap import BubblewrapSandbox
from highroad.adapters.sandboxes.native.plain import PlainSandbox
from highroad.domain.sandbox import Language, Program, ProgramLimits
from highroad.ports.sandbox import ProgramSandbox

_ROUNDS: Final = 41
_PYTHON: Final = Program(language=Language.PYTHON, text="1", inputs={})
_TRUE: Final = Program(language=Language.COMMAND, arguments=("/bin/true",), inputs={})


async def measure_bubblewrap() -> Reading:
    """Measure S1.

    Raises:
        BenchError: There is no bubblewrap.
    """
    pair: dict[str, ProgramSandbox] = {"bubblewrap": BubblewrapSandbox(), "bare": PlainSandbox()}
    python, true = await _medians(pair, _PYTHON), await _medians(pair, _TRUE)
    return Reading(
        id="S1",
        value=python["bubblewrap"] / python["bare"],
        unit="of the same program in a bare process",
        reach="<= 2",
        reference={"bare_ms": rounded(python["bare"])},
        absolute={
            "bubblewrap_ms": rounded(python["bubblewrap"]),
            "true_bubblewrap_ms": rounded(true["bubblewrap"]),
            "true_bare_ms": rounded(true["bare"]),
        },
    )


async def measure_monty() -> Reading:
    """Measure S2.

    Raises:
        BenchError: There is no bubblewrap, or no Monty.
    """
    pair: dict[str, ProgramSandbox] = {"monty": MontySandbox(), "bubblewrap": BubblewrapSandbox()}
    medians = await _medians(pair, _PYTHON)
    return Reading(
        id="S2",
        value=medians["monty"] / medians["bubblewrap"],
        unit="of the same program in bubblewrap",
        reach="<= 0.1",
        reference={"bubblewrap_ms": rounded(medians["bubblewrap"])},
        absolute={"monty_ms": rounded(medians["monty"])},
    )


async def _medians(sandboxes: Mapping[str, ProgramSandbox], program: Program) -> dict[str, float]:
    """Median milliseconds of a program in each; one run before the first warms up."""
    for sandbox in sandboxes.values():
        missing = sandbox.missing(program.language)
        if missing is not None:
            raise BenchError(f"it needs {missing}")
    times: dict[str, list[float]] = {name: [] for name in sandboxes}
    for number in range(_ROUNDS + 1):
        for name, sandbox in sandboxes.items():
            start = perf_counter()
            await sandbox.run(program, ProgramLimits())
            if number:
                times[name].append((perf_counter() - start) * 1_000)
    for sandbox in sandboxes.values():
        await sandbox.close()
    return {name: statistics.median(samples) for name, samples in times.items()}

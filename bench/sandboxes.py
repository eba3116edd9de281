"""S1 and S2: what it takes to start a program of a stranger in a sandbox.

S1 is the median time of a Python program that does nothing, from the call of the sandbox to its
result, in bubblewrap with all of its namespaces and its filter, over the same in a bare process
with the same limits; in turns, 41 of each. `absolute` has beside it the same of `/bin/true`, where
all that is left is the start itself; and, since others on the machine lengthen it, the least that
41 bare starts took: of bubblewrap as it is, without its filter, and without namespaces of network
and messages; of bubblewrap that does nothing but show it all files; of the limits alone; and
what we do before such a start.

S2 is the median of such a program in Monty, whose workers are warm, over that in bubblewrap, in
turns, 41 of each.
"""

import os
import statistics
import subprocess
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Final

from bench.harness import BenchError, Reading, rounded
from highroad.adapters.sandboxes.monty import MontySandbox
from highroad.adapters.sandboxes.native.bubblewrap import BubblewrapSandbox, confined
from highroad.adapters.sandboxes.native.plain import PlainSandbox
from highroad.adapters.sandboxes.native.runners import limited, runner_of
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
            **{name: rounded(least_ms) for name, least_ms in _least_starts().items()},
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


def _least_starts() -> dict[str, float]:
    """Milliseconds of the quickest start of each kind, in turns."""
    kinds: dict[str, Callable[[list[str]], list[str]]] = {
        "least_ms": list,
        "least_without_filter_ms": _without_filter,
        "least_without_network_and_messages_ms": _without_namespaces,
        "least_of_bubblewrap_alone_ms": _alone,
        "least_of_limits_alone_ms": _bare,
    }
    times: dict[str, list[float]] = {name: [] for name in (*kinds, "least_of_our_own_ms")}
    limits = ProgramLimits()
    inside = limited(runner_of(_TRUE, limits), limits)
    for _ in range(_ROUNDS):
        for name, change in kinds.items():
            began = perf_counter()
            start = confined(inside, needs=(), limits=limits)
            times["least_of_our_own_ms"].append((perf_counter() - began) * 1_000)
            began = perf_counter()
            subprocess.run(  # noqa: S603 - bubblewrap, with what is measured changed
                change(list(start.command)), env={}, pass_fds=start.given, check=True
            )
            times[name].append((perf_counter() - began) * 1_000)
            for each in start.given:
                os.close(each)
    return {name: min(samples) for name, samples in times.items()}


def _without_filter(words: list[str]) -> list[str]:
    at = words.index("--seccomp")
    return [*words[:at], *words[at + 2 :]]


def _without_namespaces(words: list[str]) -> list[str]:
    return [word for word in words if word not in {"--unshare-net", "--unshare-ipc"}]


def _alone(words: list[str]) -> list[str]:
    return [words[0], "--unshare-user", "--ro-bind", "/", "/", *_bare(words)]


def _bare(words: list[str]) -> list[str]:
    return words[words.index("--") + 1 :]


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

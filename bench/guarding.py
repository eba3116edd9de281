"""F1 to F4: what guarding costs under agents of other frameworks (`highroad.frameworks`).

F1, F2 and F3 are what `guard` adds to the step of an agent, over the same step bare: from one model
request to the next, as a scripted model sees them, with one read between. Bare and guarded runs of
ten steps take turns in one process of the framework's own environment, at its newest version; the
value is the median, over bursts, of (guarded median - bare median) / bare median.

F4 is what `import highroad.frameworks.X` costs where the framework is imported already, over
`import highroad` in a bare interpreter of the same environment, the worst of the three: processor
time, medians of 21 fresh processes each, started in turns.
"""

import os
import statistics
import subprocess
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from scripts.hosts import HOSTS

from bench.harness import Peer, Reading, Turns, median, offline_environment, rounded, scratch

_ROUNDS: Final = int(os.environ.get("BENCH_ROUNDS", "15"))
_BURST: Final = 50
_IMPORTS: Final = 21
_TIMED: Final = """
from time import process_time
start = process_time()
{}
print(process_time() - start)
"""
_FRAMEWORKS: Final[Mapping[str, tuple[str, str]]] = {
    # What a program that guards has imported of the framework in any case.
    "langgraph": ("langgraph", "import langchain_core.tools, langgraph.types, langgraph.prebuilt"),
    "openai_agents": ("openai-agents", "import agents"),
    "pydantic_ai": ("pydantic-ai", "import pydantic_ai"),
}


async def measure_langgraph() -> Reading:
    """Measure F1."""
    return _measure("F1", "langgraph", "a LangGraph agent step")


async def measure_openai_agents() -> Reading:
    """Measure F2."""
    return _measure("F2", "openai_agents", "an OpenAI Agents step")


async def measure_pydantic_ai() -> Reading:
    """Measure F3."""
    return _measure("F3", "pydantic_ai", "a Pydantic AI agent step")


async def measure_import() -> Reading:
    """Measure F4."""
    found = {name: _import(name) for name in _FRAMEWORKS}
    worst = max(each["beyond_ms"] / each["highroad_ms"] for each in found.values())
    return Reading(
        id="F4",
        value=worst,
        unit="of importing highroad",
        reach="<= 1.1",
        reference={},
        absolute={
            name: {what: rounded(took) for what, took in each.items()}
            for name, each in found.items()
        },
    )


def _measure(number: str, framework: str, step: str) -> Reading:
    host = HOSTS[_FRAMEWORKS[framework][0]]
    host.build()
    times: dict[str, list[list[float]]] = defaultdict(list)
    with (
        scratch() as folder,
        Peer(f"bench.frameworks.{framework}", folder, python=host.interpreter) as peer,
    ):
        peer.burst(_BURST)
        for _ in range(_ROUNDS):
            for what, samples in peer.burst(_BURST).items():
                times[what].append(samples)
        versions = peer.versions
    return Reading(
        id=number,
        value=Turns(times["guarded_step_us"], times["bare_step_us"]).ratio() - 1,
        unit=f"of {step}",
        reach="<= 0.15",
        reference={
            framework: {
                "versions": versions,
                "bare_step_us": _all(times["bare_step_us"]),
                "bare_cpu_us": _all(times["bare_cpu_us"]),
            }
        },
        absolute={
            "guarded_step_us": _all(times["guarded_step_us"]),
            "guarded_cpu_us": _all(times["guarded_cpu_us"]),
            "by_processor_time": rounded(
                Turns(times["guarded_cpu_us"], times["bare_cpu_us"]).ratio() - 1
            ),
            "load": rounded(os.getloadavg()[0]),
        },
    )


def _all(turns: list[list[float]]) -> float:
    """The median over all turns."""
    return median([sample for turn in turns for sample in turn])


def _import(framework: str) -> dict[str, float]:
    name, theirs = _FRAMEWORKS[framework]
    host = HOSTS[name]
    host.build()
    imports = {
        "highroad_ms": ("pass", "import highroad"),
        "beyond_ms": (theirs, f"import highroad.frameworks.{framework}"),
        "framework_ms": ("pass", theirs),
    }
    times: dict[str, list[float]] = defaultdict(list)
    with scratch() as folder:
        for _ in range(_IMPORTS + 1):
            for what, (before, timed) in imports.items():
                times[what].append(_processor_ms(host.interpreter, before, timed, folder))
    # The first of each warms files up.
    return {what: statistics.median(samples[1:]) for what, samples in times.items()}


def _processor_ms(python: Path, before: str, timed: str, folder: Path) -> float:
    """Processor time of a statement in a fresh process, behind another one."""
    script = f"{before}\n{_TIMED.format(timed)}"
    done = subprocess.run(  # noqa: S603
        [python, "-c", script],
        check=True,
        cwd=folder,
        env=offline_environment(folder),
        capture_output=True,
        text=True,
    )
    return float(done.stdout) * 1e3

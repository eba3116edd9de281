"""N4 and N4b: what `import highroad` and `highroad --help` cost, beside `import asyncio, pydantic`.

Each is the median wall time of 21 fresh processes, started in turns, from start to end, less the
median of a bare interpreter of the same environment. The unit of both is a program that imports
asyncio and pydantic and declares one model. Files are warm and compiled.

Public names load when they are first asked for, so `import highroad` alone says little of what a
program pays in the end: `from highroad import Runtime, tool`, which loads the whole road, is
quoted beside it.

Quoted beside N4, each against the same unit in the peers' own environment, medians of seven:
`import openai`, `pydantic_ai`, `langchain.agents` and `agents`.
"""

import importlib.metadata
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from scripts.locked_environment import ROOT

from bench.harness import BenchError, Reading, process_times, rounded, scratch
from bench.peers_venv import peers_python

_ROUNDS: Final = 21
_PEER_ROUNDS: Final = 7
_UNIT: Final = """
import asyncio, pydantic
class Order(pydantic.BaseModel):
    id: str
    cents: int
"""
_PEERS: Final = {
    "openai": "openai",
    "pydantic_ai": "pydantic-ai-slim",
    "langchain.agents": "langchain",
    "agents": "openai-agents",
}


async def measure_import() -> Reading:
    """Measure N4."""
    ours = _costs(
        {
            "import_highroad": [sys.executable, "-c", "import highroad"],
            "import_names": [sys.executable, "-c", "from highroad import Runtime, tool"],
        },
        _ROUNDS,
    )
    return Reading(
        id="N4",
        value=ours["import_highroad"] / ours["unit"],
        unit="of importing asyncio and pydantic with one model",
        reach="<= 1.25",
        reference={
            "pydantic": importlib.metadata.version("pydantic"),
            "unit_ms": rounded(ours["unit"]),
            "peers": _peers(),
        },
        absolute={
            "import_highroad_ms": rounded(ours["import_highroad"]),
            "import_names_ms": rounded(ours["import_names"]),
            "import_names_units": rounded(ours["import_names"] / ours["unit"]),
            "interpreter_ms": rounded(ours["interpreter"]),
        },
    )


async def measure_help() -> Reading:
    """Measure N4b.

    Raises:
        BenchError: The command is not installed beside this Python.
    """
    command = Path(sys.executable).with_name("highroad")
    if not command.exists():
        raise BenchError(
            f"there is no {command.name} command beside {sys.executable}; run `make venv`"
        )
    ours = _costs({"highroad_help": [str(command), "--help"]}, _ROUNDS)
    return Reading(
        id="N4b",
        value=ours["highroad_help"] / ours["unit"],
        unit="of importing asyncio and pydantic with one model",
        reach="<= 1.6",
        reference={
            "pydantic": importlib.metadata.version("pydantic"),
            "unit_ms": rounded(ours["unit"]),
        },
        absolute={
            "highroad_help_ms": rounded(ours["highroad_help"]),
            "interpreter_ms": rounded(ours["interpreter"]),
        },
    )


def _peers() -> dict[str, object]:
    """Measure what importing a peer costs, once it is seen that doing so stays offline."""
    python = str(peers_python())
    offline = str(ROOT / "bench" / "peers" / "offline.py")
    with scratch() as folder:
        once = {name: [python, offline, name] for name in _PEERS}
        process_times(once, rounds=0, folder=folder)
    commands = {name: [python, "-c", f"import {name}"] for name in _PEERS}
    costs = _costs(commands, _PEER_ROUNDS, python)
    return {
        name: {
            "version": _version(python, distribution),
            "units": rounded(costs[name] / costs["unit"]),
            "ms": rounded(costs[name]),
        }
        for name, distribution in _PEERS.items()
    }


def _costs(
    commands: Mapping[str, Sequence[str]], rounds: int, python: str = sys.executable
) -> dict[str, float]:
    """Give the median milliseconds of each command and of the unit, less the bare interpreter's."""
    basis = {"interpreter": [python, "-c", "pass"], "unit": [python, "-c", _UNIT]}
    with scratch() as folder:
        times = process_times({**basis, **commands}, rounds=rounds, folder=folder)
    medians = {name: statistics.median(samples) for name, samples in times.items()}
    bare = medians["interpreter"]
    return {name: ms if name == "interpreter" else ms - bare for name, ms in medians.items()}


def _version(python: str, distribution: str) -> str:
    script = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))"
    done = subprocess.run(  # noqa: S603
        [python, "-c", script, distribution], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()

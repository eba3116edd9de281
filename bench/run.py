"""Print the numbers that the docs state.

`python bench/run.py N1` prints one JSON line; without a name it prints a line for each number.
Each is measured in a process of its own, so that none suffers from what another left behind.
What a number measures, precisely, stands at the top of its own file.
"""

import asyncio
import importlib
import subprocess
import sys
from pathlib import Path
from typing import Final

# Number, and the coroutine that measures it.
NUMBERS: Final = {
    "N1": ("bench.n1", "measure"),
    "N1b": ("bench.n1b", "measure"),
    "N2": ("bench.n2", "measure"),
    "N2b": ("bench.n2b", "measure"),
    "N3": ("bench.n3", "measure"),
    "N3b": ("bench.n3b", "measure"),
    "N4": ("bench.n4", "measure_import"),
    "N4b": ("bench.n4", "measure_help"),
    "N6": ("bench.n6", "measure"),
    "N6b": ("bench.n6", "measure_resume"),
    "N7": ("bench.n7", "measure"),
    "N7b": ("bench.n7b", "measure_trail"),
    "N7c": ("bench.n7b", "measure_append"),
    "N8": ("bench.n8", "measure"),
    "N12": ("bench.proof_cost", "measure"),
    "N13": ("bench.n13", "measure"),
    "N14": ("bench.n14", "measure"),
    "N15": ("bench.n15", "measure"),
    "N16": ("bench.n16", "measure"),
    "N17": ("bench.n17", "measure"),
    "N18": ("bench.n18", "measure"),
    "N19": ("bench.n19", "measure"),
    "N20": ("bench.n20", "measure"),
    "N21": ("bench.n20", "measure_prefix"),
    "N22": ("bench.n22", "measure"),
    "N23": ("bench.n23", "measure"),
    "N23b": ("bench.n23", "measure_server"),
    "N23c": ("bench.n23", "measure_commits"),
    "C1": ("bench.c1", "measure"),
    "F1": ("bench.guarding", "measure_langgraph"),
    "F2": ("bench.guarding", "measure_openai_agents"),
    "F3": ("bench.guarding", "measure_pydantic_ai"),
    "F4": ("bench.guarding", "measure_import"),
    "P9": ("bench.p9", "measure"),
    "R1": ("bench.r1", "measure"),
    "S15": ("bench.s15", "measure"),
    "S1": ("bench.sandboxes", "measure_bubblewrap"),
    "S2": ("bench.sandboxes", "measure_monty"),
    "T1": ("bench.t1", "measure"),
    "T2": ("bench.t2", "measure"),
    "T3": ("bench.t3", "measure"),
    "A1": ("bench.bfcl", "measure_simple"),
    "A1b": ("bench.bfcl", "measure_multiple"),
    "A1c": ("bench.bfcl", "measure_irrelevance"),
    "A4": ("bench.a4", "measure"),
    "outage": ("bench.outage.report", "measure"),
}


def main(*wanted: str) -> int:
    """Print the wanted numbers, or all; gives the exit code."""
    unknown = [name for name in wanted if name not in NUMBERS]
    if unknown:
        sys.stderr.write(f"bench: no number {unknown[0]}; there are {', '.join(NUMBERS)}\n")
        return 2
    if len(wanted) == 1:
        return _measure(wanted[0])
    return max(_measure_apart(name) for name in wanted or NUMBERS)


def _measure(name: str) -> int:
    # Imported by name: started as a script, this file has only its own folder on the path.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    known = importlib.import_module("bench.harness")
    environments = importlib.import_module("scripts.locked_environment")
    module, function = NUMBERS[name]
    try:
        measure = getattr(importlib.import_module(module), function)
        reading = asyncio.run(measure())
    except (ImportError, known.BenchError, environments.EnvironmentUnavailableError) as error:
        sys.stderr.write(f"bench: {name} was not measured: {error}\n")
        return 1
    sys.stdout.write(f"{reading.line()}\n")
    return 0


def _measure_apart(name: str) -> int:
    return subprocess.run([sys.executable, __file__, name], check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

"""A thousand tools that nobody here wrote, and calls of them, for the numbers of declaring tools.

They are the sample of the Berkeley Function Calling Leaderboard that the tests read
(`tests/data/bfcl`), brought into JSON Schema by `read_tools`, and repeated under other names until
there are a thousand.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import cycle, islice
from time import process_time
from typing import Any, Final

from scripts.locked_environment import ROOT

from highroad.tools.shapes import SHAPES, read_tools
from highroad.tools.shapes.names import NameTable

SAMPLE: Final = ROOT / "tests" / "data" / "bfcl" / "sample.jsonl"
TOOLS: Final = 1_000


@dataclass(frozen=True, slots=True)
class ForeignTool:
    """One function of the sample, and calls of it that were judged to be right."""

    name: str
    description: str
    schema: Mapping[str, Any]
    calls: tuple[dict[str, Any], ...]


def sample() -> tuple[ForeignTool, ...]:
    """Each function of the sample once."""
    cases = [json.loads(line) for line in SAMPLE.read_text("utf-8").splitlines()]
    specs = [each.spec for each in read_tools([case["function"] for case in cases]).tools]
    names = NameTable.of([spec.name for spec in specs], SHAPES["openai"].names)
    return tuple(
        ForeignTool(
            names.legal_name(spec.name),
            spec.description,
            dict(spec.input_schema),
            tuple(case["calls"]),
        )
        for spec, case in zip(specs, cases, strict=True)
    )


def thousand() -> tuple[ForeignTool, ...]:
    """The sample, repeated under other names."""
    return tuple(
        ForeignTool(f"{tool.name[:55]}_{at}", tool.description, tool.schema, ())
        for at, tool in enumerate(islice(cycle(sample()), TOOLS))
    )


def processor_us(work: Callable[[], object], parts: int) -> float:
    """Processor time of one of the `parts` of `work`, in microseconds; what it made is dropped."""
    start = process_time()
    made = work()
    took = process_time() - start
    del made
    return took / parts * 1e6

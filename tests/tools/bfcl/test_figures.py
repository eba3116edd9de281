"""The figures of docs/provider-shapes.md are those of the data, all of it."""

import re
from collections import Counter
from dataclasses import replace

import pytest

from highroad.tools.shapes import SHAPES, offer, read_tools

ROW = re.compile(r"^\| ([^|]+?) \| ([0-9,]+) \|$", re.MULTILINE)


@pytest.fixture
def told(repository):
    """What the page says, row by row of its tables of figures."""
    text = (repository / "docs" / "provider-shapes.md").read_text("utf-8")
    return {name.strip("`"): int(count.replace(",", "")) for name, count in ROW.findall(text)}


@pytest.mark.nightly
def test_the_page_tells_what_all_definitions_and_calls_come_to(
    told, every_case, every_definition, trial
):
    found = read_tools(every_definition)
    assert found.unread == ()
    assert found.shapes == {"functions"}
    figures = Counter({"definitions": len(found.tools)})
    figures += Counter(f"{repair.code}" for tool in found.tools for repair in tool.repairs)
    for at, tool in enumerate(found.tools):
        spec = replace(tool.spec, name=f"{tool.spec.name}/{at}")
        for shape in SHAPES:
            rendered = offer([spec], shape).rendered[spec.name]
            figures[f"{shape} reads back"] += rendered.reads_back
            figures[f"{shape} is strict"] += rendered.is_strict
    for case in every_case:
        (tool,) = read_tools([case.function]).tools
        registered = trial.register(tool.spec, lambda arguments: arguments)
        figures["functions, each once"] += 1
        for call in case.calls:
            figures["calls"] += 1
            if trial.fits(call, case.function["parameters"]):
                figures["calls that fit"] += 1
                for raw, code in trial.spoiled(call, tool.spec.input_schema):
                    figures["spoiled calls refused"] += code in trial.codes(registered, raw)
    rows = [f"| `{name}` | {count:,} |" for name, count in figures.items() if count]
    print(*rows, sep="\n")  # noqa: T201 - what the page is to say
    assert told == +figures

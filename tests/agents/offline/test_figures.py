"""The figures of docs/offline-model.md are those of the data, all of it."""

import asyncio
import importlib
import re
import sys

import pytest

ROW = re.compile(r"^\| (simple|multiple|irrelevance), ([^|]+?) \|(.+)\|$", re.MULTILINE)
NAMES = {"simple": "simple_python", "multiple": "multiple", "irrelevance": "irrelevance"}


@pytest.fixture
def told(repository):
    """What the page says: questions, and three shares in per cent."""
    text = (repository / "docs" / "offline-model.md").read_text("utf-8")
    return {
        (name, half): [cell.strip() for cell in cells.split("|")]
        for name, half, cells in ROW.findall(text)
    }


@pytest.fixture
def bench(repository, monkeypatch):
    """The bench, which is no package of the house."""
    monkeypatch.syspath_prepend(str(repository))
    yield importlib.import_module("bench.bfcl")
    for name in [each for each in sys.modules if each.split(".")[0] in {"bench", "scripts"}]:
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.nightly
@pytest.mark.timeout(300)
def test_the_page_tells_what_all_questions_come_to(told, bench):
    """Both halves of each set, also the one that nobody developed on."""
    found = {
        (name, half): [
            str(shares["questions"]),
            *(f"{100 * shares[key]:.1f} %" for key in ("tool", "call", "asked")),
        ]
        for name, data in NAMES.items()
        for half, shares in asyncio.run(bench.figures(data)).items()
    }
    assert told == found

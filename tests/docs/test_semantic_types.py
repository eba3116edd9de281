"""docs/semantic-types.md has every type, what it refuses and why, and the figures."""

import subprocess
import sys

import pytest

from highroad.tools import semantic
from highroad.tools.semantic import Semantic

TYPES = [
    kind
    for name in semantic.__all__
    if issubclass(kind := getattr(semantic, name), Semantic) and kind is not Semantic
]


@pytest.fixture
def types_page(page_of):
    return page_of("docs/semantic-types.md")


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
def test_the_section_of_a_type_says_what_it_refuses_and_why(types_page, kind):
    told = " ".join(types_page.under(f"## {kind.__name__}").split())
    assert kind.refuses
    assert told.startswith(kind.refuses)


def test_the_table_has_every_type_and_its_code(types_page, rows_of):
    told = {row[0]: row[2] for row in rows_of(types_page.text.partition("\n## ")[0])}
    assert told == {
        f"[`{kind.__name__}`](#{kind.__name__.lower()})": f"`{kind.code}`" for kind in TYPES
    }


def test_the_figures_are_those_that_are_printed(types_page, repository):
    script = repository / "scripts" / "attack_figures.py"
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert done.stdout in types_page.under("## How they are tried")

"""The pages on semantic types have every one, what it refuses and why, and the figures."""

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


@pytest.fixture
def types_pages(types_page, page_of):
    return [types_page, page_of("docs/semantic-types-sql-shell.md")]


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
def test_the_section_of_a_type_says_what_it_refuses_and_why(types_pages, kind):
    heading = f"## {kind.__name__}"
    (page,) = [each for each in types_pages if f"\n{heading}\n" in each.text]
    told = " ".join(page.under(heading).split())
    assert kind.refuses
    assert told.startswith(kind.refuses)


def test_the_tables_have_every_type_and_its_code(types_pages, rows_of):
    heads = [page.text.partition("\n## ")[0] for page in types_pages]
    told = {row[0]: row[2] for head in heads for row in rows_of(head)}
    assert told == {
        f"[`{kind.__name__}`](#{kind.__name__.lower()})": f"`{kind.code}`" for kind in TYPES
    }


def test_the_figures_are_those_that_are_printed(types_page, repository):
    script = repository / "scripts" / "attack_figures.py"
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert done.stdout in types_page.under("## How they are tried")

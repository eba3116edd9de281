"""Pages of the documentation, and what stands in them."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\w*)(?: +([^\n]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
ROW = re.compile(r"^\|(.+)\|$", re.MULTILINE)
CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the line on which the text begins."""

    language: str
    text: str
    line: int
    info: str = ""
    """What stands behind the language: the name of a file that the reader writes, or a terminal."""


@dataclass(frozen=True)
class Page:
    """One page of Markdown."""

    path: Path

    @property
    def name(self):
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self):
        return self.path.read_text("utf-8")

    @cached_property
    def blocks(self):
        return blocks_in(self.text)

    @cached_property
    def prose(self):
        """The page without its fenced blocks."""
        return FENCE.sub("", self.text)

    @cached_property
    def anchors(self):
        """Fragments that a link may name, as they are made of headings."""
        headings = [re.sub(r"[`*]", "", heading).lower() for heading in HEADING.findall(self.prose)]
        return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in headings}

    def under(self, heading):
        """The part of the page under one heading, up to the next."""
        _, found, rest = self.text.partition(f"\n{heading}\n")
        assert found, f"{self.name} has no heading {heading!r}"
        return re.split(r"^#{1,6} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def blocks_in(text):
    """The fenced blocks of a text."""
    return [
        Block(found[1], found[3], text.count("\n", 0, found.start(3)) + 1, found[2] or "")
        for found in FENCE.finditer(text)
    ]


def rows(text):
    """The cells of each row of the tables in a text, their heads left out."""
    lines = [[cell.strip() for cell in CELL.split(row)] for row in ROW.findall(text)]
    is_rule = [all(set(cell) <= set("-:") for cell in line) for line in lines]
    return [
        line
        for at, line in enumerate(lines)
        if not is_rule[at] and not (at + 1 < len(lines) and is_rule[at + 1])
    ]


PAGES = {
    page.name: page
    for page in map(
        Page, sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.md")])
    )
}


@pytest.fixture
def page_of():
    """Finds a page by its path in the checkout."""
    return PAGES.__getitem__


@pytest.fixture
def blocks_of():
    """Reads the fenced blocks of a text."""
    return blocks_in


@pytest.fixture
def rows_of():
    """Reads the rows of the tables in a text."""
    return rows


def pytest_generate_tests(metafunc):
    """A test that takes a `page` runs once for each."""
    if "page" in metafunc.fixturenames:
        metafunc.parametrize("page", PAGES.values(), ids=PAGES)

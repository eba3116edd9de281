"""The README lists the promises that are held; each has a test that carries its id."""

import re

import pytest

from highroad.demo.chapters import CHAPTERS

ID = re.compile(r"P\d+")
MARK = re.compile(r'promise\("(P\d+)"\)')
ITEM = re.compile(r"^\d+\. \*\*(.+?)\.\*\*", re.MULTILINE)


@pytest.fixture
def promised(page_of, rows_of):
    return [row[0] for row in rows_of(page_of("README.md").under("## Promises"))]


def test_every_promise_that_is_listed_has_a_test(promised, repository):
    tests = (repository / "tests").rglob("test_*.py")
    proved = {each for file in tests for each in MARK.findall(file.read_text("utf-8"))}
    assert promised
    assert [each for each in promised if each not in proved] == []


def test_every_promise_that_a_test_carries_is_listed_or_named_as_not_held(page_of, repository):
    named = set(ID.findall(page_of("README.md").under("## Promises")))
    tests = (repository / "tests").rglob("test_*.py")
    assert {each for file in tests for each in MARK.findall(file.read_text("utf-8"))} <= named


def test_the_demo_has_the_chapters_that_the_readme_tells(page_of):
    told = ITEM.findall(page_of("README.md").under("## Two commands"))
    assert told == [chapter.title for chapter in CHAPTERS]

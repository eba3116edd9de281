"""docs/lint.md has every code and every point, and its example is told as the page says."""

import json

import pytest
from typer.testing import CliRunner

from highroad.cli.app import app
from highroad.tools.lint.codes import LintCode
from highroad.tools.lint.score import TAKEN_BY

HEADINGS = {
    "name": "### The name",
    "description": "### The description",
    "argument": "### Arguments",
    "schema": "### Schemas",
    "contract": "### Contract and risk",
    "set": "### The tools together",
}


@pytest.fixture
def lint_page(page_of):
    return page_of("docs/lint.md")


def test_every_code_is_explained_with_its_weight_and_no_other(lint_page, rows_of):
    for group, heading in HEADINGS.items():
        told = [(row[0].strip("`"), row[1]) for row in rows_of(lint_page.under(heading))]
        codes = [code for code in LintCode if code.group == group]
        assert told == [(code, code.severity) for code in codes]


def test_every_group_has_its_heading():
    assert list(HEADINGS) == list(dict.fromkeys(code.group for code in LintCode))


def test_every_point_is_explained_with_what_takes_it(lint_page, rows_of):
    told = {
        row[0]: {code.strip("` ") for code in row[1].split(",")}
        for row in rows_of(lint_page.under("## Nine points"))
    }
    assert told == {point: set(codes) for point, codes in TAKEN_BY.items()}


def test_the_example_is_told_as_the_page_says(lint_page, rows_of):
    exec(lint_page.blocks[0].text, {})  # noqa: S102 - the page's own example
    done = CliRunner().invoke(app, ["tools", "lint", "tools.json", "--json"])
    fixes = {each["code"]: each["fix"] for each in json.loads(done.stdout)["findings"]}

    intro, _, _ = lint_page.text.partition("\n## ")
    for code, fix in rows_of(intro):
        assert fixes[code.strip("`")] == fix.replace("`", "")

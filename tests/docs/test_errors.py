"""docs/errors.md has every code, exception and exit code, and no other."""

import ast
import inspect

import pytest

from highroad.cli.exits import ExitCode
from highroad.domain import error
from highroad.domain.error import Code, HighroadError
from highroad.domain.outcome import Held, HoldReason

BESIDES = {Held(call_id="", reason=HoldReason.DEFERRED).error.code}
"""Codes that no enum lists: what a deferred result says of itself."""


@pytest.fixture
def table(page_of, rows_of):
    page = page_of("docs/errors.md")
    return lambda heading: rows_of(page.under(heading))


def test_every_code_is_explained_and_no_other(table):
    told = [row[0].strip("`") for row in table("## Codes of calls")]
    assert told == [*Code, *sorted(BESIDES)]


def test_every_exception_is_explained_and_no_other(table):
    told = {row[0].strip("`") for row in table("## Exceptions")}
    raised = {
        name
        for name, value in vars(error).items()
        if inspect.isclass(value) and issubclass(value, HighroadError)
    }
    assert told == raised - {"HighroadError"}


def test_the_code_of_an_owned_ledger_is_told_with_its_exception(table):
    (row,) = [row for row in table("## Exceptions") if row[0] == "`LedgerOwned`"]
    assert f"`{error.LedgerOwned(1).code}`" in row[1]


def test_every_exit_code_is_explained_and_no_other(table):
    told = [(int(row[0]), row[1]) for row in table("## Exit codes of the command line")]
    assert told == [(code, code.name.lower()) for code in ExitCode]


def said_by_the_source(repository):
    """What the source says of `retryable` where it makes an error of a code."""
    for file in (repository / "src" / "highroad").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "CallError":
                given = {each.arg: each.value for each in node.keywords}
                code, retryable = given.get("code"), given.get("retryable", ast.Constant(False))
                is_named = (
                    isinstance(code, ast.Attribute) and getattr(code.value, "id", "") == "Code"
                )
                if is_named and isinstance(retryable, ast.Constant):
                    yield Code[code.attr], retryable.value


def test_a_code_is_retryable_where_the_source_says_so(table, repository):
    told = {row[0].strip("`"): row[2].partition(":")[0] for row in table("## Codes of calls")}
    for code, retryable in said_by_the_source(repository):
        if told[code] != "depends":
            assert told[code] == ("yes" if retryable else "no"), code

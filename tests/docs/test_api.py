"""docs/api.md has every public name, and every member of a runtime with its parameters."""

import inspect
import re
from importlib import import_module
from typing import get_args, get_type_hints

import pytest

import highroad
from highroad import Runtime
from highroad.sync import Runtime as SyncRuntime

SPAN = re.compile(r"`(\w[\w.]*)")


@pytest.fixture
def table(page_of, rows_of):
    page = page_of("docs/api.md")
    return lambda heading: rows_of(page.under(heading))


def test_every_public_name_is_told_and_no_other(table):
    told = [name for row in table("## Names") for name in SPAN.findall(row[0])]
    assert sorted(told) == sorted(highroad.__all__)


def test_every_member_of_a_runtime_is_told_and_no_other(table):
    told = {name for row in table("## `Runtime`") for name in SPAN.findall(row[0])}
    assert told == {name for name in vars(Runtime) if not name.startswith("_")}


def parameters_of(function):
    """What may be given, in order, with the circumstances of a call by name."""
    for name in inspect.signature(function).parameters:
        if name == "circumstances":
            yield from get_args(get_type_hints(function)[name])[0].__annotations__
        elif name not in {"self", "cls"}:
            yield name


def test_the_parameters_of_what_is_called_are_told_in_their_order(table):
    for row in table("## `Runtime`"):
        name, bracket, rest = row[0].strip("`").partition("(")
        if bracket:
            told = [each for each in rest.strip(")`").split(", ") if each]
            assert told == list(parameters_of(getattr(Runtime, name))), name


def test_what_the_synchronous_face_has_is_told(page_of):
    told = page_of("docs/api.md").under("## `Runtime`").partition("It has ")[2]
    members = {name for name in vars(SyncRuntime) if not name.startswith("_")}
    assert set(SPAN.findall(told)) == members | {
        "agents",
        "approvals",
        "audit",
        "cache",
        "dead_letters",
        "definitions",
        "dependencies",
    }
    for name in ("call", "call_all", "call_each"):
        theirs, ours = getattr(SyncRuntime, name), getattr(Runtime, name)
        assert list(parameters_of(theirs)) == list(parameters_of(ours))


def test_the_modules_beside_it_are_there(table):
    for row in table("## Beside it"):
        for name in SPAN.findall(row[0]):
            assert import_module(name)

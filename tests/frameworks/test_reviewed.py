"""Tools of a framework get a tier by review, as any others of which nobody said one."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from highroad.cli.app import app

MODULE = '''
from langchain_core.tools import tool

from highroad.frameworks.langgraph import tools


@tool
def search_parcels(words: str) -> str:
    """Search parcels."""
    return words


@tool
def delete_parcel(number: str) -> str:
    """Delete a parcel."""
    return number


TOOLS = tools([search_parcels, delete_parcel], contracts={"delete_parcel": {"tier": "privileged"}})
'''


@pytest.fixture
def run(monkeypatch):
    """Runs commands in a folder with the tools of a framework."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    Path("framework_tools.py").write_text(MODULE, "utf-8")
    Path("highroad.toml").write_text('tools = ["framework_tools"]\n', "utf-8")
    yield lambda *line: CliRunner().invoke(app, line, catch_exceptions=False)
    sys.modules.pop("framework_tools", None)


def test_what_was_declared_beside_is_kept_and_the_rest_waits_for_a_tier(run):
    told = run("tools", "review", "--check", "--json")
    [waiting] = json.loads(told.stdout)["waiting"]
    assert (waiting["tool"], waiting["proposed"]["tier"]) == ("search_parcels", "read")
    assert waiting["settings"] == {"tier": "read"}
    with Path("highroad.toml").open("a") as file:
        file.write('[contracts.search_parcels]\ntier = "read"\n')
    assert run("tools", "review", "--check").exit_code == 0
    assert run("call", "search_parcels", '{"words": "vase"}').exit_code == 0

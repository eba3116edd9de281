"""`highroad tools catalog`: Markdown, JSON or a page, printed or written."""

import json
from pathlib import Path

from highroad.cli.exits import ExitCode
from highroad.demo.tools import TOOLS


def test_markdown_is_printed_with_the_roles_of_the_settings(terminal):
    printed = terminal("tools", "catalog").out

    assert "| erase\\_customer | privileged | repeatable | manager |" in printed
    assert "- rules: no refund above 10,000 euros" in printed


def test_json_has_every_tool_and_the_whole_matrix(terminal):
    found = terminal("tools", "catalog", "--format", "json").json

    assert {tool["name"] for tool in found["tools"]} == {tool.__name__ for tool in TOOLS}
    assert len(found["matrix"]) == 16
    assert found == terminal("tools", "catalog", "--json").json


def test_a_page_is_written_where_it_should_be(terminal):
    done = terminal("tools", "catalog", "--format", "html", "--output", "tools.html")

    assert done.code == ExitCode.COMPLETED
    assert done.out == ""
    assert Path("tools.html").read_text("utf-8").startswith("<!doctype html>")


def test_a_file_that_cannot_be_written_is_told(terminal):
    done = terminal("tools", "catalog", "--output", "nowhere/tools.md")

    assert done.code == ExitCode.USAGE
    assert "cannot be written" in done.err


def test_without_tools_the_catalog_is_empty(run):
    assert json.loads(run("tools", "catalog", "--json").out)["tools"] == []

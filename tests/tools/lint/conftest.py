"""Lists of tools to lint, and what is found in them."""

import json

import pytest

from highroad.tools.lint.declared import subject_of
from highroad.tools.lint.listing import read_list
from highroad.tools.lint.report import lint


@pytest.fixture
def subjects():
    """Entries of a list, or functions of a program, as lint sees them."""

    def read(*tools):
        return [
            subject_of(tool)
            if callable(tool)
            else read_list(json.dumps([tool]).encode()).subjects[0]
            for tool in tools
        ]

    return read


@pytest.fixture
def findings(subjects):
    """What lint finds in these tools, offered together."""
    return lambda *tools: lint(subjects(*tools)).findings


@pytest.fixture
def recorded(repository):
    """The tools of a public MCP server, as it answered `tools/list`."""

    def read(server):
        (file,) = (repository / "tests" / "data" / "mcp").glob(f"{server}-*.json")
        return read_list(file.read_bytes()).subjects

    return read

"""Which calls are judged by where their values came from, by what is declared of the tool."""

from dataclasses import replace
from typing import Annotated

import pytest
from pydantic import Field

from highroad import tool, tool_definition
from highroad.pipeline.grounding import is_judged
from highroad.tools.semantic import PublicUrl


@tool(tier="read")
def look(name: str) -> str:
    """Look."""
    return name


@tool(tier="read")
def fetch(url: Annotated[str, PublicUrl()]) -> str:
    """Read a page."""
    return url


@tool(tier="read")
def fetch_all(pages: list[Annotated[str, Field(json_schema_extra={"format": "uri"})]]) -> str:
    """Read pages."""
    return "".join(pages)


@tool(tier="read", permissions={"network_access"})
def search(words: str) -> str:
    """Search outside."""
    return words


@tool(tier="reversible")
def write(name: str) -> str:
    """Write."""
    return name


LOOK = tool_definition(look)


def test_a_read_of_what_is_ones_own_is_not():
    assert not is_judged(LOOK)


@pytest.mark.parametrize("function", [fetch, fetch_all, search, write], ids=lambda f: f.__name__)
def test_effects_and_reads_that_reach_out_are(function):
    assert is_judged(tool_definition(function))


def test_a_tool_of_a_server_is_whatever_that_says_of_itself():
    for hint in ({}, {"openWorldHint": False}):
        assert is_judged(replace(LOOK, source="https://mcp.example", annotations=hint))


def test_a_hint_can_make_it_stricter():
    assert is_judged(replace(LOOK, annotations={"openWorldHint": True}))
    assert not is_judged(replace(LOOK, annotations={"openWorldHint": "yes"}))

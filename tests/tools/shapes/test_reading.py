"""Whose tool list it is, is told by its fields; each tool is read, and its schemas are mended."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from highroad.domain.error import DeclarationError
from highroad.tools.shapes import SHAPES, offer, read_tools
from highroad.tools.shapes.same import is_same

DATA = Path(__file__).resolve().parents[2] / "data"
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}
OPENAI = {"type": "function", "function": {"name": "f", "parameters": SCHEMA}}
MCP = {"name": "f", "inputSchema": SCHEMA, "title": "The f", "icons": [{"src": "x"}]}
ANTHROPIC = {"type": "custom", "name": "f", "input_schema": SCHEMA}
FIELDS = (
    *("name", "type", "function", "parameters", "inputSchema", "input_schema", "tools"),
    *("toolkit", "functionDeclarations", "properties", "strict", "description", "required"),
    *("response", "result"),
)
SHOUTED = {
    "type": "OBJECT",
    "properties": {"a": {"type": "STRING"}},
    "required": ["a"],
}


@pytest.mark.parametrize(
    ("tools", "shape"),
    [
        ([OPENAI], "openai"),
        ({"model": "m", "tools": [OPENAI]}, "openai"),
        ([{"type": "function", "name": "f", "parameters": SCHEMA}], "openai-responses"),
        ([{"name": "f", "parameters": SCHEMA}], "functions"),
        ({"functions": [{"name": "f", "parameters": SCHEMA}]}, "functions"),
        ([ANTHROPIC], "anthropic"),
        ([MCP], "mcp"),
        ({"tools": [MCP], "nextCursor": "x"}, "mcp"),
        ({"jsonrpc": "2.0", "id": 1, "result": {"tools": [MCP]}}, "mcp"),
        ([{"functionDeclarations": [{"name": "f", "parameters": SHOUTED}]}], "gemini-openapi"),
        ({"function_declarations": [{"name": "f", "parameters_json_schema": SCHEMA}]}, "gemini"),
        ([{"name": "f", "parametersJsonSchema": SCHEMA}], "gemini"),
        (MCP, "mcp"),
    ],
    ids=str,
)
def test_the_form_of_a_list_is_told_by_its_fields(tools, shape):
    found = read_tools(tools)
    assert found.shapes == {shape}
    (tool,) = found.tools
    assert tool.spec.name == "f"
    assert is_same(tool.spec.input_schema, SCHEMA)


def test_a_tool_without_parameters_takes_none():
    for form in ({"name": "f"}, {"type": "function", "function": {"name": "f"}}):
        (tool,) = read_tools([form]).tools
        assert tool.spec.input_schema["properties"] == {}
        assert tool.spec.input_schema["additionalProperties"] is False


def test_what_cannot_be_read_is_told_apart_from_what_can():
    server_tool = {"type": "web_search_20250305", "name": "web_search", "max_uses": 5}
    nameless = {"inputSchema": SCHEMA}
    remote = {"name": "g", "inputSchema": {"type": "object", "$ref": "https://x.example/s"}}
    found = read_tools([server_tool, MCP, nameless, "f", remote])
    assert [tool.spec.name for tool in found.tools] == ["f"]
    assert [(each.at, each.reason.split(";")[0]) for each in found.unread] == [
        (0, "it has no schema of arguments under any name that is known here"),
        (2, "a tool of the list has no name"),
        (3, "a tool is a JSON object"),
        (4, "a schema refers to another document, and nothing is fetched"),
    ]


@pytest.mark.parametrize("value", [5, "tools", None, {1: 2}, {"tools": object()}])
def test_what_is_no_tool_list_is_refused(value):
    with pytest.raises(DeclarationError, match="tool list"):
        read_tools(value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
        lambda parts: (
            st.lists(parts, max_size=3)
            | st.dictionaries(
                st.sampled_from(FIELDS),
                parts,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_json_is_read_nothing_but_a_refusal_comes_of_it(value):
    try:
        found = read_tools(value)
    except DeclarationError:
        return
    for tool in found.tools:
        Draft202012Validator(tool.spec.input_schema, validate_formats=True, offline=True)


def rendered_and_read(tools, shape):
    offered = offer([tool.spec for tool in tools], shape)
    back = read_tools(json.loads(json.dumps(offered.tools))).tools
    for tool, each in zip(sorted(tools, key=lambda tool: tool.spec.name), back, strict=True):
        assert offered.names.own_name(each.spec.name) == tool.spec.name
        if offered.rendered[tool.spec.name].reads_back:
            assert is_same(each.spec.input_schema, tool.spec.input_schema)
            assert each.spec.description == tool.spec.description
    return offered


@pytest.mark.parametrize("shape", SHAPES)
def test_the_retail_tools_go_out_in_every_shape_and_come_back(shape):
    found = read_tools(json.loads((DATA / "tau_retail/tools.json").read_text("utf-8")))
    assert found.shapes == {"openai"}
    assert len(found.tools) == 16
    assert Counter(r.code for tool in found.tools for r in tool.repairs) == {"closed": 16}
    offered = rendered_and_read(found.tools, shape)
    is_strict = {rendered.is_strict for rendered in offered.rendered.values()}
    assert is_strict == {shape.endswith("-strict")}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_tools_of_injecagent_go_out_in_every_shape_and_come_back(shape):
    found = read_tools(json.loads((DATA / "injecagent/tools.json").read_text("utf-8")))
    assert found.unread == ()
    assert found.shapes == {"toolkit"}
    assert len(found.tools) == 330
    repairs = [r for tool in found.tools for r in tool.repairs + tool.result_repairs]
    assert {r.code for r in repairs} == {"schema_form", "required", "items", "closed"}
    assert not any(r.widens for r in repairs)
    rendered_and_read(found.tools, shape)


def test_tools_of_a_toolkit_are_called_by_both_names_in_one():
    found = read_tools(json.loads((DATA / "injecagent/tools.json").read_text("utf-8")))
    by_name = {tool.spec.name: tool.spec for tool in found.tools}
    spec = by_name["TerminalExecute"]
    assert spec.input_schema == {
        "type": "object",
        "properties": {
            "command": {
                "type": "string",
                "description": "The command to execute in the terminal.",
            }
        },
        "required": ["command"],
        "additionalProperties": False,
    }
    assert list(spec.output_schema["properties"]) == ["output", "exit_code"]

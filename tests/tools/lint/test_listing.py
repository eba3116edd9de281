"""Every form of a list is read for what it is; what is no list is refused with what to do."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.tools.lint.listing import UnreadableList, read_list
from highroad.tools.lint.report import lint
from highroad.tools.lint.subject import Form

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
BARE = {"name": "get_forecast", "description": "Read it.", "parameters": SCHEMA}
MCP = {"name": "get_forecast", "description": "Read it.", "inputSchema": SCHEMA}
ANTHROPIC = {"name": "get_forecast", "description": "Read it.", "input_schema": SCHEMA}
OPENAI = {"type": "function", **BARE}
GEMINI = {**BARE, "parameters": {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}}}
FORMS = {
    "MCP result": ({"tools": [MCP]}, Form.MCP),
    "MCP envelope": ({"jsonrpc": "2.0", "id": 1, "result": {"tools": [MCP]}}, Form.MCP),
    "bare MCP": ([MCP], Form.MCP),
    "OpenAI chat": ([{"type": "function", "function": BARE}], Form.OPENAI),
    "OpenAI responses": ({"model": "m", "tools": [OPENAI]}, Form.OPENAI),
    "Anthropic": ({"tools": [ANTHROPIC]}, Form.ANTHROPIC),
    "Anthropic, custom": ([{"type": "custom", **ANTHROPIC}], Form.ANTHROPIC),
    "Gemini": ({"tools": [{"functionDeclarations": [GEMINI]}]}, Form.GEMINI),
    "Gemini, snake case": ([{"function_declarations": [GEMINI]}], Form.GEMINI),
    "Gemini, JSON Schema": (
        [{"name": "get_forecast", "description": "Read it.", "parametersJsonSchema": SCHEMA}],
        Form.GEMINI,
    ),
    "bare": ([BARE], Form.BARE),
    "one tool": (MCP, Form.MCP),
}


def encoded(value):
    return json.dumps(value).encode()


@pytest.mark.parametrize(("document", "form"), FORMS.values(), ids=FORMS)
def test_a_list_of_any_form_gives_the_same_tool(document, form):
    (subject,) = read_list(encoded(document)).subjects

    assert (subject.name, subject.description, subject.form) == ("get_forecast", "Read it.", form)
    assert [(each.pointer, each.types) for each in subject.arguments] == [
        ("/city", frozenset({"string"}))
    ]


def test_what_only_mcp_says_is_kept():
    said = {"outputSchema": {"type": "object"}, "annotations": {"readOnlyHint": True}}
    (subject,) = read_list(encoded([{**MCP, **said}])).subjects

    assert subject.output_schema == said["outputSchema"]
    assert subject.annotations == said["annotations"]


def test_a_tool_without_arguments_is_one():
    (subject,) = read_list(encoded([{"type": "function", "name": "get_time"}])).subjects
    assert subject.arguments == ()


def test_tools_of_a_providers_own_are_left_out_and_counted():
    listing = read_list(encoded([OPENAI, {"type": "web_search"}, {"type": "bash_1", "name": "b"}]))

    assert [subject.name for subject in listing.subjects] == ["get_forecast"]
    assert listing.left_out == 2


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"tools":\n [}', "line 2"),
        (b"[]", "no tools"),
        (b"7", "no tools"),
        (b'["get_forecast"]', "entry 1"),
        (encoded([BARE, {"parameters": SCHEMA}]), "entry 2"),
        (encoded([{**BARE, "parameters": []}]), "entry 1"),
        (b"[" * 100 + b"]" * 100, "deeper than"),
    ],
)
def test_what_is_no_list_is_refused_with_what_to_do(data, reason):
    with pytest.raises(UnreadableList, match=reason) as refused:
        read_list(data)
    assert "tools/list" in refused.value.do


KEYWORDS = st.sampled_from(
    [
        *("type", "properties", "required", "items", "enum", "default", "description", "anyOf"),
        *("$ref", "$defs", "oneOf", "allOf", "additionalProperties", "minimum", "const", "a"),
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["string", "array", "object", "#/$defs/a", "#", "one of 'a' or 'b'", ""])
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYWORDS, inner, max_size=4),
    max_leaves=20,
)


@given(schemas=st.lists(st.dictionaries(KEYWORDS, VALUES), min_size=1, max_size=3), words=st.text())
def test_no_schema_in_the_wild_brings_lint_down(schemas, words):
    tools = [{**MCP, "description": words, "inputSchema": schema} for schema in schemas]

    report = lint(read_list(encoded(tools)).subjects)

    assert len(report.scores) == len(tools)


@given(document=VALUES)
def test_any_json_is_a_list_or_is_refused(document):
    with suppress(UnreadableList):
        lint(read_list(encoded(document)).subjects)

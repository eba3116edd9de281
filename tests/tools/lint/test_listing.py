"""Every form of a list is read for what it is; what is no list is refused with what to do."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.tools.lint.listing import UnreadableList, read_list
from highroad.tools.lint.report import lint
from highroad.tools.lint.subject import Form
from highroad.tools.shapes.strict import LEAVE_OUT

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
BARE = {"name": "get_forecast", "description": "Read it.", "parameters": SCHEMA}
MCP = {"name": "get_forecast", "description": "Read it.", "inputSchema": SCHEMA}
ANTHROPIC = {"name": "get_forecast", "description": "Read it.", "input_schema": SCHEMA}
OPENAI = {"type": "function", **BARE}
TOOLKIT = {
    "toolkit": "Sky",
    "name_for_model": "Sky",
    "tools": [
        {
            "name": "GetForecast",
            "summary": "Read it.",
            "parameters": [{"name": "city", "type": "str", "required": True}],
            "returns": [{"name": "sky", "type": "str"}],
        }
    ],
}
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
    "Gemini, JSON Schema in Python's names": (
        [{"name": "get_forecast", "description": "Read it.", "parameters_json_schema": SCHEMA}],
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


def test_a_toolkit_gives_its_tools_under_the_names_that_models_call():
    (subject,) = read_list(encoded([TOOLKIT])).subjects
    (city,) = subject.arguments

    assert (subject.name, subject.description) == ("SkyGetForecast", "Read it.")
    assert subject.form is Form.TOOLKIT
    assert (city.pointer, city.types, city.is_required) == ("/city", {"string"}, True)
    assert subject.output_schema is not None


def test_a_declaration_of_gemini_keeps_what_it_answers():
    answered = {**GEMINI, "response": {"type": "STRING"}}
    (subject,) = read_list(encoded({"functionDeclarations": [answered]})).subjects

    assert subject.output_schema == answered["response"]


def test_a_schema_is_looked_at_as_it_was_written():
    """What a reader would mend or keep back is what lint is there to tell."""
    wild = {"type": "object", "properties": {"city": {"type": "dict"}}, "required": ["town"]}
    found = {
        each.code
        for each in lint(read_list(encoded([{**MCP, "inputSchema": wild}])).subjects).findings
    }

    assert {"schema.invalid", "schema.required", "schema.open"} <= found


def test_what_strict_mode_makes_required_is_optional():
    member = {"type": ["string", "null"], "description": f"City. {LEAVE_OUT}"}
    strict = {**SCHEMA, "properties": {"city": member}, "required": ["city"]}
    (subject,) = read_list(encoded([{**OPENAI, "strict": True, "parameters": strict}])).subjects

    assert [each.is_required for each in subject.arguments] == [False]


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
        (encoded([{"type": "function", "function": {**BARE, "parameters": "text"}}]), "entry 1"),
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


@given(
    schemas=st.lists(st.dictionaries(KEYWORDS, VALUES), min_size=1, max_size=3),
    words=st.text(),
    form=st.sampled_from([(MCP, "inputSchema"), ({**OPENAI, "strict": True}, "parameters")]),
)
def test_no_schema_in_the_wild_brings_lint_down(schemas, words, form):
    entry, field = form
    tools = [{**entry, "description": words, field: schema} for schema in schemas]

    report = lint(read_list(encoded(tools)).subjects)

    assert len(report.scores) == len(tools)


@given(document=VALUES)
def test_any_json_is_a_list_or_is_refused(document):
    with suppress(UnreadableList):
        lint(read_list(encoded(document)).subjects)

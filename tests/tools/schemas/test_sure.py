"""A schema that is called certain to compile does; all others are compiled when a tool is made."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from highroad.domain.error import DeclarationError
from highroad.tools.compile import compile_tool
from highroad.tools.declaring.from_schema import tool_from_schema
from highroad.tools.schemas.sure import surely_compiles


def act(arguments):
    return arguments


def ready(member):
    return compile_tool(tool_from_schema(act, parameters={"properties": {"a": member}}))


def is_compiled(tool):
    return "validator" in vars(tool)


WORDS = """
    type format title description default const enum examples deprecated readOnly writeOnly minimum
    maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength minItems maxItems
    minProperties maxProperties uniqueItems items prefixItems properties required
    additionalProperties unevaluatedProperties anyOf oneOf allOf not
"""
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 3),
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["string", "integer", "email", "regex", "date-time", "(", ""]),
)


def schemas(inner):
    values = VALUES | inner | st.lists(VALUES | inner, max_size=3)
    maps = st.dictionaries(st.sampled_from(["a", "$ref", "("]), inner, max_size=2)
    return st.dictionaries(st.sampled_from(WORDS.split()), values | maps, max_size=4)


@given(st.recursive(st.booleans() | st.just({"type": "string"}), schemas, max_leaves=12))
def test_what_is_certain_to_compile_does(schema):
    if surely_compiles(schema):
        Draft202012Validator(schema, validate_formats=True, offline=True)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("type", ["string", "null"]),
        ("enum", ["a", 1, None]),
        ("minimum", 0.5),
        ("multipleOf", 2),
        ("maxLength", 3),
        ("items", {"type": "object", "properties": {"b": {"type": "integer"}}}),
        ("anyOf", [{"type": "string"}, {"type": "null"}]),
        ("required", ["b"]),
        ("format", "email"),
    ],
)
def test_what_most_schemas_say_is_certain_and_waits_for_a_call(word, value):
    tool = ready({word: value})
    assert not is_compiled(tool)
    assert tool.validator.is_valid({})
    assert is_compiled(tool)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("pattern", "^a$"),
        ("patternProperties", {"^a$": {}}),
        ("$defs", {"b": {}}),
        ("x-vendor", 1),
        ("items", {"pattern": "^a$"}),
        ("properties", {"b": {"anyOf": [{"pattern": "^a$"}]}}),
    ],
)
def test_what_could_fail_or_is_not_known_is_compiled_at_once(word, value):
    assert is_compiled(ready({word: value}))


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("type", "text"),
        ("type", []),
        ("type", ["string", "string"]),
        ("enum", "a"),
        ("minimum", "0"),
        ("multipleOf", 0),
        ("maxLength", -1),
        ("maxItems", 0.5),
        ("uniqueItems", 1),
        ("items", 1),
        ("prefixItems", []),
        ("properties", []),
        ("properties", {"b": 1}),
        ("required", "b"),
        ("required", ["b", "b"]),
        ("anyOf", []),
        ("not", "a"),
        ("description", 1),
        ("pattern", "("),
        ("$ref", "#/$defs/none"),
    ],
)
def test_a_schema_that_does_not_compile_is_refused_when_the_tool_is_made(word, value):
    with pytest.raises(DeclarationError, match="its schema"):
        ready({word: value})

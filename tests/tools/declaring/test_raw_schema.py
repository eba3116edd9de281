"""Raw schemas: closed where they leave it open by silence, and hostile ones refused at once."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from highroad.domain.error import DeclarationError
from highroad.tools.declaring.from_schema import tool_from_schema
from highroad.tools.declaring.raw_schema import MAX_BYTES, arguments_schema
from highroad.tools.declaring.site import Site


def act(arguments):
    return arguments


SITE = Site.of(act)
NAME = {"name": {"type": "string"}}
AGE = {"age": {"type": "integer"}}


def takes(schema, value):
    closed = arguments_schema(schema, SITE)
    return Draft202012Validator(closed, offline=True).is_valid(value)


def nested(depth):
    schema = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


@pytest.mark.parametrize(
    ("schema", "fits", "extra"),
    [
        ({"type": "object", "properties": NAME}, {"name": "a"}, {"name": "a", "x": 1}),
        ({}, {}, {"x": 1}),
        ({"type": "object"}, {}, {"x": 1}),
        (
            {"properties": {"who": {"properties": NAME}}},
            {"who": {"name": "a"}},
            {"who": {"name": "a", "x": 1}},
        ),
        (
            {"properties": {"all": {"items": {"properties": NAME}}}},
            {"all": [{"name": "a"}]},
            {"all": [{"x": 1}]},
        ),
        (
            {"properties": {"who": {"anyOf": [{"properties": NAME}, {"type": "null"}]}}},
            {"who": {"name": "a"}},
            {"who": {"x": 1}},
        ),
        (
            {"properties": NAME, "allOf": [{"properties": AGE}]},
            {"name": "a", "age": 1},
            {"name": "a", "age": 1, "x": 1},
        ),
        (
            {"properties": {"who": {"allOf": [{"properties": NAME}, {"properties": AGE}]}}},
            {"who": {"name": "a", "age": 1}},
            {"who": {"name": "a", "x": 1}},
        ),
        (
            {"properties": NAME, "anyOf": [{"properties": AGE}, {"required": ["name"]}]},
            {"name": "a", "age": 1},
            {"name": "a", "x": 1},
        ),
        (
            {
                "properties": {"who": {"$ref": "#/$defs/Who"}},
                "$defs": {"Who": {"properties": {**NAME, "kids": {"$ref": "#/$defs/Who"}}}},
            },
            {"who": {"name": "a", "kids": {"name": "b"}}},
            {"who": {"name": "a", "kids": {"x": 1}}},
        ),
        (
            {
                "$ref": "#/$defs/Who",
                "$defs": {
                    "Who": {"$ref": "#/$defs/Person"},
                    "Person": {"properties": {**NAME, "kid": {"$ref": "#/$defs/Who"}}},
                },
            },
            {"name": "a", "kid": {"name": "b"}},
            {"name": "a", "kid": {"x": 1}},
        ),
        (
            {
                "properties": AGE,
                "allOf": [{"$ref": "#/$defs/Who"}],
                "$defs": {"Who": {"properties": NAME}},
            },
            {"name": "a", "age": 1},
            {"name": "a", "age": 1, "x": 1},
        ),
        (
            {
                "properties": {**NAME, **AGE},
                "if": {"properties": {"age": {"const": 1}}},
                "then": {"required": ["name"]},
            },
            {"name": "a", "age": 1},
            {"name": "a", "age": 1, "x": 1},
        ),
    ],
    ids=str,
)
def test_what_is_not_named_is_refused_and_what_is_named_is_taken(schema, fits, extra):
    assert takes(schema, fits)
    assert Draft202012Validator({"type": "object", **schema}).is_valid(extra)
    assert not takes(schema, extra)


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": NAME, "additionalProperties": True},
        {"properties": NAME, "additionalProperties": {"type": "integer"}},
        {"properties": NAME, "unevaluatedProperties": True},
        {"patternProperties": {"^x": {"type": "integer"}}},
    ],
    ids=str,
)
def test_what_says_that_there_may_be_others_takes_them(schema):
    assert takes(schema, {"x": 1})


def test_the_schema_that_was_given_stays_as_it_was():
    given = {"type": "object", "properties": {"who": {"properties": NAME}}}
    before = json.dumps(given)
    arguments_schema(given, SITE)
    assert json.dumps(given) == before


def circle():
    schema = {"type": "object", "properties": {}}
    schema["properties"]["a"] = schema
    return schema


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({"properties": {"a": {"$ref": "https://example.com/a.json"}}}, "nothing is fetched"),
        ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "nothing is fetched"),
        ({"properties": {"a": {"$dynamicRef": "other.json"}}}, "nothing is fetched"),
        ({"$ref": "#", "type": "object"}, "in a circle"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}, "in a circle"),
        ({"$ref": "#/$defs/b"}, "not of an object"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}}, "not of an object"),
        (
            {
                "properties": {"a": {"$ref": "#/$defs/a"}},
                "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"anyOf": [{"$ref": "#/$defs/a"}]}},
            },
            "in a circle",
        ),
        (
            {
                "properties": {"a": {"$ref": "#/$defs/0"}},
                "$defs": {str(at): {"$ref": f"#/$defs/{at + 1}"} for at in range(5_000)},
            },
            "through more than 64 schemas",
        ),
        (
            {
                "properties": {"a": {"$ref": "#/$defs/4999"}},
                "$defs": {str(at): {"$ref": f"#/$defs/{at - 1}"} for at in range(5_000)},
            },
            "through more than 64 schemas",
        ),
        (nested(40), "at most 64 levels"),
        (nested(200), "its schema is no JSON"),
        (nested(900), "its schema is no JSON"),
        (circle(), "its schema is no JSON"),
        ({"properties": {"a": {"enum": ["x" * 100] * 5_000}}}, f"more than {MAX_BYTES}"),
        ({"properties": {"": {}}}, "cannot be spelled"),
        ({"properties": {"a\nb": {}}}, "cannot be spelled"),
        ({"properties": {"a" * 129: {}}}, "cannot be spelled"),
        ({"properties": {1: {}}}, "no JSON"),
        ({"properties": {"\ud800": {}}}, "no JSON"),
        ({"properties": {"a": {"maximum": 2**60}}}, "an integer within"),
        ({"properties": {"a": {"default": object()}}}, "no JSON"),
        ({"type": "string"}, "not of an object"),
        ({"type": ["object", "null"]}, "not of an object"),
    ],
)
def test_a_hostile_schema_is_refused_with_what_to_do(schema, says):
    with pytest.raises(DeclarationError) as caught:
        tool_from_schema(act, parameters=schema)
    assert says in str(caught.value)


def test_a_thousand_choices_are_no_attack():
    assert takes({"properties": {"a": {"enum": [str(at) for at in range(10_000)]}}}, {"a": "7"})


MEMBERS = st.sampled_from("xy")


def composed(inner):
    some = st.lists(inner, min_size=1, max_size=2)
    members = st.dictionaries(MEMBERS, inner)
    return st.one_of(
        st.fixed_dictionaries({"anyOf": some}),
        st.fixed_dictionaries({"allOf": some}),
        st.fixed_dictionaries({"items": inner}),
        st.fixed_dictionaries({"not": inner}),
        st.fixed_dictionaries({"properties": members}),
        st.fixed_dictionaries({"properties": members, "anyOf": some}),
        st.fixed_dictionaries({"properties": members, "oneOf": some}),
    )


SCHEMAS = st.recursive(
    st.sampled_from([{}, {"type": "string"}, {"$ref": "#/$defs/a"}, {"$ref": "#/$defs/b"}, True]),
    composed,
    max_leaves=6,
)
VALUES = st.recursive(
    st.none() | st.integers(0, 3) | st.sampled_from("xy"),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(a=SCHEMAS, b=SCHEMAS, value=VALUES)
def test_any_schema_is_refused_or_closed_and_a_closed_one_never_takes_more(a, b, value):
    """Negation and counting aside: there, to close a branch can only be the other way about."""
    given = {"type": "object", "properties": {"v": a}, "$defs": {"a": a, "b": b}}
    try:
        closed = arguments_schema(given, SITE)
    except DeclarationError:
        return
    took = Draft202012Validator(closed, offline=True).is_valid({"v": value})
    text = json.dumps(given)
    if took and '"not"' not in text and '"oneOf"' not in text:
        assert Draft202012Validator(given, offline=True).is_valid({"v": value})

"""An example is made of the schema alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from highroad.tools.schemas.example import example_of

TREE = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "next": {"$ref": "#"}},
    "required": ["name", "next"],
}


@pytest.mark.parametrize(
    ("schema", "example"),
    [
        ({"type": "string"}, "text"),
        ({"type": "string", "minLength": 6}, "text.."),
        ({"type": "string", "maxLength": 2}, "te"),
        ({"type": "string", "format": "date"}, "2026-01-31"),
        ({"type": "integer"}, 1),
        ({"type": "integer", "minimum": 5}, 5),
        ({"type": "integer", "exclusiveMinimum": 0}, 1),
        ({"type": "number", "maximum": -3}, -3),
        ({"type": "integer", "exclusiveMaximum": 0}, -1),
        ({"type": "integer", "multipleOf": 5, "minimum": 12}, 15),
        ({"type": "boolean"}, True),
        ({"type": "null"}, None),
        ({"type": ["null", "integer"]}, 1),
        ({"enum": ["b", "a"]}, "b"),
        ({"const": 7}, 7),
        ({"type": "integer", "default": 9}, 9),
        ({"type": "string", "examples": ["ORD-1"]}, "ORD-1"),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, 1),
        ({"type": "array", "items": {"type": "integer"}}, [1]),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, [1, 1]),
        ({"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}]}, [1, "text"]),
        ({"type": "array"}, []),
        ({"type": "object"}, {}),
        (
            {
                "type": "object",
                "properties": {"a": {"$ref": "#/$defs/A"}, "b": {}},
                "required": ["a"],
                "$defs": {"A": {"type": "integer"}},
            },
            {"a": 1},
        ),
    ],
)
def test_the_simplest_value_that_fits(schema, example):
    assert example_of(schema) == example
    assert Draft202012Validator(schema).is_valid(example)


def test_a_schema_without_an_end_has_an_example_with_one():
    assert str(example_of(TREE)).count("name") == 6


def test_of_members_that_each_want_all_others_it_is_bounded():
    """A schema comes from whoever offers a tool: thirty to the sixth would be no example."""
    names = [f"m{number}" for number in range(30)]
    node = {
        "type": "object",
        "properties": {name: {"$ref": "#/$defs/N"} for name in names},
        "required": names,
    }
    found = example_of({**node, "$defs": {"N": node}})
    assert len(str(found)) < 100_000


WORDS = ["type", "properties", "required", "items", "anyOf", "enum", "const", "minimum", "a"]
ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from([*WORDS, "object", "array"]),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(st.sampled_from(WORDS), parts),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(WORDS), ANY))
def test_no_schema_however_broken_raises(schema):
    example_of(schema)

"""Text that holds JSON: one value that every reader reads alike, of bounded size and depth."""

import json
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.tools.arguments.invalid import Invalid
from highroad.tools.compile import compile_tool
from highroad.tools.declaring.declare import tool
from highroad.tools.semantic import JsonBlob
from highroad.tools.validate import check_arguments

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text("abé"), inner), max_leaves=20
)


def depth_of(value):
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(depth_of, value), default=0) if isinstance(value, list) else 0


@given(VALUES, st.integers(0, 6), st.integers(1, 60))
def test_sound_json_passes_within_its_bounds_and_not_beyond(value, depth, size):
    text = json.dumps(value, ensure_ascii=False)
    blob = JsonBlob(max_bytes=size, max_depth=depth)
    fits = len(text.encode()) <= size and depth_of(value) <= depth
    assert (blob.objection(text) is None) is fits
    if fits:
        assert blob.read(text) == value


@given(st.text() | st.text('[]{}:,"1-.eE+NIafn \\u0'))
def test_what_passes_the_standard_library_reads_as_well(text):
    blob = JsonBlob()
    if blob.objection(text) is None:
        assert json.loads(text) == blob.read(text)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{"a":1,"a":2}', "each key at most once in an object"),
        ("[NaN]", "a finite number"),
        ("[[[]]]", "at most 2 levels of nesting"),
        ("[[[1.0]]]", "at most 2 levels of nesting"),
        ("9007199254740992", "an integer within ±9007199254740991; send a larger one as a string"),
        ('{"a":', "complete JSON; the text ends too early"),
        ('"' + "é" * 50 + '"', "at most 100 bytes of JSON"),
    ],
)
def test_an_objection_says_what_is_wanted(text, wanted):
    blob = JsonBlob(max_bytes=100, max_depth=2)
    assert blob.objection(text) == f"one JSON value as text; here wanted: {wanted}"
    with pytest.raises(ValueError, match="one JSON value as text"):
        blob.read(text)


@pytest.mark.parametrize("bounds", [{"max_bytes": 0}, {"max_depth": -1}, {"max_depth": 65}])
def test_bounds_that_make_no_sense_are_refused(bounds):
    with pytest.raises(ValueError, match="at least one byte"):
        JsonBlob(**bounds)


def store(document: Annotated[str, JsonBlob(max_bytes=100)]) -> None:
    """Store a document."""
    raise AssertionError(document)


def test_the_schema_tells_a_model_and_the_road_refuses():
    ready = compile_tool(tool(store))
    assert ready.definition.input_schema["properties"]["document"] == {
        "type": "string",
        "contentMediaType": "application/json",
        "maxLength": 100,
        "description": "JSON as text: at most 100 bytes and 32 levels, no key twice in an object.",
    }
    checked = check_arguments(ready, {"document": "{"})
    assert isinstance(checked, Invalid)
    assert [(each.pointer, each.code) for each in checked.problems] == [("/document", "json_blob")]

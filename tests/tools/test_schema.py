"""Schemas from types: closed, in words, and true to what pydantic takes."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from highroad.tools.compile import compile_tool
from highroad.tools.declare import tool, tool_definition
from highroad.tools.schema import parts
from highroad.tools.validate import Validated, check_arguments


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Point(TypedDict):
    x: int
    y: int


@dataclass
class Size:
    width: int
    title: str = "plain"


class Node(BaseModel):
    size: Size
    children: list["Node"] = []


@tool
def draw(
    node: Node,
    points: Annotated[list[Point], Field(description="Where.", max_length=3)],
    colour: Colour = Colour.RED,
    scale: float | None = None,
    at: datetime = datetime(2026, 1, 1, tzinfo=UTC),
    properties: Annotated[dict[str, int], Field(description="By name.")] = {},  # noqa: B006 - a default is shown, not shared
) -> Node:
    """Draw.

    Args:
        node: The root.
        points: In order.
        colour: Of the lines.
    """
    raise AssertionError(node, points, colour, scale, at, properties)


SCHEMA = tool_definition(draw).input_schema


def test_every_object_is_closed_except_maps():
    objects = [part for part in parts(SCHEMA) if part.get("type") == "object"]
    assert len(objects) == 5
    for part in objects:
        assert part["additionalProperties"] is False or "properties" not in part


def test_arguments_are_described_by_docstring_and_annotation():
    members = SCHEMA["properties"]
    assert members["node"]["description"] == "The root."
    assert members["points"]["description"] == "In order. Where."
    assert members["properties"]["description"] == "By name."


def test_defaults_make_optional_and_are_told_as_json():
    assert SCHEMA["required"] == ["node", "points"]
    assert SCHEMA["properties"]["colour"]["default"] == "red"
    assert SCHEMA["properties"]["at"]["default"] == "2026-01-01T00:00:00Z"


def test_a_default_without_json_form_is_applied_and_not_told():
    nothing = object()

    @tool
    def act(text: Any = nothing) -> bool:
        return text is nothing

    ready = compile_tool(act)
    assert "default" not in ready.definition.input_schema["properties"]["text"]
    assert ready.start({}, context=None) is True


def test_no_titles_but_members_that_are_named_so():
    text = json.dumps(SCHEMA)
    assert text.count('"title"') == 1
    assert SCHEMA["$defs"]["Size"]["properties"]["title"] == {"type": "string", "default": "plain"}


def test_references_stay_inside():
    references = [part["$ref"] for part in parts(SCHEMA) if "$ref" in part]
    assert references
    assert all(reference.startswith("#/$defs/") for reference in references)


def test_no_arguments_is_a_closed_object():
    @tool
    def now() -> str:
        return "now"

    schema = tool_definition(now).input_schema
    assert schema == {"type": "object", "properties": {}, "additionalProperties": False}


def test_a_result_is_described_as_it_is_sent():
    class Sent(BaseModel):
        amount: Decimal

    @tool
    def read() -> Sent:
        raise AssertionError

    @tool
    def unpromised():
        raise AssertionError

    schema = tool_definition(read).output_schema
    assert schema["properties"]["amount"]["type"] == "string"
    assert tool_definition(unpromised).output_schema is None


def test_the_body_gets_values_of_its_types():
    ready = compile_tool(draw)
    arguments = {
        "node": {"size": {"width": 1}, "children": [{"size": {"width": 2}}]},
        "points": [{"x": 1, "y": 2}],
        "colour": "blue",
        "at": "2026-01-02T03:04:05Z",
    }
    assert check_arguments(ready, arguments) == Validated(arguments)
    bound = ready.bind(arguments)
    assert bound["node"] == Node(size=Size(1), children=[Node(size=Size(2))])
    assert bound["colour"] is Colour.BLUE
    assert bound["at"] == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert "scale" not in bound


DOCUMENTED = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "optional": int | None,
    "literal": Literal["a", 1, True],
    "enum": Colour,
    "list": list[int],
    "tuple": tuple[int, str],
    "set": set[int],
    "map": dict[str, int],
    "uuid": UUID,
    "datetime": datetime,
    "date": date,
    "time": time,
    "duration": timedelta,
    "decimal": Decimal,
    "model": Node,
    "dataclass": Size,
    "typed dict": Point,
    "union": int | list[str],
    "bounded": Annotated[int, Field(ge=0, lt=10)],
    "pattern": Annotated[str, Field(pattern="^a+$", max_length=3)],
}
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 12)
    | st.floats(-3, 12).filter(lambda number: number % 1 != 0)
    | st.sampled_from(["a", "aaaa", "red", "5", "", "1.5", "2026-01-02", "2026-01-02T03:04:05Z"])
    | st.sampled_from(["PT1H", "03:04:05Z", "12345678-1234-5678-1234-567812345678"])
)
KEYS = st.sampled_from(["x", "y", "width", "title", "size", "children", "z"])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
)


@pytest.mark.parametrize("kind", DOCUMENTED.values(), ids=DOCUMENTED)
@given(value=VALUES)
def test_what_passes_is_what_pydantic_takes_strictly(kind, value):
    """And what pydantic takes, passes, but for undeclared members and what a set holds twice."""

    @tool(strict=True)
    def act(value: kind) -> None:
        raise AssertionError(value)

    ready = compile_tool(act)
    adapter = TypeAdapter(kind)
    try:
        adapter.validate_json(json.dumps(value), strict=True)
    except ValidationError:
        is_taken = False
    else:
        is_taken = True
    passed = isinstance(check_arguments(ready, {"value": value}), Validated)
    assert not passed or is_taken
    if is_taken and not passed:
        opened = json.loads(json.dumps(ready.definition.input_schema))
        for part in parts(opened):
            part.pop("additionalProperties", None)
            part.pop("uniqueItems", None)
        assert Draft202012Validator(opened).is_valid({"value": value})

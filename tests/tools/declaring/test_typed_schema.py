"""Schemas from types: closed, in words, and true to what pydantic takes."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from highroad.tools.compile import compile_tool
from highroad.tools.declaring.declare import tool, tool_definition
from highroad.tools.schemas.navigation import parts
from highroad.tools.validate import Validated, check_arguments


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Step(IntEnum):
    SMALL = 1
    LARGE = 2


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


# The types that docs/tools.md lists.
DOCUMENTED = {
    "text": str,
    "integer": int,
    "number": float,
    "truth": bool,
    "null": None,
    "optional": int | None,
    "literal": Literal["a", 1],
    "enum": Colour,
    "whole enum": Step,
    "list": list[int],
    "bounded list": Annotated[list[int], Field(min_length=1, max_length=2)],
    "tuple": tuple[int, str],
    "long tuple": tuple[int, ...],
    "set": set[int],
    "map": dict[str, int],
    "map of marked keys": dict[Annotated[str, Field(pattern="^x")], int],
    "uuid": UUID,
    "datetime": datetime,
    "date": date,
    "time": time,
    "duration": timedelta,
    "decimal": Decimal,
    "bounded decimal": Annotated[Decimal, Field(ge=0, max_digits=4, decimal_places=2)],
    "model": Node,
    "dataclass": Size,
    "typed dict": Point,
    "union": int | list[str],
    "union of scalars": int | float | bool | str,
    "bounded integer": Annotated[int, Field(ge=0, lt=10)],
    "bounded number": Annotated[float, Field(ge=0, le=10.5)],
    "multiple": Annotated[int, Field(multiple_of=3)],
    "pattern": Annotated[str, Field(pattern="^a+$", max_length=3)],
    "length": Annotated[str, Field(min_length=2, max_length=3)],
}
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 12),
    st.integers(1 - 2**53, 2**53 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([5.0, -0.0, 1e16, 1e300, 0.1]),
    st.sampled_from(
        ["a", "aa", "aaaa", "x", "xy", "red", "true", "null", "é", "😀😀", "", "\u0000"]
    ),
    st.sampled_from(["5", "5.0", "1.5", "-1", "1e3", "NaN", "+5", " 5", "100.00", "0.12345678901"]),
    st.sampled_from(["2026-01-02", "2026-1-2", "20260102", "1735689600", "2026-01-02T03:04Z"]),
    st.sampled_from(["2026-01-02T03:04:05Z", "2026-01-02T03:04:05", "2026-01-02 03:04:05Z"]),
    st.sampled_from(["2026-01-02T03:04:05+01:00", "2026-01-02T03:04:05.123456789Z"]),
    st.sampled_from(["03:04:05Z", "03:04:05", "03:04", "01:00:00", "1 day"]),
    st.sampled_from(["PT1H", "P1D", "P1W", "P1Y", "-P1D", "P1DT2H", "PT0.5S"]),
    st.sampled_from([str(UUID(int=5)), UUID(int=5).hex, f"{{{UUID(int=5)}}}", UUID(int=5).urn]),
)
KEYS = st.sampled_from(["x", "y", "xx", "width", "title", "size", "children", "z"])
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
_HOUR = r"\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
# What docs/tools.md says that is not taken, though the type would take it: other forms than that
# of JSON Schema, and what Python takes for equal and JSON does not.
FORMS = {
    UUID: r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    datetime: rf"\d{{4}}-\d\d-\d\dT{_HOUR}",
    date: r"\d{4}-\d\d-\d\d",
    time: _HOUR,
    timedelta: r"P[0-9YMWDTHS]+",
}


def is_in_another_form(kind, value):
    if kind in FORMS:
        return isinstance(value, str) and re.fullmatch(FORMS[kind], value) is None
    if kind in {Step, DOCUMENTED["literal"]}:
        return isinstance(value, bool | float)
    if kind == set[int]:
        return len(set(value)) < len(value)
    return kind in {Size, Node} and has_unknown_members(kind, value)


def has_unknown_members(kind, value):
    """Pydantic drops them in silence, the road refuses them."""
    known = {Size: {"width": None, "title": None}, Node: {"size": Size, "children": Node}}[kind]
    if not value.keys() <= known.keys():
        return True
    return any(
        has_unknown_members(known[name], each)
        for name, member in value.items()
        if known[name] is not None
        for each in (member if isinstance(member, list) else [member])
    )


@pytest.mark.parametrize("kind", DOCUMENTED.values(), ids=DOCUMENTED)
@given(value=VALUES)
def test_a_schema_takes_exactly_what_its_type_takes_strictly(kind, value):
    """Both ways; what is narrower is listed in the documentation, and nothing is wider."""

    @tool(strict=True)
    def act(value: kind) -> None:
        raise AssertionError(value)

    passed = isinstance(check_arguments(compile_tool(act), {"value": value}), Validated)
    try:
        TypeAdapter(kind).validate_json(json.dumps(value), strict=True)
    except ValidationError:
        assert not passed
    else:
        assert passed != is_in_another_form(kind, value)


VALUES_OF = {
    **{kind: st.from_type(kind) for kind in (UUID, date, Colour, Step, bool, str)},
    int: st.integers(1 - 2**53, 2**53 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    datetime: st.datetimes(timezones=st.just(UTC)),
    time: st.times(timezones=st.just(UTC)),
    timedelta: st.integers(0, 364 * 1_440).map(lambda minutes: timedelta(minutes=minutes)),
    Size: st.builds(Size, st.integers(-3, 3), st.text()),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False, places=3),
    set[int]: st.sets(st.integers(-3, 3)),
    dict[str, int]: st.dictionaries(st.text(), st.integers(-3, 3)),
    tuple[int, str]: st.tuples(st.integers(-3, 3), st.text()),
}


@pytest.mark.parametrize("kind", VALUES_OF, ids=str)
@given(data=st.data())
def test_every_value_of_a_type_is_taken_as_it_is_written_and_comes_back(kind, data):
    value = data.draw(VALUES_OF[kind])
    written = json.loads(TypeAdapter(kind).dump_json(value))

    @tool(strict=kind is not float)  # a whole number may be written with a fraction
    def act(value: kind) -> None:
        raise AssertionError(value)

    ready = compile_tool(act)
    checked = check_arguments(ready, {"value": written})
    assert isinstance(checked, Validated)
    assert ready.bind(checked.arguments)["value"] == value


@pytest.mark.parametrize(
    ("kind", "is_told"),
    [
        (list[int], True),
        (dict[str, list[str]], True),
        (list[int] | None, True),
        (list, False),
        (set[int], False),
        (list[date], False),
        (dict[Annotated[str, Field(pattern="^x")], int], False),
        (Point, True),
        (Size, False),
        (Annotated[list[int], AfterValidator(list)], False),
    ],
    ids=str,
)
def test_types_are_asked_again_only_where_the_schema_does_not_say_all(kind, is_told):
    @tool
    def act(value: kind) -> None:
        raise AssertionError(value)

    assert compile_tool(act).binder.is_told is is_told


@pytest.mark.parametrize(
    ("kind", "value"), [(list[int], [1]), (dict[str, int], {"a": 1}), (Point, {"x": 1, "y": 2})]
)
def test_a_body_gets_values_of_its_own_though_its_types_are_not_asked_again(kind, value):
    @tool
    def act(value: kind) -> None:
        value.clear()

    arguments = {"value": value}
    compile_tool(act).start(arguments, context=None)
    assert arguments["value"]

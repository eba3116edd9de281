"""A result is the return type, re-read from its JSON, fresh and stored alike."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, Field, TypeAdapter
from typing_extensions import TypedDict

from highroad.ledger.canonical import canonical
from highroad.tools.body.result import ResultCodec


class Colour(Enum):
    RED = "red"


@dataclass
class Size:
    width: int


class Point(TypedDict):
    x: int


class Opaque:
    def __repr__(self):
        return "opaque"


class Node(BaseModel):
    size: Size
    name: str = Field(default="", alias="called")
    children: list["Node"] = []


def codec(kind: Any) -> ResultCodec[Any]:
    return ResultCodec(TypeAdapter(kind))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (None, None),
        (int, 5),
        (float, 5),
        (float, 0.1),
        (str, "ä"),
        (bytes, b"x"),
        (Decimal, Decimal("1.50")),
        (datetime, datetime(2026, 1, 2, tzinfo=UTC)),
        (date, date(2026, 1, 2)),
        (time, time(3, 4, 5)),
        (timedelta, timedelta(hours=1, microseconds=5)),
        (UUID, UUID(int=1)),
        (Colour, Colour.RED),
        (Size, Size(1)),
        (Point, {"x": 1}),
        (Node, Node(size=Size(1), called="a", children=[Node(size=Size(2))])),
        (list[Size], [Size(1)]),
        (tuple[int, str], (1, "a")),
        (set[int], {1, 2}),
        (dict[str, Size], {"a": Size(1)}),
        (int | str | None, None),
        (Any, {"a": [1, "b", None]}),
    ],
    ids=repr,
)
def test_a_result_comes_back_as_its_type(kind, value):
    encoded = codec(kind).encode(value)
    assert encoded.problems == ()
    assert encoded.value == value
    assert type(encoded.value) is (float if kind is float else type(value))
    assert codec(kind).read(encoded.data) == value


def test_a_fresh_result_is_what_a_stored_one_will_be():
    encoded = codec(Any).encode(Size(1))
    assert encoded.value == {"width": 1} == codec(Any).read(encoded.data)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (int, "5"),
        (int, None),
        (dict[str, str], {"a": 1}),
        (Size, Size("wide")),
        (float, float("nan")),
        (int, 2**60),
        (str, Opaque()),
        (str, "\ud800"),
        (Any, {"a": 2**60}),
        (Any, Opaque()),
    ],
    ids=repr,
)
def test_a_result_of_another_type_is_kept_and_marked(kind, value):
    encoded = codec(kind).encode(value)
    assert encoded.problems
    assert encoded.value is value
    canonical(encoded.json)
    assert TypeAdapter(Any).validate_json(encoded.data) == encoded.json


def test_what_can_be_seen_of_a_broken_result_is_kept():
    broken = {"n": 2**60, "x": float("inf"), "list": [1, "a"], "whole": 2.0}
    encoded = codec(dict[str, int]).encode(broken)
    assert encoded.json == {"n": str(2**60), "x": None, "list": [1, "a"], "whole": 2.0}


def test_a_result_without_end_is_marked():
    circle: list[Any] = []
    circle.append(circle)
    encoded = codec(Any).encode(circle)
    assert encoded.problems
    assert encoded.json is None

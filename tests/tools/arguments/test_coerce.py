"""Coercion loses nothing, is written down, and is not for strict tools."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.tools.arguments.coerce import MOST, Coercion
from highroad.tools.arguments.invalid import Invalid
from highroad.tools.compile import compile_tool
from highroad.tools.declaring.declare import tool
from highroad.tools.declaring.from_schema import tool_from_schema
from highroad.tools.validate import Validated, check_arguments


def argument(kind, *, strict=False):
    @tool(strict=strict)
    def act(value: kind) -> None:
        raise AssertionError(value)

    return compile_tool(act)


def coerced(kind, value):
    checked = check_arguments(argument(kind), {"value": value})
    return checked.arguments["value"] if isinstance(checked, Validated) else "refused"


@pytest.mark.parametrize(
    ("kind", "value", "result"),
    [
        (int, "5", 5),
        (int, "-5", -5),
        (int, "0", 0),
        (int, 5.0, 5),
        (int, -0.0, 0),
        (int | None, "5", 5),
        (float, "5", 5),
        (float, "1.5", 1.5),
        (bool, "true", True),
        (bool, "false", False),
        (list[int], ["1", 2.0], [1, 2]),
        (dict[str, bool], {"a": "true"}, {"a": True}),
        (tuple[int, str], ["1", "1"], [1, "1"]),
        (int | list[int], ["1"], [1]),
        (Literal[1, 2], "2", 2),
    ],
    ids=repr,
)
def test_what_loses_nothing_is_taken(kind, value, result):
    found = coerced(kind, value)
    assert found == result
    assert type(found) is type(result)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (int, "5.0"),
        (int, " 5"),
        (int, "05"),
        (int, "+5"),
        (int, "-0"),
        (int, "5e3"),
        (int, "\N{ARABIC-INDIC DIGIT FIVE}"),
        (int, "9007199254740993"),
        (int, 5.5),
        (int, True),
        (int, ""),
        (float, "1.50"),
        (float, "1.0"),
        (float, "0.1000000000000000055"),
        (float, "nan"),
        (bool, "True"),
        (bool, "yes"),
        (bool, 1),
        (bool, "1"),
        (str, 5),
        (str, True),
        (None, "null"),
        (list[int], 5),
        (list[int], "5"),
        (list[str], "a"),
        (int, [5]),
        (Literal[1, 2], "3"),
    ],
    ids=repr,
)
def test_what_would_lose_or_guess_is_refused(kind, value):
    assert coerced(kind, value) == "refused"


def test_a_text_stays_a_text_where_one_is_allowed():
    assert coerced(int | str, "5") == "5"
    assert coerced(float, 5) == 5


def test_nothing_is_coerced_that_fits_or_could_be_meant_otherwise():
    """Also when something else brings the coercion about."""

    @tool
    def act(count: int, text: int | str, either: list[int] | list[bool] | None = None) -> None:
        raise AssertionError(count, text, either)

    ready = compile_tool(act)
    checked = check_arguments(ready, {"count": "5", "text": "5"})
    assert isinstance(checked, Validated)
    assert checked.arguments == {"count": 5, "text": "5"}
    assert isinstance(check_arguments(ready, {"count": 5, "text": "", "either": ["5"]}), Invalid)


def test_there_is_an_end_to_coercion():
    assert coerced(list[int], ["5"] * MOST) == [5] * MOST
    assert coerced(list[int], ["5"] * (MOST + 1)) == "refused"


def test_each_coercion_is_written_down_without_its_value():
    checked = check_arguments(argument(dict[str, list[int]]), {"value": {"CANARY": ["5"]}})
    assert isinstance(checked, Validated)
    assert checked.coercions == (Coercion("/value", "string", "integer"),)
    assert str(checked.coercions[0]) == "/value: string as integer"


def test_the_callers_arguments_are_left_alone():
    arguments = {"value": ["5"]}
    check_arguments(argument(list[int]), arguments)
    assert arguments == {"value": ["5"]}


INTEGER = {"type": "integer"}


@pytest.mark.parametrize(
    ("part", "value", "result"),
    [
        (INTEGER, 5.0, 5),
        ({"type": ["integer", "null"]}, 5.0, 5),
        ({"const": 5}, 5.0, 5),
        ({"enum": [5, "a"]}, 5.0, 5),
        ({"items": INTEGER}, [5.0], [5]),
        ({"prefixItems": [INTEGER]}, [5.0], [5]),
        ({"additionalProperties": INTEGER}, {"b": 5.0}, {"b": 5}),
        ({"anyOf": [INTEGER, {"type": "null"}]}, 5.0, 5),
        ({"$ref": "#/definitions/count"}, 5.0, 5),
        ({"type": "number"}, 5.0, 5.0),
        ({"type": ["integer", "number"]}, 5.0, 5.0),
        ({"enum": [0.5, 5]}, 5.0, 5.0),
        ({}, 5.0, 5.0),
        ({"type": "array", "items": {"type": "number"}}, [5.0], [5.0]),
    ],
)
def test_a_whole_number_becomes_an_integer_where_one_is_wanted_and_only_there(part, value, result):
    schema = {"properties": {"a": part}, "definitions": {"count": INTEGER}}
    tool = compile_tool(tool_from_schema(lambda given: given, name="act", parameters=schema))
    for _ in range(2):  # what is learnt of the schema at the first call serves the second
        checked = check_arguments(tool, {"a": value})
        assert isinstance(checked, Validated)
        assert repr(checked.arguments["a"]) == repr(result)
        assert bool(checked.coercions) == (repr(value) != repr(result))


@pytest.mark.parametrize(("kind", "value"), [(int, "5"), (int, 5.0), (bool, "true")])
def test_a_strict_tool_takes_nothing_for_anything_else(kind, value):
    checked = check_arguments(argument(kind, strict=True), {"value": value})
    assert isinstance(checked, Invalid)
    assert [problem.code for problem in checked.problems] == ["type"]


@given(
    st.sampled_from([int, float, bool]),
    st.text("0123456789.-+e truefalsTRUE", max_size=20)
    | st.integers().map(str)
    | st.floats().map(repr)
    | st.floats()
    | st.integers(),
)
def test_what_was_taken_can_be_written_back(kind, value):
    """Of a text, the very text; of a number, the same number."""
    found = coerced(kind, value)
    if found == "refused":
        return
    if isinstance(value, str):
        written = {True: "true", False: "false"}[found] if kind is bool else repr(found)
        assert written == value
    else:
        assert found == value
        assert type(found) in {int, float}

"""Problems are told all at once, by pointer, code and the form that would have been right."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import AfterValidator, BaseModel, Field, StringConstraints
from pydantic_core import PydanticCustomError

from highroad.domain.error import Problem
from highroad.tools.arguments.invalid import MOST, Invalid
from highroad.tools.compile import compile_tool
from highroad.tools.declaring.declare import tool
from highroad.tools.schemas.describe import describe
from highroad.tools.semantic import Email
from highroad.tools.validate import Validated, check_arguments


class Card(BaseModel):
    kind: Literal["card"]
    number: str


class Cash(BaseModel):
    kind: Literal["cash"]
    cents: int


class Line(BaseModel):
    sku: Annotated[str, Field(pattern="^[A-Z]+$")]
    count: Annotated[int, Field(gt=0)] = 1


@tool
def order(
    customer_id: str,
    lines: Annotated[list[Line], Field(min_length=1)],
    cents: Annotated[int, Field(ge=1, le=50_000)],
    pay: Card | Cash,
    to: Annotated[str | None, Email()] = None,
    on: date | None = None,
    notes: dict[str, str] = {},  # noqa: B006 - a default is shown, not shared
    size: Literal["small", "large"] = "small",
) -> None:
    raise AssertionError(customer_id, lines, cents, pay, to, on, notes, size)


ORDER = compile_tool(order)
GOOD = {
    "customer_id": "C-1",
    "lines": [{"sku": "A"}],
    "cents": 500,
    "pay": {"kind": "cash", "cents": 500},
}


def problems(**changes: Any) -> dict[str, dict[str, str]]:
    """Expected forms by pointer and code."""
    checked = check_arguments(ORDER, {**GOOD, **changes})
    assert isinstance(checked, Invalid)
    found: dict[str, dict[str, str]] = {}
    for each in checked.problems:
        found.setdefault(each.pointer, {})[each.code] = each.expected
    return found


def test_good_arguments_go_on_as_they_are():
    checked = check_arguments(ORDER, GOOD)
    assert checked == Validated(GOOD)
    assert checked.arguments is GOOD


@pytest.mark.parametrize(
    ("changes", "pointer", "code", "expected"),
    [
        ({"customer_id": 5}, "/customer_id", "type", "a string"),
        ({"cents": 0}, "/cents", "minimum", "an integer from 1 to 50000"),
        ({"cents": "many"}, "/cents", "type", "an integer from 1 to 50000"),
        ({"cents": 2**60}, "/cents", "integer_range", "send a larger one as a string"),
        ({"cents": float("nan")}, "/cents", "number", "a finite number"),
        ({"size": "huge"}, "/size", "enum", 'one of: "small", "large"'),
        ({"lines": []}, "/lines", "min_items", "an array of which each item is an object with"),
        ({"lines": [{"sku": "a"}]}, "/lines/0/sku", "pattern", "the pattern ^[A-Z]+$"),
        ({"lines": [{}]}, "/lines/0/sku", "required", "it is missing"),
        ({"lines": [{"sku": "A", "count": 0}]}, "/lines/0/count", "exclusive_minimum", "above 0"),
        ({"to": "nobody"}, "/to", "format", "an e-mail address"),
        ({"to": "a@localhost"}, "/to", "email", "one e-mail address"),
        ({"on": "soon"}, "/on", "format", "a date such as 2026-01-31"),
        ({"notes": {"CANARY": 1}}, "/notes", "type", "a string"),
        ({"pay": {"kind": "cash"}}, "/pay/cents", "required", "an integer; it is missing"),
        ({"pay": {"kind": "cheque"}}, "/pay", "any_of", "an object with `kind`, `number` or an"),
        ({"pay": 5}, "/pay", "any_of", "an object with `kind`, `number` or an object"),
    ],
)
def test_each_problem_says_where_and_what_would_have_been_right(changes, pointer, code, expected):
    found = problems(**changes)
    assert list(found) == [pointer]
    assert expected in found[pointer][code]


def test_every_problem_is_told_at_once():
    found = problems(customer_id=1, lines=[{"sku": 1}, {}], cents=2**60, to="x@", size="huge")
    assert set(found) == {"/customer_id", "/lines/0/sku", "/lines/1/sku", "/cents", "/to", "/size"}


def test_semantic_types_are_judged_together_with_a_broken_schema():
    assert set(problems(cents="x", to="a@localhost")) == {"/cents", "/to"}


def test_an_unknown_argument_is_refused_with_a_near_name_and_not_quoted():
    found = problems(custumer_id="C-1")
    assert "perhaps `customer_id` was meant" in found[""]["unknown_argument"]
    assert "custumer" not in repr(found)
    assert "perhaps" not in problems(zzz=1)[""]["unknown_argument"]


def test_an_unknown_member_is_refused_at_every_level():
    assert "unknown_argument" in problems(lines=[{"sku": "A", "cuont": 2}])["/lines/0"]


def test_no_more_is_told_than_a_model_can_mend():
    checked = check_arguments(ORDER, {**GOOD, "lines": [{"sku": at} for at in range(500)]})
    assert isinstance(checked, Invalid)
    assert len(checked.problems) == MOST


def test_of_a_large_call_the_first_problem_is_told():
    """To collect them all takes the validator twenty seconds for a megabyte."""
    checked = check_arguments(ORDER, {**GOOD, "lines": [{"sku": at} for at in range(100_000)]})
    assert isinstance(checked, Invalid)
    (problem,) = checked.problems
    assert (problem.pointer, problem.code) == ("/lines/0/sku", "type")


def test_the_error_is_data_for_the_model():
    checked = check_arguments(ORDER, {**GOOD, "cents": 0})
    assert isinstance(checked, Invalid)
    answer = checked.error().for_model("call_1")
    assert answer == {
        "code": "invalid_arguments",
        "message": "The arguments are not valid: 1 problem.",
        "hint": "Mend what `problems` names, each at its JSON pointer, and call again.",
        "retryable": False,
        "call_id": "call_1",
        "problems": [
            {"pointer": "/cents", "code": "minimum", "expected": "an integer from 1 to 50000"}
        ],
    }


def test_what_a_type_refuses_beyond_the_schema_is_refused_before_the_body():
    @tool
    def act(uuid: UUID, at: datetime) -> None:
        raise AssertionError(uuid, at)

    ready = compile_tool(act)
    good = {"uuid": str(UUID(int=1)), "at": "2026-01-02T00:00:00Z"}
    assert ready.bind(good) == {"uuid": UUID(int=1), "at": datetime(2026, 1, 2, tzinfo=UTC)}
    late = check_arguments(ready, {**good, "at": "2026-01-02T00:00:60Z"})
    assert isinstance(late, Invalid)


def test_a_validators_words_are_marked_as_its_authors():
    def even(number: int) -> int:
        if number % 2:
            raise ValueError(f"{number} is odd")
        return number

    @tool
    def act(number: Annotated[int, AfterValidator(even)]) -> None:
        raise AssertionError(number)

    checked = check_arguments(compile_tool(act), {"number": 3})
    assert isinstance(checked, Invalid)
    assert checked.is_authored
    assert checked.error().is_authored
    assert not check_arguments(compile_tool(act), {"number": "x"}).is_authored


def test_other_words_of_a_validator_are_not_passed_on():
    def refuse(text: str) -> str:
        raise PydanticCustomError("odd", "{text} is odd", {"text": text})

    @tool
    def act(text: Annotated[str, AfterValidator(refuse)]) -> None:
        raise AssertionError(text)

    checked = check_arguments(compile_tool(act), {"text": "CANARY"})
    assert isinstance(checked, Invalid)
    assert not checked.is_authored
    assert checked.problems == (Problem("/text", "value", "a string"),)


def test_a_tool_of_plain_scalars_needs_no_binder_and_others_do():
    def plain(
        text: Annotated[str, Field(max_length=3)], count: int | None, size: Literal["a"], on: bool
    ) -> None:
        raise AssertionError(text, count, size, on)

    def shouted(text: Annotated[str, StringConstraints(to_upper=True)]) -> None:
        raise AssertionError(text)

    assert compile_tool(plain).binder is None
    assert compile_tool(shouted).bind({"text": "a"}) == {"text": "A"}
    arguments = {"texts": ["a"]}
    bound = compile_tool(lines).bind(arguments)
    bound["texts"].append("b")
    assert arguments == {"texts": ["a"]}


def lines(texts: list[str]) -> None:
    raise AssertionError(texts)


def test_checks_can_only_tighten_and_run_last():
    seen = []

    def no_sunday(arguments):
        seen.append(arguments)
        return "Not on a Sunday." if arguments["day"] == "sunday" else None

    def not_late(arguments):
        return Problem("/hour", "late", "an hour before 22") if arguments["hour"] > 21 else None

    @tool(checks=[no_sunday, not_late])
    def book(day: str, hour: int) -> None:
        raise AssertionError(day, hour)

    ready = compile_tool(book)
    assert isinstance(check_arguments(ready, {"day": "sunday", "hour": "x"}), Invalid)
    assert seen == []
    refused = check_arguments(ready, {"day": "sunday", "hour": "23"})
    assert isinstance(refused, Invalid)
    assert refused.is_authored
    assert refused.problems == (
        Problem("", "check", "Not on a Sunday."),
        Problem("/hour", "late", "an hour before 22"),
    )
    assert seen == [{"day": "sunday", "hour": 23}]
    assert isinstance(check_arguments(ready, {"day": "monday", "hour": 9}), Validated)


def test_a_recursive_type_is_judged_at_every_level():
    ready = compile_tool(walk)
    node = {"value": 1, "next": {"value": 2, "next": {"value": "x"}}}
    checked = check_arguments(ready, {"node": node})
    assert isinstance(checked, Invalid)
    assert checked.problems == (Problem("/node/next/next/value", "type", "an integer"),)
    assert ready.bind({"node": {"value": 1}}) == {"node": Node(value=1)}


class Node(BaseModel):
    value: int
    next: "Node | None" = None


def walk(node: Node) -> None:
    raise AssertionError(node)


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("number", [1e16, -1e17, 1e300])
def test_a_whole_number_with_a_fraction_is_no_way_around_the_range_of_integers(strict, number):
    """To JSON Schema 1e16 is an integer; a body that wants one would get a float."""

    @tool(strict=strict)
    def act(cents: int) -> None:
        raise AssertionError(cents)

    @tool(strict=strict)
    def weigh(grams: float) -> None:
        raise AssertionError(grams)

    refused = check_arguments(compile_tool(act), {"cents": number})
    assert isinstance(refused, Invalid)
    assert refused.problems[0].pointer == "/cents"
    assert isinstance(check_arguments(compile_tool(weigh), {"grams": number}), Validated)


def test_one_of_a_thing_is_told_in_the_singular():
    assert describe({"type": "string", "minLength": 1}, {}) == "a string of at least 1 character"
    assert describe({"type": "array", "maxItems": 1}, {}) == "an array with at most 1 item"
    assert describe({"type": "string", "maxLength": 11}, {}) == "a string of at most 11 characters"

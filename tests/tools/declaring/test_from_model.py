"""A tool from a pydantic model: fields are arguments, the body gets an instance."""

from datetime import date
from decimal import Decimal
from typing import Annotated

import pytest
from pydantic import AliasChoices, AliasPath, BaseModel, Field, model_validator

from highroad.domain.error import DeclarationError
from highroad.domain.label import Integrity
from highroad.domain.tool import ArgumentRole
from highroad.testing import tool_context
from highroad.tools.compile import compile_tool
from highroad.tools.declaring.contract import Content, Control
from highroad.tools.declaring.declare import tool, tool_definition
from highroad.tools.declaring.from_model import tool_from_model
from highroad.tools.validate import Validated, check_arguments


class Line(BaseModel):
    sku: str
    count: int = 1


class Order(BaseModel):
    """Order something."""

    customer: Annotated[str, Control(integrity=Integrity.USER)] = Field(description="Who.")
    note: Annotated[str, Content()] = ""
    on: date = Field(alias="deliverOn")
    lines: list[Line] = []

    @model_validator(mode="after")
    def is_not_empty(self):
        if self.note == "empty":
            raise ValueError("an order has lines")
        return self


def order(given: Order) -> Decimal:
    return Decimal(len(given.lines))


ORDERED = tool_from_model(order, model=Order, tier="reversible")
ARGUMENTS = {"customer": "a", "deliverOn": "2026-01-02", "lines": [{"sku": "x"}]}


def test_the_body_gets_an_instance_and_its_result_has_its_type():
    ready = compile_tool(ORDERED)
    assert check_arguments(ready, ARGUMENTS) == Validated(ARGUMENTS)
    bound = ready.bind(ARGUMENTS)
    assert bound == Order(customer="a", deliverOn=date(2026, 1, 2), lines=[Line(sku="x")])
    assert ready.start(ARGUMENTS, context=None) == Decimal(1)
    assert ready.read(ready.result.encode(Decimal("1.5")).data) == Decimal("1.5")
    assert ORDERED(bound) == Decimal(1)


def test_words_come_from_the_body_or_else_from_the_model():
    def documented(given: Order) -> None:
        """Order it now."""

    assert tool_definition(ORDERED).description == "Order something."
    assert tool_definition(tool_from_model(documented, model=Order)).description == "Order it now."
    schema = tool_definition(ORDERED).input_schema
    assert "description" not in schema
    assert schema["properties"]["customer"]["description"] == "Who."


def test_a_field_is_known_by_its_alias_alone():
    definition = tool_definition(ORDERED)
    assert set(definition.input_schema["properties"]) == {
        "customer",
        "note",
        "deliverOn",
        "lines",
    }
    renamed = {**ARGUMENTS, "on": ARGUMENTS["deliverOn"]}
    del renamed["deliverOn"]
    codes = {each.code for each in check_arguments(compile_tool(ORDERED), renamed).problems}
    assert codes == {"required", "unknown_argument"}


def test_unknown_fields_are_refused_at_every_depth():
    ready = compile_tool(ORDERED)
    for extra in ({**ARGUMENTS, "x": 1}, {**ARGUMENTS, "lines": [{"sku": "x", "x": 1}]}):
        assert check_arguments(ready, extra).problems[0].code == "unknown_argument"


def test_the_markers_of_fields_are_the_contract():
    contract = tool_definition(ORDERED).contract
    assert contract.argument("note").role is ArgumentRole.CONTENT
    assert contract.argument("customer").integrity is Integrity.USER
    assert "x-highroad" not in str(tool_definition(ORDERED).input_schema)


def test_validators_of_the_model_judge_before_the_body_runs():
    refused = check_arguments(compile_tool(ORDERED), {**ARGUMENTS, "note": "empty"})
    assert refused.problems[0].code == "value"
    assert refused.is_authored


def test_a_body_of_two_values_takes_the_context():
    def body(given: Line, context) -> str:
        return f"{given.sku} {context.attempt}"

    ready = compile_tool(tool_from_model(body, model=Line))
    assert ready.start({"sku": "x"}, context=tool_context(None)) == "x 1"


def test_a_model_that_holds_itself_is_an_object():
    class Tree(BaseModel):
        name: str
        kids: list["Tree"] = []

    ready = compile_tool(tool_from_model(lambda tree: tree.name, model=Tree, name="grow"))
    nested = {"name": "a", "kids": [{"name": "b"}]}
    assert check_arguments(ready, nested) == Validated(nested)
    assert not isinstance(check_arguments(ready, {"name": "a", "kids": [{"x": 1}]}), Validated)


def test_a_model_may_serve_for_arguments_and_result():
    @tool(tier="read")
    def newest() -> Order:
        raise AssertionError

    assert "x-highroad" not in str(tool_definition(newest).output_schema)


class ByPath(BaseModel):
    zip_code: str = Field(validation_alias=AliasPath("address", "zip"))


class BySome(BaseModel):
    zip_code: str = Field("", validation_alias=AliasChoices("zip", AliasPath("address", "zip")))


class Marked(BaseModel):
    note: Annotated[str, Content()] | None = None


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (ByPath, "field 'zip_code' is read from a path"),
        (BySome, "field 'zip_code' is read from a path"),
        (Marked, "Content marks an argument as a whole and stands outermost"),
    ],
)
def test_a_field_that_no_schema_can_tell_is_refused(model, says):
    with pytest.raises(DeclarationError, match=says):
        tool_from_model(order, model=model)

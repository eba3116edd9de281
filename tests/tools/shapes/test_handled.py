"""What is offered to a model that may name values takes what the tool takes, and handles."""

from typing import Annotated, Literal

import jsonschema_rs
import pytest
from pydantic import BaseModel, Field

from highroad import tool
from highroad.tools.declaring.contract import Secret
from highroad.tools.declaring.declare import tool_definition
from highroad.tools.shapes.handled import with_handles
from highroad.tools.shapes.known import SHAPES
from highroad.tools.shapes.offer import offer
from highroad.tools.shapes.spec import spec_of

HANDLE = "$v7qm.items.0.price"


class Line(BaseModel):
    """A line."""

    sku: Annotated[str, Field(pattern=r"^[A-Z]+$")]
    count: Annotated[int, Field(ge=1)] = 1


@tool(tier="reversible")
def order(
    name: str,
    amount: Annotated[float, Field(gt=0)],
    urgent: bool,
    size: Literal["small", "large"],
    lines: list[Line],
    key: Annotated[str, Secret()] = "secret:shop",
    days: int | None = None,
) -> str:
    """Order something."""
    return name


VALUES = {
    "name": "Ada",
    "amount": 5,
    "urgent": True,
    "size": "large",
    "lines": [{"sku": "TEA", "count": 2}],
    "days": None,
}
HANDLES = {
    "name": HANDLE,
    "amount": HANDLE,
    "urgent": HANDLE,
    "size": HANDLE,
    "lines": [{"sku": HANDLE, "count": HANDLE}],
    "days": HANDLE,
}


@pytest.fixture
def spec():
    definition = tool_definition(order)
    return with_handles(spec_of(definition), definition.contract.secrets)


def test_it_takes_values_and_handles_and_nothing_else(spec):
    own = jsonschema_rs.validator_for(dict(tool_definition(order).input_schema))
    offered = jsonschema_rs.validator_for(spec.input_schema)
    assert own.is_valid(VALUES)
    assert offered.is_valid(VALUES)
    assert offered.is_valid(HANDLES)
    assert not own.is_valid(HANDLES)
    for name in ("amount", "urgent", "size", "days"):
        assert not offered.is_valid(VALUES | {name: "another text"}), name


def test_what_takes_any_text_and_what_takes_a_secret_stay_as_they_are(spec):
    own = tool_definition(order).input_schema["properties"]
    for name in ("name", "key"):
        assert spec.input_schema["properties"][name] == own[name]


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_every_shape_takes_it(spec, shape):
    rendered = offer([spec], shape).rendered["order"]
    plain = offer([spec_of(tool_definition(order))], shape).rendered["order"]
    assert rendered.is_strict == plain.is_strict
    assert offer([spec], shape).called("order", HANDLES)[1] == HANDLES

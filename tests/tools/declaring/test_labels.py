"""Labels of a result: read from the return type, or declared by pointer."""

from dataclasses import dataclass
from typing import Annotated, NotRequired

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from highroad.domain.error import DeclarationError
from highroad.domain.label import UNLABELLED, Integrity, Label, Labels
from highroad.tools.declaring.declare import tool, tool_definition
from highroad.tools.declaring.output_labels import labels_of

OURS = Label(Integrity.SYSTEM)
STAFF = Label(Integrity.SYSTEM, readers=frozenset({"staff"}))


class Customer(BaseModel):
    id: Annotated[str, OURS]
    mail: Annotated[str | None, STAFF] = Field(default=None, serialization_alias="e/mail")
    friends: list["Customer"] = []


@dataclass
class Line:
    sku: Annotated[str, OURS]
    text: str


class Order(TypedDict):
    id: Annotated[str, OURS]
    lines: list[Line]
    by_name: dict[str, Line]
    pair: NotRequired[tuple[str, Annotated[int, STAFF]]]


@pytest.mark.parametrize(
    ("kind", "labels"),
    [
        (str, {}),
        (Annotated[str, OURS], {"": OURS}),
        (Customer, {"/id": OURS, "/e~1mail": STAFF}),
        (list[Customer], {"/*/id": OURS, "/*/e~1mail": STAFF}),
        (
            Order,
            {"/id": OURS, "/lines/*/sku": OURS, "/by_name/*/sku": OURS, "/pair/1": STAFF},
        ),
        (Annotated[list[Line], STAFF] | None, {"": STAFF, "/*/sku": OURS}),
        (tuple[Line, ...], {"/*/sku": OURS}),
        (
            Annotated[str, OURS] | Annotated[int, Label(readers=frozenset({"boss"}))],
            {"": Label(readers=frozenset({"boss"}))},
        ),
        (
            Annotated[str, STAFF] | Annotated[int, Label(Integrity.USER, frozenset({"boss"}))],
            {"": Label(Integrity.SYSTEM, frozenset())},
        ),
    ],
    ids=str,
)
def test_labels_stand_where_the_return_type_says(kind, labels):
    assert labels_of(kind) == labels


def test_the_longest_pointer_wins_and_a_star_is_any_index_or_key():
    labels = Labels(
        default=STAFF,
        leaves=(("/a", OURS), ("/a/*/b", STAFF), ("/a/0/b", UNLABELLED), ("/*/c", UNLABELLED)),
    )
    assert labels.at("") is STAFF
    assert labels.at("/ab") is STAFF
    assert labels.at("/a") is OURS
    assert labels.at("/a/7/x") is OURS
    assert labels.at("/a/7/b/c") is STAFF
    assert labels.at("/a/0/b") is UNLABELLED
    assert labels.at("/a/c") is UNLABELLED
    assert labels.at("/x/c/y") is UNLABELLED


def test_the_option_goes_before_the_type():
    @tool(tier="read", labels={"": STAFF, "/id": UNLABELLED})
    def get() -> Customer:
        raise AssertionError

    labels = tool_definition(get).contract.labels
    assert labels.default is STAFF
    assert labels.at("/id") is UNLABELLED
    assert labels.at("/friends/0/id") is STAFF


@pytest.mark.promise("P8")
def test_labels_are_pinned():
    def digest(kind):
        @tool(tier="read")
        def get() -> kind:
            raise AssertionError

        return tool_definition(get).digest

    assert len({digest(str), digest(Annotated[str, OURS]), digest(Annotated[str, STAFF])}) == 3


@pytest.mark.parametrize("labels", [{"id": OURS}, {"/a~b": OURS}, {"/id": "system"}, ["/id"]])
def test_what_is_no_label_is_refused(labels):
    with pytest.raises(DeclarationError, match=r"label|JSON pointer"):
        tool(labels=labels)(lambda: None)

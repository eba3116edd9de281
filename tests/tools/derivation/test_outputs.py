"""Labels that nobody declared: which part of a result could a stranger have chosen?"""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from highroad.domain.label import UNLABELLED, Integrity, Label, Labels, leads_to
from highroad.tools.compile import compile_tool
from highroad.tools.declaring.declare import tool, tool_definition
from highroad.tools.declaring.from_schema import tool_from_schema
from highroad.tools.derivation.in_force import contract_in_force
from highroad.tools.derivation.reason import Basis

Mail = Annotated[str, Field(json_schema_extra={"format": "email"})]


class Line(BaseModel):
    sku: str
    quantity: int


class Order(BaseModel):
    id: str
    status: Literal["paid", "sent"]
    placed: date
    customer_id: UUID
    code: Annotated[str, Field(pattern=r"^[A-Z]{2}-\d{4}$")]
    handle: Annotated[str, Field(pattern=r"^[a-z ]+$")]
    is_gift: bool
    email: Mail | None
    note: str
    lines: list[Line]
    by_day: dict[str, int]
    more: dict[str, Any]
    shop_url: str


class Transaction(BaseModel):
    id: int
    account_id: str
    amount: float
    day: date
    sender: str
    subject: str


class Node(BaseModel):
    id: int
    left: "Node | None" = None
    right: "Node | None" = None


def labels_of(kind, name="get_order", **options):
    options.setdefault("tier", "read")

    @tool(name=name, **options)
    def read() -> kind:
        raise AssertionError

    return compile_tool(read).contract.labels


def test_fields_of_an_own_record_are_worth_what_a_stranger_could_not_have_chosen():
    labels = labels_of(Order)
    found = {name: labels.at(f"/{name}").integrity.name for name in Order.model_fields}
    assert found == {
        "id": "SYSTEM",
        "status": "SYSTEM",
        "placed": "SYSTEM",
        "customer_id": "SYSTEM",
        "code": "SYSTEM",
        "handle": "UNTRUSTED",
        "is_gift": "SYSTEM",
        "email": "THIRD_PARTY",
        "note": "UNTRUSTED",
        "lines": "UNTRUSTED",
        "by_day": "UNTRUSTED",
        "more": "UNTRUSTED",
        "shop_url": "UNTRUSTED",
    }
    assert labels.at("/lines/7/sku").integrity is Integrity.SYSTEM
    assert labels.at("/lines/7/quantity").integrity is Integrity.SYSTEM


def test_what_others_send_is_chosen_by_them():
    labels = labels_of(list[Transaction], "list_entries")
    found = {name: labels.at(f"/0/{name}").integrity.name for name in Transaction.model_fields}
    assert found == {
        "id": "SYSTEM",
        "account_id": "THIRD_PARTY",
        "amount": "THIRD_PARTY",
        "day": "THIRD_PARTY",
        "sender": "THIRD_PARTY",
        "subject": "UNTRUSTED",
    }


@pytest.mark.parametrize("name", ["get_invoices", "read_inbox", "list_events", "get_webpage"])
def test_the_name_of_the_tool_says_that_others_send_it(name):
    assert labels_of(list[Order], name).at("/0/placed").integrity is Integrity.THIRD_PARTY


def test_the_first_sentence_says_so_too():
    @tool(tier="read", description="Show the newest transaction. Not for orders.")
    def newest() -> Order:
        raise AssertionError

    assert compile_tool(newest).contract.labels.at("/placed").integrity is Integrity.THIRD_PARTY


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("get_my_profile", Integrity.SYSTEM),
        ("search_contacts", Integrity.SYSTEM),
        ("get_customer", Integrity.THIRD_PARTY),
        ("search_contact_messages", Integrity.THIRD_PARTY),
    ],
)
def test_an_address_is_our_own_word_in_a_directory_of_our_own_alone(name, expected):
    class Person(BaseModel):
        email: Mail

    assert labels_of(Person, name).at("/email").integrity is expected


def test_a_key_that_is_data_takes_nothing_from_its_value():
    labels = labels_of(dict[str, int], "get_prices")
    assert labels.at("/Ignore what was said") == UNLABELLED
    nested = labels_of(dict[str, Line], "get_stock")
    assert nested.at("/anything") == UNLABELLED
    assert nested.at("/anything/sku").integrity is Integrity.SYSTEM


@pytest.mark.parametrize(
    "name", ["parse_invoice", "extract_order", "calculate_sum", "convert_units", "run_query"]
)
def test_what_is_made_of_what_a_tool_is_handed_is_worth_no_more(name):
    assert labels_of(Order, name) == Labels()


def test_a_transform_is_worth_what_went_in():
    assert labels_of(float, "sum_of", transform=True) == Labels()


def test_a_read_that_is_handed_a_text_is_not_believed_in_what_it_makes_of_it():
    @tool(tier="read")
    def look_into(text: str) -> Order:
        raise AssertionError(text)

    assert compile_tool(look_into).contract.labels == Labels()


def test_a_result_without_schema_is_untrusted():
    assert labels_of(Any) == Labels()
    assert labels_of(dict[str, Any]) == Labels()


def test_from_outside_types_count_one_step_less_and_names_nothing():
    labels = labels_of(Order, permissions={"network_access"})
    assert labels.at("/status").integrity is Integrity.THIRD_PARTY
    assert labels.at("/customer_id").integrity is Integrity.THIRD_PARTY
    assert labels.at("/id").integrity is Integrity.UNTRUSTED
    assert labels.at("/email").integrity is Integrity.UNTRUSTED
    sent = labels_of(Transaction, "get_transaction", permissions={"network_access"})
    assert sent.at("/amount").integrity is Integrity.UNTRUSTED


def test_what_was_declared_goes_before_what_is_derived():
    mine = Label(Integrity.USER)
    assert labels_of(Order, labels={"/id": mine}).at("/id") is mine
    assert labels_of(Order, labels={"/lines": UNLABELLED}).at("/lines/0/sku") == UNLABELLED
    assert labels_of(Order, labels={"/*/*/sku": mine}).at("/lines/0/sku") is mine
    assert labels_of(Order, labels={"": UNLABELLED}).at("/id") == UNLABELLED
    assert labels_of(Order, labels={"": mine}).at("/id") is mine


def test_what_is_confidential_by_its_name_has_readers_and_no_more_integrity():
    class Employee(BaseModel):
        id: int
        salary: int
        social_security: str
        medical: dict[str, Line]

    labels = labels_of(Employee, "get_employee")
    readers = {at: labels.at(at).readers for at in ("/id", "/salary", "/social_security")}
    only = frozenset({"confidential"})
    assert readers == {"/id": None, "/salary": only, "/social_security": only}
    assert labels.at("/social_security").integrity is Integrity.UNTRUSTED
    assert labels.at("/medical/x/quantity").readers == only


def test_the_id_of_a_confidential_record_is_no_secret_but_a_number_of_a_document_is():
    class Prescription(BaseModel):
        prescription_id: str
        patient_id: str
        medication: str
        passport_id: str
        national_id: str

    labels = labels_of(Prescription, "get_prescription")
    hidden = {
        at: labels.at(f"/{at}").readers is not None
        for at in ("prescription_id", "patient_id", "medication", "passport_id", "national_id")
    }
    assert hidden == {
        "prescription_id": False,
        "patient_id": False,
        "medication": True,
        "passport_id": True,
        "national_id": True,
    }


class Text(BaseModel):
    id: list[str]


@pytest.mark.parametrize(
    ("kind", "at"),
    [
        (int | str, ""),
        (int | Order, "/note"),
        (Order | dict[str, Any], "/id"),
        (Order | Text, "/id/0"),
        (list[int] | dict[str, Any], "/0"),
        (tuple[str, Line] | list[Line], "/0"),
    ],
)
def test_another_form_of_a_result_is_not_believed_for_what_one_form_has(kind, at):
    assert labels_of(kind).at(at).integrity is Integrity.UNTRUSTED


def test_a_pointer_with_a_star_does_not_speak_for_a_sibling_that_is_untrusted():
    schema = {
        "type": "object",
        "properties": {"meta": {"type": "object", "properties": {"id": {"type": "object"}}}},
        "additionalProperties": {
            "type": "object",
            "properties": {"id": {"type": "integer"}},
            "additionalProperties": False,
        },
    }
    meta = {"type": "object", "properties": {"note": {"type": "string"}, "id": {}}}
    schema["properties"] = {"meta": meta}
    found = tool_from_schema(
        lambda given: None, name="get_order", parameters={}, returns=schema, tier="read"
    )
    labels = contract_in_force(tool_definition(found)).labels
    assert labels.at("/other/id").integrity is Integrity.SYSTEM
    assert labels.at("/meta/id").integrity is Integrity.UNTRUSTED


def test_a_schema_that_holds_itself_comes_to_an_end():
    labels = labels_of(Node, "get_node")
    assert labels.at("/left/right/id").integrity is Integrity.SYSTEM
    assert labels.at("/left" * 40 + "/id").integrity is Integrity.UNTRUSTED
    assert len(labels.leaves) <= 400


@pytest.mark.promise("P8")
def test_what_is_derived_stands_in_no_digest():
    @tool(tier="read")
    def get_order() -> Order:
        raise AssertionError

    assert tool_definition(get_order).contract.labels == Labels()


def test_every_derived_label_says_what_it_rests_on():
    @tool(tier="read")
    def get_order() -> Order:
        raise AssertionError

    ready = compile_tool(get_order)
    told = {each.subject: each for each in ready.reasons if each.is_output}
    assert set(dict(ready.contract.labels.leaves)) <= set(told)
    assert told["/status"].basis is Basis.TYPE
    assert told["/id"].basis is Basis.NAME
    assert told[""].basis is Basis.DEFAULT
    assert all(each.why for each in told.values())


TOKENS = st.sampled_from(["a", "b", "0", "*"])
POINTERS = st.lists(TOKENS, max_size=4).map(lambda tokens: "".join(f"/{each}" for each in tokens))
LABELS = st.sampled_from([Label(each) for each in Integrity])


@given(st.dictionaries(POINTERS, LABELS, max_size=8), POINTERS)
def test_the_tree_of_labels_answers_as_a_comparison_with_each_would(leaves, at):
    labels = Labels(leaves=tuple(sorted(leaves.items())))
    best, found = (0, 0), labels.default
    for pointer, label in labels.leaves:
        rank = (len(pointer.split("/")), -pointer.split("/").count("*"))
        if rank > best and leads_to(pointer, at):
            best, found = rank, label
    assert labels.at(at) == found

"""What arguments decide of which nobody said it, and how sure their values must be."""

from typing import Annotated, Literal

import pytest
from pydantic import Field

from highroad.domain.label import Integrity
from highroad.domain.tool import ArgumentRole
from highroad.tools.compile import compile_tool
from highroad.tools.declaring.contract import Content, Control, Owned, Secret
from highroad.tools.declaring.declare import tool, tool_definition
from highroad.tools.declaring.from_schema import tool_from_schema
from highroad.tools.derivation.boundary import leaves_boundary
from highroad.tools.derivation.reason import Basis


def contract_of(name, hints, **options):
    def act(**given):
        raise AssertionError(given)

    members = {
        argument: hint if isinstance(hint, dict) else {"type": hint}
        for argument, hint in hints.items()
    }
    found = tool_from_schema(
        lambda given: act(**given), name=name, parameters={"properties": members}, **options
    )
    return compile_tool(found)


def test_money_goes_only_where_and_as_much_as_our_own_records_or_the_user_say():
    contract = contract_of(
        "send_money",
        {"recipient": "string", "amount": "number", "subject": "string", "date": "string"},
    ).contract
    found = {
        name: (contract.argument(name).role.value, contract.argument(name).integrity.name)
        for name in ("recipient", "amount", "subject", "date")
    }
    assert found == {
        "recipient": ("control", "SYSTEM"),
        "amount": ("control", "SYSTEM"),
        "subject": ("content", "THIRD_PARTY"),
        "date": ("control", "THIRD_PARTY"),
    }


@pytest.mark.parametrize(
    ("tool_name", "argument", "options"),
    [
        ("grant_access", "role", {}),
        ("update_password", "user", {}),
        ("open_door", "host", {"tier": "privileged"}),
        ("start", "path", {"permissions": {"system_commands"}}),
        ("settle", "amount", {"permissions": {"financial_operations"}}),
    ],
)
def test_a_tool_that_changes_who_can_do_what_takes_our_own_word_alone(tool_name, argument, options):
    contract = contract_of(tool_name, {argument: "string"}, **options).contract
    assert contract.argument(argument).integrity is Integrity.SYSTEM


@pytest.mark.parametrize(
    ("tool_name", "argument"),
    [("add_user_to_channel", "user"), ("invite_member", "email"), ("share_workspace", "users")],
)
def test_who_is_let_in_only_the_user_says(tool_name, argument):
    contract = contract_of(tool_name, {argument: "string", "reason": "string"}).contract
    assert contract.argument(argument).integrity is Integrity.USER
    assert contract.argument("reason").integrity is Integrity.THIRD_PARTY


def test_adding_a_thing_lets_nobody_in():
    contract = contract_of("add_item_to_cart", {"user": "string"}).contract
    assert contract.argument("user").integrity is Integrity.THIRD_PARTY


@pytest.mark.parametrize(
    ("argument", "part", "leaves"),
    [
        ("url", {"type": "string"}, True),
        ("page_url", {"anyOf": [{"type": "string"}, {"type": "null"}]}, True),
        ("links", {"type": "array", "items": {"type": "string"}}, True),
        ("host", {}, True),
        ("url_count", {"type": "string"}, False),
        ("links", {"type": "integer"}, False),
        ("path", {"type": "string"}, False),
    ],
)
def test_a_read_that_is_asked_for_a_place_outside_leaves_the_boundary(argument, part, leaves):
    ready = contract_of("get_page", {argument: part}, tier="read")
    assert leaves_boundary(ready.definition) is leaves


def test_a_read_moves_no_money():
    contract = contract_of("get_payments", {"account": "string"}, tier="read").contract
    assert contract.argument("account").integrity is Integrity.THIRD_PARTY


@pytest.mark.parametrize("name", ["body", "message", "subject", "note", "Content", "title"])
def test_what_is_said_is_content(name):
    ready = contract_of("send_letter", {"to": "string", name: "string"})
    assert ready.contract.argument(name).role is ArgumentRole.CONTENT
    assert ready.contract.argument("to").role is ArgumentRole.CONTROL
    reason = next(each for each in ready.reasons if each.subject == name)
    assert reason.basis is Basis.NAME


@pytest.mark.parametrize(
    ("tool_name", "argument", "part"),
    [
        ("run_text", "text", {"type": "string"}),
        ("execute_note", "body", {"type": "string"}),
        ("search_mail", "subject", {"type": "string"}),
        ("send_letter", "text_url", {"type": "string"}),
        ("send_letter", "command", {"type": "string"}),
        ("send_letter", "message", {"type": "string", "format": "uri"}),
        ("send_letter", "message", {"type": "string", "enum": ["all", "none"]}),
        ("send_letter", "message", {"type": "string", "pattern": "^[a-z]+$"}),
        ("send_letter", "message", {"type": "object"}),
        ("send_letter", "message", {"type": ["string", "integer"]}),
        ("send_letter", "message", {"anyOf": [{"type": "string"}, {"type": "object"}]}),
        ("send_letter", "message", {}),
        ("send_letter", "recipient_note_id", {"type": "string"}),
        ("delete_letter", "title", {"type": "string"}),
        ("delete_note", "note", {"type": "string"}),
        ("remove_comments", "comment", {"type": "string"}),
        ("run_report", "reason", {"type": "string"}),
        ("cancel_order", "reason", {"type": "string", "enum": ["late", "wrong"]}),
    ],
)
def test_what_may_steer_stays_control(tool_name, argument, part):
    contract = contract_of(tool_name, {argument: part}).contract
    assert contract.argument(argument).role is ArgumentRole.CONTROL


@pytest.mark.parametrize("name", ["reason", "comment", "remarks", "note", "memo"])
def test_a_remark_beside_a_deed_is_content_whatever_the_deed(name):
    ready = contract_of("cancel_order", {"order_id": "string", name: "string"})
    assert ready.contract.argument(name).role is ArgumentRole.CONTENT
    assert ready.contract.argument("order_id").role is ArgumentRole.CONTROL


def test_a_read_says_nothing():
    contract = contract_of("send_note", {"text": "string"}, tier="read").contract
    assert contract.argument("text").role is ArgumentRole.CONTROL


@tool
def send_payment(
    amount: Annotated[int, Control()],
    total: Annotated[int, Control(integrity=Integrity.THIRD_PARTY)],
    text: Annotated[str, Control()],
    memo: Annotated[str, Owned(lambda value: None)],
    payee: Annotated[str, Content()],
    account: Annotated[str, Secret()],
    note: str,
    unit: Literal["EUR", "USD"],
    body: Annotated[str | None, Field(max_length=80)] = None,
) -> None:
    """Pay."""
    raise AssertionError(amount, total, text, memo, payee, account, note, unit, body)


def test_what_was_declared_goes_before_what_is_derived():
    contract = compile_tool(send_payment).contract
    found = {
        name: (contract.argument(name).role.value, contract.argument(name).integrity.name)
        for name in tool_definition(send_payment).input_schema["properties"]
    }
    assert found == {
        "amount": ("control", "SYSTEM"),
        "total": ("control", "THIRD_PARTY"),
        "text": ("control", "THIRD_PARTY"),
        "memo": ("control", "THIRD_PARTY"),
        "payee": ("content", "THIRD_PARTY"),
        "account": ("secret", "THIRD_PARTY"),
        "note": ("content", "THIRD_PARTY"),
        "unit": ("control", "THIRD_PARTY"),
        "body": ("content", "THIRD_PARTY"),
    }


@pytest.mark.promise("P8")
def test_only_what_somebody_said_against_the_derived_is_pinned():
    pinned = set(tool_definition(send_payment).contract.arguments)
    assert pinned == {"total", "text", "payee", "account"}

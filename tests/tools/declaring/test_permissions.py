"""What the types of a tool's arguments require, and what its author may waive of that."""

from dataclasses import dataclass
from typing import Annotated

import pytest
from pydantic import BaseModel

from highroad import tool, tool_definition, tool_from_model
from highroad.domain.error import DeclarationError
from highroad.domain.permission import StandardPermission
from highroad.tools.semantic import (
    Email,
    Html,
    Iban,
    JsonBlob,
    Phone,
    Program,
    PublicUrl,
    ReadOnlySql,
    SafePath,
    ShellCommand,
    ShellWord,
    SqlWrite,
)

PATH = SafePath("/srv")
REQUIRED = {
    "a path that is read": (PATH, "read", {"read_files"}),
    "a path that is written": (PATH, "reversible", {"write_files"}),
    "a URL": (PublicUrl(), "read", {"network_access"}),
    "a command": (ShellCommand(allow=[Program("ls")]), "read", {"system_commands"}),
    "a word of a command": (ShellWord(), "read", {"system_commands"}),
    "a query": (ReadOnlySql("sqlite", tables={"t": {"id"}}), "read", {"database_read"}),
    "a change": (SqlWrite("sqlite", tables={"t": {"id"}}), "irreversible", {"database_write"}),
    "a recipient": (Email(), "irreversible", {"email_send"}),
    "an address to look up": (Email(), "read", set()),
    "an account that money goes to": (Iban(), "irreversible", {"financial_operations"}),
    "an account to look up": (Iban(), "read", {"user_data_access"}),
    "a number to call": (Phone(), "irreversible", {"user_data_access"}),
    "a number to look up": (Phone(), "read", {"user_data_access"}),
    "HTML": (Html(), "reversible", set()),
    "JSON": (JsonBlob(), "reversible", set()),
}


class Letter(BaseModel):
    to: Annotated[str, Email()]
    copies: list["Letter"] = []


@dataclass
class Attached:
    path: Annotated[str, PATH]


def made(hint, tier="reversible", **options):
    def act(value: hint) -> str:
        """Act."""
        return str(value)

    return tool(tier=tier, **options)(act)


def needed(hint, tier="reversible", **options):
    return tool_definition(made(hint, tier, **options)).permissions


@pytest.mark.parametrize(("semantic", "tier", "permissions"), REQUIRED.values(), ids=REQUIRED)
def test_a_semantic_type_requires_its_permission(semantic, tier, permissions):
    assert needed(Annotated[str, semantic], tier) == permissions
    assert all(type(name) is str for name in needed(Annotated[str, semantic], tier))


@pytest.mark.parametrize(
    ("hint", "permissions"),
    [
        (Annotated[str, Email()] | None, {"email_send"}),
        (list[Annotated[str, Email()]], {"email_send"}),
        (dict[str, tuple[Annotated[str, PublicUrl()], int]], {"network_access"}),
        (Letter, {"email_send"}),
        (Attached, {"write_files"}),
        (Annotated[str, Email(), PATH], {"email_send", "write_files"}),
    ],
)
def test_it_does_so_however_deep_it_stands(hint, permissions):
    assert needed(hint) == permissions


def test_a_tool_of_a_model_requires_what_its_fields_do():
    def send(letter: Letter) -> str:
        """Send."""
        return str(letter)

    sent = tool_from_model(send, model=Letter, name="send", tier="privileged")
    assert tool_definition(sent).permissions == {"email_send"}


def test_each_standard_permission_is_required_by_some_type():
    required = set().union(*(permissions for _, _, permissions in REQUIRED.values()))
    assert required == set(StandardPermission)


def test_what_its_author_says_comes_on_top():
    address = Annotated[str, Email()]
    assert needed(address, permissions={"mail:send"}) == {"mail:send", "email_send"}


def test_a_standard_permission_is_waived_in_so_many_words_and_no_other_way():
    address = Annotated[str, Email(), PATH]
    assert needed(address, permissions=()) == {"email_send", "write_files"}
    assert needed(address, waives={"email_send"}) == {"write_files"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"waives": {"email_sent"}}, "'email_sent', which no type"),
        ({"waives": {"read_files"}}, "'read_files', which no type"),
        ({"waives": {"email_send"}, "permissions": {"email_send"}}, "both asks"),
        ({"waives": "email_send"}, "several texts"),
    ],
)
def test_what_cannot_be_waived_is_told(options, told):
    with pytest.raises(DeclarationError, match=told):
        made(Annotated[str, Email()], **options)


def test_each_standard_permission_says_what_it_means():
    assert len(StandardPermission) == 9

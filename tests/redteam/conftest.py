"""Tools of nobody's: a reader, a writer, and what stands between them."""

from dataclasses import dataclass
from typing import Annotated

import pytest

from highroad import tool
from highroad.tools.declaring.contract import Content, Owned


@tool(tier="read")
def read_notes(folder: str) -> dict[str, str]:
    """Read the notes of a folder."""
    raise AssertionError("no body of a tool runs on a range")


@tool(tier="reversible")
def move_note(note_id: str, folder: str) -> dict[str, str]:
    """Move a note to another folder."""
    raise AssertionError("no body of a tool runs on a range")


@tool(tier="irreversible")
def delete_note(note_id: str) -> dict[str, str]:
    """Delete a note for good."""
    raise AssertionError("no body of a tool runs on a range")


@tool(tier="reversible")
def shout(text: Annotated[str, Content()]) -> None:
    """Say something to everybody."""
    raise AssertionError("no body of a tool runs on a range")


async def whose(note_id: str) -> None:
    raise AssertionError("no lookup of a tool runs on a range")


@tool(tier="reversible")
def share_note(note_id: Annotated[str, Owned(whose)], to: str) -> dict[str, str]:
    """Share a note with somebody."""
    raise AssertionError("no body of a tool runs on a range")


@dataclass
class Order:
    id: str
    text: str


@tool(tier="read")
def read_order(order_id: str) -> Order:
    """Read an order."""
    raise AssertionError("no body of a tool runs on a range")


@tool(tier="reversible")
def send_order(order_id: str, to: str, copies: list[str]) -> dict[str, str]:
    """Send an order to somebody."""
    raise AssertionError("no body of a tool runs on a range")


@pytest.fixture
def orders():
    return [read_order, send_order]


@pytest.fixture
def notes():
    return [read_notes, move_note, delete_note, shout, share_note]

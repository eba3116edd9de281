"""Tools are ranked by what a text says, and the same text always gets the same ranking."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.demo.tools import TOOLS
from highroad.domain.model import OfferedTool
from highroad.tools.declaring.declare import tool_definition
from highroad.tools.search import Index

SHOP = [tool_definition(tool) for tool in TOOLS]


def offered(name, description="", **arguments):
    properties = {key: {"type": "string", "description": said} for key, said in arguments.items()}
    schema = {"type": "object", "properties": properties}
    return OfferedTool(name=name, description=description, input_schema=schema)


@pytest.mark.parametrize(
    ("query", "tool"),
    [
        ("refund 5 euros of order ORD-000042, the vase was broken", "refund"),
        ("which orders hold a vase?", "search_orders"),
        ("they want to be forgotten: erase their data", "erase_customer"),
        ("write a note for my colleagues", "add_order_note"),
        ("send it to another address", "update_shipping_address"),
        ("was anything paid back?", "get_payments"),
    ],
)
def test_the_tool_that_a_request_is_about_comes_first(query, tool):
    """By names, descriptions, arguments and examples."""
    assert Index.of(SHOP).ranked(query, most=3)[0].name == tool


def test_a_word_of_the_name_counts_for_more_than_one_of_an_argument():
    """Many tools take an order; few are about one."""
    tools = [offered("send_mail", order="An order."), offered("track_order")]
    assert [match.name for match in Index.of(tools).ranked("order", most=2)] == [
        "track_order",
        "send_mail",
    ]


def test_a_rare_word_counts_for_more_than_a_common_one():
    """What every tool has tells none from another."""
    tools = [offered("read_order"), offered("write_order"), offered("read_invoice")]
    assert Index.of(tools).ranked("invoice order", most=1)[0].name == "read_invoice"


def test_words_of_examples_are_found():
    """A definition has them in a field of their own."""
    assert "send_email" in {
        match.name for match in Index.of(SHOP).ranked("it is on its way", most=10)
    }


def test_a_text_without_a_word_in_common_finds_nothing():
    """Nothing is better than any."""
    assert Index.of(SHOP).ranked("quantum chromodynamics", most=5) == ()


def test_no_tools_and_no_text_are_no_trouble():
    """There is nothing to find."""
    assert Index.of([]).ranked("order", most=5) == ()
    assert Index.of(SHOP).ranked("", most=5) == ()
    assert Index.of([offered("_")]).ranked("order", most=5) == ()


def test_equals_come_in_the_order_of_their_names():
    """So that a provider's cache holds."""
    tools = [offered("order_y"), offered("order_z"), offered("order_x")]
    assert [match.name for match in Index.of(tools).ranked("order", most=3)] == [
        "order_x",
        "order_y",
        "order_z",
    ]


@given(seed=st.integers(0, 2**16))
def test_the_order_of_the_tools_makes_no_difference(seed):
    """Only what they say does."""
    shuffled = Random(seed).sample(SHOP, len(SHOP))  # noqa: S311 - a shuffle, and no secret
    query = "refund the order of a customer"
    ranked, again = (Index.of(tools).ranked(query, most=9) for tools in (SHOP, shuffled))
    assert [match.name for match in again] == [match.name for match in ranked]
    assert [match.score for match in again] == pytest.approx([match.score for match in ranked])

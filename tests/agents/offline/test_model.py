"""The offline model is a model as any other."""

import json
from dataclasses import replace

import pytest

from highroad.agents.offline import Offline
from highroad.domain.model import ModelRequest, OfferedTool, UserMessage
from highroad.testing.contracts.model import GET_ORDER, REFUND, WORK, ChoiceContract, whole

pytestmark = pytest.mark.anyio


class TestOffline(ChoiceContract):
    @pytest.fixture
    def open_model(self):
        return Offline

    @pytest.fixture
    def under_way(self):
        return lambda: 0


def asks(text, *tools, **options):
    return ModelRequest(messages=[UserMessage(text=text)], tools=tools, **options)


def test_a_router_is_told_the_tool_and_how_sure_that_is():
    """Nothing is called for it, and what is lacking does not matter."""
    routed = Offline().route(asks("Refund 5 euros of order ORD-000042", GET_ORDER, REFUND))
    assert routed.tool == "refund"
    assert routed.confidence > 0.6


def test_a_router_is_told_that_nothing_fits():
    """And how sure that is."""
    routed = Offline().route(asks("How tall is the Eiffel tower?", GET_ORDER, REFUND))
    assert routed.tool is None
    assert routed.confidence > 0.5
    assert Offline().route(asks("Good morning", GET_ORDER)).tool is None


async def test_the_same_request_gets_the_same_reply():
    """Word by word, from whichever model."""
    first, second = await whole(Offline(), WORK), await whole(Offline(), WORK)
    assert first == second


async def test_it_makes_up_no_value_though_it_must_call():
    """Then it asks: a choice is no source of values."""
    for choice in ("required", REFUND):
        request = asks("Hello", GET_ORDER, REFUND, choice=choice)
        message = (await whole(Offline(), request)).message
        assert message.calls == ()
        assert message.text


async def test_without_a_question_it_says_so():
    """There may be no message at all."""
    message = (await whole(Offline(), ModelRequest(tools=[REFUND]))).message
    assert message.text == "Nothing was asked."


async def test_without_a_clock_tomorrow_is_no_day():
    """Nobody says what it is counted from."""
    schema = {
        "type": "object",
        "properties": {"day": {"type": "string", "format": "date"}},
        "required": ["day"],
    }
    tool = OfferedTool(name="book_table", description="Book a table.", input_schema=schema)
    assert (await whole(Offline(), asks("book a table for tomorrow", tool))).message.calls == ()


async def test_a_structured_answer_is_made_of_what_is_known(talk):
    """Results by their names, prose as a report."""
    schema = {
        "type": "object",
        "properties": {
            "order_id": {"type": "string"},
            "left_cents": {"type": "integer"},
            "summary": {"type": "string"},
        },
        "required": ["order_id", "left_cents", "summary"],
    }
    said = await talk.say("refund 5 euros of order ORD-000042", output=schema)
    told = json.loads(said)
    assert (told["order_id"], told["left_cents"]) == ("ORD-000042", 4_500)
    assert told["summary"].startswith("refund: ")


async def test_a_structured_answer_that_is_not_known_is_asked_for(talk):
    """No form is filled for its own sake."""
    schema = {
        "type": "object",
        "properties": {"satisfaction": {"type": "integer", "description": "From 1 to 5"}},
        "required": ["satisfaction"],
    }
    said = await talk.say("refund 5 euros of order ORD-000042", output=schema)
    assert "satisfaction (From 1 to 5)" in said
    assert said.endswith("?")


async def test_text_comes_word_by_word():
    """As that of a real model does."""
    request = replace(asks("Good morning"), is_streamed=True)
    *parts, reply = [part async for part in Offline().reply(request)]
    assert len(parts) == len(reply.message.text.split())


async def test_told_to_wind_up_it_answers_with_what_was_done(talk):
    """The loop says so as the user, and lets it call nothing."""
    await talk.say("show me order ORD-000042")
    said = await talk.say("No further calls are possible. Answer now.", choice="none")
    assert said.startswith("get_order: id ORD-000042")


async def test_a_request_that_is_too_long_is_not_read():
    """Whoever writes it must not keep everybody else waiting."""
    request = asks("1" * 100_000 + " refund 5 euros of order ORD-000042", REFUND)
    message = (await whole(Offline(), request)).message
    assert message.calls == ()
    assert "too long" in message.text
    assert Offline().route(request).tool is None

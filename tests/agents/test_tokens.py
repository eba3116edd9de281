"""Tokens are told without a tokenizer: rather too many than too few, and within bounds."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.agents.context.tokens import (
    estimate,
    most_of,
    most_tokens_of,
    standing_tokens,
    tokens_of,
)
from highroad.domain.model import ModelCall, ModelMessage, OfferedTool, ToolMessage, UserMessage

SAMPLES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "data" / "tokens" / "samples.jsonl")
    .read_text("utf-8")
    .splitlines()
]
NAMED = [f"{sample['kind']}-{number}" for number, sample in enumerate(SAMPLES)]
EVERYDAY = {"prose", "code", "json", "json_compact", "rows", "german", "french"}


@pytest.mark.parametrize("sample", SAMPLES, ids=NAMED)
def test_no_text_takes_more_tokens_than_it_is_taken_for(sample):
    """In the vocabulary of today's models; an older one is met where its texts are Latin."""
    estimated = estimate(sample["text"])
    assert sample["o200k_base"] <= estimated <= 2.2 * sample["o200k_base"]
    if sample["kind"] in EVERYDAY:
        assert sample["cl100k_base"] <= estimated


def test_of_everyday_texts_three_quarters_too_many_is_the_most():
    for sample in SAMPLES:
        if sample["kind"] in EVERYDAY:
            assert estimate(sample["text"]) <= 1.75 * sample["o200k_base"], sample["kind"]


@given(st.text(max_size=200) | st.text("aA1 \n\0,\x01", max_size=60))
def test_what_a_text_takes_at_most_is_known_by_its_length(text):
    assert 0 < estimate(text) <= most_of(text)


@pytest.mark.parametrize("text", ["\0" * 500, "\x01" * 500, "\u200b" * 500, "\U000e0041" * 500])
def test_what_nobody_sees_is_counted(text):
    assert estimate(text) >= 250


def test_all_of_a_message_is_counted():
    call = ModelCall(id="c1", tool="get_order", arguments='{"order_id": "ORD-000042"}')
    messages = [
        UserMessage(text="refund it"),
        ModelMessage(text="let me see", calls=(call,), native=b"x" * 300),
        ToolMessage(id="c1", tool="get_order", content='{"state": "paid"}'),
    ]
    for message in messages:
        assert tokens_of(message) <= most_tokens_of(message)
    user, model, result = map(tokens_of, messages)
    assert user > estimate("refund it")
    assert model > estimate("let me see") + estimate(call.arguments) + 100
    assert result > estimate('{"state": "paid"}')


def test_tools_are_counted_with_their_schemas():
    tool = OfferedTool(
        name="get_order",
        description="Read an order.",
        input_schema={"type": "object", "properties": {"order_id": {"type": "string"}}},
    )
    alone = standing_tokens("You help customers.")
    assert standing_tokens("You help customers.", [tool]) > alone + estimate("get_order") + 20


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", ["x" * 400_000, "7" * 400_000, "ü " + "x" * 400_000])
def test_a_long_row_of_one_kind_is_read_once(text):
    """A model or a tool may write it, and every other run would wait meanwhile."""
    assert estimate(text) > 50_000

"""Effects are counted by the bodies that were run, and not by what the ledger says."""

import pytest

from highroad import ToolContext, ToolError, tool
from highroad.testing import Effects, FakeClock, Fault, Faults, Rehearsal


@tool(tier="reversible", effect="idempotent")
async def refund(order_id: str, cents: int, context: ToolContext[None]) -> str:
    """Pay money back."""
    if cents > 1_000:
        raise ToolError("Too much.", applied=False)
    return f"refunded {cents}"


@tool(tier="reversible")
def note(text: str) -> str:
    """Write something down."""
    return text


@pytest.fixture
def rehearsal(effects):
    found = Rehearsal(refund, note)
    found.wrap(effects.around)
    return found


@pytest.fixture
def effects():
    return Effects()


async def test_a_body_that_ran_to_its_end_counts_with_what_it_was_given(rehearsal, effects):
    await rehearsal.call(refund, {"order_id": "1", "cents": 5})
    await rehearsal.call(refund, {"order_id": "2", "cents": 5})
    await rehearsal.call(note, {"text": "done"})
    assert effects.count("refund") == 2
    assert effects.count("refund", order_id="1") == 1
    assert effects.count("refund", order_id="1", to="bob") == 0
    assert effects.count("note", text="done") == 1
    assert [each.tool for each in effects.applied] == ["refund", "refund", "note"]
    assert effects.applied[0].arguments == {"order_id": "1", "cents": 5}


async def test_what_was_answered_without_a_body_does_not_count(rehearsal, effects):
    for _ in range(2):
        outcome = await rehearsal.call(refund, {"order_id": "1", "cents": 5}, run="one")
    await rehearsal.call(refund, {"order_id": "1", "cents": "five"})
    assert outcome.is_repeated
    assert effects.count("refund") == effects.begun("refund") == 1


async def test_a_body_that_raised_was_begun(rehearsal, effects):
    await rehearsal.call(refund, {"order_id": "1", "cents": 5_000})
    assert (effects.begun("refund"), effects.count("refund")) == (1, 0)


async def test_what_was_tried_again_with_one_key_is_one_for_the_other_side(rehearsal, effects):
    rehearsal.clock = FakeClock(autojump=True)
    lost = Fault(
        on="refund", raises=ToolError("No answer.", retryable=True), is_late=True, attempts={1}
    )
    with Faults(lost, clock=rehearsal.clock).injected(await rehearsal.start()):
        await rehearsal.call(refund, {"order_id": "1", "cents": 5})
    await rehearsal.call(refund, {"order_id": "2", "cents": 5})
    assert (effects.count("refund"), effects.keys("refund")) == (3, 2)
    assert effects.keys("refund", order_id="1") == 1


async def test_a_runtime_is_counted_until_the_block_ends(effects):
    rehearsal = Rehearsal(note)
    with effects.counted(await rehearsal.start()):
        await rehearsal.call(note, {"text": "one"})
    await rehearsal.call(note, {"text": "two"})
    assert effects.count("note") == 1

"""Assertions about what runs called, in words that show what was called instead."""

import pytest

from highroad import Principal, ToolError, tool
from highroad.domain.entry import EntryKind
from highroad.domain.error import HighroadError
from highroad.testing import Calls, RanCall, Rehearsal, ran


@tool(tier="read")
async def get_order(order_id: str) -> str:
    """Look an order up."""
    return f"{order_id} is paid"


@tool(tier="reversible")
async def refund(order_id: str, cents: int) -> str:
    """Pay money back."""
    if cents > 1_000:
        raise ToolError("Too much.", applied=False)
    return f"refunded {cents}"


@tool(tier="irreversible")
async def wipe(table: str) -> str:
    """Wipe a table."""
    return table


ORDER = {"order_id": "ORD-1"}


@pytest.fixture
async def calls():
    """Of two runs: a look and three refunds, one of them repeated and one too large; a wipe."""
    rehearsal = Rehearsal(get_order, refund, wipe)
    await rehearsal.call(get_order, ORDER, run="one")
    for cents in (500, 500, 9_000):
        await rehearsal.call(refund, {**ORDER, "cents": cents}, run="one")
    await rehearsal.call(wipe, {"table": "orders"}, run="two")
    await rehearsal.call("drop_all", {}, run="two")
    return await ran(rehearsal)


async def test_what_was_called_is_read_from_the_ledger_with_its_arguments(calls):
    assert [(each.tool, each.status) for each in calls] == [
        ("get_order", "completed"),
        ("refund", "completed"),
        ("refund", "completed"),
        ("refund", "failed"),
        ("wipe", "held"),
        ("drop_all", "refused"),
    ]
    assert [each.arguments for each in calls][:2] == [ORDER, {**ORDER, "cents": 500}]
    assert [each.is_repeated for each in calls][1:3] == [False, True]


async def test_what_holds_is_asserted_word_by_word(calls):
    calls.called("refund").with_(cents=500).before("wipe").after("get_order").times(2)
    calls.called("refund", cents=9_000).once().ended("failed")
    calls.called("refund", cents=lambda cents: cents < 1_000)
    calls.called("wipe").ended("held").once()
    calls.not_called("notify")
    calls.not_called("refund", cents=1)
    calls.not_called("wipe", columns="all")
    assert len(calls.called("refund").with_(order_id="ORD-1", cents=500)) == 2


TRAIL = """
  1. get_order(order_id='ORD-1'): completed
  2. refund(cents=500, order_id='ORD-1'): completed
  3. refund(cents=500, order_id='ORD-1'): completed, repeated
  4. refund(cents=9000, order_id='ORD-1'): failed (execution_error)
  5. wipe(table='orders'): held (tier_irreversible)
  6. drop_all: refused (unknown_tool)"""


@pytest.mark.parametrize(
    ("claim", "told"),
    [
        (lambda calls: calls.called("notify"), "notify was not called"),
        (lambda calls: calls.called("refund", cents=5), "refund(cents=5) was not called"),
        (
            lambda calls: calls.called("refund").with_(cents=500, to="bob"),
            "refund(cents=500, to='bob') was not called",
        ),
        (lambda calls: calls.not_called("refund"), "refund was called 3 times"),
        (
            lambda calls: calls.not_called("refund", cents=500),
            "refund(cents=500) was called twice",
        ),
        (
            lambda calls: calls.called("refund", cents=500).once(),
            "refund(cents=500) was called twice, and not once",
        ),
        (
            lambda calls: calls.called("wipe").ended("completed"),
            "no call of wipe is completed",
        ),
        (
            lambda calls: calls.called("wipe").ended("held", "denied"),
            "no call of wipe is held (denied)",
        ),
        (
            lambda calls: calls.called("refund").before("get_order"),
            "refund was not called before get_order",
        ),
        (
            lambda calls: calls.called("refund").after("wipe"),
            "refund was not called after wipe",
        ),
        (
            lambda calls: calls.called("refund").before("notify", to="bob"),
            "refund was not called before notify(to='bob'): notify(to='bob') never was",
        ),
    ],
)
async def test_what_does_not_hold_is_told_with_what_was_called_instead(calls, claim, told):
    with pytest.raises(AssertionError) as raised:
        claim(calls)
    assert str(raised.value) == f"{told}. Called were:{TRAIL}"


async def test_where_nothing_was_called_that_is_told():
    with pytest.raises(AssertionError, match=r"^refund was not called\. Nothing was\.$"):
        Calls.of(()).called("refund")


async def test_long_values_are_shown_in_part():
    call = RanCall(
        call_id="c", run_id="r", tool="say", arguments={"text": "x" * 900}, status="completed"
    )
    with pytest.raises(AssertionError) as raised:
        Calls.of((call,)).called("wipe")
    assert len(str(raised.value)) < 250


async def test_one_run_is_asked_about_by_its_id_with_those_below_it():
    rehearsal = Rehearsal(get_order, refund)
    first = await rehearsal.call(get_order, ORDER, run="one")
    await rehearsal.call(refund, {**ORDER, "cents": 1}, run="below", parent="one")
    await rehearsal.call(refund, {**ORDER, "cents": 2}, run="deeper", parent="below")
    await rehearsal.call(refund, {**ORDER, "cents": 3}, run="beside")
    run_id = (await rehearsal.audit.explain(first.call_id)).run_id
    found = await ran(rehearsal, run_id)
    assert [each.arguments.get("cents") for each in found] == [None, 1, 2]


async def test_a_real_runtime_is_asked_about_one_run_at_a_time():
    rehearsal = Rehearsal(get_order)
    outcome = await rehearsal.call(get_order, ORDER)
    runtime = await rehearsal.start()
    run_id = (await runtime.audit.explain(outcome.call_id)).run_id
    (await ran(runtime, run_id)).called("get_order").once()
    with pytest.raises(HighroadError, match="say which run"):
        await ran(runtime)


async def test_another_organization_is_read_by_one_of_its_own():
    rehearsal = Rehearsal(get_order, principal=Principal("ann", "acme"))
    await rehearsal.call(get_order, ORDER)
    (await ran(rehearsal, organization="acme")).called("get_order")


@pytest.mark.parametrize(
    ("raw", "arguments"),
    [
        ('{"order_id": "ORD-1", "cents": "five"}', {"order_id": "ORD-1", "cents": "five"}),
        ('{"order_id": "ORD-1", ', '{"order_id": "ORD-1", '),
        ("[1]", "[1]"),
    ],
    ids=["wrong", "malformed", "no object"],
)
async def test_arguments_that_were_turned_down_are_there_as_they_came(raw, arguments):
    rehearsal = Rehearsal(refund)
    await rehearsal.call("refund", raw)
    (call,) = (await ran(rehearsal)).called("refund").ended("refused", "invalid_arguments")
    assert call.arguments == arguments


async def test_looking_is_recorded_as_always():
    rehearsal = Rehearsal(get_order)
    await rehearsal.call(get_order, ORDER)
    await ran(rehearsal)
    kinds = [entry.kind for entry in await rehearsal.store.entries()]
    assert kinds.count(EntryKind.REVEALED) == 1

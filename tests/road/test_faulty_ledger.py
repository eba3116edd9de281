"""A ledger that cannot be written: no effect without an intent on disk, and all are answered."""

import contextlib
import json

import pytest

from highroad import Held, ToolContext, tool
from highroad.domain.error import DecisionRefused, LedgerError

pytestmark = [pytest.mark.promise("P2"), pytest.mark.promise("P5")]

WRITES = 12


@pytest.fixture
def tools(effects, request):
    """They look for their intent on disk before they act."""

    def make(here):
        async def act(name):
            intents = {body["call"] for body in here.durable() if body["kind"] == "call.intent"}
            effects[name] += 1
            effects["without intent"] += not intents
            return name

        @tool(tier="read")
        async def look(name: str) -> str:
            effects[name] += 1
            return name

        @tool(tier="reversible", effect="repeatable")
        async def touch(name: str) -> str:
            return await act(name)

        @tool(tier="reversible", effect="idempotent")
        async def charge(name: str) -> str:
            return await act(name)

        @tool(tier="reversible")
        async def pay(name: str) -> str:
            return await act(name)

        @tool(tier="irreversible")
        async def wire(name: str) -> str:
            return await act(name)

        return [look, touch, charge, pay, wire]

    return make


@pytest.fixture
async def here(world, faulty, tools):
    where = world(wrap=faulty)
    where.durable = lambda: [
        json.loads(entry.body) for entry in where.ledger.entries if entry.call_id
    ]
    where.tools = tools(where)
    return where


async def make_calls(here, run):
    outcomes = []
    for each in here.tools:
        outcome = await here.call(each, {"name": each.__name__}, run=run)
        if isinstance(outcome, Held):
            await approve(here, outcome)
            outcome = await here.wait(outcome.call_id)
        outcomes.append(outcome)
    return outcomes


async def approve(here, held):
    for _ in range(3):
        with contextlib.suppress(LedgerError, DecisionRefused):
            await here.approve(held)


@pytest.mark.parametrize("run", [None, "r"])
@pytest.mark.parametrize("span", [1, 2])
async def test_whichever_write_fails_nothing_runs_unrecorded_and_all_is_well_afterwards(
    here, effects, run, span
):
    for failing in range(1, WRITES):
        effects.clear()
        here.ledger = type(here.ledger)()
        await here.open()
        start = here.store.appends
        first = range(start + failing, start + failing + span)
        here.store.fails = lambda number, broken=first: number in broken
        outcomes = await make_calls(here, run)
        assert effects["without intent"] == 0
        assert all(
            outcome.status in {"completed", "refused", "unknown", "failed", "held"}
            for outcome in outcomes
        )
        assert all(count <= 1 for count in effects.values())
        here.store.fails = lambda number: False
        again = await make_calls(here, run)
        for each, before, after in zip(here.tools, outcomes, again, strict=True):
            name = each.__name__
            if name in {"pay", "wire"} and before.status == "unknown" and run:
                assert after.status == "unknown"
            else:
                assert after.status == "completed", (failing, name, before, after)
            if name in {"pay", "wire"} and run:
                assert effects[name] == 1
        await here.services.ledger.writer.flush()
        left = await here.check()
        assert not left or run is None
        await here.reopen()
        for held in await here.check():
            assert (await here.wait(held)).status == "completed"


@pytest.mark.parametrize("run", [None, "r"])
async def test_while_the_ledger_cannot_be_written_every_call_is_refused(here, effects, run):
    await here.open()
    await make_calls(here, run)
    effects.clear()
    here.store.fails = lambda number: True
    first_read = await here.call(here.tools[0], {"name": "x"}, run=run)
    with pytest.raises(LedgerError):  # a read rides: the failure shows with its commit
        await here.services.ledger.writer.flush()
    outcomes = [await here.call(each, {"name": "y"}, run=run) for each in here.tools]
    assert first_read.status in {"completed", "refused"}
    assert {outcome.error.code for outcome in outcomes} == {"ledger_unavailable"}
    assert {outcome.status for outcome in outcomes} == {"refused"}
    assert effects["y"] == 0
    assert all(outcome.error.retryable for outcome in outcomes)
    here.store.fails = lambda number: False
    outcomes = [await here.call(each, {"name": "z"}, run=run) for each in here.tools[:-1]]
    assert {outcome.status for outcome in outcomes} == {"completed"}
    assert not await here.check()


async def test_a_run_that_is_new_is_refused_too_while_nothing_can_be_written(here, effects):
    await here.open()
    here.store.fails = lambda number: True
    await here.call(here.tools[0], {"name": "x"})
    with pytest.raises(LedgerError):  # a read rides: the failure shows with its commit
        await here.services.ledger.writer.flush()
    for each in here.tools:
        outcome = await here.call(each, {"name": "y"}, run="new")
        assert outcome.error.code == "ledger_unavailable"
    assert effects["y"] == 0


async def test_a_call_from_inside_is_refused_too(world, faulty):
    seen = []

    @tool(tier="reversible")
    async def inner(name: str) -> str:
        seen.append("ran")
        return name

    @tool(tier="read")
    async def outer(name: str, context: ToolContext[None]) -> str:
        here.store.fails = lambda number: True
        seen.append((await context.call(inner, {"name": name})).error.code)
        return name

    here = await world(inner, outer, wrap=faulty).open()
    outcome = await here.call(outer, {"name": "a"})
    assert outcome.status == "completed"
    assert seen == ["ledger_unavailable"]

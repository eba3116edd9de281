"""What a runtime records of itself, and lets go of, beside its calls."""

import asyncio
from dataclasses import replace

import pytest

from highroad import Principal, Runtime, tool
from highroad.domain.entry import EntryKind
from highroad.domain.identity import Delegate
from highroad.domain.policy import Line, PolicyRules
from highroad.ledger.history import read_body
from highroad.settings import load
from highroad.testing import Rehearsal

ALICE = Principal("alice", name="Alice")


@tool(tier="read")
async def look(name: str) -> str:
    """Look at something."""
    return name


@tool(tier="irreversible", ask="args.cents > 100")
async def pay(cents: int) -> str:
    """Pay somebody."""
    return f"{cents}"


def settings(*allowed):
    return replace(load(), policy=PolicyRules(allow=tuple(map(Line, allowed))))


async def loaded(*allowed):
    """Policy versions that the ledger has after it was opened under these rules."""
    async with Runtime.open(tools=[look], settings=settings(*allowed)) as runtime:
        return [policy.version for policy in (await runtime.audit.report()).policies]


async def test_other_rules_are_recorded_once_as_they_come_into_force():
    first = await loaded()
    assert first == ["none"]
    assert await loaded() == first
    second = await loaded("look")
    assert second[:1] == first
    assert len(second) == 2
    assert await loaded("look") == second
    assert sorted(await loaded()) == sorted([*second, "none"])


@pytest.fixture
async def rehearsal():
    rehearsal = Rehearsal(look, pay, principal=ALICE)
    yield rehearsal
    await (await rehearsal.start()).close()


@pytest.mark.promise("P12")
async def test_the_first_entry_of_every_call_says_who_what_and_by_which_rules(rehearsal):
    """Policy version, rules, definition, principal, delegation, trace, digest of the key."""
    via = (Delegate("planner"), Delegate("worker"))
    runtime = await rehearsal.start()
    read = await rehearsal.call(look, {"name": "a"}, delegation=via)
    paid = await rehearsal.call(pay, {"cents": 5}, delegation=via, key="k-1")
    held = await rehearsal.call(pay, {"cents": 500}, delegation=via, key="k-2")
    wrong = await rehearsal.call(pay, {"cents": "x"}, delegation=via)
    await runtime.approvals.approve(held.approval_id, by=ALICE)
    await rehearsal.wait(held.call_id)
    await runtime.flush()
    for call in (read, paid, held, wrong):
        entries = await rehearsal.store.entries(call_id=call.call_id)
        bodies = [read_body(entry) for entry in entries]
        opening = bodies[0]
        assert opening["policy"] == "none"
        assert opening["rules"]
        assert len(opening["definition"]) == 64
        assert opening["principal"].startswith("usr_")
        assert opening["delegation"] == ["planner", "worker"]
        assert len(opening["trace"]) == 32
        if call in (paid, held):
            assert len(opening["key"]) == 64
        for body in bodies:
            assert (body["call"], body["run"]) == (call.call_id, opening["run"])
        decided = [body for body in bodies if body["kind"] == EntryKind.DECIDED]
        assert all(body["by"] and body["saw"] and body["at"] for body in decided)
        assert len(decided) == (call is held)


@pytest.mark.promise("P7")
async def test_the_owner_lets_payloads_go_by_their_age(rehearsal):
    runtime = await rehearsal.start()
    call = await rehearsal.call(look, {"name": "a"})
    await runtime.flush()
    assert rehearsal.store.ledger.payloads
    rehearsal.clock.advance(29 * 86_400)
    await runtime._start()  # noqa: SLF001 - a rehearsal does not start by itself
    for _ in range(50):
        await asyncio.sleep(0)
    assert rehearsal.store.ledger.payloads == {}
    assert (await runtime.audit.explain(call.call_id)).erased_ms is not None

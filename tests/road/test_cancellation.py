"""A caller who goes away at any moment: the call still ends, once, and holds nothing back."""

import asyncio
import contextlib

import anyio
import pytest

from highroad import Limits, ToolError, tool
from highroad.testing import ScriptedVerifier
from highroad.testing.clock import FakeClock

pytestmark = [pytest.mark.promise("P3"), pytest.mark.promise("P6")]

STEPS = 120


@pytest.fixture
def tools(effects, turns):
    """One per way through the road; each gives others their turn around its effect."""

    async def act(name):
        await turns(2)
        effects[name] += 1
        await turns(2)
        return effects[name]

    @tool(tier="read", cache_s=9, cost=0.001)
    async def look(name: str) -> int:
        return await act(name)

    @tool(tier="reversible", effect="repeatable", cost=0.001)
    async def touch(name: str) -> int:
        return await act(name)

    @tool(tier="reversible", effect="idempotent", cost=0.001)
    async def charge(name: str) -> int:
        return await act(name)

    @tool(tier="reversible", per_minute=9, cost=0.001)
    async def pay(name: str) -> int:
        return await act(name)

    @tool(tier="irreversible", cost=0.001)
    async def wire(name: str) -> int:
        return await act(name)

    return {"look": look, "touch": touch, "charge": charge, "pay": pay, "wire": wire}


async def cancelled_after(steps, work, turns):
    """What `work` brings when it is cancelled after so many rounds; `None` if it was in time."""
    task = asyncio.ensure_future(work)
    await turns(steps)
    was_done = task.done()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        return await task, was_done
    return None, was_done


async def last_end(here):
    ends = [body for body in await here.bodies() if body["kind"] == "call.ended"]
    return ends[-1] if ends else None


@pytest.mark.parametrize("name", ["look", "touch", "charge", "pay"])
@pytest.mark.parametrize("run", ["r", None])
async def test_a_call_that_is_cancelled_at_any_step_ends_once_and_frees_what_it_held(
    world, dawdling, tools, effects, turns, name, run
):
    for steps in range(STEPS):
        effects.clear()
        here = await world(tools[name], wrap=dawdling).open()
        outcome, was_done = await cancelled_after(
            steps, here.call(tools[name], {"name": "a"}, run=run), turns
        )
        await turns(30)
        assert not await here.check()
        end = await last_end(here)
        if outcome is not None:
            assert end["status"] == outcome.status
        elif end is not None and end["status"] == "cancelled":
            assert effects["a"] == 0 or name in {"look", "touch"}
        ran = effects["a"]
        if run is not None:
            account = await here.account("r")
            expected = 0 if end is None or end["cost"] == 0 else 1
            assert account.calls == expected
        after = await here.call(tools[name], {"name": "a"}, run=run)
        if name in {"charge", "pay"} and run is not None:
            assert effects["a"] <= 1
            assert after.status == ("completed" if end is None or ran == 0 else end["status"]) or (
                after.status == "unknown"
            )
        else:
            assert after.status == "completed"
        if was_done:
            break
    else:
        pytest.fail("the call never came to its end")


async def test_a_call_that_is_cancelled_as_it_is_put_before_people_asks_nobody(
    world, dawdling, tools, turns
):
    for steps in range(STEPS):
        here = await world(tools["wire"], wrap=dawdling).open()
        outcome, was_done = await cancelled_after(
            steps, here.call(tools["wire"], {"name": "a"}, run="r"), turns
        )
        await turns(30)
        opened = await here.check()
        waiting = await here.desk.list()
        assert {each.call_id for each in waiting} == opened
        if outcome is None:
            assert not waiting
        assert (await here.call(tools["wire"], {"name": "a"}, run="r")).status == "held"
        if was_done:
            break
    else:
        pytest.fail("the call never came to its end")


async def test_who_stops_waiting_for_an_approved_call_does_not_stop_it(
    world, dawdling, tools, effects, turns
):
    for steps in range(STEPS):
        effects.clear()
        here = await world(tools["wire"], wrap=dawdling).open()
        held = await here.call(tools["wire"], {"name": "a"}, run="r")
        await here.approve(held)
        _, was_done = await cancelled_after(steps, here.wait(held.call_id), turns)
        outcome = await here.wait(held.call_id)
        assert outcome.unwrap() == 1
        assert effects["a"] == 1
        assert not await here.check()
        if was_done:
            break
    else:
        pytest.fail("the call never came to its end")


async def test_a_second_cancellation_changes_nothing(world, dawdling, tools, turns, effects):
    for steps in range(0, STEPS, 3):
        for pause in (0, 1, 2, 4):
            here = await world(tools["pay"], wrap=dawdling).open()
            calls = [
                asyncio.ensure_future(here.call(tools["pay"], {"name": "a"}, run="r"))
                for _ in range(2)
            ]
            await turns(steps)
            calls[0].cancel()
            await turns(pause)
            calls[0].cancel()
            await asyncio.wait(calls)
            assert not calls[1].cancelled()
            assert calls[1].result().status in {"completed", "cancelled", "unknown"}
            await turns(30)
            assert not await here.check()


async def test_whoever_waits_for_a_slot_and_goes_gives_everything_back(world, tools, turns):
    gate = asyncio.Event()

    @tool(tier="reversible", cost=0.01)
    async def slow(name: str) -> str:
        await gate.wait()
        return name

    here = await world(slow, limits=Limits(parallel=2)).open()
    calls = [asyncio.ensure_future(here.call(slow, {"name": str(n)}, run="r")) for n in range(5)]
    await turns(30)
    calls[4].cancel()
    calls[2].cancel()
    await turns(30)
    gate.set()
    await asyncio.wait(calls)
    account = await here.account("r")
    assert (account.calls, account.microusd) == (3, 30_000)
    assert not await here.check()


async def test_between_attempts_a_cancelled_call_keeps_its_proof(world, turns):
    @tool(tier="reversible")
    async def busy(name: str) -> str:
        raise ToolError("busy", applied=False, retryable=True)

    here = await world(busy).open()
    await cancelled_after(30, here.call(busy, {"name": "a"}, run="r"), turns)
    end = await last_end(here)
    assert (end["status"], end["proof"]) == ("cancelled", "tool_said")


async def test_a_verifier_that_waits_can_be_called_off(world, turns, verifying):
    class Asking(ScriptedVerifier):
        async def verify(self, case):
            await asyncio.Event().wait()

    @tool(tier="reversible")
    async def pay(name: str) -> str:
        return name

    here = await world(pay, clock=FakeClock(), settings=verifying(), verifier=Asking()).open()
    outcome, _ = await cancelled_after(90, here.call(pay, {"name": "a"}), turns)
    assert outcome is None
    assert (await last_end(here))["proof"] == "not_started"
    assert not await here.check()


@pytest.mark.promise("P2")
async def test_reads_that_are_called_off_while_the_writer_is_behind_have_their_end(
    world, turns, limits
):
    class Gated:
        def __init__(self, store):
            self._store = store
            self.gate = asyncio.Event()
            self.gate.set()

        def __getattr__(self, name):
            return getattr(self._store, name)

        async def append(self, entries, *, fence):
            await self.gate.wait()
            return await self._store.append(entries, fence=fence)

    @tool(tier="read")
    async def look(number: int) -> int:
        return number

    here = await world(look, wrap=Gated, limits=limits()).open()
    here.store.gate.clear()
    calls = [asyncio.ensure_future(here.call(look, {"number": n})) for n in range(900)]
    await turns(10)
    for call in calls:
        call.cancel()
    await turns(10)
    here.store.gate.set()
    await asyncio.wait(calls)
    await turns(10)
    assert not await here.check()


async def test_a_scope_that_ends_a_call_is_the_callers_and_not_the_bodys(world, turns):
    @tool(tier="reversible")
    async def pay(name: str) -> str:
        await asyncio.Event().wait()

    here = await world(pay).open()
    with anyio.move_on_after(0.01) as scope:
        await here.call(pay, {"name": "a"})
    await turns(10)
    assert scope.cancelled_caught
    assert (await last_end(here))["code"] == "outcome_unknown"
    assert not await here.check()

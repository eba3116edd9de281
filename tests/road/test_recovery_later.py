"""Calls in flight when their process died, whose tool comes only while the next one is open.

What becomes of each is what becomes of it where the tool is there from the beginning.
"""

import asyncio
import json
import re

import pytest

from highroad import Principal, Runtime, ToolContext, tool
from highroad.domain.error import DecisionRefused, NotRecorded

pytestmark = pytest.mark.promise("P11")

BOB = Principal("bob", authenticated=True)
STRANGER = Principal("eve", "globex", authenticated=True)
DAY_S = 86_400
CLASSES = ("repeatable", "idempotent", "checkable", "unprotected")


class Clerk:
    """A tool whose body never comes back the first time, and what it did."""

    def __init__(self, effect, says=True, **options):
        self.keys = []
        self.says = says
        if effect == "checkable":
            options = {"probe": lambda key: self.says, **options}

        @tool(**{"tier": "reversible", "effect": effect, "cost": 0.03, **options})
        async def work(number: int, context: ToolContext[None]) -> int:
            self.keys.append(context.idempotency_key)
            if len(self.keys) == 1:
                await asyncio.Event().wait()
            return len(self.keys)

        self.work = work


@tool(tier="reversible", cost=0.01)
async def other(number: int) -> int:
    """Another tool, which is always there."""
    return number


@pytest.fixture
async def killed(world, turns):
    """A world whose process died with a call of a clerk's tool in flight."""
    lost = []

    async def kill(clerk, **circumstances):
        here = await world(clerk.work, other).open()
        lost.append(asyncio.ensure_future(here.call(clerk.work, {"number": 1}, **circumstances)))
        await turns(40)
        await here.services.ledger.writer.flush()
        (here.call_id,) = await here.store.open_calls()
        await here.crash()
        return here

    yield kill
    for each in lost:
        each.cancel()
    await asyncio.gather(*lost, return_exceptions=True)


async def bring(here, *tools):
    """What `Runtime.add` does, and the watches of a runtime behind it."""
    here.runtime.add(*tools)
    await here.assembly.waiting.take_up()


async def without_its_tool(here):
    here.tools = (other,)
    await here.open()
    return here


async def said(here):
    """The records of the call, but for ids, digests and times."""
    bodies = [
        {name: each for name, each in body.items() if name not in {"at", "opened", "latency_us"}}
        for body in await here.bodies(here.call_id)
    ]
    return re.sub(r"\b[a-z]+_[0-9a-z]{26}|[0-9a-f]{64}", "…", json.dumps(bodies))


@pytest.mark.parametrize("run", [None, "r"])
@pytest.mark.parametrize(
    ("effect", "says"),
    [*((effect, True) for effect in CLASSES), ("checkable", False), ("checkable", None)],
)
@pytest.mark.parametrize("after_s", [0, DAY_S])
async def test_it_becomes_of_a_call_what_becomes_of_it_with_its_tool_from_the_beginning(
    killed, effect, says, run, after_s
):
    records, runs = [], []
    for is_later in (False, True):
        clerk = Clerk(effect, says)
        here = await killed(clerk, run=run)
        here.clock.advance(after_s)
        if is_later:
            await without_its_tool(here)
            await bring(here, clerk.work)
        else:
            await here.open()
        assert not await here.check()
        assert not here.services.abandoned.calls
        records.append(await said(here))
        runs.append((len(clerk.keys), len(set(clerk.keys)), run and await here.account(run)))
    assert records[0] == records[1]
    assert runs[0] == runs[1]


@pytest.mark.parametrize("effect", CLASSES)
async def test_a_process_without_its_tool_leaves_it_to_one_that_has_it(killed, effect):
    clerk = Clerk(effect)
    here = await killed(clerk)
    for _ in range(3):
        await without_its_tool(here)
        assert not here.settled
        assert await here.check() == {here.call_id}
        assert [each.standing for each in await here.runtime.unsettled()] == ["abandoned"]
        assert not [
            e for e in await here.runtime.unsettled(with_open=True) if e.standing != "abandoned"
        ]
        await here.crash()
    here.tools = (clerk.work, other)
    await here.open()
    (outcome,) = here.settled
    assert outcome.status == ("unknown" if effect == "unprotected" else "completed")


@pytest.mark.promise("P6")
async def test_while_it_waits_it_counts_in_full_and_keeps_its_key(killed):
    clerk = Clerk("idempotent")
    here = await without_its_tool(await killed(clerk, run="r"))
    account = await here.account("r")
    assert (account.calls, account.microusd) == (1, 30_000)

    @tool(name="work", version="2", tier="reversible", effect="idempotent")
    async def newer(number: int) -> int:
        """The same in other words, under the same name."""
        return 7

    await bring(here, newer)
    again = await here.call("work", {"number": 1}, run="r")
    assert (again.status, again.error.code) == ("unknown", "outcome_unknown")
    assert await here.check() == {here.call_id}
    await bring(here, clerk.work)
    assert (await here.call("work", {"number": 1}, run="r")).unwrap() == 2
    assert len(clerk.keys) == 2


async def test_who_asks_for_it_is_answered_and_changes_nothing(killed):
    here = await without_its_tool(await killed(Clerk("idempotent")))
    before = await here.bodies()
    asked = await here.wait(here.call_id)
    assert (asked.status, asked.call_id) == ("unknown", here.call_id)
    assert await here.bodies() == before


async def test_who_waits_for_it_goes_on_when_its_tool_comes(killed, turns):
    clerk = Clerk("idempotent")
    here = await without_its_tool(await killed(clerk))
    waiting = asyncio.ensure_future(here.wait(here.call_id, timeout_s=None))
    await turns()
    assert not waiting.done()
    await bring(here, clerk.work)
    assert (await waiting).unwrap() == 2


async def test_who_waits_for_a_tool_that_never_comes_is_told_in_the_end(killed, turns):
    here = await without_its_tool(await killed(Clerk("repeatable")))
    waiting = asyncio.ensure_future(here.wait(here.call_id, timeout_s=None))
    await turns()
    here.clock.advance(here.services.limits.abandoned_s)
    assert (await waiting).status == "unknown"
    assert not await here.check()


async def test_a_call_whose_tool_never_comes_ends_as_unknown_and_is_never_run_again(killed):
    clerk = Clerk("idempotent")
    here = await without_its_tool(await killed(clerk, run="r"))
    here.clock.advance(here.services.limits.abandoned_s - 1)
    await here.assembly.waiting.take_up()
    assert await here.check() == {here.call_id}
    here.clock.advance(1)
    await here.assembly.waiting.take_up()
    assert not await here.check()
    assert [each.standing for each in await here.runtime.unsettled()] == ["unknown"]
    await bring(here, clerk.work)
    assert (await here.call(clerk.work, {"number": 1}, run="r")).status == "unknown"
    assert len(clerk.keys) == 1


@pytest.mark.parametrize("applied", [True, False])
async def test_a_person_may_settle_it_before_its_tool_comes(killed, applied):
    clerk = Clerk("idempotent")
    here = await without_its_tool(await killed(clerk, run="r"))
    settle, named = here.runtime.settle, {"applied": applied, "reason": "the bank says so"}
    with pytest.raises(NotRecorded):
        await settle(here.call_id, by=STRANGER, **named)
    with pytest.raises(DecisionRefused):
        await settle(here.call_id, by=BOB, applied=applied, reason=" ")
    assert await here.check() == {here.call_id}
    await settle(here.call_id, by=BOB, **named)
    assert not await here.check()
    assert not await here.runtime.unsettled()
    await bring(here, clerk.work)
    again = await here.call(clerk.work, {"number": 1}, run="r")
    assert (again.status, again.is_repeated) == ("completed", applied)
    assert len(clerk.keys) == (1 if applied else 2)


async def test_the_same_call_right_behind_its_tool_joins_it(killed):
    clerk = Clerk("idempotent")
    here = await without_its_tool(await killed(clerk, run="r"))
    here.runtime.add(clerk.work)
    again = await here.call(clerk.work, {"number": 1}, run="r")
    assert (again.unwrap(), again.is_repeated) == (2, True)
    await here.assembly.waiting.take_up()
    assert len(clerk.keys) == 2
    assert not await here.check()


async def test_a_tool_of_another_class_by_now_does_not_run_again(killed):
    here = await without_its_tool(await killed(Clerk("idempotent")))
    changed = Clerk("repeatable")
    await bring(here, changed.work)
    assert (await here.wait(here.call_id)).status == "unknown"
    assert not changed.keys


@pytest.mark.parametrize("effect", CLASSES)
async def test_settling_it_may_die_too(killed, turns, effect):
    clerk = Clerk(effect)
    here = await killed(clerk)
    for steps in range(0, 30, 3):
        await without_its_tool(here)
        bringing = asyncio.ensure_future(bring(here, clerk.work))
        await turns(steps)
        bringing.cancel()
        await asyncio.wait([bringing])
        await here.crash()
    await without_its_tool(here)
    await bring(here, clerk.work)
    assert not await here.check()
    assert len(set(clerk.keys)) == 1
    assert len(clerk.keys) == 1 or effect in {"repeatable", "idempotent"}


async def test_what_bodies_had_called_is_settled_with_it(world, turns, effects):
    @tool(tier="reversible", effect="idempotent")
    async def inner(number: int) -> int:
        effects["inner"] += 1
        if effects["inner"] == 1:
            await asyncio.Event().wait()
        return effects["inner"]

    @tool(tier="reversible", effect="repeatable")
    async def outer(number: int, context: ToolContext[None]) -> int:
        effects["outer"] += 1
        return (await context.call(inner, {"number": number})).unwrap()

    here = await world(inner, outer, other).open()
    lost = asyncio.ensure_future(here.call(outer, {"number": 1}))
    await turns(60)
    await here.reopen(other)
    assert len(await here.check()) == 2
    await bring(here, inner, outer)
    assert effects == {"inner": 2, "outer": 2}
    assert not await here.check()
    lost.cancel()
    await asyncio.gather(lost, return_exceptions=True)


@pytest.mark.parametrize("word", ["approve", "reject"])
async def test_a_held_call_that_is_decided_without_its_tool_goes_on_with_it(world, word):
    clerk = Clerk("idempotent", tier="irreversible")
    clerk.keys.append("never hangs")
    here = await world(clerk.work, other).open()
    held = await here.call(clerk.work, {"number": 1}, run="r")
    await here.reopen(other)
    await getattr(here, word)(held)
    await here.assembly.waiting.sweep()
    assert not await here.runtime.unsettled()
    await bring(here, clerk.work)
    again = await here.wait(held.call_id)
    assert again.status == ("completed" if word == "approve" else "refused")
    assert len(clerk.keys) == (2 if word == "approve" else 1)


async def test_a_runtime_settles_it_by_itself_when_its_tool_is_added(killed, turns):
    clerk = Clerk("idempotent")
    here = await without_its_tool(await killed(clerk))
    runtime = Runtime(here.assembly)
    await runtime._start()  # noqa: SLF001 - as `Runtime.open` does, which takes no parts
    runtime.add(clerk.work)
    await turns(100)
    assert not await here.store.open_calls()
    await runtime.close()
    assert len(clerk.keys) == 2

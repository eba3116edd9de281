"""A process that dies in the middle of a call, and the next one on its ledger (P11)."""

import asyncio
import signal
import subprocess
import sys
from contextlib import closing

import apsw
import pytest

from highroad import Runtime, ToolContext, ToolError, tool
from highroad.domain.error import LedgerOwned

pytestmark = pytest.mark.promise("P11")


@pytest.fixture
def keys():
    """What bodies were handed, run by run."""
    return []


@pytest.fixture
def dying(effects, keys):
    """A tool that never comes back the first time; later it does what `later` says."""

    def make(effect, later=None, **options):
        async def body(context):
            effects["body"] += 1
            keys.append(context.idempotency_key)
            if effects["body"] == 1:
                await asyncio.Event().wait()
            if later is not None:
                raise later
            return effects["body"]

        @tool(**{"tier": "reversible", "effect": effect, "cost": 0.03, **options})
        async def work(number: int, context: ToolContext[None]) -> int:
            return await body(context)

        return work

    return make


@pytest.fixture
def killed(world, turns):
    """The world after its process died with a call of `work` in flight."""

    async def kill(work, **circumstances):
        here = await world(work).open()
        lost = asyncio.ensure_future(here.call(work, {"number": 1}, **circumstances))
        await turns(40)
        await here.services.ledger.writer.flush()
        await here.crash()
        here.lost = lost
        return here

    return kill


async def end_all(here):
    here.lost.cancel()
    await asyncio.gather(here.lost, return_exceptions=True)


async def test_a_repeatable_tool_runs_again(dying, killed, effects):
    here = await (await killed(dying("repeatable"))).open()
    assert [outcome.value for outcome in here.settled] == [2]
    assert not await here.check()
    await end_all(here)


async def test_an_idempotent_tool_runs_again_with_the_same_key(dying, killed, keys):
    here = await (await killed(dying("idempotent"))).open()
    assert [outcome.value for outcome in here.settled] == [2]
    first, second = keys
    assert first == second
    assert first is not None
    await end_all(here)


async def test_an_idempotent_tool_whose_key_is_honoured_no_longer_is_unknown(
    dying, killed, effects
):
    here = await killed(dying("idempotent", honoured_s=60))
    here.clock.advance(60)
    await here.open()
    assert [outcome.status for outcome in here.settled] == ["unknown"]
    assert effects["body"] == 1
    await end_all(here)


@pytest.mark.parametrize(
    ("answer", "status"), [(True, "completed"), (False, "failed"), (None, "unknown")]
)
async def test_a_checkable_tool_is_asked(dying, killed, effects, keys, answer, status):
    asked = []

    def probe(key):
        asked.append(key)
        return answer

    here = await (await killed(dying("checkable", probe=probe), run="r")).open()
    (outcome,) = here.settled
    assert outcome.status == status
    assert asked == keys[:1]
    again = await here.call("work", {"number": 1}, run="r")
    assert again.status == {"failed": "completed"}.get(status, status)
    assert effects["body"] == (2 if answer is False else 1)
    assert not await here.check()
    await end_all(here)


@pytest.mark.parametrize("run", [None, "r"])
async def test_an_unprotected_tool_is_unknown_and_never_runs_again(dying, killed, effects, run):
    here = await (await killed(dying("unprotected"), run=run, key="k")).open()
    assert [outcome.status for outcome in here.settled] == ["unknown"]
    for _ in range(2):
        assert (await here.call("work", {"number": 1}, run=run, key="k")).status == "unknown"
        await here.reopen()
        assert not here.settled
    assert effects["body"] == 1
    await end_all(here)


async def test_a_read_is_over_and_not_run_again(dying, killed, effects):
    here = await (await killed(dying("repeatable", tier="read"))).open()
    assert [outcome.error.code for outcome in here.settled] == ["interrupted"]
    assert effects["body"] == 1
    assert not await here.check()
    await end_all(here)


@pytest.mark.promise("P3")
async def test_what_a_second_run_proves_says_nothing_of_the_first(dying, killed):
    here = await killed(dying("idempotent", later=ToolError("no", applied=False)))
    await here.open()
    assert [outcome.status for outcome in here.settled] == ["unknown"]
    await end_all(here)


@pytest.mark.promise("P3")
@pytest.mark.parametrize(("tier", "status"), [("reversible", "unknown"), ("read", "failed")])
async def test_a_call_of_a_tool_that_is_gone_does_not_keep_the_ledger_shut(
    dying, killed, tier, status
):
    @tool(tier="read")
    async def other() -> int:
        return 1

    here = await killed(dying("repeatable", tier=tier))
    (call_id,) = await here.store.open_calls()
    await here.reopen(other)
    assert (await here.call(other, {})).unwrap() == 1
    here.clock.advance(here.services.limits.abandoned_s)
    await here.assembly.waiting.take_up()
    assert (await here.wait(call_id)).status == status
    assert not await here.check()
    await end_all(here)


@pytest.mark.promise("P3")
async def test_a_call_whose_run_was_erased_does_not_keep_the_ledger_shut(dying, killed, effects):
    here = await killed(dying("idempotent"))
    here.ledger.run_keys.clear()
    await here.open()
    assert [outcome.status for outcome in here.settled] == ["unknown"]
    assert effects["body"] == 1
    await end_all(here)


async def test_a_tool_of_another_class_by_now_is_not_run_again(dying, killed, effects):
    here = await killed(dying("unprotected"))
    here.tools = (dying("repeatable"),)
    await here.open()
    assert [outcome.status for outcome in here.settled] == ["unknown"]
    assert effects["body"] == 1
    await end_all(here)


async def test_a_probe_whose_dependencies_cannot_be_made_knows_nothing(world, turns, effects):
    class Shop:
        pass

    def shop():
        if effects["body"]:
            raise OSError
        return Shop()

    def probe(key, context: ToolContext[Shop]):
        return True

    @tool(tier="reversible", effect="checkable", probe=probe)
    async def work(number: int, context: ToolContext[Shop]) -> int:
        effects["body"] += 1
        await asyncio.Event().wait()

    here = await world(work, deps={Shop: shop}).open()
    here.lost = asyncio.ensure_future(here.call(work, {"number": 1}))
    await turns(40)
    await here.reopen()
    assert [outcome.status for outcome in here.settled] == ["unknown"]
    await end_all(here)


@pytest.mark.promise("P6")
@pytest.mark.parametrize("effect", ["idempotent", "unprotected"])
async def test_what_a_recovered_call_cost_counts_in_every_process(dying, killed, effect):
    here = await (await killed(dying(effect), run="r")).open()
    for _ in range(2):
        account = await here.account("r")
        assert (account.proposals, account.calls, account.microusd) == (1, 1, 30_000)
        await here.reopen()
    await end_all(here)


async def test_calls_that_a_body_had_made_are_settled_with_it(world, turns, effects):
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

    here = await world(inner, outer).open()
    here.lost = asyncio.ensure_future(here.call(outer, {"number": 1}))
    await turns(60)
    await here.reopen()
    assert effects == {"inner": 2, "outer": 2}
    assert [outcome.value for outcome in here.settled] == [2]
    assert not await here.check()
    await end_all(here)


async def test_an_approved_call_that_died_at_its_intent_is_settled_like_any_other(
    world, turns, effects
):
    @tool(tier="irreversible", effect="idempotent")
    async def wire(number: int) -> int:
        effects["x"] += 1
        if effects["x"] == 1:
            await asyncio.Event().wait()
        return effects["x"]

    here = await world(wire).open()
    held = await here.call(wire, {"number": 1}, run="r")
    await here.approve(held)
    here.lost = asyncio.ensure_future(here.wait(held.call_id))
    await turns(40)
    await here.reopen()
    assert [outcome.value for outcome in here.settled] == [2]
    assert (await here.wait(held.call_id)).unwrap() == 2
    assert not await here.check()
    await end_all(here)


async def test_a_key_whose_age_the_clock_cannot_tell_is_not_used(dying, killed, effects):
    here = await killed(dying("idempotent", honoured_s=3_600))
    here.clock.set_back(7_200)
    await here.open()
    assert [outcome.status for outcome in here.settled] == ["unknown"]
    assert effects["body"] == 1
    await end_all(here)


async def test_a_key_is_used_no_longer_than_it_is_honoured_though_attempts_are_left(
    dying, killed, effects
):
    class BusyError(Exception):
        pass

    work = dying("idempotent", later=BusyError(), honoured_s=60, attempts=9, transient=(BusyError,))
    here = await killed(work)
    here.clock.advance(59.99)
    await here.open()
    assert [outcome.status for outcome in here.settled] == ["unknown"]
    assert effects["body"] == 2
    await end_all(here)


async def test_a_probe_waits_from_the_death_of_the_process_and_not_from_the_intent(
    world, turns, effects
):
    asked = []

    def probe(key):
        asked.append(here.clock.now_ms())
        return True

    @tool(tier="reversible", effect="checkable", probe=probe, settle_after_s=30)
    async def work(number: int) -> int:
        effects["body"] += 1
        await asyncio.Event().wait()

    here = await world(work).open()
    here.lost = asyncio.ensure_future(here.call(work, {"number": 1}))
    await turns(40)
    await here.services.ledger.writer.flush()
    here.clock.advance(50)  # the effect may come as late as this
    died_ms = here.clock.now_ms()
    opening = asyncio.ensure_future(here.reopen())
    await turns(60)
    assert not asked
    here.clock.advance(30)
    await opening
    assert [at - died_ms for at in asked] == [30_000]
    assert [outcome.status for outcome in here.settled] == ["completed"]
    await end_all(here)


async def test_calls_that_wait_for_their_probes_wait_together(world, turns):
    asked = []

    @tool(tier="reversible", effect="checkable", probe=asked.append, settle_after_s=30)
    async def work(number: int) -> int:
        await asyncio.Event().wait()

    here = await world(work).open()
    lost = [asyncio.ensure_future(here.call(work, {"number": each})) for each in range(5)]
    await turns(60)
    await here.services.ledger.writer.flush()
    opening = asyncio.ensure_future(here.reopen())
    await turns(60)
    here.clock.advance(30)
    await opening
    assert len(asked) == 5
    for each in lost:
        each.cancel()
    await asyncio.gather(*lost, return_exceptions=True)


@pytest.mark.parametrize("effect", ["repeatable", "idempotent", "checkable", "unprotected"])
async def test_recovery_that_dies_itself_is_begun_again(dying, killed, keys, turns, effect):
    options = {"probe": lambda key: True} if effect == "checkable" else {}
    here = await killed(dying(effect, **options))
    for steps in range(0, 30, 3):
        opening = asyncio.ensure_future(here.open())
        await turns(steps)
        opening.cancel()
        await asyncio.wait([opening])
        await here.crash()
    await here.open()
    assert not await here.check()
    assert len(set(keys)) == 1
    assert len(keys) == 1 or effect in {"repeatable", "idempotent"}
    await end_all(here)


PROGRAM = """
import asyncio, sys
from pathlib import Path
from highroad import Runtime, tool

def declared(effect):
    async def work(number: int) -> int:
        with Path(f"{effect}.count").open("a") as file:
            file.write("x")
        print(effect, flush=True)
        await asyncio.Event().wait()
    options = {"probe": lambda key: True} if effect == "checkable" else {}
    return tool(name=effect, tier="reversible", effect=effect, **options)(work)

async def main():
    tools = [declared(effect) for effect in sys.argv[1:]]
    async with Runtime.open("sqlite:///ledger.db", tools=tools) as runtime:
        await asyncio.gather(*(runtime.call(each, {"number": 1}) for each in tools))

asyncio.run(main())
"""
CLASSES = ["repeatable", "idempotent", "checkable", "unprotected"]


@pytest.fixture
def driving(tmp_path):
    """A process in the middle of one call of each class."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *CLASSES], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    ) as process:
        assert {process.stdout.readline().strip() for _ in CLASSES} == set(CLASSES)
        yield process
        process.kill()


def again(tmp_path, effect):
    async def work(number: int) -> int:
        with (tmp_path / f"{effect}.count").open("a") as file:
            file.write("x")
        return number

    options = {"probe": lambda key: True} if effect == "checkable" else {}
    return tool(name=effect, tier="reversible", effect=effect, **options)(work)


@pytest.mark.promise("P2")
async def test_a_process_that_is_killed_leaves_every_effect_on_record(driving, tmp_path):
    driving.send_signal(signal.SIGKILL)
    driving.wait()
    tools = [again(tmp_path, effect) for effect in CLASSES]
    async with Runtime.open("sqlite:///ledger.db", tools=tools) as runtime:
        explained = {}
        for effect in CLASSES:
            ids = await _calls_of(effect)
            assert len(ids) == 1
            explained[effect] = (await runtime.audit.explain(ids[0])).status
    counted = {effect: len((tmp_path / f"{effect}.count").read_text()) for effect in CLASSES}
    completed = dict.fromkeys(CLASSES, "completed")
    assert explained == {**completed, "unprotected": "unknown"}
    assert counted == {"repeatable": 2, "idempotent": 2, "checkable": 1, "unprotected": 1}


async def _calls_of(name):
    # By the library that has it open: another one would take its locks away as it closes.
    with closing(apsw.Connection("ledger.db", flags=apsw.SQLITE_OPEN_READONLY)) as ledger:
        return [row[0] for row in ledger.execute("SELECT id FROM tool_call WHERE tool = ?", [name])]


async def test_a_second_process_in_the_middle_of_a_call_settles_nothing_and_is_refused(
    driving, tmp_path
):
    tools = [again(tmp_path, effect) for effect in CLASSES]
    async with Runtime.open("sqlite:///ledger.db", tools=tools) as runtime:
        assert runtime.owner_pid == driving.pid
        with pytest.raises(LedgerOwned, match=str(driving.pid)):
            await runtime.call(tools[0], {"number": 2})
        with pytest.raises(LedgerOwned, match=str(driving.pid)):
            await runtime.wait("call_any")
        for effect in CLASSES:
            (call_id,) = await _calls_of(effect)
            assert (await runtime.audit.explain(call_id)).status == "running"
    for effect in CLASSES:
        assert len((tmp_path / f"{effect}.count").read_text()) == 1
    assert driving.poll() is None


HOLDING = """
import asyncio
from highroad import Runtime, tool

@tool
async def wire(cents: int) -> int:
    return cents

async def main():
    async with Runtime.open("sqlite:///ledger.db", tools=[wire]) as runtime:
        held = await runtime.call(wire, {"cents": 7})
        print(held.approval_id, flush=True)
        print((await runtime.wait(held.call_id)).unwrap(), flush=True)

asyncio.run(main())
"""


@pytest.fixture
def holding(tmp_path):
    """A process that waits for people."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    ) as process:
        yield process
        process.kill()


@pytest.mark.promise("P4")
async def test_a_person_approves_from_a_second_process_while_the_first_waits(holding):
    approval_id = holding.stdout.readline().strip()
    async with Runtime.open("sqlite:///ledger.db") as runtime:
        assert runtime.owner_pid == holding.pid
        await runtime.approvals.approve(approval_id, by=runtime.principal)
    assert holding.stdout.readline().strip() == "7"
    assert holding.wait() == 0

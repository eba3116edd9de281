"""A run below has a part of what the one above may do and use, whatever it tries."""

import sqlite3
from contextlib import closing

import pytest

from highroad import Agent, Limits, Member, tool
from highroad.domain.error import DeclarationError
from highroad.domain.run import RunStatus
from highroad.testing import ScriptedModel, call


@pytest.fixture
def note(effects):
    @tool(tier="reversible", effect="idempotent")
    def note(number: int) -> int:
        """Note a number."""
        effects["note", number] += 1
        return number

    return note


@pytest.fixture
def wipe(effects):
    @tool(tier="reversible", effect="idempotent")
    def wipe(number: int) -> int:
        """Wipe a number out."""
        effects["wipe", number] += 1
        return number

    return wipe


def over(member, *script, name="boss", **parts):
    """An agent that hands on to one other, by a script."""
    script = script or (call(f"ask_{member.name}", task="Do it."), "Done.")
    return Agent(
        name=name,
        tools=(),
        team=[member],
        model=ScriptedModel(*script, by_turn=True),
        **parts,
    )


def clerk(*script, name="clerk", **parts):
    return Agent(name=name, model=ScriptedModel(*script, by_turn=True, name="paid:model"), **parts)


async def test_a_tool_outside_the_chain_is_denied_and_the_chain_stands_in_the_ledger(
    scene, note, wipe, effects, tmp_path
):
    """A model below may name what it likes: the tool is not there for it."""
    low = clerk(call("wipe", number=1), "I could not.", tools=[note])
    top = over(over(low, name="chief"))
    stage = await scene(top, tools=[wipe], path=tmp_path / "ledger.db")
    run = await stage.run("boss")
    assert run.status is RunStatus.COMPLETED
    assert not effects
    await stage.runtime.flush()
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as ledger:
        rows = ledger.execute(
            "SELECT delegation, status, rule FROM tool_call JOIN tool_result ON id = call_id "
            "WHERE tool_call.tool = 'wipe'"
        ).fetchall()
    rule = "delegate.boss.tools: no pattern fits"
    assert rows == [('["boss","chief","clerk"]', "refused", rule)]
    (body,) = [each for each in await stage.bodies("call.ended") if "wipe" in str(each)]
    explained = await stage.runtime.audit.explain(body["call"])
    assert explained.delegation == ("boss", "chief", "clerk")


async def test_a_member_has_no_more_tools_than_it_is_given(scene, note, wipe, effects):
    low = clerk([call("note", number=1), call("wipe", number=1)], "Noted.", tools=[note, wipe])
    stage = await scene(over(Member(low, tools=[note])))
    run = await stage.run("boss")
    assert run.result == "Done."
    assert effects == {("note", 1): 1}
    offered = [each.name for each in low.model.requests[0].tools]
    assert offered == ["note"]


async def test_what_a_member_was_given_bounds_all_below_it_and_it_keeps_its_team(
    scene, note, wipe, effects
):
    low = clerk([call("note", number=1), call("wipe", number=1)], "Noted.", tools=[note, wipe])
    chief = over(low, name="chief")
    stage = await scene(over(Member(chief, tools=[note])))
    assert (await stage.run("boss")).result == "Done."
    assert effects == {("note", 1): 1}


async def test_bounds_of_a_member_hold_in_a_run_that_another_process_resumes(scene, wipe, effects):
    """They stand in the record: neither a crash nor new code widens them."""

    @tool(tier="irreversible", effect="idempotent")
    def pay(cents: int) -> str:
        """Pay."""
        effects["pay", cents] += 1
        return "paid"

    def made(bound):
        low = clerk(
            call("pay", cents=5), call("wipe", number=1), "Paid.", tools=[pay, wipe], iterations=9
        )
        return over(bound(low))

    stage = await scene(made(lambda low: Member(low, tools=[pay])))
    held = await stage.run("boss")
    await stage.approve(held)
    await stage.reopen(made(lambda low: low))
    run = await stage.resume(held)
    assert run.result == "Done."
    assert effects == {("pay", 5): 1}


async def test_a_part_outlives_the_process_that_gave_it(scene, effects):
    """Two requests were allowed: the second is the last, though the code now says nothing."""

    @tool(tier="irreversible", effect="idempotent")
    def pay(cents: int) -> str:
        """Pay."""
        effects["pay", cents] += 1
        return "paid"

    def made(bound):
        low = clerk(*[call("pay", cents=5)] * 4, "Paid.", tools=[pay])
        return over(bound(low))

    stage = await scene(made(lambda low: Member(low, iterations=2)))
    held = await stage.run("boss")
    await stage.approve(held)
    again = made(lambda low: low)
    await stage.reopen(again)
    await stage.resume(held)
    ends = {body["agent"]: body["status"] for body in await stage.bodies("run.ended")}
    assert ends["clerk"] == "max_steps_exceeded"
    assert len(again.team[0].model.requests) == 1


async def test_a_strategy_below_cannot_hand_on_beyond_its_team(scene, note, effects):
    """Code is bound like a model: the way to another agent is a tool that it has not."""
    outcomes = []

    async def greedy(leg):
        outcomes.append(await leg.call("ask_other", {"task": "Note it."}))
        return "?"

    low = Agent(name="clerk", tools=(), strategy=greedy, model=ScriptedModel())
    other = clerk(call("note", number=1), "Noted.", name="other", tools=[note])
    stage = await scene(over(low), over(other, name="another"))
    await stage.run("boss")
    assert outcomes[0].status == "refused"
    assert not effects
    runs = [body["agent"] for body in await stage.bodies("run.started")]
    assert runs == ["boss", "clerk"]


async def test_a_run_below_has_no_more_requests_than_the_one_above(scene, note):
    low = clerk(*[call("note", number=number) for number in range(20)], tools=[note], iterations=20)
    stage = await scene(over(low, iterations=2))
    assert (await stage.run("boss")).status is RunStatus.COMPLETED
    assert len(low.model.requests) == 2


async def test_a_member_has_no_more_requests_than_it_is_given(scene, note):
    low = clerk(*[call("note", number=number) for number in range(20)], tools=[note])
    stage = await scene(over(Member(low, iterations=3)))
    await stage.run("boss")
    assert len(low.model.requests) == 3


@pytest.mark.promise("P6")
async def test_what_a_run_below_uses_counts_above(scene, note):
    """Two requests above and two below, at 120 tokens each."""
    low = clerk(call("note", number=1), "Noted.", tools=[note])
    stage = await scene(over(low))
    run = await stage.run("boss")
    usage = await stage.store.usage(run.id, at_ms=stage.clock.now_ms())
    assert usage.spent.used.tokens == 4 * 120
    assert usage.spent.used.calls == 2


@pytest.mark.promise("P6")
@pytest.mark.parametrize(
    ("bounds", "code"), [({"tokens": 1_300}, "tokens"), ({"usd": 0.018}, "usd")]
)
async def test_a_member_uses_no_more_than_its_part(scene, note, bounds, code):
    """Its first request fits, the second does not; the one above has room and goes on."""
    numbers = [call("note", number=number) for number in range(9)]
    low = clerk(*numbers, tools=[note])
    limits = Limits(tokens=1_000_000, usd=100.0, calls_per_tool=100)
    stage = await scene(over(Member(low, **bounds)), limits=limits)
    run = await stage.run("boss")
    assert run.status is RunStatus.COMPLETED
    ends = {body["agent"]: body for body in await stage.bodies("run.ended")}
    assert ends["clerk"]["status"] == "budget_exceeded"
    assert code in ends["clerk"]["code"]
    assert len(low.model.requests) < 9


@pytest.mark.promise("P6")
async def test_a_member_makes_no_more_calls_than_its_part(scene, note, effects):
    low = clerk([call("note", number=number) for number in range(5)], "Noted.", tools=[note])
    stage = await scene(over(Member(low, calls=2)))
    await stage.run("boss")
    assert sum(effects.values()) == 2


@pytest.mark.promise("P6")
async def test_a_part_larger_than_what_is_above_is_none(scene, note, effects):
    low = clerk([call("note", number=number) for number in range(5)], "Noted.", tools=[note])
    limits = Limits(calls=3, calls_per_tool=100)
    stage = await scene(over(Member(low, calls=1_000, usd=99.0)), limits=limits)
    await stage.run("boss")
    assert sum(effects.values()) == 2  # the third call was the one that handed on


@pytest.mark.parametrize(
    "bounds", [{"iterations": 0}, {"calls": -1}, {"tokens": -1}, {"usd": -0.5}], ids=str
)
def test_bounds_that_no_run_could_keep_to_are_turned_down(bounds):
    with pytest.raises(DeclarationError, match="clerk"):
        Member(clerk(), **bounds)


async def test_the_same_work_handed_on_twice_at_once_is_done_once(scene, note, effects):
    low = clerk(call("note", number=1), "Noted.", tools=[note])
    twice = [call("ask_clerk", task="Do it."), call("ask_clerk", task="Do it.")]
    boss = over(low, twice, "Done.")
    stage = await scene(boss)
    assert (await stage.run("boss")).result == "Done."
    assert effects == {("note", 1): 1}
    assert len(low.model.requests) == 2
    told = [each.content for each in boss.model.requests[1].messages[-2:]]
    assert all('"result":"Noted."' in each for each in told)
    await stage.check()


async def test_the_same_work_handed_on_twice_waits_once_and_ends_once(scene, effects):
    @tool(tier="irreversible", effect="idempotent")
    def pay(cents: int) -> str:
        """Pay."""
        effects["pay", cents] += 1
        return "paid"

    def made():
        low = clerk(call("pay", cents=5), "Paid.", tools=[pay])
        twice = [call("ask_clerk", task="Do it."), call("ask_clerk", task="Do it.")]
        return over(low, twice, "Done.")

    stage = await scene(made())
    held = await stage.run("boss")
    assert len(held.holds) == 1
    await stage.approve(held)
    await stage.reopen(made())
    assert (await stage.resume(held)).result == "Done."
    assert effects == {("pay", 5): 1}
    await stage.check()

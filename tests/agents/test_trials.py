"""An agent on trial does nothing until a person who may promotes it, as it is, on record."""

from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from highroad import Agent, Principal, tool
from highroad.domain.entry import EntryKind
from highroad.domain.error import DecisionRefused
from highroad.domain.order import TrialOrder
from highroad.domain.trial import DAY_MS, CaseKind, Trial, TrialState
from highroad.ledger.authorship import authorship, post
from highroad.settings import load
from highroad.testing import ScriptedModel, call
from highroad.tools.declaring.fallback import Fallback

BOB = Principal("bob", authenticated=True)
ROOT = Principal("root", permissions=frozenset({"audit:erase"}), authenticated=True)
MALLORY = Principal("mallory")
ENTITLED = """
[grounding]
mode = "off"
[approvals.entitled.clerk]
tools = ["look"]
[approvals.entitled.lead]
"""


@pytest.fixture
def scene(scene):
    """Opens a scene whose scripts may say what nobody named: that is not what is shown here."""

    async def make(*agents, **parts):
        parts.setdefault("settings", load(Path.cwd(), {"HIGHROAD_GROUNDING_MODE": "off"}))
        return await scene(*agents, names=False, **parts)

    return make


@pytest.fixture
def paid(effects):
    @tool(tier="reversible")
    async def pay(cents: int) -> str:
        """Pay somebody."""
        effects["pay", cents] += 1
        return "paid"

    return pay


@pytest.fixture
def newcomer(paid):
    @tool(tier="read")
    async def look(what: str) -> str:
        """Look something up."""
        return what

    model = ScriptedModel(call("pay", cents=5), "Paid.", by_turn=True)
    return Agent(name="newcomer", model=model, tools=[look, paid], trial=Trial())


async def days_later(stage, days):
    await stage.clock.sleep(days * DAY_MS / 1_000)


@pytest.mark.promise("P3")
async def test_an_agent_on_trial_does_nothing_until_it_is_promoted(scene, newcomer, effects):
    stage = await scene(newcomer)
    assert (await stage.run("newcomer")).dry == "trial"
    await days_later(stage, 14)
    change = await stage.runtime.agents.promote(
        "newcomer", by=BOB, reason="It pays what it should."
    )
    assert (change.state, effects) == (TrialState.PROMOTED, {})
    assert (await stage.run("newcomer")).dry is None
    assert effects == {("pay", 5): 1}


async def test_a_promotion_is_on_record_and_its_reason_in_no_entry(scene, newcomer):
    stage = await scene(newcomer)
    run = await stage.run("newcomer")
    await stage.runtime.agents.promote("newcomer", by=BOB, reason="Enough seen.", early=True)
    (said,) = await stage.bodies(EntryKind.TRIAL)
    (begun,) = await stage.bodies(EntryKind.RUN_STARTED)
    assert (said["agent"], said["state"], said["early"]) == ("newcomer", "promoted", True)
    assert said["definition"] == begun["definition"]
    assert "Enough" not in str(said)
    stored = await stage.assembly.services.ledger.vault.open(said["run"], said["reason"])
    assert stored == b"Enough seen."
    assert run.dry == "trial"
    assert (await stage.runtime.audit.compare_tables()).holds


async def test_an_order_that_is_taken_twice_counts_once(scene, newcomer):
    """The owner may die between the entry and forgetting the order."""
    stage = await scene(newcomer)
    await stage.run("newcomer")
    said = await stage.runtime.agents.promote("newcomer", by=BOB, reason="Seen.", early=True)
    await stage.runtime.agents.demote("newcomer", by=BOB)
    ledger = stage.assembly.services.ledger
    again = TrialOrder(
        id=said.id,
        agent="newcomer",
        definition=said.definition,
        becomes=TrialState.PROMOTED,
        is_early=True,
        **authorship(ledger, BOB),
    )
    await post(ledger, again)
    await stage.assembly.inbox.empty()
    assert len(await stage.bodies(EntryKind.TRIAL)) == 2
    assert (await stage.run("newcomer")).dry == "trial"


async def test_before_its_days_are_over_a_promotion_takes_a_reason(scene, newcomer):
    stage = await scene(newcomer)
    agents = stage.runtime.agents
    with pytest.raises(DecisionRefused, match="has not run yet"):
        await agents.promote("newcomer", by=BOB)
    await stage.run("newcomer")
    await days_later(stage, 13)
    with pytest.raises(DecisionRefused, match=r"1[.]0 days yet"):
        await agents.promote("newcomer", by=BOB, reason="It is good.")
    with pytest.raises(DecisionRefused, match="needs a reason"):
        await agents.promote("newcomer", by=BOB, early=True)
    with pytest.raises(DecisionRefused, match="needs a reason"):
        await agents.promote("newcomer", by=BOB, reason=" \n", early=True)
    assert (await stage.run("newcomer")).dry == "trial"


async def test_who_is_not_checked_or_not_entitled_promotes_nobody(scene, newcomer):
    await anyio.Path("highroad.toml").write_text(ENTITLED, "utf-8")
    stage = await scene(newcomer, settings=load(Path.cwd(), {}))
    await stage.run("newcomer")
    agents = stage.runtime.agents
    with pytest.raises(DecisionRefused, match="checked who you are"):
        await agents.promote("newcomer", by=MALLORY, reason="!", early=True)
    clerk = Principal("carol", roles=frozenset({"clerk"}), authenticated=True)
    with pytest.raises(DecisionRefused, match="deciding about pay needs one of the roles lead"):
        await agents.promote("newcomer", by=clerk, reason="!", early=True)
    lead = replace(clerk, roles=frozenset({"lead"}))
    await agents.promote("newcomer", by=lead, reason="Seen.", early=True)
    assert (await stage.run("newcomer")).dry is None


async def test_who_may_not_decide_about_what_stands_in_for_a_tool_promotes_nobody(scene):
    await anyio.Path("highroad.toml").write_text(
        ENTITLED.replace('"look"', '"pay", "pay_later"'), "utf-8"
    )

    @tool(tier="privileged")
    async def overdraw(cents: int) -> str:
        """Take it from an account of ours."""
        return "taken"

    @tool(tier="reversible", fallback=[Fallback(to="overdraw")])
    async def pay_later(cents: int) -> str:
        """Promise to pay."""
        return "promised"

    @tool(tier="reversible", fallback=[Fallback(to="pay_later")])
    async def pay(cents: int) -> str:
        """Pay somebody."""
        return "paid"

    agent = Agent(name="newcomer", model=ScriptedModel("Yes."), tools=[pay], trial=Trial())
    tools = [pay, pay_later, overdraw]
    stage = await scene(agent, tools=tools, settings=load(Path.cwd(), {}))
    clerk = Principal("carol", roles=frozenset({"clerk"}), authenticated=True)
    with pytest.raises(DecisionRefused, match="deciding about overdraw needs one of the roles"):
        await stage.runtime.agents.promote("newcomer", by=clerk, reason="!", early=True)


async def test_an_agent_that_changes_is_on_trial_again(scene, newcomer, effects):
    """So it is where a member of its team does."""
    member = Agent(name="member", model=ScriptedModel("Yes."), tools=[])
    boss = replace(newcomer, team=[member])
    stage = await scene(boss)
    await stage.run("newcomer")
    await stage.runtime.agents.promote("newcomer", by=BOB, reason="Seen.", early=True)
    await stage.reopen()
    assert (await stage.run("newcomer")).dry is None
    await stage.reopen(replace(boss, team=[replace(member, instructions="Be bold.")]))
    assert (await stage.run("newcomer")).dry == "trial"
    await stage.reopen(replace(boss, instructions="Pay twice."))
    assert (await stage.run("newcomer")).dry == "trial"
    await stage.reopen(boss)
    assert (await stage.run("newcomer")).dry is None
    assert effects == {("pay", 5): 2}


async def test_an_agent_is_on_trial_again_where_what_stands_in_for_its_tool_changes(scene):
    def overdraw_of(tier):
        @tool(name="overdraw", tier=tier)
        async def overdraw(cents: int) -> str:
            """Take it from an account of ours."""
            return "taken"

        return overdraw

    @tool(tier="reversible", fallback=[Fallback(to="overdraw")])
    async def pay(cents: int) -> str:
        """Pay somebody."""
        return "paid"

    model = ScriptedModel("Yes.", by_turn=True)
    agent = Agent(name="newcomer", model=model, tools=[pay], trial=Trial())
    stage = await scene(agent, tools=[pay, overdraw_of("reversible")])
    await stage.run("newcomer")
    await stage.runtime.agents.promote("newcomer", by=BOB, reason="Seen.", early=True)
    await stage.reopen()
    assert (await stage.run("newcomer")).dry is None
    stage.tools = [pay, overdraw_of("privileged")]
    await stage.reopen()
    assert (await stage.run("newcomer")).dry == "trial"


async def test_a_demoted_agent_is_on_trial_and_its_time_begins_anew(scene, newcomer):
    stage = await scene(newcomer)
    agents = stage.runtime.agents
    await stage.run("newcomer")
    await days_later(stage, 15)
    await agents.promote("newcomer", by=BOB)
    with pytest.raises(DecisionRefused, match="promoted already"):
        await agents.promote("newcomer", by=BOB)
    await agents.demote("newcomer", by=BOB, reason="It paid too much.")
    assert (await stage.run("newcomer")).dry == "trial"
    with pytest.raises(DecisionRefused, match=r"14[.]0 days yet"):
        await agents.promote("newcomer", by=BOB)


async def test_one_organization_promotes_for_itself_alone(scene, newcomer):
    stage = await scene(newcomer)
    other = Principal("olga", "other", authenticated=True)
    await stage.runtime.agents.promote("newcomer", by=other, reason="Ours.", early=True)
    assert (await stage.run("newcomer")).dry == "trial"
    assert (await stage.run("newcomer", principal=other)).dry is None


async def test_a_run_that_began_on_trial_stays_dry_when_its_agent_is_promoted(scene, paid, effects):
    @tool(tier="reversible")
    async def later(what: str) -> str:
        """Do something later."""
        effects["later", what] += 1
        return what

    model = ScriptedModel(
        call("ask_clerk", task="Ask."), call("pay", cents=5), "Done.", by_turn=True
    )
    clerk = Agent(
        name="clerk",
        model=ScriptedModel(call("later", what="x"), "Yes.", by_turn=True),
        tools=[later],
    )
    agent = Agent(name="newcomer", model=model, tools=[paid], team=[clerk], trial=Trial())
    stage = await scene(agent)
    run = await stage.run("newcomer")
    await stage.runtime.agents.promote("newcomer", by=BOB, reason="Seen.", early=True)
    assert (await stage.resume(run)).dry == "trial"
    assert effects == {}


async def test_the_report_tells_what_would_have_been_done_and_what_is_worth_a_look(scene, paid):
    @tool(tier="irreversible")
    async def wipe(table: str) -> str:
        """Wipe a table."""
        return table

    @tool(tier="read")
    async def look(what: str) -> str:
        """Look something up."""
        return what

    @tool(tier="read")
    async def idle(what: str) -> str:
        """Is never called."""
        return what

    again = [call("pay", cents=5)] * 3
    model = ScriptedModel(
        [call("look", what="5"), *again, call("wipe", table="t"), call("pay", cents="five")],
        call("pay", cents=777),
        "Done.",
    )
    agent = Agent(name="newcomer", model=model, tools=[look, paid, wipe, idle], trial=Trial(days=7))
    stage = await scene(agent, settings=load(Path.cwd(), {}))
    run = await stage.run("newcomer", "Pay 5 cents and wipe t.")
    report = await stage.runtime.agents.report("newcomer")
    assert (report.runs, report.dry, report.unreadable, report.requests) == (1, 1, 0, 3)
    assert (report.state, report.ends_ms - report.began_ms) == ("on_trial", 7 * DAY_MS)
    told = {each.tool: each for each in report.tools}
    assert (told["look"].made, told["pay"].would_run, told["wipe"].would_ask) == (1, 3, 1)
    assert told["pay"].refused == {"invalid_arguments": 1, "ungrounded": 1}
    assert report.unused == ("idle",)
    assert {each.kind for each in report.cases} == {
        CaseKind.INVALID,
        CaseKind.UNGROUNDED,
        CaseKind.LOOP,
    }
    for case in report.cases:
        assert (await stage.runtime.audit.explain(case.call_id)).run_id == run.id


async def test_a_report_lives_on_when_what_was_said_is_erased(scene, newcomer, alice):
    stage = await scene(newcomer)
    await stage.run("newcomer")
    await stage.runtime.audit.erase(alice.id, by=ROOT)
    report = await stage.runtime.agents.report("newcomer")
    assert (report.runs, report.unreadable) == (1, 0)


async def test_another_process_leaves_its_word_with_the_owner_who_judges_it(scene, newcomer):
    owner = await scene(newcomer)
    await owner.run("newcomer")
    other = type(owner)(newcomer)
    other.ledger = owner.ledger
    await other.open()
    await other.runtime.agents.promote("newcomer", by=BOB, reason="Seen.", early=True)
    assert (await owner.run("newcomer")).dry == "trial"
    await owner.assembly.inbox.empty()
    await owner.assembly.inbox.empty()
    assert (await owner.run("newcomer")).dry is None
    assert len(await owner.bodies(EntryKind.TRIAL)) == 1
    await other.runtime.close()

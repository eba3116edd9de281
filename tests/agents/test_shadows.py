"""A shadow does what it would do beside a run, touches nothing of it, and is compared with it."""

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from highroad import Agent, Principal, tool
from highroad.agents.agent import Shadow
from highroad.agents.shadowing import is_chosen
from highroad.domain.entry import EntryKind
from highroad.domain.error import DeclarationError, HighroadError
from highroad.domain.identity import shadow_payer
from highroad.domain.limits import Scope
from highroad.domain.shadow import DisagreementKind
from highroad.domain.tool import Tier
from highroad.domain.verification import BudgetSpan, VerifierBudget, VerifierRules
from highroad.ledger.usage import LedgerUsage
from highroad.settings import load
from highroad.testing import ScriptedModel, ScriptedVerifier, approves, call
from highroad.testing.models import fails

BOB = Principal("bob", authenticated=True)
BUDGET = """
[grounding]
mode = "off"
[[budgets]]
scope = "organization"
window = "day"
calls = 3
[[budgets]]
scope = "user"
window = "day"
calls = 3
"""


class Hanging(ScriptedModel):
    """A model that never replies."""

    def __init__(self, **parts):
        super().__init__(**parts)
        self.asked, self.is_asked = 0, asyncio.Event()

    async def reply(self, request):
        self.asked += 1
        self.is_asked.set()
        await asyncio.Event().wait()
        yield  # pragma: no cover - never reached


@pytest.fixture
def scene(scene):
    """Opens a scene whose scripts may say what nobody named: that is not what is shown here."""

    async def make(*agents, **parts):
        parts.setdefault("settings", load(Path.cwd(), {"HIGHROAD_GROUNDING_MODE": "off"}))
        return await scene(*agents, names=False, **parts)

    return make


@pytest.fixture
def tools(effects):
    @tool(tier="read")
    async def look(what: str) -> str:
        """Look something up."""
        effects["look", what] += 1
        return what

    @tool(tier="reversible")
    async def pay(cents: int) -> str:
        """Pay somebody."""
        effects["pay", cents] += 1
        return "paid"

    @tool(tier="reversible")
    async def refund(cents: int) -> str:
        """Pay back."""
        effects["refund", cents] += 1
        return "refunded"

    return [look, pay, refund]


@pytest.fixture
def pair(tools):
    """An agent, and its shadow that plays another script."""

    def make(*lines, fraction=1.0, model=None, **parts):
        own = ScriptedModel(
            call("look", what="order"),
            call("pay", cents=5),
            call("look", what="receipt"),
            "Paid.",
            by_turn=True,
        )
        other = model or ScriptedModel(*lines, name="scripted:next", by_turn=True)
        shadow = Agent(name="support_next", model=other, tools=tools)
        return Agent(
            name="support",
            model=own,
            tools=tools,
            shadow=Shadow(shadow, fraction=fraction),
            **parts,
        )

    return make


LIKE = (call("look", what="order"), call("pay", cents=5), call("look", what="x"), "Paid.")


async def settled(stage):
    await stage.assembly.shadowing.settled()
    return await stage.runtime.agents.compare("support")


@pytest.mark.promise("P3")
async def test_a_shadow_goes_beside_each_run_and_does_nothing(scene, pair, effects):
    stage = await scene(pair(*LIKE))
    run = await stage.run("support")
    found = await settled(stage)
    assert effects == {
        ("look", "order"): 2,
        ("pay", 5): 1,
        ("look", "receipt"): 1,
        ("look", "x"): 1,
    }
    assert (found.runs, found.compared, found.same_order, found.same_arguments) == (1, 1, 1, 1)
    assert found.disagreements == ()
    own, beside = await stage.bodies(EntryKind.RUN_STARTED)
    assert (beside["shadow_of"], beside["dry"], beside["agent"]) == (
        run.id,
        "shadow",
        "support_next",
    )
    assert "dry" not in own
    await stage.check()


async def test_nothing_of_a_shadow_is_told_to_whoever_follows_the_run(scene, pair):
    stage = await scene(pair(*LIKE))
    events = [each async for each in stage.runtime.stream("support", "Go.", conversation="c")]
    await settled(stage)
    assert {each.run_id for each in events} == {events[0].run_id}
    agent = stage.agents[0]
    await stage.run("support", "More.", conversation="c")
    await settled(stage)
    for model in (agent.model, agent.shadow.agent.model):
        (last,) = [each for each in model.requests if len(each.messages) == 3][-1:]
        assert [message.text for message in last.messages[:2]] == ["Go.", "Paid."]


async def test_the_same_part_of_runs_is_shadowed_each_time(scene, pair):
    stage = await scene(pair(*LIKE, fraction=0.5))
    ids = [(await stage.run("support")).id for _ in range(12)]
    found = await settled(stage)
    assert found.runs == sum(is_chosen(each, 0.5) for each in ids)
    assert 0 < found.runs < len(ids)


async def test_no_run_is_chosen_of_no_part_and_every_one_of_all():
    ids = [f"run_{number}" for number in range(1_000)]
    assert [sum(is_chosen(each, part) for each in ids) for part in (0, 1)] == [0, 1_000]
    assert 400 < sum(is_chosen(each, 0.5) for each in ids) < 600


async def test_what_is_no_part_is_refused(pair):
    with pytest.raises(DeclarationError, match="from 0 to 1"):
        pair(fraction=1.5)


async def test_a_shadow_may_be_named_in_the_settings(scene, pair, tools):
    text = '[grounding]\nmode = "off"\n[shadows.support]\nagent = "support_next"\n'
    await anyio.Path("highroad.toml").write_text(text, "utf-8")
    agent = pair(*LIKE)
    own = Agent(name="support", model=agent.model, tools=tools)
    stage = await scene(own, agent.shadow.agent, settings=load(Path.cwd(), {}))
    await stage.run("support")
    assert (await settled(stage)).compared == 1


# -- apart --------------------------------------------------------------------------------------


def broken(what):
    match what:
        case "raises":
            return ScriptedModel(fails("denied"), name="scripted:next", by_turn=True)
        case "nonsense":
            return ScriptedModel(call("drop_all", x=1), "", name="scripted:next", by_turn=True)
        case "hangs":
            return Hanging(name="scripted:next")


@pytest.mark.parametrize("what", ["raises", "nonsense", "hangs"])
async def test_whatever_a_shadow_does_the_run_is_as_it_would_be_without(scene, pair, effects, what):
    stage = await scene(pair(model=broken(what)))
    run = await stage.run("support")
    assert (run.status, run.result, effects["pay", 5]) == ("completed", "Paid.", 1)


async def test_a_shadow_that_its_process_left_is_incomplete_until_it_is_resumed(scene, pair):
    stage = await scene(pair(model=Hanging(name="scripted:next")))
    await stage.run("support")
    await asyncio.sleep(0)
    await stage.assembly.shadowing.close()
    found = await stage.runtime.agents.compare("support")
    assert (found.runs, found.compared, found.incomplete) == (1, 0, 1)
    await stage.reopen(pair(*LIKE))
    begun = await stage.bodies(EntryKind.RUN_STARTED)
    (shadow_id,) = [body["run"] for body in begun if "shadow_of" in body]
    assert (await stage.resume(shadow_id)).dry == "shadow"
    found = await settled(stage)
    assert (found.runs, found.compared, found.incomplete) == (1, 1, 0)


@pytest.mark.promise("P6")
async def test_shadows_that_were_left_take_no_room_of_runs_that_go_on(scene):
    @tool(tier="reversible", ask="true")
    async def pay(cents: int) -> str:
        """Pay somebody."""
        is_paid.set()
        return "paid"

    is_paid = asyncio.Event()
    shadow = Agent(name="next", tools=[pay], model=(model := Hanging()))
    answers = ScriptedModel(call("pay", cents=5), "Paid.", by_turn=True)
    stage = await scene(Agent(name="support", tools=[pay], model=answers, shadow=shadow))
    for _ in range(20):  # more than are moved side by side
        run = await stage.run("support")
        await model.is_asked.wait()
        await stage.assembly.shadowing.close()
        await stage.reopen()
        model.is_asked.clear()
        model.asked = 0
    await stage.approve(run)
    stage.work = True
    await stage.reopen()
    with anyio.fail_after(30):
        await is_paid.wait()
    assert model.asked <= 2
    await stage.stop_working()
    await stage.assembly.shadowing.close()


async def test_a_shadow_takes_nothing_of_the_budgets_of_users_and_organizations(scene, pair):
    """Neither while it works, nor as the next process reads the ledger."""
    await anyio.Path("highroad.toml").write_text(BUDGET, "utf-8")
    stage = await scene(pair(*LIKE), settings=load(Path.cwd(), {}))
    assert (await stage.run("support")).status == "completed"
    assert (await settled(stage)).shadow_took.calls == 3
    keyring = stage.assembly.services.ledger.keyring
    payers = Counter(body["principal"] for body in await stage.bodies(EntryKind.MODEL_REPLIED))
    payer, own = keyring.opaque(shadow_payer("default")), keyring.opaque(stage.principal)
    assert payers == {payer: 4, own: 4}
    reader = LedgerUsage(stage.assembly.services.ledger)
    spent = [
        (await reader.spent(scope, whose, since_ms=0, until_ms=None)).total
        for scope, whose in [
            (Scope.USER, own),
            (Scope.ORGANIZATION, "default"),
            (Scope.USER, payer),
        ]
    ]
    assert [each.calls for each in spent] == [3, 3, 2]
    assert [each.proposals for each in spent] == [3, 3, 3]
    assert (await stage.runtime.audit.compare_tables()).holds


async def test_who_is_forgotten_is_forgotten_in_shadows_too(scene, pair, alice):
    root = Principal("root", permissions=frozenset({"audit:erase"}), authenticated=True)
    stage = await scene(pair(*LIKE))
    await stage.run("support", "Something private.")
    await settled(stage)
    plan = await stage.runtime.audit.erase(alice.id, by=root)
    assert len(plan.runs) == 2
    found = await stage.runtime.agents.compare("support")
    assert (found.runs, found.compared, found.unreadable) == (1, 0, 1)


# -- comparing ----------------------------------------------------------------------------------


CASES = {
    DisagreementKind.ARGUMENTS: (call("look", what="order"), call("pay", cents=8_400), "Paid."),
    DisagreementKind.EFFECT: (call("look", what="order"), call("refund", cents=5), "Done."),
    DisagreementKind.SELECTION: (call("pay", cents=5), "Paid."),
    DisagreementKind.REFUSAL: (call("look", what="order"), call("pay", cents="five"), "Paid."),
    DisagreementKind.END: (*LIKE[:2], fails("denied")),
}


@pytest.mark.parametrize("kind", CASES)
async def test_what_differs_is_told_without_its_values(scene, pair, kind):
    stage = await scene(pair(*CASES[kind]))
    run = await stage.run("support")
    found = await settled(stage)
    told = [each for each in found.disagreements if each.kind is kind]
    assert told
    assert {each.run_id for each in told} == {run.id}
    assert "8400" not in str(found)
    for each in told:
        for call_id in filter(None, (each.call_id, each.shadow_call_id)):
            assert (await stage.runtime.audit.explain(call_id)).tool == each.tool
    if kind is DisagreementKind.ARGUMENTS:
        assert told[0].pointers == ("/cents",)


@pytest.mark.promise("P7")
@pytest.mark.parametrize(
    ("arguments", "pointer"),
    [({"lines": {"ann@example.org": 5}}, "/lines"), ({"lines": {}, "ann@example.org": 5}, "")],
    ids=["of a free-form map", "that nobody declared"],
)
async def test_a_key_that_a_model_chose_is_a_value(scene, arguments, pointer):
    @tool(tier="reversible")
    async def order(lines: dict[str, int]) -> str:
        """Order things."""
        return "ordered"

    def agent(name, *lines, **parts):
        script = ScriptedModel(*lines, "Done.", by_turn=True)
        return Agent(name=name, model=script, tools=[order], **parts)

    shadow = agent("next", call("order", **arguments))
    stage = await scene(agent("support", call("order", lines={}), shadow=shadow))
    await stage.run("support")
    found = await settled(stage)
    (told,) = [each for each in found.disagreements if each.kind is DisagreementKind.ARGUMENTS]
    assert told.pointers == (pointer,)
    assert "ann@" not in str(found)


async def test_effects_that_only_one_proposes_come_first(scene, pair):
    lines = (call("look", what="other"), [call("pay", cents=6), call("refund", cents=1)], "Done.")
    stage = await scene(pair(*lines))
    await stage.run("support")
    found = await settled(stage)
    assert [each.kind for each in found.disagreements] == ["effect", "arguments", "arguments"]


async def test_a_run_that_was_spoken_to_is_said_to_have_diverged(scene, tools):
    shadow = Agent(name="support_next", model=ScriptedModel(*LIKE, by_turn=True), tools=tools)
    waits = asyncio.Event()

    class Slow(ScriptedModel):
        async def reply(self, request):
            await waits.wait()
            async for part in super().reply(request):
                yield part

    agent = Agent(name="support", model=Slow("One.", "Two.", "Three."), tools=tools, shadow=shadow)
    stage = await scene(agent)
    events = stage.runtime.stream("support", "Go.")
    begun = await anext(events)
    await stage.runtime.send(begun.run_id, "And more.")
    waits.set()
    async for _ in events:
        pass
    assert (await settled(stage)).diverged == 1


async def test_who_has_no_shadow_is_told_how_to_get_one(scene, tools):
    stage = await scene(Agent(name="support", model=ScriptedModel("Yes."), tools=tools))
    with pytest.raises(HighroadError, match=r"\[shadows.support\]"):
        await stage.runtime.agents.compare("support")


@pytest.mark.promise("P6")
async def test_a_shadow_takes_nothing_of_what_the_day_has_for_a_verifier(scene, pair):
    """One opinion a day is one for the runs of people, and one for shadows."""
    budget = VerifierBudget(per=BudgetSpan.DAY, calls=1)
    rules = VerifierRules(tiers=frozenset({Tier.REVERSIBLE}), budgets=(budget,))
    off = load(Path.cwd(), {"HIGHROAD_GROUNDING_MODE": "off"})
    verifier = ScriptedVerifier(approves(), approves(), approves())
    stage = await scene(pair(*LIKE), settings=replace(off, verifier=rules), verifier=verifier)
    run = await stage.run("support")
    found = await settled(stage)
    assert (run.result, found.same_arguments, len(found.disagreements)) == ("Paid.", 1, 0)
    reader = LedgerUsage(stage.assembly.services.ledger)
    keyring = stage.assembly.services.ledger.keyring
    whose = {
        Scope.ORGANIZATION: "default",
        Scope.USER: keyring.opaque(shadow_payer("default")),
    }
    for scope, who in whose.items():
        asked = await reader.asked("verifier", scope, who, since_ms=0, until_ms=None)
        assert asked.total.calls == 1

"""A dry run does nothing, whatever its model, its strategy, its team or its process does."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from highroad import Agent, Limits, Preview, Principal, ToolContext, tool
from highroad.agents.searching.lats import lats
from highroad.agents.searching.reflexion import by_check, reflexion
from highroad.agents.searching.speculative import speculative
from highroad.agents.strategies.chain import chain, prompt, use
from highroad.agents.strategies.planning import plan_and_execute
from highroad.agents.strategies.react import react
from highroad.agents.strategies.router import to_agent
from highroad.agents.strategies.single import single_tool
from highroad.agents.teams.peers import peers
from highroad.domain.entry import EntryKind
from highroad.domain.error import HighroadError
from highroad.domain.model import ToolMessage
from highroad.domain.run import WhyDry
from highroad.settings import load
from highroad.testing import ChaoticModel, Effects, Rehearsal, ScriptedModel, call

BOB = Principal("bob", authenticated=True)
EXAMPLES = {
    "get_order": [{"order_id": "ORD-000042"}, {"order_id": "ORD-000043"}],
    "refund": [{"order_id": "ORD-000042", "cents": cents} for cents in (5, 500, 9_000)],
    "wipe": [{"table": "orders"}],
    "ask_clerk": [{"task": "Refund it."}],
}
ENDS = {"completed", "failed", "budget_exceeded", "max_steps_exceeded"}
WAYS = {
    "react": react,
    "plan": plan_and_execute(),
    "lats": lats(rounds=2),
    "speculative": speculative("At once.", "Carefully."),
    "reflexion": reflexion(evaluate=by_check(lambda answer: "Not yet.")),
    "single": single_tool("refund"),
    "chain": chain(use("refund", lambda _: EXAMPLES["refund"][0]), prompt("Say it.")),
    "router": to_agent("clerk"),
    "peers": peers(rounds=2),
}
_REQUEST = "Refund 5, 500 and 9000 cents of ORD-000042 and ORD-000043, then wipe the table orders."
DRY = {"HIGHROAD_GROUNDING_MODE": "off", "HIGHROAD_RUNS_DRY_RUN": "true"}
REAL = {"HIGHROAD_GROUNDING_MODE": "off"}


@tool(tier="read")
async def get_order(order_id: str, context: ToolContext[None]) -> str:
    """Look an order up, by a body that would change something too."""
    inside = await context.call("refund", {"order_id": order_id, "cents": 5})
    return f"{order_id}: {inside.status}"


@tool(
    tier="reversible",
    effect="idempotent",
    preview=lambda args: {"before": {"paid": 0}, "after": {"paid": args["cents"]}},
)
async def refund(order_id: str, cents: int) -> str:
    """Pay money back."""
    return f"refunded {cents}"


@tool(tier="privileged")
async def wipe(table: str) -> str:
    """Wipe a table."""
    return table


TOOLS = [get_order, refund, wipe]


def crew(strategy, **parts):
    clerk = Agent(name="clerk", tools=TOOLS, iterations=4)
    return Agent(
        name="support", tools=TOOLS, team=[clerk], strategy=strategy, iterations=12, **parts
    )


async def chaos(seed, way, *, dry_run):
    """One run by chance, and what it began."""
    rehearsal, effects = Rehearsal(limits=Limits(proposals=60)), Effects()
    rehearsal.wrap(effects.around)
    models = {"support": ChaoticModel(seed, EXAMPLES), "clerk": ChaoticModel(-seed, EXAMPLES)}
    agent = crew(WAYS[way])
    run = await rehearsal.run(agent, _REQUEST, model=models, dry_run=dry_run)
    return run, effects, await rehearsal.approvals.list(state=None)


async def check(seed, way):
    """One dry run by chance; how many reads it made."""
    run, effects, asked = await chaos(seed, way, dry_run=True)
    assert run.status in ENDS
    assert run.dry is WhyDry.ASKED
    assert (effects.begun("refund"), effects.begun("wipe")) == (0, 0)
    assert not asked
    return effects.begun("get_order")


@pytest.mark.promise("P3")
@pytest.mark.parametrize("way", WAYS)
async def test_a_dry_run_has_no_effect_whatever_its_model_does(way):
    """Nobody is asked, and a read is made, also one whose body calls for an effect."""
    read = [await check(seed, way) for seed in range(12)]
    assert any(read) or way in {"single", "chain", "plan"}  # where chaos finds no plan to follow


async def test_the_same_runs_have_effects_where_they_are_no_dry_runs():
    """Else the test above would count nothing."""
    begun = [(await chaos(seed, "react", dry_run=False))[1].begun("refund") for seed in range(12)]
    assert any(begun)


@pytest.mark.promise("P3")
@pytest.mark.nightly
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("way", WAYS)
async def test_a_thousand_dry_runs_have_no_effect(way):
    assert [await check(seed, way) for seed in range(12, 1_000)]


def acting(strategy=react, **parts):
    """An agent that looks, refunds, and hands the same on; it rests once."""
    clerk = Agent(
        name="clerk",
        tools=TOOLS,
        model=ScriptedModel(call("refund", order_id="ORD-000042", cents=8), "Done.", by_turn=True),
    )
    model = ScriptedModel(
        call("get_order", order_id="ORD-000042"),
        [
            call("refund", order_id="ORD-000042", cents=5),
            call("wipe", table="orders"),
            call("ask_clerk", task="Refund it too."),
        ],
        "All is done.",
        by_turn=True,
    )
    return Agent(name="support", tools=TOOLS, team=[clerk], model=model, **parts)


def told(request):
    """What a model was told of its calls, by tool."""
    return {
        each.tool: json.loads(each.content)
        for each in request.messages
        if isinstance(each, ToolMessage)
    }


async def test_a_model_is_told_that_a_dry_run_proves_nothing(scene):
    agent = acting()
    stage = await scene(agent)
    await stage.run("support", dry_run=True)
    answer = told(agent.model.requests[-1])
    assert answer["refund"]["result"]["diff"] == ["/paid:", "  -0", "  +5"]
    assert (answer["refund"]["dry_run"], answer["wipe"]["result"]["would"]) == (True, "ask")
    assert "tell nobody that it was done" in answer["refund"]["note"]
    assert "dry_run" not in answer["get_order"]


async def test_that_a_run_is_dry_is_on_record_with_each_of_its_calls(scene):
    stage = await scene(acting())
    run = await stage.run("support", dry_run=True)
    assert (run.status, run.dry) == ("completed", "asked")
    assert (await stage.resume(run)).dry == "asked"
    begun = await stage.bodies(EntryKind.RUN_STARTED)
    assert [(body["agent"], body["dry"]) for body in begun] == [
        ("support", "asked"),
        ("clerk", "asked"),
    ]
    ended = await stage.bodies(EntryKind.ENDED)
    dry = sorted((body["tool"], body["dry_run"]) for body in ended if "dry_run" in body)
    assert dry == [("refund", True)] * 3 + [("wipe", True)]
    intents = await stage.bodies(EntryKind.INTENT)
    assert {body["tool"] for body in intents} == {"get_order", "ask_clerk"}
    assert not await stage.bodies(EntryKind.HELD)


@pytest.mark.parametrize("dry_run", [True, False])
async def test_nobody_is_told_of_a_dry_run(scene, dry_run):
    """Not of what would have been done, nor that anybody would be asked, nor of work handed on."""
    stage, notices = await scene(acting()), []
    stage.assembly.services.tell = notices.append
    await stage.run("support", dry_run=dry_run)
    assert bool(notices) is not dry_run


@pytest.mark.parametrize("parts", [{"dry_run": True}, {}], ids=["agent", "deployment"])
async def test_an_agent_or_a_deployment_makes_dry_runs_by_itself(scene, parts):
    agent = acting(**parts)
    settings = load(Path.cwd(), REAL if parts else DRY)
    stage = await scene(agent, settings=settings)
    run = await stage.run("support")
    assert run.dry == ("agent" if parts else "deployment")
    assert told(agent.model.requests[-1])["refund"]["dry_run"] is True
    intents = {body["tool"] for body in await stage.bodies(EntryKind.INTENT)}
    assert intents == {"get_order", "ask_clerk"}


async def test_a_dry_member_of_a_team_does_nothing_below_a_run_that_does(scene):
    agent = acting()
    (clerk,) = agent.team
    stage = await scene(replace(agent, team=[replace(clerk, dry_run=True)], tools=[get_order]))
    run = await stage.run("support")
    assert run.dry is None
    begun = {body["agent"]: body.get("dry") for body in await stage.bodies(EntryKind.RUN_STARTED)}
    assert begun == {"support": None, "clerk": "agent"}
    assert "A dry run" in str(told(agent.model.requests[-1])["ask_clerk"]["result"])


async def test_in_a_dry_deployment_each_direct_call_with_effects_is_dry(scene):
    stage = await scene(tools=TOOLS, settings=load(Path.cwd(), DRY))
    outcome = await stage.runtime.call("refund", {"order_id": "ORD-000042", "cents": 5})
    assert outcome.dry_run
    assert outcome.unwrap() == Preview(
        tool="refund",
        would="run",
        changes={"before": {"paid": 0}, "after": {"paid": 5}},
        diff=("/paid:", "  -0", "  +5"),
    )
    again = await stage.runtime.wait(outcome.call_id)
    assert again.unwrap() == outcome.unwrap()
    read = await stage.runtime.call("get_order", {"order_id": "ORD-000042"})
    assert read.unwrap() == "ORD-000042: completed"
    (opened,) = await stage.bodies(EntryKind.OPENED)
    assert opened["dry_run"] is True
    assert "refund" not in {body["tool"] for body in await stage.bodies(EntryKind.INTENT)}


async def test_what_was_agreed_to_is_not_done_once_the_deployment_is_dry(scene):
    stage = await scene(tools=TOOLS, settings=load(Path.cwd(), REAL))
    held = await stage.runtime.call("wipe", {"table": "orders"})
    await stage.runtime.approvals.approve(held.approval_id, by=BOB)
    stage.settings, notices = load(Path.cwd(), DRY), []
    await stage.reopen()
    stage.assembly.services.tell = notices.append
    outcome = await stage.runtime.wait(held.call_id)
    assert (outcome.dry_run, notices) == (True, [])
    assert not await stage.bodies(EntryKind.INTENT)
    assert (await stage.runtime.approvals.get(held.approval_id)).state == "void"


async def test_in_a_dry_run_a_read_that_a_person_must_agree_to_asks_nobody(scene):
    seen = []

    @tool(tier="read", ask="true")
    async def peek(order_id: str) -> str:
        """Read what is somebody else's."""
        seen.append(order_id)
        return order_id

    model = ScriptedModel(call("peek", order_id="ORD-000042"), "Done.")
    stage = await scene(Agent(name="support", model=model, tools=[peek]))
    run = await stage.run("support", dry_run=True)
    assert (run.status, seen) == ("completed", [])
    assert told(model.requests[-1])["peek"]["result"]["would"] == "ask"


async def test_a_later_run_of_the_conversation_is_told_what_was_not_done(scene):
    model = ScriptedModel("I refunded it.", "Let me see.")
    stage = await scene(Agent(name="support", model=model, tools=[]))
    await stage.run("support", "Refund it.", conversation="c", dry_run=True)
    await stage.run("support", "Is it done?", conversation="c")
    _, answer, _ = model.requests[-1].messages
    assert answer.text.endswith("nothing of what the answer says was done.] I refunded it.")


async def test_what_a_preview_says_is_no_evidence(scene):
    """It repeats what the model made up, and would ground it."""
    model = ScriptedModel(
        call("refund", order_id="ORD-000042", cents=5),
        call("refund", order_id="ORD-000042", cents=777),
        call("note", text="777", cents=777),
        "Done.",
    )

    @tool(tier="read", preview=lambda args: args)
    async def note(text: str, cents: int) -> str:
        """Note something."""
        return text

    stage = await scene(
        Agent(name="support", model=model, tools=[refund, note]),
        settings=load(Path.cwd(), {}),
        names=False,
    )
    await stage.run("support", "Refund 5 cents of ORD-000042.", dry_run=True)
    answers = [
        json.loads(each.content)
        for each in model.requests[-1].messages
        if isinstance(each, ToolMessage)
    ]
    assert [each.get("code") for each in answers[:2]] == [None, "ungrounded"]


async def test_a_letter_stays_open_where_a_dry_deployment_redrives_it(scene):
    broken = []

    @tool(tier="reversible", effect="idempotent")
    async def pay(cents: int) -> str:
        """Pay."""
        broken.append(cents)
        raise ConnectionRefusedError

    stage = await scene(tools=[pay], settings=load(Path.cwd(), REAL))
    await stage.runtime.call("pay", {"cents": 5})
    (letter,) = await stage.runtime.dead_letters.list()
    stage.settings = load(Path.cwd(), DRY)
    await stage.reopen()
    before = len(broken)
    done = await stage.runtime.dead_letters.redrive(letter.id, by=BOB)
    assert (done.outcome.dry_run, done.letter.state) == (True, "open")
    assert len(broken) == before


async def test_what_died_in_flight_is_not_run_again_by_a_dry_deployment(scene):
    begun = asyncio.Event()

    @tool(tier="reversible", effect="idempotent")
    async def pay(cents: int) -> str:
        """Pay, and never come back."""
        begun.set()
        await asyncio.Event().wait()

    stage = await scene(tools=[pay], settings=load(Path.cwd(), REAL))
    paying = asyncio.ensure_future(stage.runtime.call("pay", {"cents": 5}))
    await begun.wait()
    begun.clear()
    stage.settings = load(Path.cwd(), DRY)
    await stage.reopen()
    (unknown,) = await stage.runtime.unsettled()
    assert (unknown.tool, begun.is_set()) == ("pay", False)
    paying.cancel()


async def test_a_tool_that_is_called_like_work_handed_on_is_dry_as_any_other(scene):
    done = []

    @tool(tier="reversible")
    async def ask_clerk(task: str) -> str:
        """Have a person do something."""
        done.append(task)
        return task

    clerk = Agent(name="clerk", model=ScriptedModel("Yes."), tools=[])
    model = ScriptedModel(call("ask_clerk", task="Wipe it."), "Done.")
    stage = await scene(clerk, Agent(name="support", model=model, tools=[ask_clerk]))
    await stage.run("support", dry_run=True)
    assert done == []


async def test_a_dry_run_that_a_tool_ends_comes_to_what_that_tool_would_do(scene):
    model = ScriptedModel(call("refund", order_id="ORD-000042", cents=5))
    agent = Agent(name="support", model=model, tools=[refund], ends=[refund], output=int)
    stage = await scene(agent)
    run = await stage.run("support", dry_run=True)
    assert (run.status, run.result["would"]) == ("completed", "run")
    assert (await stage.resume(run)).result == run.result


@pytest.mark.promise("P3")
@pytest.mark.parametrize("dry_run", [True, False])
async def test_a_preview_may_look_and_does_nothing(scene, dry_run):
    """Not before a person has agreed either: they are shown what it says."""
    looked, paid = [], []

    @tool(tier="read")
    async def look() -> str:
        """Look something up."""
        looked.append(1)
        return "seen"

    @tool(tier="reversible")
    async def pay() -> str:
        """Pay."""
        paid.append(1)
        return "paid"

    async def shown(args, context: ToolContext[None]):
        return [(await context.call(name, {})).json for name in ("look", "pay")]

    @tool(tier="irreversible", ask="true", preview=shown)
    async def wire(cents: int) -> str:
        """Wire money."""
        return "wired"

    stage = await scene(tools=[look, pay, wire])
    outcome = await stage.runtime.call("wire", {"cents": 5}, dry_run=dry_run)
    assert (bool(looked), paid) == (True, [])
    if not dry_run:
        await stage.runtime.approvals.approve(outcome.approval_id, by=BOB)
        assert (await stage.runtime.wait(outcome.call_id)).unwrap() == "wired"


@pytest.mark.promise("P3")
async def test_a_read_in_a_dry_line_does_nothing_from_inside_and_asks_nobody(scene):
    paid = []

    @tool(tier="reversible")
    async def pay() -> str:
        """Pay."""
        paid.append(1)
        return "paid"

    @tool(tier="read")
    async def look(context: ToolContext[None]) -> str:
        """Look something up, by a body that would change something too."""
        return (await context.call("pay", {})).status

    @tool(tier="read", ask="true")
    async def peek() -> str:
        """Read what is somebody else's."""
        return "seen"

    async def strategy(leg):
        line = leg.fork("way", is_dry=True)
        return [each.dry_run for each in await line.call_all([("look", {}), ("peek", {})])]

    agent = Agent(name="a", tools=[look, peek], model=ScriptedModel("-"), strategy=strategy)
    stage = await scene(agent, tools=[pay])
    run = await stage.run("a")
    assert (run.result, paid) == ([False, True], [])


async def test_what_a_dry_run_reads_answers_nobody_for_whom_more_would_be_done(scene):
    """A body that can call others may do otherwise for a run that is not dry."""
    opened = []

    @tool(tier="reversible")
    async def open_case() -> str:
        """Open a case."""
        opened.append(1)
        return "case"

    @tool(tier="read", cache_s=60)
    async def case(context: ToolContext[None]) -> str:
        """The case, which is opened where there is none."""
        return (await context.call("open_case", {})).status

    model = ScriptedModel(call("case"), "Done.", by_turn=True)
    stage = await scene(Agent(name="a", tools=[case, open_case], model=model))
    await stage.run("a", dry_run=True)
    assert opened == []
    await stage.run("a")
    assert opened == [1]
    await stage.run("a")
    assert opened == [1]


async def test_a_run_that_does_things_does_not_go_on_where_all_runs_are_dry(scene):
    """Else it would come to an end that says nothing of what was not done."""
    model = ScriptedModel(call("wipe", table="orders"), "Wiped.")
    stage = await scene(Agent(name="a", tools=[wipe], model=model), settings=load(Path.cwd(), REAL))
    held = await stage.run("a")
    await stage.approve(held)
    stage.settings = load(Path.cwd(), DRY)
    await stage.reopen()
    with pytest.raises(HighroadError, match="all runs here are dry"):
        await stage.resume(held)
    stage.settings = load(Path.cwd(), REAL)
    await stage.reopen()
    assert (await stage.resume(held)).result == "Wiped."

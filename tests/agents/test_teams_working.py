"""How agents work together: each way does what it is known for, and goes on where it was."""

import json
from dataclasses import dataclass

import pytest

from highroad import Agent, Member, tool
from highroad.agents.teams.handoff import hand_off
from highroad.agents.teams.peers import Turn, peers
from highroad.agents.teams.supervisor import supervisor
from highroad.agents.teams.swarm import swarm
from highroad.domain.run import RunStatus
from highroad.testing import ScriptedModel, call


@pytest.fixture
def pay(effects):
    @tool(tier="irreversible", effect="idempotent")
    def pay(cents: int) -> str:
        """Pay somebody."""
        effects["pay", cents] += 1
        return "paid"

    return pay


def worker(name, *script, **parts):
    parts.setdefault("tools", ())
    return Agent(name=name, model=ScriptedModel(*script, by_turn=True), **parts)


def leader(*script, team, **parts):
    return Agent(name="boss", tools=(), team=team, model=ScriptedModel(*script), **parts)


def plan(**tasks):
    return json.dumps({"tasks": [{"agent": name, "task": task} for name, task in tasks.items()]})


def asked(agent):
    """The tasks that an agent was given, in order."""
    return [request.messages[0].text for request in agent.model.requests]


# -- supervisor ------------------------------------------------------------------------------


async def test_a_supervisor_divides_hands_on_and_joins(scene):
    anna, ben = worker("anna", "A vase costs 5."), worker("ben", "A lamp costs 9.")
    boss = leader(
        plan(anna="Price of a vase?", ben="Price of a lamp?"),
        "Together 14.",
        team=[anna, ben],
        strategy=supervisor(),
    )
    stage = await scene(boss)
    run = await stage.run("boss", "What do a vase and a lamp cost?")
    assert run.result == "Together 14."
    assert (asked(anna), asked(ben)) == (["Price of a vase?"], ["Price of a lamp?"])
    told = boss.model.requests[1].messages[-1].text
    assert "A vase costs 5." in told
    assert "A lamp costs 9." in told
    agents = boss.model.requests[0].output["properties"]["tasks"]["items"]["properties"]["agent"]
    assert agents["enum"] == ["anna", "ben"]


async def test_a_supervisor_is_told_what_came_to_nothing(scene):
    anna = worker("anna", *["No."] * 3, output=int)
    boss = leader(plan(anna="How many?"), "Unknown.", team=[anna], strategy=supervisor())
    stage = await scene(boss)
    assert (await stage.run("boss")).result == "Unknown."
    assert "output_invalid" in boss.model.requests[1].messages[-1].text


async def test_a_supervisor_with_rounds_plans_again_with_what_was_found(scene):
    anna = worker("anna", "Found.")
    boss = leader(
        plan(anna="First."),
        plan(anna="Second."),
        plan(),
        "Done.",
        team=[anna],
        strategy=supervisor(rounds=5),
    )
    stage = await scene(boss)
    assert (await stage.run("boss")).result == "Done."
    assert asked(anna) == ["First.", "Second."]
    assert "First.\nFound." in boss.model.requests[1].messages[-1].text


async def test_a_plan_for_strangers_or_of_too_many_tasks_is_cut(scene):
    anna = worker("anna", "Found.")
    tasks = [{"agent": "mallory", "task": "Steal."}]
    tasks += [{"agent": "anna", "task": f"Task {number}."} for number in range(9)]
    boss = leader(
        json.dumps({"tasks": tasks}), "Done.", team=[anna], strategy=supervisor(most_tasks=3)
    )
    stage = await scene(boss)
    assert (await stage.run("boss")).result == "Done."
    assert sorted(asked(anna)) == ["Task 0.", "Task 1."]


async def test_a_plan_that_cannot_be_read_ends_the_run(scene):
    stage = await scene(leader("Well.", team=[worker("anna")], strategy=supervisor()))
    run = await stage.run("boss")
    assert (run.status, run.code) == (RunStatus.FAILED, "no_plan")


async def test_a_hierarchy_of_supervisors_goes_on_in_another_process(scene, pay, effects):
    """Depth three: the hold of one clerk appears at the top, and the others are through."""

    def made():
        clerks = [
            worker(name, call("pay", cents=cents), f"{name} paid.", tools=[pay])
            for name, cents in (("anna", 1), ("ben", 2))
        ]
        chief = Agent(
            name="chief",
            tools=(),
            team=clerks,
            strategy=supervisor(),
            model=ScriptedModel.answering(
                lambda request: plan(anna="Pay.", ben="Pay.") if request.output else "Chief done."
            ),
        )
        return Agent(
            name="boss",
            tools=(),
            team=[Member(chief, tools=[pay])],
            strategy=supervisor(),
            model=ScriptedModel.answering(
                lambda request: plan(chief="See to it.") if request.output else "All done."
            ),
        )

    stage = await scene(made())
    held = await stage.run("boss")
    assert {hold.path for hold in held.holds} == {("chief", "anna"), ("chief", "ben")}
    await stage.approve(held)
    await stage.reopen(made())
    assert (await stage.resume(held)).result == "All done."
    assert effects == {("pay", 1): 1, ("pay", 2): 1}
    await stage.check()


# -- peers -----------------------------------------------------------------------------------


def turn(answer, **letters):
    written = [{"to": name, "text": text} for name, text in letters.items()]
    return json.dumps({"answer": answer, "letters": written})


async def test_peers_write_to_each_other_until_nobody_does(scene):
    anna = worker(
        "anna",
        lambda request: (
            turn("Ten, then.")
            if "too little" in request.messages[0].text
            else turn("Five.", ben="I say five.")
        ),
        output=Turn,
    )
    ben = worker(
        "ben",
        lambda request: (
            turn("Ten.", anna="Five is too little.")
            if "I say five." in request.messages[0].text
            else turn("Ten.")
        ),
        output=Turn,
    )
    boss = leader("Ten.", team=[anna, ben], strategy=peers(rounds=9))
    stage = await scene(boss)
    run = await stage.run("boss", "How much?")
    assert run.result == "Ten."
    assert len(asked(anna)) == len(asked(ben)) == 2
    assert "anna:\nTen, then." in boss.model.requests[0].messages[-1].text
    assert "Your answer so far:\nFive." in asked(anna)[1]


async def test_peers_who_never_agree_stop_at_the_bound(scene):
    def quarrel(other):
        return lambda request: turn("No.", **{other: f"No! {len(request.messages[0].text)}"})

    anna = worker("anna", quarrel("ben"), output=Turn)
    ben = worker("ben", quarrel("anna"), output=Turn)
    stage = await scene(leader(team=[anna, ben], strategy=peers(rounds=3, answer_by="ben")))
    assert (await stage.run("boss")).result == "No."
    assert len(asked(anna)) == len(asked(ben)) == 3


async def test_a_letter_to_nobody_comes_back(scene):
    anna = worker(
        "anna",
        lambda request: (
            turn("Alone.")
            if "Nobody is called 'eve'" in request.messages[0].text
            else turn("?", eve="Hello?")
        ),
        output=Turn,
    )
    stage = await scene(leader(team=[anna], strategy=peers(answer_by="anna")))
    assert (await stage.run("boss")).result == "Alone."


async def test_letters_outlive_the_process(scene, pay, effects):
    """What was written before a hold is delivered behind it, from the record."""

    def made():
        anna = worker("anna", turn("Pay it.", ben="Pay five."), output=Turn)
        ben = worker(
            "ben",
            lambda request: (
                call("pay", cents=5) if "Pay five." in request.messages[0].text else turn("Idle.")
            ),
            turn("Paid."),
            tools=[pay],
            output=Turn,
        )
        return leader(team=[anna, ben], strategy=peers(answer_by="ben"))

    stage = await scene(made())
    held = await stage.run("boss", "Pay 5 cents.")
    assert [hold.path for hold in held.holds] == [("ben",)]
    await stage.approve(held)
    again = made()
    await stage.reopen(again)
    assert (await stage.resume(held)).result == "Paid."
    assert effects == {("pay", 5): 1}
    assert asked(again.members[0].agent) == []


# -- hand-off --------------------------------------------------------------------------------


async def test_a_conversation_moves_with_all_that_was_said(scene, effects):
    @tool(tier="read")
    def get_order(order_id: str) -> str:
        """Get an order."""
        effects["get_order", order_id] += 1
        return "paid by card"

    billing = worker("billing", "Your money is on its way.")
    desk = Agent(
        name="boss",
        tools=[get_order],
        team=[billing],
        strategy=hand_off(),
        model=ScriptedModel(
            call("get_order", order_id="ORD-1"), call("ask_billing", task="They want money back.")
        ),
    )
    stage = await scene(desk)
    run = await stage.run("boss", "Where is my money for ORD-1?")
    assert run.result == "Your money is on its way."
    assert len(desk.model.requests) == 2
    (task,) = asked(billing)
    assert task.startswith("They want money back.")
    assert "User: Where is my money for ORD-1?" in task
    assert "paid by card" in task
    assert "ask_billing (billing)" in desk.model.requests[0].instructions


async def test_a_conversation_that_nobody_could_take_over_goes_on(scene):
    billing = worker("billing", *["No."] * 3, output=int)
    desk = leader(
        call("ask_billing", task="?"), "Sorry.", team=[billing], strategy=hand_off("billing")
    )
    stage = await scene(desk)
    assert (await stage.run("boss")).result == "Sorry."
    assert desk.model.requests[1].messages[-1].is_error


@dataclass
class Sum:
    """What it comes to."""

    total: int


@pytest.mark.parametrize(
    ("output", "answer", "status"),
    [(Sum, '{"total": 4}', RunStatus.COMPLETED), (str, "Four.", RunStatus.FAILED)],
)
async def test_who_takes_over_answers_in_the_form_of_the_one_in_front(
    scene, output, answer, status
):
    billing = worker("billing", answer, output=output)
    desk = leader(call("ask_billing", task="Add."), team=[billing], strategy=hand_off(), output=Sum)
    stage = await scene(desk)
    run = await stage.run("boss")
    assert run.status is status
    assert run.result == (Sum(4) if status is RunStatus.COMPLETED else None)


# -- swarm -----------------------------------------------------------------------------------


async def test_a_swarm_follows_its_rules_until_none_says_anything(scene):
    def write(board):
        flaw = board.last("critic")
        if board.last("writer") is None:
            return f"Write: {board.request}"
        if flaw and "too long" in flaw.text and flaw.step > board.last("writer").step:
            return "Shorten it."
        return None

    def judge(board):
        draft, flaw = board.last("writer"), board.last("critic")
        if draft and (flaw is None or flaw.step < draft.step):
            return f"Judge: {draft.text}"
        return None

    writer = worker(
        "writer", lambda request: "long" if "Write" in request.messages[0].text else "short"
    )
    critic = worker(
        "critic", lambda request: "too long" if "long" in request.messages[0].text else "good"
    )
    boss = leader(
        team=[writer, critic],
        strategy=swarm(
            {"writer": write, "critic": judge}, steps=9, result=lambda board: board.notes[-2].text
        ),
    )
    stage = await scene(boss)
    assert (await stage.run("boss", "A poem.")).result == "short"
    assert asked(writer) == ["Write: A poem.", "Shorten it."]
    assert asked(critic) == ["Judge: long", "Judge: short"]


async def test_a_swarm_that_would_go_on_for_ever_stops_at_the_bound(scene):
    anna = worker("anna", "More.")
    rules = {"anna": lambda board: f"Step {len(board.notes)}."}
    boss = leader("Enough.", team=[anna], strategy=swarm(rules, steps=3))
    stage = await scene(boss)
    assert (await stage.run("boss")).result == "Enough."
    assert len(asked(anna)) == 3

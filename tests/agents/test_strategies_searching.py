"""The rarer strategies search, keep the best, and change nothing before they have chosen."""

import json
from dataclasses import dataclass

import pytest

from highroad import tool
from highroad.agents.searching.graph import aggregate, generate, graph_of_thoughts, keep, refine
from highroad.agents.searching.lats import lats
from highroad.agents.searching.reflexion import by_check, reflexion
from highroad.agents.searching.speculative import speculative
from highroad.agents.searching.tree import tree_of_thoughts
from highroad.domain.error import DeclarationError
from highroad.domain.model import Finish, ToolMessage
from highroad.domain.run import RunStatus
from highroad.testing import ScriptedModel, call, said


@dataclass
class Price:
    """What something costs."""

    cents: int


def thoughts(*texts):
    return json.dumps({"thoughts": texts})


def scores(*numbers):
    return json.dumps({"scores": numbers})


def verdict(fault=""):
    return json.dumps({"is_good": not fault, "fault": fault})


def last(request):
    return request.messages[-1].text


@pytest.fixture
def look(effects):
    @tool(tier="read")
    def look(what: str) -> str:
        """Look something up."""
        effects["look", what] += 1
        return f"{what} is fine"

    return look


@pytest.fixture
def pay(effects):
    @tool(tier="irreversible", effect="idempotent", ask="false")
    def pay(cents: int) -> str:
        """Pay somebody."""
        effects["pay", cents] += 1
        return "paid"

    return pay


# -- Reflexion -----------------------------------------------------------------------------------


async def test_an_attempt_is_shown_what_was_learned_from_those_before(scene, agent):
    model, judge = (
        ScriptedModel("First.", "I was hasty.", "Second."),
        ScriptedModel(verdict("It is too short."), verdict()),
    )
    stage = await scene(agent(model, strategy=reflexion(), roles={"judge": judge}))
    assert (await stage.run("support")).result == "Second."
    assert "It is too short." in last(model.requests[1])
    assert len(model.requests[2].messages) == 2
    assert "- I was hasty." in last(model.requests[2])
    assert "First." not in str(model.requests[2].messages)
    model.assert_complete()


async def test_no_more_is_remembered_than_there_is_memory_for(scene, agent):
    model = ScriptedModel("1", "one", "2", "two", "3", "three", "4")
    attempt = reflexion(trials=4, memory=2, evaluate=by_check(lambda said: said != "4" or None))
    stage = await scene(agent(model, strategy=attempt))
    assert (await stage.run("support")).result == "4"
    learned = last(model.requests[-1])
    assert "- two\n- three" in learned
    assert "one" not in learned


@pytest.mark.parametrize("judged", [verdict("No."), "It is good.", '{"is_good": "yes"}', "[]"])
async def test_an_answer_that_nobody_accepts_is_none(scene, agent, judged):
    model = ScriptedModel("1", "one", "2")
    judge = ScriptedModel(judged, judged)
    stage = await scene(agent(model, strategy=reflexion(trials=2), roles={"judge": judge}))
    run = await stage.run("support")
    assert (run.status, run.code, run.result) == (RunStatus.FAILED, "not_accepted", None)
    model.assert_complete()


async def test_what_is_judged_is_the_answer_in_its_form(scene, agent):
    judge = ScriptedModel(verdict())
    model = ScriptedModel('{"cents": 5}')
    helper = agent(model, strategy=reflexion(), roles={"judge": judge}, output=Price)
    stage = await scene(helper)
    assert (await stage.run("support")).result == Price(cents=5)
    assert last(judge.requests[0]).endswith('{"cents":5}')


async def test_a_tool_that_ends_the_run_is_not_judged(scene, agent, pay, effects):
    model = ScriptedModel(call("pay", cents=5))
    stage = await scene(agent(model, pay, strategy=reflexion(), ends=[pay]))
    assert (await stage.run("support")).result == "paid"
    assert effects == {("pay", 5): 1}


# -- tree of thoughts ----------------------------------------------------------------------------


async def test_a_beam_keeps_the_best_paths_and_answers_with_the_first(scene, agent, look):
    model = ScriptedModel(
        thoughts("A", "B", "C"),
        thoughts("Ca", "Cb"),
        thoughts("Ba", "Bb"),
        "From B.",
    )
    judge = ScriptedModel(scores(0.1, 0.5, 0.9), scores(0.2, 0.3, 0.8, 0.4))
    search = tree_of_thoughts(width=2, depth=2, branch=3)
    stage = await scene(agent(model, look, strategy=search, roles={"judge": judge}))
    assert (await stage.run("support")).result == "From B."
    assert not any(request.tools for request in model.requests)
    assert "1. C\n" in last(model.requests[1])
    assert "Candidate 3:\n1. B\n2. Ba" in last(judge.requests[1])
    assert "1. B\n2. Ba" in last(model.requests[3])
    assert len(judge.requests[1].messages) == 1


async def test_of_equals_the_first_is_kept(scene, agent):
    model = ScriptedModel(thoughts("A", "B"), scores(0.5, 0.5), "Done.")
    stage = await scene(agent(model, strategy=tree_of_thoughts(width=1, depth=1)))
    await stage.run("support")
    assert "1. A" in last(model.requests[2])


@pytest.mark.parametrize(
    "judged", ["No idea.", '{"scores": "high"}', scores(5, 7), scores("NaN"), "3"]
)
async def test_a_judge_that_cannot_be_read_prefers_nothing(scene, agent, judged):
    model = ScriptedModel(thoughts("A", "B"), judged, "Done.")
    stage = await scene(agent(model, strategy=tree_of_thoughts(width=1, depth=1)))
    assert (await stage.run("support")).result == "Done."
    assert "1. A" in last(model.requests[2])


async def test_no_more_thoughts_are_judged_than_were_asked_for_and_none_twice(scene, agent):
    model, judge = ScriptedModel(thoughts("A", "A", "B", "C"), "Done."), ScriptedModel(scores(1, 0))
    search = tree_of_thoughts(depth=1, branch=2)
    stage = await scene(agent(model, strategy=search, roles={"judge": judge}))
    await stage.run("support")
    assert last(judge.requests[0]).endswith("Candidate 1:\n1. A\n\nCandidate 2:\n1. B")


async def test_a_tree_grows_no_higher_than_its_run_may_ask(scene, agent):
    model = ScriptedModel(thoughts("A", "B"), scores(0, 1), "Done.")
    search = tree_of_thoughts(width=2, depth=9)
    stage = await scene(agent(model, strategy=search, iterations=5))
    run = await stage.run("support")
    assert (run.result, run.steps) == ("Done.", 3)


async def test_a_model_without_thoughts_fails_the_run(scene, agent):
    stage = await scene(agent(ScriptedModel("Hm."), strategy=tree_of_thoughts()))
    run = await stage.run("support")
    assert (run.status, run.code) == (RunStatus.FAILED, "no_thought")


async def test_what_was_thought_is_answered_in_the_form_of_the_agent(scene, agent):
    model = ScriptedModel(thoughts("A"), scores(1), '{"cents": 7}')
    stage = await scene(agent(model, strategy=tree_of_thoughts(depth=1), output=Price))
    assert (await stage.run("support")).result == Price(cents=7)


# -- graph of thoughts ---------------------------------------------------------------------------


async def test_thoughts_branch_merge_and_are_refined(scene, agent):
    model = ScriptedModel(thoughts("A", "B", "C"), "AC", "AC, better", "Done.")
    judge = ScriptedModel(scores(0.9, 0.1, 0.5), scores(0.6, 0.7))
    stage = await scene(agent(model, strategy=graph_of_thoughts(), roles={"judge": judge}))
    assert (await stage.run("support")).result == "Done."
    assert last(model.requests[1]).endswith("A\n\nC")
    assert last(model.requests[2]).endswith("AC")
    assert "AC, better" in last(model.requests[3])


async def test_a_version_that_is_no_better_is_dropped(scene, agent):
    model = ScriptedModel(thoughts("A"), "worse", scores(0.6, 0.6), "Done.")
    stage = await scene(agent(model, strategy=graph_of_thoughts(generate(1), refine())))
    await stage.run("support")
    assert "worse" not in last(model.requests[3])


async def test_operations_stand_in_any_order_and_words(scene, agent):
    model = ScriptedModel(
        thoughts("left {count}", "right"),
        thoughts("a", "b"),
        thoughts("c"),
        "abc",
        "Done.",
    )
    order = [
        generate(2, "Split this in {count}. {thought}"),
        generate(2, "Sort {thought}"),
        aggregate("Merge {thought}"),
        keep(1),
    ]
    stage = await scene(agent(model, strategy=graph_of_thoughts(*order)))
    assert (await stage.run("support")).result == "Done."
    asked = [last(request) for request in model.requests]
    assert asked[:4] == ["Split this in 2.", "Sort left {count}", "Sort right", "Merge a\n\nb\n\nc"]


async def test_a_graph_that_begins_with_nothing_ends_there(scene, agent):
    stage = await scene(agent(ScriptedModel(), strategy=graph_of_thoughts(aggregate())))
    assert (await stage.run("support")).code == "no_thought"


# -- speculation ---------------------------------------------------------------------------------


@pytest.mark.promise("P3")
async def test_only_the_way_that_was_chosen_has_effects(scene, agent, look, pay, effects):
    def mind(request):
        told = str(request.messages)
        if "This way was chosen" in told:
            return "Paid 5." if 'result":"paid' in told else call("pay", cents=5)
        cents = 5 if "in this way: cheaply" in told else 9
        results = sum(isinstance(each, ToolMessage) for each in request.messages)
        return [call("look", what=f"at {cents}"), call("pay", cents=cents), "Would do."][results]

    judge = ScriptedModel(scores(0.9, 0.3))
    model = ScriptedModel.answering(mind)
    ways = speculative("cheaply", "dearly")
    stage = await scene(agent(model, look, pay, strategy=ways, roles={"judge": judge}))
    run = await stage.run("support", "Pay 5 or 9 cents.")
    assert (run.status, run.result) == (RunStatus.COMPLETED, "Paid 5.")
    assert effects == {("look", "at 5"): 1, ("look", "at 9"): 1, ("pay", 5): 1}
    dry = [body for body in await stage.bodies("call.ended") if body.get("dry_run")]
    assert len(dry) == 2
    await stage.check()


async def test_a_dry_line_asks_nobody(scene, agent, effects):
    @tool(tier="irreversible", effect="idempotent")
    def pay(cents: int) -> str:
        """Pay somebody."""
        effects["pay", cents] += 1
        return "paid"

    def mind(request):
        return "No need." if len(request.messages) > 2 else call("pay", cents=5)

    model, judge = ScriptedModel.answering(mind), ScriptedModel(scores(0, 1))
    stage = await scene(agent(model, pay, strategy=speculative("a", "b"), roles={"judge": judge}))
    run = await stage.run("support", "Pay 5 cents.")
    assert (run.status, run.result) == (RunStatus.COMPLETED, "No need.")
    assert not effects


async def test_calls_of_code_are_dry_as_well(scene, agent, look, pay, effects):
    async def strategy(leg):
        line = leg.fork("try", is_dry=True).fork("on")
        paid = await line.call("pay", {"cents": 5})
        looked = await line.call("look", {"what": "it"})
        return [paid.dry_run, looked.dry_run]

    stage = await scene(agent(ScriptedModel(), look, pay, strategy=strategy))
    assert (await stage.run("support")).result == [True, False]
    assert effects == {("look", "it"): 1}


async def test_a_way_that_changes_nothing_answers_at_once(scene, agent, look):
    model = ScriptedModel("One.", "Two.", scores(0.1, 0.8))
    stage = await scene(agent(model, look, strategy=speculative("a", "b")))
    run = await stage.run("support")
    assert (run.result, run.steps) == ("Two.", 3)


async def test_the_way_that_was_chosen_answers_in_the_form_of_the_agent(scene, agent):
    model = ScriptedModel("5", "9", scores(1, 0), '{"cents": 5}')
    stage = await scene(agent(model, strategy=speculative("a", "b"), output=Price))
    assert (await stage.run("support")).result == Price(cents=5)


async def test_a_way_may_end_by_a_tool_that_only_reads(scene, agent, look):
    model = ScriptedModel(call("look", what="a"), "No.", scores(1, 0))
    stage = await scene(agent(model, look, strategy=speculative("a", "b"), ends=[look]))
    assert (await stage.run("support")).result == "a is fine"


# -- LATS ----------------------------------------------------------------------------------------


async def test_a_search_leaves_a_way_that_disappoints(scene, agent, look):
    """The second way looks better at first; its children do not, so the first is taken up again."""
    model = ScriptedModel(
        call("look", what="A"),
        call("look", what="B"),
        call("look", what="B1"),
        call("look", what="B2"),
        "From A.",
        call("look", what="A2"),
    )
    judge = ScriptedModel(scores(0.5, 0.6), scores(0.0, 0.0), scores(1.0, 0.2))
    search = lats(exploration=0.0)
    helper = agent(model, look, strategy=search, roles={"judge": judge}, iterations=30)
    stage = await scene(helper)
    assert (await stage.run("support")).result == "From A."
    assert '{"what":"A"}' in last(model.requests[1])
    assert "Take another one." in last(model.requests[1])
    assert "Take another one." not in str(model.requests[2].messages[-1:])
    assert "B is fine" in str(model.requests[2].messages)
    told = str(model.requests[4].messages)
    assert "A is fine" in told
    assert "B is fine" not in told
    model.assert_complete()


async def test_a_search_ends_with_its_budget_and_takes_the_best_answer(scene, agent, look):
    model = ScriptedModel("Bad.", "Better.", name="scripted:thinker")
    judge = ScriptedModel(scores(0.1, 0.4, 1.0))
    helper = agent(model, look, strategy=lats(rounds=9), roles={"judge": judge}, iterations=30)
    stage = await scene(helper)
    run = await stage.run("support")
    assert (run.result, run.steps) == ("Better.", 3)


async def test_a_promising_line_without_an_answer_is_preferred_to_a_poor_answer(scene, agent, look):
    model = ScriptedModel("Dunno.", call("look", what="A"), scores(0.2, 0.8), "A is fine.")
    stage = await scene(agent(model, look, strategy=lats(rounds=1)))
    assert (await stage.run("support")).result == "A is fine."


async def test_a_search_that_found_no_answer_goes_on_from_the_best_there_is(scene, agent, look):
    model = ScriptedModel(
        call("look", what="A"), call("look", what="B"), scores(0.2, 0.1), "As far as I see."
    )
    stage = await scene(agent(model, look, strategy=lats(rounds=1)))
    assert (await stage.run("support")).result == "As far as I see."
    assert "A is fine" in str(model.requests[3].messages)


async def test_a_search_stops_where_its_run_may_ask_no_more(scene, agent, look):
    model = ScriptedModel(call("look", what="A"), call("look", what="B"), scores(0.2, 0.1), "Well.")
    stage = await scene(agent(model, look, strategy=lats(), iterations=5))
    assert (await stage.run("support")).result == "Well."


async def test_a_node_is_looked_at_again_that_was_seldom_visited(scene, agent, look):
    """With exploration the poorer of two ways is tried before the better one is tried out."""
    model = ScriptedModel(
        call("look", what="A"),
        call("look", what="B"),
        call("look", what="B1"),
        call("look", what="B2"),
        "From A.",
        "From A too.",
    )
    judge = ScriptedModel(scores(0.5, 0.6), scores(0.6, 0.6), scores(1.0, 0.2))
    search = lats(exploration=5.0, rounds=3)
    helper = agent(model, look, strategy=search, roles={"judge": judge}, iterations=30)
    stage = await scene(helper)
    assert (await stage.run("support")).result == "From A."
    assert "B is fine" not in str(model.requests[4].messages)


async def test_no_line_is_longer_than_the_search_is_deep(scene, agent, look):
    model = ScriptedModel(
        call("look", what="A"), call("look", what="B"), scores(0.2, 0.1), "As far as I see."
    )
    search = lats(depth=1, rounds=9)
    stage = await scene(agent(model, look, strategy=search, iterations=30))
    assert (await stage.run("support")).result == "As far as I see."


async def test_effects_wait_until_the_search_is_over(scene, agent, look, pay, effects):
    model = ScriptedModel(
        call("pay", cents=9),
        call("pay", cents=5),
        scores(0.1, 0.9),
        call("pay", cents=5),
        "Paid 5.",
    )
    stage = await scene(agent(model, pay, strategy=lats(rounds=1)))
    assert (await stage.run("support")).result == "Paid 5."
    assert effects == {("pay", 5): 1}
    assert '"dry_run":true' in str(model.requests[3].messages)


# -- all of them ---------------------------------------------------------------------------------


BOUNDS = {
    "trials": lambda: reflexion(trials=0),
    "memory": lambda: reflexion(memory=0),
    "width": lambda: tree_of_thoughts(width=0),
    "rounds": lambda: lats(rounds=0),
    "generate": lambda: generate(0),
    "keep": lambda: keep(0),
    "refine": lambda: refine(0),
    "ways": lambda: speculative("one way"),
}


@pytest.mark.parametrize("bound", sorted(BOUNDS))
def test_bounds_within_which_nothing_is_searched_are_refused(bound):
    with pytest.raises(DeclarationError):
        BOUNDS[bound]()


async def test_a_reply_that_was_filtered_in_a_way_fails_the_run(scene, agent):
    model = ScriptedModel(said("", finish=Finish.FILTERED), "Fine.")
    stage = await scene(agent(model, strategy=speculative("a", "b")))
    assert (await stage.run("support")).code == "filtered"

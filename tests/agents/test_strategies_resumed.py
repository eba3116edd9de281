"""Every strategy goes on from its record: dropped at any request, or held, it ends as it would."""

import asyncio
import json
from contextlib import suppress

import pytest

from highroad import Agent, tool
from highroad.agents.searching.graph import graph_of_thoughts
from highroad.agents.searching.lats import lats
from highroad.agents.searching.reflexion import by_check, reflexion
from highroad.agents.searching.speculative import speculative
from highroad.agents.searching.tree import tree_of_thoughts
from highroad.agents.strategies.chain import chain, prompt, use
from highroad.agents.strategies.planning import plan_and_execute
from highroad.agents.strategies.react import react
from highroad.agents.strategies.router import by_model, router, to_agent
from highroad.agents.strategies.single import single_tool
from highroad.agents.strategies.thought import chain_of_thought, plan_and_solve
from highroad.domain.model import ToolMessage, UserMessage
from highroad.domain.run import RunStatus
from highroad.testing import ScriptedModel, call

# -- a model that says the same to the same question, and may die of one ------------------------


class Mortal:
    """Answers by what it is asked; its process is gone before it has so many replies more."""

    def __init__(self, mind, *, lives):
        self.model = ScriptedModel.answering(mind)
        self.lives = lives
        self.is_gone = asyncio.Event()
        self.replied = 0

    name = "scripted:model"
    shape = "openai"
    context_tokens = None

    async def reply(self, request):
        if self.replied >= self.lives:
            self.is_gone.set()
            await asyncio.Event().wait()
        self.replied += 1
        async for part in self.model.reply(request):
            yield part

    async def close(self):
        pass


def said_last(request):
    """What was asked, or the results of tools since."""
    last = request.messages[-1]
    return last.text if isinstance(last, UserMessage) else "result"


def asked(request):
    """All that was said in the user's name."""
    return " ".join(each.text for each in request.messages if isinstance(each, UserMessage))


def results(request):
    return [each.content for each in request.messages if isinstance(each, ToolMessage)]


def wants(request):
    """The names in the form that is asked for."""
    return set(request.output["properties"]) if request.output else set()


def scored(request, *words):
    """Scores: the later in `words` the word that a candidate holds, the higher."""
    candidates = said_last(request).split("Candidate ")[1:]
    ranks = [max([0, *(at for at, word in enumerate(words, 1) if word in c)]) for c in candidates]
    return json.dumps({"scores": [rank / len(words) for rank in ranks]})


def pays(request):
    """Look, pay, answer."""
    steps = [call("look", what="order"), call("pay", cents=5), "Paid."]
    return steps[min(len(results(request)), 2)]


def plans(request):
    if "is_done" in wants(request):
        return '{"is_done": false, "steps": ["Pay"]}'
    if "steps" in wants(request):
        return '{"steps": ["Fail", "Pay"]}'
    if "This is what was done" in said_last(request):
        return "All done."
    if "Your task now: Fail" in asked(request):
        return "FAILED: of course."
    return pays(request)


def thinks(request):
    if "scores" in wants(request):
        return scored(request, "A", "B", "AB", "better")
    if "thoughts" in wants(request):
        return '{"thoughts": ["A", "B", "C"]}'
    said = said_last(request)
    if said.startswith("Put"):
        return "AB"
    if said.startswith("Find what is wrong"):
        return "better"
    return f"So: {said.splitlines()[2]}"


def searches(request):
    """One way looks first, and pays; the other one pays blindly."""
    if "scores" in wants(request):
        return scored(request, "call: pay", "call: look", "Paid")
    if "were tried from here" in said_last(request) and not results(request):
        return call("pay", cents=9)
    if "This way was chosen" in asked(request):
        return "Paid." if '"result":"paid"' in results(request)[-1] else call("pay", cents=5)
    return pays(request)


def speculates(request):
    if "scores" in wants(request):
        return scored(request, 'cents":9', 'cents":5')
    if "in this way: dear" in asked(request):
        return "Paid." if results(request) else call("pay", cents=9)
    return searches(request)


def learns(request):
    if "what went wrong" in said_last(request):
        return "I must pay."
    return pays(request) if "I must pay." in asked(request) else "I will not."


def routes(request):
    if "way" in wants(request):
        return '{"way": "refunds", "confidence": 0.9}'
    return pays(request)


def reasons(request):
    return '{"reasoning": "6 by 7", "answer": "42"}'


def writes(request):
    return "order" if "Which" in said_last(request) else f"Told: {said_last(request)}"


ORDER = "Pay 5 or 9 cents for the order."
"""What everybody is asked for, with the values that minds pay by."""
STRATEGIES = {
    "chain": (
        lambda: chain(
            prompt("Which article? {before}"),
            use("look", lambda what: {"what": what}),
            use("pay", lambda _: {"cents": 5}),
            prompt("Tell: {before}"),
        ),
        writes,
        "Told: Tell: paid",
    ),
    "chain_of_thought": (lambda: chain_of_thought, reasons, "42"),
    "graph_of_thoughts": (graph_of_thoughts, thinks, "So: better"),
    "lats": (lats, searches, "Paid."),
    "plan_and_execute": (plan_and_execute, plans, "All done."),
    "plan_and_solve": (lambda: plan_and_solve, reasons, "42"),
    "react": (lambda: react, pays, "Paid."),
    "reflexion": (
        lambda: reflexion(evaluate=by_check(lambda said: None if "Paid" in said else "No.")),
        learns,
        "Paid.",
    ),
    "router": (
        lambda: router({"refunds": react, "rest": to_agent("nobody")}, by=by_model({})),
        routes,
        "Paid.",
    ),
    "single_tool": (lambda: single_tool("pay"), lambda _: call("pay", cents=5), "paid"),
    "speculative": (lambda: speculative("cheap", "dear"), speculates, "Paid."),
    "tree_of_thoughts": (tree_of_thoughts, thinks, "So: 1. B"),
}
WITHOUT_EFFECTS = {"chain_of_thought", "plan_and_solve", "graph_of_thoughts", "tree_of_thoughts"}


@pytest.fixture
def tools(effects):
    @tool(tier="read")
    def look(what: str) -> str:
        """Look something up."""
        effects["look", what] += 1
        return f"{what} is fine"

    @tool(tier="irreversible", effect="idempotent")
    def pay(cents: int) -> str:
        """Pay somebody."""
        effects["pay", cents] += 1
        return "paid"

    return [look, pay]


def acting(model, tools, make):
    return Agent(name="support", model=model, tools=tools, strategy=make(), iterations=60)


async def to_its_end(stage, run, again):
    """Agree to all that it waits for, each time in another process."""
    while run.status is RunStatus.HELD:
        await stage.approve(run)
        await stage.reopen(again())
        run = await stage.resume(run)
    return run


@pytest.mark.parametrize("name", sorted(STRATEGIES))
async def test_a_strategy_that_is_held_goes_on_in_another_process(scene, tools, effects, name):
    make, mind, result = STRATEGIES[name]
    models = []

    def again():
        models.append(ScriptedModel.answering(mind))
        return acting(models[-1], tools, make)

    stage = await scene(again())
    held = await stage.run("support", ORDER)
    assert (held.status is RunStatus.COMPLETED) == (name in WITHOUT_EFFECTS)
    run = await to_its_end(stage, held, again)
    assert (run.status, run.result) == (RunStatus.COMPLETED, result)
    assert sum(len(model.requests) for model in models) == run.steps
    paid = {what: times for what, times in effects.items() if what[0] == "pay"}
    assert paid == ({} if name in WITHOUT_EFFECTS else {("pay", 5): 1})
    await stage.check()


@pytest.mark.promise("P11")
@pytest.mark.parametrize("name", sorted(STRATEGIES))
async def test_a_strategy_goes_on_behind_whichever_reply_its_process_dies(
    scene, tools, effects, name
):
    make, mind, result = STRATEGIES[name]
    lives, is_over = 0, False
    while not is_over:
        effects.clear()
        mortal = Mortal(mind, lives=lives)
        stage = await scene(acting(mortal, tools, make))
        is_over = await dies(stage, mortal)
        fresh = []

        def again(fresh=fresh):
            fresh.append(ScriptedModel.answering(mind))
            return acting(fresh[-1], tools, make)

        (started,) = await stage.bodies("run.started")
        await stage.reopen(again())
        run = await to_its_end(stage, await stage.resume(started["run"]), again)
        assert (run.status, run.result) == (RunStatus.COMPLETED, result)
        assert mortal.replied + sum(len(model.requests) for model in fresh) == run.steps
        assert max([times for what, times in effects.items() if what[0] == "pay"], default=0) <= 1
        lives += 1
    assert lives > 1


async def dies(stage, mortal):
    """Run until the process is gone, or everything is through or waits; whether that was so."""
    running = asyncio.ensure_future(stage.run("support", ORDER))
    gone = asyncio.ensure_future(mortal.is_gone.wait())
    await asyncio.wait([running, gone], return_when=asyncio.FIRST_COMPLETED)
    is_through = running.done()
    for task in (running, gone):
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    return is_through

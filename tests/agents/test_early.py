"""Reads that begin while the reply that wants them is under way, and all else, which must not."""

import asyncio
import json
from collections import Counter
from random import Random

import pytest

from highroad import Agent, ToolContext, tool
from highroad.domain.entry import EntryKind
from highroad.domain.event import EventKind
from highroad.domain.failure_kind import FailureKind
from highroad.domain.model import (
    CallReady,
    Finish,
    ModelCall,
    ModelError,
    ModelMessage,
    ModelReply,
    TextDelta,
    TokenUsage,
    ToolMessage,
)
from highroad.domain.run import RunStatus

DONE = "Done."
TURNS = 50
"""Of the loop, in which whatever may begin has begun."""


async def turns():
    for _ in range(TURNS):
        await asyncio.sleep(0)


def wants(name, /, id="c", **arguments):  # noqa: A002 - as messages have it
    return ModelCall(id=id, tool=name, arguments=json.dumps(arguments))


def whole(*calls, text="", finish=None):
    return ModelReply(
        message=ModelMessage(text=text, calls=calls),
        usage=TokenUsage(input=10, output=5),
        model="parts:1",
        finish=finish or (Finish.CALLS if calls else Finish.STOP),
    )


class PartsModel:
    """Gives the very parts of a script, one list for each request, and lets the loop turn between.

    A part may be an error, which is raised, or a function, which is called.
    """

    name = "parts:1"
    shape = "openai"
    context_tokens = None

    def __init__(self, *script):
        self.script = list(script)
        self.requests = []

    async def reply(self, request):
        self.requests.append(request)
        parts = self.script.pop(0) if self.script else [whole(text=DONE)]
        for part in parts:
            if isinstance(part, BaseException):
                raise part
            if callable(part):
                await part()
                continue
            if request.is_streamed or isinstance(part, ModelReply):
                yield part
            await turns()

    async def close(self):
        """Nothing is open."""

    def told(self):
        """Results that the model was told with its last request, in order."""
        return [
            json.loads(message.content)
            for message in self.requests[-1].messages
            if isinstance(message, ToolMessage)
        ]


@pytest.fixture
def shop(effects):
    """Tools that count what they do; `slow` never ends by itself."""

    @tool(tier="read")
    async def price_of(article: str) -> str:
        """Say what an article costs."""
        effects[f"price {article}"] += 1
        return f"{article}: 5"

    @tool(tier="read")
    async def slow(article: str) -> str:
        """Say what an article costs, in its own time."""
        effects[f"slow {article}"] += 1
        try:
            await asyncio.Event().wait()
        finally:
            effects["called off"] += 1
        return article

    @tool(tier="reversible", effect="idempotent")
    async def note(text: str) -> str:
        """Write a note."""
        effects[f"note {text}"] += 1
        return text

    @tool(tier="irreversible", effect="idempotent", ask="args.cents > 100")
    async def refund(cents: int) -> int:
        """Pay back."""
        effects[f"refund {cents}"] += 1
        return cents

    @tool(tier="read", ask="true")
    async def secret(name: str) -> str:
        """Read what somebody has to agree to."""
        effects[f"secret {name}"] += 1
        return name

    @tool(tier="reversible", effect="idempotent", concurrency="barrier")
    async def move(to: str) -> str:
        """Move everything."""
        effects[f"move {to}"] += 1
        return to

    @tool(tier="read", order_by=["article"])
    async def stock_of(article: str) -> str:
        """Say how many there are, after whatever was ordered before."""
        effects[f"stock {article}"] += 1
        return article

    return (price_of, slow, note, refund, secret, move, stock_of)


async def followed(stage, text="Move it to a, b or x, note a or b, and refund 5 or 500 cents."):
    return [event async for event in stage.runtime.stream("support", text)]


async def test_a_read_begins_before_the_reply_is_whole_and_runs_once(scene, agent, shop, effects):
    """Its result is there when the reply is."""
    ran = []
    vase = wants("price_of", article="vase")

    async def look():
        ran.append(effects["price vase"])

    model = PartsModel([TextDelta(text="So."), CallReady(position=0, call=vase), look, whole(vase)])
    stage = await scene(agent(model, *shop))
    events = await followed(stage)
    assert ran == [1]
    assert effects == {"price vase": 1}
    assert [each["result"] for each in model.told()] == ["vase: 5"]
    assert events[-1].data["status"] is RunStatus.COMPLETED
    assert len(await stage.check()) == 1


@pytest.mark.promise("P3")
async def test_a_read_that_begins_early_in_a_dry_line_does_nothing_from_inside(scene, effects):
    @tool(tier="reversible")
    async def pay() -> str:
        """Pay."""
        effects["pay"] += 1
        return "paid"

    @tool(tier="read")
    async def look(context: ToolContext[None]) -> str:
        """Look something up, by a body that would change something too."""
        effects["look"] += 1
        return (await context.call("pay", {})).status

    async def strategy(leg):
        line = leg.fork("way", is_dry=True)
        await line.act(await line.ask())
        return DONE

    ran = []

    async def see():
        ran.append(dict(effects))

    model = PartsModel([CallReady(position=0, call=wants("look")), see, whole(wants("look"))])
    agent = Agent(name="support", model=model, tools=[look, pay], strategy=strategy)
    await followed(await scene(agent))
    assert ran == [{"look": 1}]
    assert effects == {"look": 1}


@pytest.mark.promise("P2")
@pytest.mark.parametrize(
    "call",
    [
        wants("note", text="x"),
        wants("refund", cents=5),
        wants("refund", cents=500),
        wants("secret", name="x"),
        wants("stock_of", article="x"),
        wants("move", to="x"),
        wants("ask_nobody", task="x"),
        ModelCall(id="c", tool="note", arguments='{"text": "x'),
    ],
    ids=lambda call: f"{call.tool} {call.arguments}",
)
async def test_nothing_else_begins_before_the_reply_is_recorded(scene, agent, shop, effects, call):
    """Neither an effect nor a question to a person: the ledger has no entry of the call."""
    seen, stages = [], []

    async def look():
        seen.append(dict(effects))
        seen.append([body for body in await stages[0].bodies() if "call" in body])

    model = PartsModel([CallReady(position=0, call=call), turns, look, whole(call)])
    stage = await scene(agent(model, *shop))
    stages.append(stage)
    await followed(stage)
    assert seen == [{}, []]
    kinds = [body["kind"] for body in await stage.bodies()]
    first = next(at for at, body in enumerate(await stage.bodies()) if "call" in body)
    assert kinds.index(EntryKind.MODEL_REPLIED) < first


async def test_a_read_behind_a_barrier_waits_for_it(scene, agent, shop, effects):
    """And so does one behind a call that nobody has seen."""
    seen = []

    async def look():
        seen.append(dict(effects))

    move, vase, lamp = wants("move", to="x"), *(wants("price_of", article=a) for a in "vl")
    model = PartsModel(
        [
            *(CallReady(position=0, call=move), CallReady(position=1, call=vase), look),
            whole(move, vase),
        ],
        [CallReady(position=1, call=lamp), look, whole(vase, lamp)],
    )
    stage = await scene(agent(model, *shop))
    await followed(stage)
    assert seen == [{}, {"move x": 1, "price v": 1}]


async def test_a_call_of_a_reply_that_is_cut_is_called_off_and_not_heard_of(
    scene, agent, shop, effects
):
    """It has its end on the ledger, and the model that is asked again knows nothing of it."""
    slow, vase = wants("slow", article="vase"), wants("price_of", article="vase")
    cut = ModelError("the line broke", kind=FailureKind.TRANSIENT)
    model = PartsModel(
        [CallReady(position=0, call=slow), CallReady(position=1, call=vase), cut],
        [CallReady(position=0, call=vase), whole(vase)],
    )
    stage = await scene(agent(model, *shop))
    events = await followed(stage)
    assert effects == {"slow vase": 1, "called off": 1, "price vase": 2}
    assert [each["result"] for each in model.told()] == ["vase: 5"]
    assert all(not isinstance(m, ToolMessage) for m in model.requests[1].messages)
    ended = [body["status"] for body in await stage.bodies(EntryKind.ENDED)]
    assert Counter(ended) == {"cancelled": 1, "completed": 2}
    dropped = [each for each in events if each.data.get("dropped")]
    assert [each.data["tool"] for each in dropped] == ["slow", "price_of"]
    assert len(await stage.check()) == 3


async def test_a_reply_that_is_cut_often_makes_no_loop_of_its_reads(scene, agent, shop):
    """What no model was told of, it may ask for again."""
    vase = wants("price_of", article="vase")
    cut = ModelError("the line broke", kind=FailureKind.TRANSIENT)
    model = PartsModel(
        *[[CallReady(position=0, call=vase), turns, cut] for _ in range(2)],
        *[[CallReady(position=0, call=vase), whole(vase)] for _ in range(3)],
    )
    stage = await scene(agent(model, *shop))
    await followed(stage)
    assert [each.get("code") for each in model.told()] == [None, None, None]


async def test_a_reply_that_contradicts_what_it_streamed_is_not_acted_on(
    scene, agent, shop, effects
):
    """It is not recorded, and asked for again: a result never answers other arguments."""
    vase, lamp, note = (
        wants("price_of", article="vase"),
        wants("price_of", article="lamp"),
        wants("note", text="x"),
    )
    model = PartsModel(
        [CallReady(position=0, call=vase), whole(lamp, note)],
        [CallReady(position=0, call=lamp), whole(lamp)],
    )
    stage = await scene(agent(model, *shop))
    await followed(stage)
    assert effects == {"price vase": 1, "price lamp": 1}
    assert [each["result"] for each in model.told()] == ["lamp: 5"]
    replies = [body["status"] for body in await stage.bodies(EntryKind.MODEL_REPLIED)]
    assert replies == ["failed", "replied", "replied"]


async def test_a_model_that_always_contradicts_itself_ends_the_run(scene, agent, shop, effects):
    """As one that has no reply."""
    vase, lamp = wants("price_of", article="vase"), wants("price_of", article="lamp")
    model = PartsModel(*[[CallReady(position=0, call=vase), whole(lamp)]] * 20)
    stage = await scene(agent(model, *shop))
    events = await followed(stage)
    assert (events[-1].data["status"], events[-1].data["code"]) == ("failed", "model_unavailable")
    assert effects["price lamp"] == 0
    await stage.check()


async def test_a_call_that_the_whole_reply_does_not_hold_is_called_off(scene, agent, shop, effects):
    """And the run goes on without it."""
    slow = wants("slow", article="vase")
    model = PartsModel([CallReady(position=0, call=slow), whole(text="Never mind.")])
    stage = await scene(agent(model, *shop))
    events = await followed(stage)
    assert events[-1].data["result"] == "Never mind."
    assert effects["called off"] == 1
    assert Counter([body["status"] for body in await stage.bodies(EntryKind.ENDED)]) == {
        "cancelled": 1
    }


async def test_a_call_that_is_told_twice_runs_once(scene, agent, shop, effects):
    """Whatever the second says."""
    vase, lamp = wants("price_of", article="vase"), wants("price_of", article="lamp")
    twice = [CallReady(position=0, call=each) for each in (vase, vase, lamp)]
    model = PartsModel([*twice, whole(vase)])
    stage = await scene(agent(model, *shop))
    await followed(stage)
    assert effects == {"price vase": 1}
    assert len(await stage.check()) == 1


async def test_a_run_that_is_interrupted_calls_off_what_began_early(scene, agent, shop, effects):
    """Nothing runs on."""
    slow = wants("slow", article="vase")
    reached = asyncio.Event()

    async def hang():
        reached.set()
        await asyncio.Event().wait()

    model = PartsModel([CallReady(position=0, call=slow), hang])
    stage = await scene(agent(model, *shop))
    following = asyncio.ensure_future(followed(stage))
    await reached.wait()
    await stage.assembly.following.close()
    await following
    assert effects["called off"] == 1
    assert Counter([body["status"] for body in await stage.bodies(EntryKind.ENDED)]) == {
        "cancelled": 1
    }
    await stage.check()


async def test_what_began_early_answers_in_the_process_that_resumes(
    scene, agent, shop, effects, bob
):
    """It is a call like any other."""
    vase, refund = wants("price_of", article="vase"), wants("refund", cents=500)
    parts = [CallReady(position=0, call=vase), whole(vase, refund)]
    stage = await scene(agent(PartsModel(parts), *shop))
    events = await followed(stage)
    (hold,) = [each for each in events if each.kind is EventKind.TOOL_HELD]
    await stage.runtime.flush()
    model = PartsModel()
    await stage.reopen(agent(model, *shop))
    await stage.runtime.approvals.approve(hold.data["approval_id"], by=bob)
    run = await stage.resume(events[0].run_id)
    assert (run.status, run.result) == (RunStatus.COMPLETED, DONE)
    assert effects == {"price vase": 1, "refund 500": 1}
    assert [each["result"] for each in model.told()] == ["vase: 5", 500]


def _round(chance):
    """Parts of one request, as a model might give them that is out of its mind."""
    calls = [
        chance.choice(
            [
                wants("price_of", article=chance.choice("ab"), id=chance.choice(["", "c", "d"])),
                wants("slow", article="a"),
                wants("note", text=chance.choice("ab")),
                wants("move", to=chance.choice("ab")),
                wants("nothing"),
                ModelCall(id="", tool="price_of", arguments=chance.choice(["{", "", "[]"])),
            ]
        )
        for _ in range(chance.randint(0, 4))
    ]
    ready = [CallReady(position=at, call=call) for at, call in enumerate(calls)]
    if chance.random() < 0.3:
        chance.shuffle(ready)
    if ready and chance.random() < 0.3:
        ready.append(chance.choice(ready))
    final = [call for call in calls if call.tool != "slow"]
    move = chance.random()
    if move < 0.2:
        return [*ready, ModelError("cut", kind=FailureKind.TRANSIENT)]
    if move < 0.4 and final:
        final[chance.randrange(len(final))] = wants("price_of", article="c")
    if move > 0.8:
        final = final[: chance.randint(0, len(final))]
    return [*ready, whole(*final)]


@pytest.mark.promise("P3")
@pytest.mark.promise("P5")
@pytest.mark.parametrize("seed", range(40))
async def test_whatever_a_model_streams_every_call_has_one_end_and_its_own_answer(
    scene, agent, shop, effects, seed
):
    """Forty seeds of replies that are cut, shuffled, doubled, contradicted and torn."""
    chance = Random(seed)  # noqa: S311 - repeatable
    model = PartsModel(*[_round(chance) for _ in range(4)])
    stage = await scene(agent(model, *shop))
    await followed(stage)
    await stage.check()
    assert effects["called off"] == effects["slow a"]
    for request in model.requests:
        calls = {c.id: c for m in request.messages if isinstance(m, ModelMessage) for c in m.calls}
        results = [m for m in request.messages if isinstance(m, ToolMessage)]
        assert Counter(m.id for m in results) == Counter(list(calls))
        for message in results:
            content, wanted = json.loads(message.content), calls[message.id]
            if wanted.tool == "price_of" and "result" in content:
                assert content["result"] == f"{json.loads(wanted.arguments)['article']}: 5"
    recorded = set()
    for body in await stage.bodies():
        if body["kind"] == EntryKind.MODEL_REPLIED and "reply" in body:
            recorded.add(body["id"])
        if body["kind"] == EntryKind.INTENT and body["tool"] in {"note", "move"}:
            assert body["asked_by"] in recorded

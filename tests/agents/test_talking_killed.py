"""Whatever order users, people and deaths come in, a run that is talked to stays in order.

One death between every two entries of each path; then users who send, decide, call off and resume
at random while a model does as it likes.
"""

import asyncio
import contextlib
from collections import Counter
from hashlib import sha256
from random import Random

import pytest

from highroad import Agent, ToolContext, tool
from highroad.domain.approval import ApprovalState
from highroad.domain.error import DecisionRefused, LedgerError
from highroad.domain.model import ModelMessage, ToolMessage, UserMessage
from highroad.domain.run import RunStatus, is_open
from highroad.testing import ScriptedModel, call, fails, said

DEATHS = 26
SEEDS = 60
NIGHTLY_SEEDS = 3_000
ROUNDS = 40
MOST_REPLIES = 9
ANSWERS, REPEATS, CALLS_OFF = 0.25, 0.6, 0.15
"""How probable it is that a model answers, that it makes a call that waits again, and so on."""


class Mortal:
    """A store whose process dies with an append of its choice, before or behind it."""

    def __init__(self, store):
        self._store = store
        self.left = float("inf")
        """Appends until it dies."""
        self.is_behind = False
        self.is_dead = False

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def append(self, entries, *, fence):
        self.left -= 1
        dies = self.left == 0
        if self.is_dead or (dies and not self.is_behind):
            self.is_dead = True
            raise LedgerError("the process is dead")
        receipts = await self._store.append(entries, fence=fence)
        if dies:
            self.is_dead = True
            raise LedgerError("the process is dead")
        return receipts


def is_legal(messages):
    """Each call of a reply is answered once, before anybody says anything else (P5)."""
    open_calls = set()
    for message in messages:
        if isinstance(message, ToolMessage):
            if message.id not in open_calls:
                return False
            open_calls.remove(message.id)
        elif open_calls:
            return False
        elif isinstance(message, ModelMessage):
            open_calls = {each.id for each in message.calls}
            if len(open_calls) != len(message.calls):
                return False
    return not open_calls


def texts(request):
    return [each.text for each in request.messages if isinstance(each, UserMessage)]


class OtherSide:
    """Where effects are had, one for each key."""

    def __init__(self):
        self.effects = Counter()
        self._keys = set()

    def clear(self):
        self.effects.clear()
        self._keys.clear()

    def apply(self, context, *what):
        if context.idempotency_key not in self._keys:
            self._keys.add(context.idempotency_key)
            self.effects[what] += 1


@pytest.fixture
def other_side():
    return OtherSide()


@pytest.fixture
def tools(other_side):
    @tool(tier="irreversible", effect="idempotent")
    def pay(cents: int, context: ToolContext[None]) -> str:
        """Pay somebody."""
        other_side.apply(context, "pay", cents)
        return "paid"

    @tool(tier="reversible", effect="idempotent")
    def order(what: str, context: ToolContext[None]) -> str:
        """Order something, which comes later."""
        other_side.apply(context, "order", what)
        context.defer(expires_s=3_600)

    @tool(tier="read")
    async def look(what: str) -> str:
        """Look something up."""
        await asyncio.sleep(0)
        return what

    return pay, order, look


WISHES = "Begin: pay 1, 2, 3 or 5 cents, and order x or y."


class Talk:
    """A run with its users, over the deaths of its processes."""

    def __init__(self, stage, *agents):
        self.stage = stage
        self.agents = agents
        self.sent = 0

    async def run_id(self):
        started = await self.stage.bodies("run.started")
        return started[0]["run"] if started else None

    async def bring(self):
        """The run, begun or gone on with."""
        run_id = await self.run_id()
        if run_id is None:
            return await self.stage.run(self.agents[0].name, WISHES)
        return await self.stage.resume(run_id)

    async def send_until(self, number, text, when="now"):
        """Send, unless so many messages are on record."""
        if len(await self.stage.bodies("run.message")) < number:
            await self.stage.runtime.send(await self.run_id(), text, when=when)

    async def approve_all(self, by):
        for approval in await self.stage.runtime.approvals.list(state=ApprovalState.WAITING):
            await self.stage.runtime.approvals.approve(approval.id, by=by)

    async def complete_all(self):
        waiting = {body["call"] for body in await self.stage.bodies("call.deferred")}
        waiting -= {body["call"] for body in await self.stage.bodies("call.ended")}
        delegated = {body.get("delegated_by") for body in await self.stage.bodies("run.started")}
        for call_id in sorted(waiting - delegated):
            token = self.stage.assembly.services.ledger.keyring.completion_token(call_id)
            await self.stage.runtime.complete(call_id, token, "delivered")

    async def check(self):
        """What must hold once the run is over."""
        ends = await self.stage.check()
        begun = {body["call"] for body in await self.stage.bodies("call.intent", "call.held")}
        assert begun <= set(ends)
        ended = Counter(body["run"] for body in await self.stage.bodies("run.ended"))
        assert ended == Counter({body["run"]: 1 for body in await self.stage.bodies("run.started")})
        assert not await self.stage.runtime.approvals.list(state=ApprovalState.WAITING)
        for agent in self.agents:
            for request in agent.model.requests:
                assert is_legal(request.messages)


# -- one death, anywhere ---------------------------------------------------------------------------


async def withdrawn(talk, bob):
    """A call waits, a message goes before it, and the model makes it no more."""
    await talk.bring()
    await talk.send_until(1, "Leave it.")
    return await talk.bring()


async def not_replied_to(talk, bob):
    """A call waits, a message goes before it, and no model has a reply to that."""
    await talk.bring()
    await talk.send_until(1, "Well?")
    return await talk.bring()


async def repeated(talk, bob):
    """The model makes it again, and a person agrees."""
    await talk.bring()
    await talk.send_until(1, "Well?")
    await talk.bring()
    await talk.approve_all(bob)
    return await talk.bring()


async def one_more_turn(talk, bob):
    """A person agrees, and the run goes on with what was sent for afterwards."""
    await talk.bring()
    await talk.send_until(1, "And then look.", "after")
    await talk.approve_all(bob)
    return await talk.bring()


async def called_off(talk, bob):
    """Somebody calls the run off while it waits."""
    run = await talk.bring()
    if is_open(run.status):
        await talk.stage.runtime.cancel(run=run.id, by=bob, reason="no longer wanted")
    return await talk.bring()


async def come_late(talk, bob):
    """A result comes behind the answer that was given for the time being."""
    await talk.bring()
    await talk.send_until(1, "Well?")
    await talk.bring()
    await talk.complete_all()
    return await talk.bring()


SCRIPTS = {
    withdrawn: (call("pay", cents=5), "I leave it."),
    not_replied_to: (call("pay", cents=5), fails("denied")),
    repeated: (call("pay", cents=5), call("pay", cents=5), "Paid."),
    one_more_turn: (call("pay", cents=5), "Paid.", call("look", what="out"), "Seen."),
    called_off: ([call("pay", cents=5), call("look", what="out")], "Paid."),
    come_late: (call("order", what="vase"), "It is under way.", "It came."),
}
RESULTS = {
    withdrawn: ("completed", "I leave it.", {}),
    not_replied_to: ("failed", None, {}),
    repeated: ("completed", "Paid.", {("pay", 5): 1}),
    one_more_turn: ("completed", "Seen.", {("pay", 5): 1}),
    called_off: ("cancelled", None, {}),
    come_late: ("completed", "It came.", {("order", "vase"): 1}),
}


@pytest.mark.promise("P3", "P5", "P11")
@pytest.mark.parametrize("is_behind", [False, True], ids=["before", "behind"])
@pytest.mark.parametrize(
    ("path", "is_below"),
    [*((path, False) for path in SCRIPTS), (called_off, True)],
    ids=lambda each: getattr(each, "__name__", str(each)),
)
async def test_a_death_between_any_two_entries_changes_nothing_in_the_end(
    scene, tools, bob, other_side, path, is_behind, is_below
):
    agent = Agent(name="support", tools=tools, model=ScriptedModel(*SCRIPTS[path], by_turn=True))
    agents = (agent,)
    if is_below:
        model = ScriptedModel(call("ask_support", task="Begin."), "Above.", by_turn=True)
        agents = (Agent(name="boss", tools=(), team=[agent], model=model), agent)
    status, result, done = RESULTS[path]
    dies_at, is_over = 0, False
    while not is_over:
        dies_at += 1
        other_side.clear()
        stage = await scene(agents[0], wrap=Mortal)
        stage.store.left, stage.store.is_behind = dies_at, is_behind
        talk = Talk(stage, *agents)
        with contextlib.suppress(LedgerError):
            await path(talk, bob)
        is_over = not stage.store.is_dead
        await stage.reopen()
        run = await path(talk, bob)
        assert (run.status, run.result) == (status, result)
        assert other_side.effects == done
        await talk.check()
    assert 5 < dies_at < DEATHS


# -- at random -------------------------------------------------------------------------------------


def waits_on(request):
    """Calls that the model was told of, lately, that they wait."""
    waiting = {
        message.id
        for message in request.messages
        if isinstance(message, ToolMessage) and '"status":"waiting"' in message.content
    }
    said_lately = [each for each in request.messages[-8:] if isinstance(each, ModelMessage)]
    return [each for message in said_lately for each in message.calls if each.id in waiting]


def replies_in(request):
    return sum(isinstance(message, ModelMessage) for message in request.messages)


def as_it_likes(seed, opens_with=None):
    """A reply made of the seed and of what was said, so that it is the same when asked again."""

    def play(request):
        if opens_with is not None and replies_in(request) in {0, 2}:
            return opens_with
        said_so_far = sha256(repr(request.messages).encode()).hexdigest()
        chance = Random(f"{seed} {said_so_far}")  # noqa: S311 - for repeatable tests
        if not request.tools or replies_in(request) > MOST_REPLIES or chance.random() < ANSWERS:
            return f"Answer {replies_in(request)}."
        return said(*(a_call(chance, waits_on(request)) for _ in range(chance.randint(1, 3))))

    return play


def a_call(chance, waiting):
    if waiting and chance.random() < REPEATS:
        again = chance.choice(waiting)
        return call(again.tool, again.arguments)
    return chance.choice(
        (
            call("pay", cents=chance.randint(1, 3)),
            call("look", what=chance.choice("ab")),
            call("order", what=chance.choice("xy")),
            call("no_such_tool"),
            call("pay", "{"),
        )
    )


class Crowd(Talk):
    """Users, people and deaths that come as chance has it."""

    def __init__(self, stage, *agents, chance, bob):
        super().__init__(stage, *agents)
        self.chance = chance
        self.bob = bob
        self.moving = None
        self.messages = []
        self.is_off = False

    async def begin(self):
        await self.resume()
        for _ in range(100):
            await asyncio.sleep(0)
        assert await self.run_id() is not None

    async def move(self):
        """One move of anybody; some come too late."""
        moves = (
            *(self.resume, self.resume, self.send, self.send, self.decide, self.complete_all),
            *(self.look_at, self.interrupt, self.crash, self.call_off),
        )
        for _ in range(self.chance.randint(0, 60)):
            await asyncio.sleep(0)
        with contextlib.suppress(DecisionRefused):
            await self.chance.choice(moves)()

    async def end(self):
        """Agree to everything, until it is over."""
        if self.moving is not None:
            await asyncio.gather(self.moving, return_exceptions=True)
        for _ in range(ROUNDS):
            run = await self.bring()
            if not is_open(run.status):
                return run
            await self.approve_all(self.bob)
            await self.complete_all()
        raise AssertionError("it never ends")

    async def resume(self):
        if self.moving is None or self.moving.done():
            self.moving = asyncio.ensure_future(self.bring())

    async def send(self):
        text, when = f"message {len(self.messages)}", self.chance.choice(("now", "now", "after"))
        await self.stage.runtime.send(await self.run_id(), text, when=when)
        self.messages.append(text)

    async def decide(self):
        desk = self.stage.runtime.approvals
        for approval in await desk.list(state=ApprovalState.WAITING):
            await self.chance.choice((desk.approve, desk.reject))(approval.id, by=self.bob)
            if self.chance.random() < REPEATS:
                break

    async def look_at(self):
        for body in await self.stage.bodies("call.held"):
            await self.stage.runtime.wait(body["call"], timeout_s=0)

    async def interrupt(self):
        if self.moving is not None:
            self.moving.cancel()
            await asyncio.gather(self.moving, return_exceptions=True)

    async def crash(self):
        self.stage.store.is_dead = True
        await self.interrupt()
        self.moving = None
        await self.stage.reopen()

    async def call_off(self):
        if self.chance.random() < CALLS_OFF:
            self.is_off = True
            run_id = await self.run_id()
            await self.stage.runtime.cancel(run=run_id, by=self.bob, reason="enough")


async def at_random(scene, tools, bob, other_side, seed):
    chance = Random(seed)  # noqa: S311 - for repeatable tests
    clerk = Agent(name="clerk", tools=tools, model=ScriptedModel.answering(as_it_likes(-seed)))
    has_team = chance.random() < REPEATS / 2
    opens_with = call("ask_clerk", task="Pay.") if has_team else None
    agent = Agent(
        name="support",
        tools=tools,
        team=[clerk] if has_team else [],
        model=ScriptedModel.answering(as_it_likes(seed, opens_with)),
        iterations=30,
    )
    stage = await scene(agent, wrap=Mortal)
    crowd = Crowd(stage, agent, clerk, chance=chance, bob=bob)
    await crowd.begin()
    for _ in range(chance.randint(5, 25)):
        await crowd.move()
    run = await crowd.end()
    await crowd.check()
    if crowd.is_off:
        assert run.status is not RunStatus.HELD
    elif run.status is RunStatus.COMPLETED:
        heard = [text for text in texts(agent.model.requests[-1]) if text.startswith("message")]
        assert sorted(heard) == sorted(crowd.messages)
    paid = [each for each in await stage.bodies("call.ended") if each["tool"] == "pay"]
    own = [each["status"] for each in paid if "repeated" not in each]
    times = sum(count for (name, _), count in other_side.effects.items() if name == "pay")
    assert own.count("completed") <= times <= own.count("completed") + own.count("unknown")
    runs = len(await stage.bodies("run.started"))
    assert all(count <= runs for count in other_side.effects.values())


@pytest.mark.promise("P3", "P5")
@pytest.mark.parametrize("seed", range(SEEDS))
async def test_a_run_that_is_talked_to_at_random_stays_in_order(
    scene, tools, bob, other_side, seed
):
    await at_random(scene, tools, bob, other_side, seed)


@pytest.mark.nightly
@pytest.mark.promise("P3", "P5")
@pytest.mark.parametrize("seed", range(SEEDS, NIGHTLY_SEEDS))
async def test_many_runs_that_are_talked_to_at_random_stay_in_order(
    scene, tools, bob, other_side, seed
):
    await at_random(scene, tools, bob, other_side, seed)

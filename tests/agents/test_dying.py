"""A process that dies at any point of a run: the next one comes to the same end, by the record.

Everything that a run writes, everything that it asks of a model and everything that a tool does is
a point. At one of them the process is gone: nothing of it reaches the ledger or the world any more.
"""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from random import Random

import pytest

from highroad import Agent, Limits, Principal, ToolContext, tool
from highroad.domain.entry import EntryKind
from highroad.domain.error import DecisionRefused, LedgerError
from highroad.domain.model import ModelMessage, ToolMessage
from highroad.domain.run import RunStatus
from highroad.testing import ChaoticModel, ScriptedModel, call

BOB = Principal("bob", authenticated=True)
WRITES = {"acquire", "append", "post", "forget", "expire"}


class Points:
    """Places where a process may die, by their number; those who come there later are gone too."""

    def __init__(self, dies_at=None):
        self.dies_at = dies_at
        self.passed = []
        self.died = asyncio.Event()
        self.strikes = self.died.set
        """What happens there: death, if nothing else."""

    async def reach(self, name):
        self.passed.append(name)
        if len(self.passed) == self.dies_at:
            self.strikes()
        if self.died.is_set():
            await asyncio.Event().wait()


class Watched:
    """A store with a point before and behind all that it writes; the dead write nothing."""

    def __init__(self, store, points):
        self._store = store
        self._points = points

    def __getattr__(self, name):
        method = getattr(self._store, name)
        if name not in WRITES:
            return method

        async def write(*given, **named):
            if self._points.died.is_set():
                raise LedgerError("this process is dead")
            what = name
            if name == "append":
                what = ", ".join(dict.fromkeys(entry.kind for entry in given[0]))
            await self._points.reach(f"before {what}")
            result = await method(*given, **named)
            await self._points.reach(f"after {what}")
            return result

        return write


class Watching(ScriptedModel):
    """A model with a point before its reply, and one behind."""

    points = None
    asked = None

    async def reply(self, request):
        await self.points.reach("request")
        self.asked()
        async for part in super().reply(request):
            await self.points.reach("part of a reply")
            yield part


class World:
    """What outlives every process: the scene with its ledger, and what was done."""

    def __init__(self, scene):
        self.scene = scene
        self.points = Points()
        self.done = Counter()
        self.begun = Counter()
        self.requests = 0
        """That reached a model, in any process."""

    async def act(self, name, context, *, dedupes=False):
        await self.points.reach(f"{name} begins")
        if self.points.died.is_set():
            return
        if not (dedupes and self.done[name, context.idempotency_key]):
            self.done[name, context.idempotency_key] += 1
            self.begun[name] += 1
        await self.points.reach(f"{name} is done")

    def agents(self):
        """The same agents in every process."""
        act = self.act

        @tool(tier="read")
        async def look(what: str, context: ToolContext[None]) -> str:
            """Look something up."""
            await act("look", context)
            return what

        @tool(tier="reversible", effect="idempotent")
        async def charge(cents: int, context: ToolContext[None]) -> str:
            """Charge somebody."""
            await act("charge", context, dedupes=True)
            return "charged"

        @tool(tier="reversible")
        async def ship(order: str, context: ToolContext[None]) -> str:
            """Ship something: nobody protects from doing it twice."""
            await act("ship", context)
            return "shipped"

        @tool(tier="irreversible", effect="idempotent")
        async def pay(cents: int, context: ToolContext[None]) -> str:
            """Pay somebody."""
            await act("pay", context, dedupes=True)
            return "paid"

        clerk = Agent(
            name="clerk",
            tools=[look, pay],
            model=Watching(
                call("look", what="account"),
                [call("pay", cents=7), call("look", what="receipt")],
                "The clerk has paid.",
                by_turn=True,
            ),
        )
        boss = Agent(
            name="boss",
            tools=[look, charge, ship, pay],
            team=[clerk],
            model=Watching(
                call("look", what="order"),
                [
                    call("charge", cents=5),
                    call("ship", order="ORD-000042"),
                    call("pay", cents=9),
                    call("ask_clerk", task="Pay 7 cents."),
                    call("look", what="stock"),
                ],
                call("charge", cents=6),
                "All is done.",
                by_turn=True,
            ),
        )
        self.watch(boss.model, clerk.model)
        return (boss,)

    def watch(self, *models):
        for model in models:
            model.points, model.asked = self.points, self.ask

    def ask(self):
        self.requests += 1

    async def process(self, work, *, dies_at=None):
        """Whether a process came to the end of its work, or died before it."""
        before = asyncio.all_tasks()
        self.points = Points(dies_at)
        self.scene.agents = self.agents()
        self.scene.wrap = lambda store: Watched(store, self.points)
        living = asyncio.ensure_future(self._live(work))
        death = asyncio.ensure_future(self.points.died.wait())
        await asyncio.wait({living, death}, return_when=asyncio.FIRST_COMPLETED)
        if not self.points.died.is_set():
            death.cancel()
            await living
            return True
        # What is called off tries to say so; it meets a store that is as dead.
        while remains := asyncio.all_tasks() - before - {asyncio.current_task()}:
            for each in remains:
                each.cancel()
            await asyncio.wait(remains, timeout=0)
        self.scene.ledger.holder = None
        return False

    async def _live(self, work):
        await self.scene.open()
        await work()
        await self.scene.check()
        await self.scene.runtime.close()

    async def begin(self):
        await self.to_the_end(await self.scene.run("boss"))

    async def go_on(self):
        """What the next process does: all runs that it finds, or a first one."""
        for body in await self.scene.bodies(EntryKind.RUN_STARTED):
            if "parent_run" not in body:
                await self.to_the_end(await self.resume(body["run"]))
                return
        await self.begin()

    async def resume(self, run_id):
        return await self.scene.resume(run_id)

    async def to_the_end(self, run):
        while run.status is RunStatus.HELD:
            for hold in run.holds:
                await self.scene.runtime.approvals.approve(hold.approval_id, by=BOB)
            run = await self.scene.resume(run)
        self.run = run

    async def verify(self):
        """The same end, every effect counted from outside, and every call answered once."""
        assert (self.run.status, self.run.result) == (RunStatus.COMPLETED, "All is done.")
        assert len(await self.scene.bodies(EntryKind.RUN_STARTED)) == 2
        by_tool = Counter(name for name, _ in self.done)
        assert (by_tool["charge"], by_tool["pay"]) == (2, 2)
        assert all(times == 1 for (name, _), times in self.done.items() if name != "look"), (
            self.done
        )
        ends = await self.ends()
        shipped = {end["status"] for end in ends if end["tool"] == "ship"}
        assert (self.begun["ship"], shipped) in [
            (1, {"completed"}),
            (1, {"unknown"}),
            (0, {"unknown"}),
        ]
        await self.verify_runs()
        await self.verify_requests()
        self.verify_answers()

    async def verify_requests(self):
        """Whatever a model was asked, in any process, was on record before (P6)."""
        assert self.requests <= len(await self.scene.bodies(EntryKind.MODEL_ASKED))

    def verify_answers(self):
        for agent in self.scene.agents[0].everybody():
            for request in agent.model.requests:
                check_answers(request)

    async def ends(self):
        bodies = await self.scene.bodies()
        opened = {body["call"] for body in bodies if "call" in body}
        ends = [body for body in bodies if body["kind"] == EntryKind.ENDED]
        assert Counter(end["call"] for end in ends) == dict.fromkeys(opened, 1)
        return ends

    async def verify_runs(self):
        bodies = await self.scene.bodies()
        runs = {body["run"] for body in bodies if body["kind"] == EntryKind.RUN_STARTED}
        over = Counter(body["run"] for body in bodies if body["kind"] == EntryKind.RUN_ENDED)
        assert over == dict.fromkeys(runs, 1)


def check_answers(request):
    """P5: every call has its one result, in order, before anything else is said."""
    due = []
    for message in request.messages:
        if isinstance(message, ToolMessage):
            assert (message.id, message.tool) == due.pop(0)
            continue
        assert not due
        if isinstance(message, ModelMessage):
            due = [(each.id, each.tool) for each in message.calls]
    assert not due


async def course(make, *deaths):
    """One process after the other, of which each dies where it is told, and the last does not."""
    world = World(await make())
    await world.scene.runtime.close()
    works = [world.begin, *(world.go_on for _ in deaths)]
    for work, dies_at in zip(works, (*deaths, None), strict=True):
        if await world.process(work, dies_at=dies_at):
            break
    points, world.points = world.points.passed, Points()
    await world.scene.open()
    try:
        await world.verify()
    finally:
        await world.scene.runtime.close()
    return points


@pytest.mark.promise("P3")
@pytest.mark.promise("P5")
@pytest.mark.promise("P11")
@pytest.mark.timeout(300)
async def test_dropped_at_any_point_it_comes_to_the_same_end(scene):
    """Every append, every request and reply, and the begin and end of every body."""
    points = await course(scene)
    assert len(points) > 60
    for number in range(1, len(points) + 1):
        await course(scene, number)


@pytest.mark.promise("P11")
async def test_whoever_recovers_may_die_too(scene):
    chance = Random(7)  # noqa: S311 - which points are tried is no secret
    for _ in range(20):
        await course(scene, chance.randint(1, 98), chance.randint(1, 60), chance.randint(1, 60))


@pytest.mark.promise("P3")
@pytest.mark.promise("P5")
@pytest.mark.timeout(300)
async def test_called_off_at_any_point_every_call_ends_and_the_run_goes_on(scene):
    """Whoever waits for a run may go away at any await, as by a timeout or a `Ctrl-C`."""
    for number in range(3, 90, 2):
        world = World(await scene())
        await world.scene.runtime.close()
        world.scene.agents = world.agents()
        world.scene.wrap = lambda store, world=world: Watched(store, world.points)
        await world.scene.open()
        world.points = Points(number)
        working = asyncio.ensure_future(world.begin())
        world.points.strikes = working.cancel
        await asyncio.wait({working})
        if working.cancelled():
            await world.scene.check()
            await world.go_on()
        await world.scene.check()
        assert (world.run.status, world.run.result) == (RunStatus.COMPLETED, "All is done.")
        assert max(count for (name, _), count in world.done.items() if name != "look") == 1
        await world.verify_runs()
        world.verify_answers()


ORDERS = ["ORD-000042", "ORD-000043"]
EXAMPLES = {
    "look": [{"what": each} for each in ORDERS],
    "charge": [{"cents": each} for each in (5, 500)],
    "ship": [{"order": each} for each in ORDERS],
    "pay": [{"cents": each} for each in (7, 9_000)],
    "ask_clerk": [{"task": each} for each in ("Pay 7 cents.", "Look.")],
}
WISHES = "Charge 5 or 500 cents, pay 7 or 9000, and ship ORD-000042 or ORD-000043."
CALLS = 8
ENDS = {"completed", "failed", "budget_exceeded", "max_steps_exceeded"}


class Chaotic(ChaoticModel):
    """A chaotic model in whose replies a process may die."""

    points = None
    asked = None

    async def reply(self, request):
        await self.points.reach("request")
        self.asked()
        async for part in super().reply(request):
            await self.points.reach("part of a reply")
            yield part


class Chaos(World):
    """Agents that do everything wrong, people who say yes or no, and processes that die."""

    is_dry = False

    def __init__(self, scene, seed):
        super().__init__(scene)
        self.seed = seed
        self.chance = Random(seed)  # noqa: S311 - repeatable
        self.lives = 0
        self.is_followed = seed % 2 == 1
        """Somebody sees replies as they come, so that reads begin before those are whole."""

    def agents(self):
        self.lives += 1
        (boss,) = super().agents()
        clerk = boss.team[0]
        clerk = replace(clerk, model=Chaotic(f"{self.seed} {self.lives} clerk", EXAMPLES))
        model = Chaotic(f"{self.seed} {self.lives}", EXAMPLES)
        self.watch(model, clerk.model)
        return (replace(boss, team=[clerk], model=model, iterations=8),)

    async def begin(self):
        self.scene.names = False  # of what such a model says much is named by nobody
        if not self.is_followed:
            await self.to_the_end(await self.scene.run("boss", WISHES, dry_run=self.is_dry))
            return
        stream = self.scene.runtime.stream("boss", WISHES, dry_run=self.is_dry)
        events = [event async for event in stream]
        await self.to_the_end(await self.scene.resume(events[-1].run_id))

    async def resume(self, run_id):
        if self.is_followed:
            async for _ in self.scene.runtime.stream_resumed(run_id):
                pass
        return await super().resume(run_id)

    async def to_the_end(self, run):
        while run.status is RunStatus.HELD:
            approvals, verb = self.scene.runtime.approvals, self.chance.choice(["yes", "no"])
            decide = approvals.approve if verb == "yes" else approvals.reject
            for hold in run.holds:
                with suppress(DecisionRefused):  # by a process that died behind it
                    await decide(hold.approval_id, by=BOB)
            run = await self.resume(run.id)
        self.run = run

    async def verify(self):
        assert self.run.status in ENDS
        assert max([n for (name, _), n in self.done.items() if name != "look"], default=1) == 1
        ends = await self.ends()
        for name in ("ship", "pay", "charge"):
            statuses = Counter(
                end["status"] for end in ends if end["tool"] == name and "source" not in end
            )
            done = sum(n for (tool_name, _), n in self.done.items() if tool_name == name)
            completed = statuses["completed"]
            assert completed <= done <= completed + statuses["unknown"]
        intents = await self.scene.bodies(EntryKind.INTENT)
        assert len({body["call"] for body in intents}) <= CALLS  # P6
        await self.verify_runs()
        await self.verify_requests()
        self.verify_answers()


async def chaos(make, seed, world_of=Chaos):
    world = world_of(await make(limits=Limits(calls=CALLS, proposals=40)), seed)
    await world.scene.runtime.close()
    deaths = [world.chance.randint(8, 60) for _ in range(world.chance.randint(0, 2))]
    for work, dies_at in zip(
        [world.begin, *(world.go_on for _ in deaths)], [*deaths, None], strict=True
    ):
        if await world.process(work, dies_at=dies_at):
            break
    world.points = Points()
    await world.scene.open()
    await world.verify()
    await world.scene.runtime.close()
    return world.run.status


@pytest.mark.promise("P3")
@pytest.mark.promise("P5")
@pytest.mark.promise("P6")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("decade", range(4))
async def test_chaos_in_processes_that_die_breaks_no_promise(scene, decade):
    for seed in range(10 * decade, 10 * decade + 10):
        await chaos(scene, seed)


@pytest.mark.promise("P3")
@pytest.mark.promise("P5")
@pytest.mark.promise("P6")
@pytest.mark.nightly
@pytest.mark.timeout(3_600)
async def test_a_thousand_seeds_of_chaos_in_processes_that_die_break_no_promise(scene):
    ends = Counter([await chaos(scene, seed) for seed in range(40, 1_000)])
    assert ends.keys() == ENDS


class DryChaos(Chaos):
    """The same in dry runs, in which nothing may ever be done but looking."""

    is_dry = True

    async def verify(self):
        assert (self.run.status in ENDS, self.run.dry) == (True, "asked")
        assert {name for name, _ in self.done} <= {"look"}
        assert not await self.scene.bodies(EntryKind.HELD)
        await self.ends()
        await self.verify_runs()
        self.verify_answers()


@pytest.mark.promise("P3")
@pytest.mark.promise("P11")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("decade", range(2))
async def test_a_dry_run_stays_dry_in_processes_that_die(scene, decade):
    for seed in range(10 * decade, 10 * decade + 10):
        await chaos(scene, seed, world_of=DryChaos)


@pytest.mark.promise("P3")
@pytest.mark.promise("P11")
@pytest.mark.nightly
@pytest.mark.timeout(3_600)
async def test_a_thousand_dry_runs_stay_dry_in_processes_that_die(scene):
    assert [await chaos(scene, seed, world_of=DryChaos) for seed in range(20, 1_000)]

"""How a run begins: nothing is done for it before that is on the disk, and little waits for it."""

import asyncio

import pytest

from highroad import Agent, tool
from highroad.domain.entry import EntryKind
from highroad.domain.error import LedgerError
from highroad.domain.event import EventKind
from highroad.testing import ScriptedModel, call


@tool(tier="read")
async def look(what: str) -> str:
    """Look something up."""
    return what


class Noted:
    """A store that notes what each commit holds, and fails when it is told to."""

    def __init__(self, store):
        self._store = store
        self.commits = []
        self.is_full = False

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def append(self, entries, *, fence):
        self.commits.append([entry.kind for entry in entries])
        if self.is_full:
            raise LedgerError("the disk is full; make room")
        return await self._store.append(entries, fence=fence)

    def of(self, kind):
        return next(commit for commit in self.commits if kind in commit)


async def noted(scene, agent):
    stage = await scene(agent, wrap=Noted)
    stage.store.commits.clear()
    return stage


async def test_a_run_begins_in_the_commit_of_its_first_request(scene):
    stage = await noted(scene, Agent(name="clerk", model=ScriptedModel("Done."), tools=()))
    await stage.run("clerk")
    assert stage.store.of(EntryKind.RUN_STARTED) == [EntryKind.RUN_STARTED, EntryKind.MODEL_ASKED]


@pytest.mark.promise("P2")
async def test_a_call_of_a_strategy_waits_until_its_run_has_begun(scene):
    """Or it would say that the run began with it, as the first call of any other run does."""

    async def looks(leg):
        await leg.call("look", {"what": "order"})
        return "Seen."

    agent = Agent(name="clerk", model=ScriptedModel(), tools=[look], strategy=looks)
    stage = await noted(scene, agent)
    await stage.run("clerk")
    assert stage.store.commits[0] == [EntryKind.RUN_STARTED]
    assert not [body for body in await stage.bodies() if "new_run" in body]


@pytest.mark.promise("P2")
@pytest.mark.parametrize("strategy", [None, "looks"])
async def test_a_run_that_cannot_be_recorded_asks_nobody_and_calls_nothing(scene, strategy):
    """Whoever began it is told, and nobody who follows hears that it began."""
    called = []

    @tool(tier="read")
    async def find(what: str) -> str:
        """Find something."""
        called.append(what)
        return what

    async def looks(leg):
        await leg.call("find", {"what": "order"})
        return "Seen."

    model = ScriptedModel(call("find", what="order"), "Done.")
    how = {} if strategy is None else {"strategy": looks}
    stage = await noted(scene, Agent(name="clerk", model=model, tools=[find], **how))
    stage.store.is_full = True
    with pytest.raises(LedgerError, match="disk is full"):
        assert not [event async for event in stage.runtime.stream("clerk", "Go.")]
    stage.store.is_full = False
    assert not model.requests
    assert not called
    assert not await stage.bodies(EntryKind.RUN_STARTED, EntryKind.MODEL_ASKED, EntryKind.INTENT)


@pytest.mark.promise("P2")
@pytest.mark.parametrize("asks", [True, False])
async def test_nothing_lands_behind_a_beginning_that_could_not_be_recorded(scene, asks):
    """Also where the ledger can be written again by the time that there is more to record."""

    async def slow(leg):
        while not stage.store.commits:  # noqa: ASYNC110 - a store tells it by what it has seen
            await asyncio.sleep(0)
        stage.store.is_full = False
        return (await leg.ask()).text if asks else "Done."

    model = ScriptedModel("Done.")
    stage = await noted(scene, Agent(name="clerk", model=model, tools=(), strategy=slow))
    stage.store.is_full = True
    before = await stage.store.entries(limit=100)
    with pytest.raises(LedgerError, match="disk is full"):
        await stage.run("clerk")
    assert not model.requests
    await stage.runtime.flush()
    assert await stage.store.entries(limit=100) == before


async def test_whoever_follows_hears_of_the_beginning_though_the_run_asks_nobody(scene):
    async def thinks(leg):
        return leg.request

    agent = Agent(name="clerk", model=ScriptedModel(), tools=(), strategy=thinks)
    stage = await noted(scene, agent)
    told = [event.kind async for event in stage.runtime.stream("clerk", "Go.")]
    assert told == [EventKind.RUN_STARTED, EventKind.RUN_FINISHED]

"""Many approvers, edits, words taken back and dying processes: one effect or none, never two (P4).

Each seed is one history of one held call. Sixty-four people speak through the owner's desk or leave
their word in the inbox from elsewhere, somebody waits for the call all the while, the owner dies
now and then between any two steps, and the clock may stand at the very end of the approval.
"""

import asyncio
import contextlib
from collections import Counter
from random import Random

import pytest

from highroad import Completed, Held, Limits, Principal, Unknown, tool
from highroad.approvals.desk import Desk
from highroad.bootstrap.stores import store_at
from highroad.domain.approval_rules import ApprovalRules
from highroad.domain.error import HighroadError
from highroad.ledger.access import ReadOnlyWriter
from highroad.ledger.ledger import Ledger

pytestmark = pytest.mark.promise("P4")

PEOPLE = tuple(Principal(f"person-{number}", authenticated=True) for number in range(64))
SAMPLE = range(24)
SEEDS = 10_000
BATCH = 500
DAY_S = 86_400
NIGHT = pytest.mark.nightly


class History:
    """One call, from its hold to its end, in an order that a seed chooses."""

    def __init__(self, seed, make):
        self.random = Random(seed)  # noqa: S311 - repeatable
        self.effects = Counter()
        self.people = self.random.choice((2, 8, 64))
        self.here = make(self._tool(), chance=self.random.random, limits=Limits(usd=10))
        self.call_id = None
        self.doing = set()

    def _tool(self):
        effects, random = self.effects, self.random

        @tool(tier="irreversible", ask='args.cents > 1000 ? "quorum" : "human"')
        async def wire(cents: int) -> int:
            for _ in range(random.randrange(3)):
                await asyncio.sleep(0)
            effects[cents] += 1
            return cents

        return wire

    async def play(self):
        """Let everybody speak, and bring the call to its end."""
        await self.here.open()
        held = await self.here.call("wire", {"cents": self.random.choice((5, 5_000))}, run="r")
        self.call_id = held.call_id
        for person in self.random.sample(PEOPLE, self.people):
            self._begin(self._speak(person))
            if self.random.random() < 0.3:
                self._begin(self._look())
            await self._turns(self.random.randrange(4))
            if self.random.random() < 2 / self.people:
                await self._die()
        if self.random.random() < 0.2:
            self.here.clock.advance(DAY_S - self.random.choice((0, 0.001)))
            self._begin(self._speak(self.random.choice(PEOPLE)))
            self._begin(self._look())
        await self._rest()
        return await self._end()

    def _begin(self, doing):
        task = asyncio.ensure_future(doing)
        self.doing.add(task)
        task.add_done_callback(self.doing.discard)

    async def _turns(self, rounds):
        for _ in range(rounds):
            await asyncio.sleep(0)

    async def _speak(self, person):
        """Say something of what the call waits for at the moment, as it is seen from somewhere."""
        desk = self.here.desk if self.random.random() < 0.6 else self._elsewhere()
        with contextlib.suppress(HighroadError):
            approval = await self._current(desk)
            if approval is None:
                return
            await self._turns(self.random.randrange(3))
            match self.random.random():
                case chance if chance < 0.02:
                    await desk.reject(approval.id, by=person)
                case chance if chance < 0.12:
                    cents = self.random.choice((1, 2, 3, 2_000))
                    await desk.edit(approval.id, {"cents": cents}, by=person)
                case chance:
                    await desk.approve(approval.id, by=person)
                    if chance < 0.3:
                        await desk.revoke(approval.id, by=person)

    async def _current(self, desk):
        found = await desk.list(state=None)
        return found[-1] if found else None

    def _elsewhere(self):
        """The desk of another process, which leaves its orders in the inbox."""
        services = self.here.services
        ledger = Ledger(
            self.here.store, ReadOnlyWriter(1), services.ledger.keyring, self.here.clock
        )
        return Desk(ledger, ApprovalRules(), is_owner=False)

    async def _look(self):
        with contextlib.suppress(HighroadError):
            await self.here.assembly.inbox.empty()
            await self.here.wait(self.call_id)

    async def _die(self):
        """The owner is gone between two steps, and another takes over."""
        old, self.doing = self.doing, set()
        await self.here.reopen()
        for task in old:
            task.cancel()
        await asyncio.gather(*old, return_exceptions=True)

    async def _rest(self):
        while self.doing:
            await asyncio.gather(*self.doing, return_exceptions=True)

    async def _end(self):
        """Whoever is left agrees until the call is over; where nobody can, it expires."""
        for person in PEOPLE:
            await self._look()
            outcome = await self.here.wait(self.call_id)
            if not isinstance(outcome, Held):
                return outcome
            with contextlib.suppress(HighroadError):
                await self.here.desk.approve(outcome.approval_id, by=person)
        self.here.clock.advance(DAY_S)
        return await self.here.wait(self.call_id)

    async def check(self, outcome):
        """One effect or none, and that of the arguments that people agreed to."""
        happened = self.effects.total()
        assert happened <= 1
        assert not isinstance(outcome, Held)
        if isinstance(outcome, Completed):
            assert self.effects == {outcome.value: 1}
        elif not isinstance(outcome, Unknown):
            assert happened == 0
        spent = [a for a in await self.here.desk.list(state=None) if a.state == "consumed"]
        assert happened <= len(spent) <= 1
        assert all(len(each.approvers) >= each.quorum for each in spent)
        assert not await self.here.desk.list()
        await self.here.check()


async def played(seed, make):
    history = History(seed, make)
    outcome = await history.play()
    try:
        await history.check(outcome)
    except AssertionError:
        pytest.fail(f"seed {seed}: {outcome.status}, {dict(history.effects)}")
    return outcome.status


@pytest.mark.parametrize("seed", SAMPLE)
async def test_whoever_speaks_whenever_there_is_one_effect_or_none(seed, world):
    await played(seed, world)


@pytest.mark.parametrize("seed", range(4))
async def test_the_same_on_a_disk(seed, sqlite):
    await played(seed, sqlite)


async def test_the_histories_reach_every_end(world):
    """A race in which nothing happens would prove nothing."""
    ends = Counter([await played(seed, world) for seed in range(1_000, 1_040)])
    assert ends["completed"] >= 10
    assert ends["refused"] >= 1


@pytest.fixture
async def shared(world, postgres_url):
    """A runtime on PostgreSQL, where all words go through the inbox."""

    worlds = []

    class OnPostgres(world):
        def __init__(self, *tools, **parts):
            super().__init__(*tools, **parts)
            worlds.append(self)

        async def open(self, *, settles=True):
            self.wrap = lambda _: store_at(postgres_url)
            return await super().open(settles=settles)

        async def crash(self):
            await self.store.close()

        async def check(self):
            """Entries of one call lie in several logs: what is asked here is asked of tables."""
            assert not await self.store.open_calls()

    yield OnPostgres
    for each in worlds:
        await each.runtime.close()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", [0, 3, *(pytest.param(n, marks=NIGHT) for n in range(4, 200))])
async def test_the_same_where_several_write(seed, shared):
    await played(seed, shared)


@pytest.mark.nightly
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("first", range(0, SEEDS, BATCH))
async def test_ten_thousand_histories(first, world):
    for seed in range(first, first + BATCH):
        await played(seed, world)

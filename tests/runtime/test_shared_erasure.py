"""People are forgotten over and over while two runtimes drive calls of the same runs."""

import asyncio
import random
from collections import Counter

import asyncpg
import pytest

from highroad import Principal, Refused, Runtime, tool
from highroad.bootstrap import assemble
from highroad.domain.error import ErasureRefused

ALICE = Principal("alice", authenticated=True)
ADMIN = Principal("admin", authenticated=True, permissions={"audit:erase"})
RUNS = tuple(f"thread-{number}" for number in range(8))
CALLS = 25
"""Of each process."""


class Ground:
    """Two runtimes on one ledger, what they were asked for, and plain SQL beside them."""

    def __init__(self, url, seed):
        self.url = url
        self.random = random.Random(seed)  # noqa: S311 - which call comes next, and no secret
        self.effects = Counter()
        self.outcomes = []
        self.destroyed = set()
        self.tried = asyncio.Event()
        self.tools = self.make_tools()

    def make_tools(self):
        @tool(tier="read")
        async def look(order: str) -> str:
            """Look at an order."""
            await asyncio.sleep(0)
            return f"seen {order}"

        @tool(tier="reversible", effect="unprotected")
        async def refund(order: str) -> str:
            """Refund an order."""
            self.effects[order] += 1
            await asyncio.sleep(0)
            return f"refunded {order}"

        return look, refund

    async def drive(self, runtime, name):
        """Calls one after another, each of either tool in either run."""
        for number in range(CALLS):
            chosen, run = self.random.choice(self.tools), self.random.choice(RUNS)
            arguments = {"order": f"{name}-{number}"}
            called = await runtime.call(chosen, arguments, principal=ALICE, run=run)
            self.outcomes.append(called)
            match self.random.randrange(3):
                case 0:
                    await runtime.flush()
                case 1:  # so that there are moments in which nothing is in her way
                    await self.tried.wait()

    async def erase(self, runtimes, is_over):
        """Forget her again and again; who is refused tries once more."""
        while not is_over():
            before = await self.rows("SELECT run_id, wrapped FROM highroad.run_key")
            try:
                plan = await self.random.choice(runtimes).audit.erase("alice", by=ADMIN)
            except ErasureRefused:
                continue
            finally:
                self.tried.set()
                self.tried = asyncio.Event()
            self.destroyed |= {bytes(wrapped) for run, wrapped in before if run in plan.runs}

    async def rows(self, query):
        connection = await asyncpg.connect(self.url)
        try:
            return await connection.fetch(query)
        finally:
            await connection.close()


@pytest.fixture
def at_the_intent(monkeypatch):
    """Lets something happen as the next append of a process is about to begin."""

    def arrange(store, happen):
        append = store.append

        async def append_behind(entries, *, fence):
            monkeypatch.undo()
            await happen()
            return await append(entries, fence=fence)

        monkeypatch.setattr(store, "append", append_behind)

    return arrange


@pytest.mark.promise("P3", "P7")
@pytest.mark.parametrize("ask", ["false", "true"], ids=["intent", "hold"])
async def test_a_call_whose_run_is_erased_as_it_begins_does_nothing_and_may_be_made_again(
    postgres_url, at_the_intent, ask
):
    """It has its one terminal record, under a key of which the erasure knew nothing."""
    effects = []

    @tool(tier="reversible", effect="unprotected", ask=ask)
    async def refund(order: str) -> str:
        """Refund an order."""
        effects.append(order)
        return order

    here, there = [await assemble(postgres_url, tools=[refund]) for _ in range(2)]
    async with Runtime(here) as one, Runtime(there) as two:
        wrong = await two.call(refund, {"order": 5}, principal=ALICE, run="thread-1")
        at_the_intent(here.store, lambda: two.audit.erase("alice", by=ADMIN))
        lost = await one.call(refund, {"order": "1"}, principal=ALICE, run="thread-1")
        assert isinstance(lost, Refused)
        assert (lost.error.code, lost.error.retryable) == ("ledger_unavailable", True)
        assert effects == []
        told = await two.audit.explain(lost.call_id)
        assert (told.status, told.rule, told.erased_ms) == ("refused", "run.erased", None)
        assert (await two.audit.explain(wrong.call_id)).erased_ms is not None
        again = await one.call(refund, {"order": "1"}, principal=ALICE, run="thread-1")
        assert again.status == ("held" if ask == "true" else "completed")
        stored = await here.store.entries(call_id=lost.call_id)
        assert [entry.kind for entry in stored] == ["call.ended"]


SEEDS = [7, *(pytest.param(seed, marks=pytest.mark.nightly) for seed in range(100, 130))]


@pytest.mark.promise("P3", "P7")
@pytest.mark.parametrize("seed", SEEDS)
async def test_whoever_is_forgotten_while_two_processes_drive_her_calls_stays_forgotten(
    postgres_url, seed
):
    """No key comes back, nothing is left that no key opens, and each call ends once."""
    ground = Ground(postgres_url, seed)
    here, there = [await assemble(postgres_url, tools=ground.tools) for _ in range(2)]
    async with Runtime(here) as one, Runtime(there) as two:
        drivers = [
            asyncio.ensure_future(ground.drive(runtime, f"{number}"))
            for number, runtime in enumerate((one, two))
        ]
        everything = asyncio.gather(*drivers)
        await ground.erase((one, two), is_over=everything.done)
        await everything
        await one.flush()
        await two.flush()
        await read_all(ground, here, there)
        await one.audit.erase("alice", by=ADMIN)
        assert await ground.rows("SELECT id FROM highroad.payload") == []
        assert await ground.rows("SELECT run_id FROM highroad.run_key") == []
        assert (await one.audit.compare_tables()).holds
        await here.audit.sign()
        assert (await here.audit.verify()).holds
    assert ground.destroyed
    assert len(ground.outcomes) == 2 * CALLS
    for outcome in ground.outcomes:
        assert outcome.status == "completed" or is_turned_away(outcome), outcome
    assert set(ground.effects.values()) <= {1}
    ends = await ground.rows(
        "SELECT call_id, count(*) FROM highroad.entry WHERE kind = 'call.ended' GROUP BY call_id"
    )
    assert {row[0]: row[1] for row in ends} == {o.call_id: 1 for o in ground.outcomes}


def is_turned_away(outcome):
    """Refused before anything was done: its run was erased at that moment, or had its share."""
    return isinstance(outcome, Refused) and outcome.error.code in {
        "ledger_unavailable",
        "budget_exceeded",
    }


async def read_all(ground, *places):
    """Every payload opens with the key of its run, in both processes; no key that was destroyed
    stands again."""
    for run_id, payload_id in await ground.rows("SELECT run_id, id FROM highroad.payload"):
        for place in places:
            assert await place.services.ledger.vault.open(run_id, payload_id)
    standing = await ground.rows("SELECT wrapped FROM highroad.run_key")
    assert ground.destroyed.isdisjoint(bytes(row[0]) for row in standing)

"""What is opened once, for all or for each principal: how often, for whom, and until when."""

import asyncio
import threading
from contextlib import asynccontextmanager, contextmanager

import anyio
import pytest

from highroad import Batch, Principal, tool
from highroad.domain.error import DeclarationError
from highroad.pipeline.resources import IDLE


class Pool:
    def __init__(self, whose=None):
        self.whose = whose
        self.is_open = True


class Bank:
    """Opens pools, and remembers them."""

    def __init__(self):
        self.opened = []
        self.closed = []
        self.is_down = False

    @asynccontextmanager
    async def shared(self):
        if self.is_down:
            raise ConnectionRefusedError
        pool = Pool()
        self.opened.append(pool)
        yield pool
        pool.is_open = False
        self.closed.append(pool)

    @contextmanager
    def of(self, principal):
        pool = Pool(principal.id)
        self.opened.append(pool)
        yield pool
        pool.is_open = False
        self.closed.append(pool)

    @contextmanager
    def of_somebody(self, whose="nobody"):
        yield Pool(whose)


@pytest.fixture
def bank():
    return Bank()


def asking(factory):
    @tool(tier="read", resources={Pool: factory}, attempts=1)
    async def ask(pool: Pool) -> str | None:
        """Ask whose it is."""
        assert pool.is_open
        await anyio.lowlevel.checkpoint()
        return pool.whose

    return ask


def people(count):
    return [Principal(f"p{number}") for number in range(count)]


async def test_it_is_opened_once_and_closed_with_the_runtime(world, bank):
    ask = asking(bank.shared)
    each = await world(ask).open()
    await asyncio.gather(*(each.call(ask, {}, principal=who) for who in people(9)))
    assert (len(bank.opened), len(bank.closed)) == (1, 0)
    await each.runtime.close()
    assert bank.closed == bank.opened


async def test_what_was_opened_last_is_closed_first(world, bank):
    class Other(Pool):
        pass

    order = []

    @contextmanager
    def opens(kind):
        yield kind()
        order.append(kind)

    @tool(tier="read", resources={Pool: lambda: opens(Pool), Other: lambda: opens(Other)})
    async def ask(pool: Pool, other: Other) -> int:
        """Ask."""
        return 1

    each = await world(ask).open()
    assert (await each.call(ask, {})).unwrap() == 1
    await each.runtime.close()
    assert order == [Other, Pool]


@pytest.mark.promise("P7")
async def test_a_factory_that_takes_a_value_makes_one_for_each_principal(world, bank):
    ask = asking(bank.of)
    each = await world(ask).open()
    for who in people(3) * 2:
        assert (await each.call(ask, {}, principal=who)).unwrap() == who.id
    assert [pool.whose for pool in bank.opened] == ["p0", "p1", "p2"]


async def test_a_factory_that_can_be_called_with_nothing_makes_one_for_all(world, bank):
    ask = asking(bank.of_somebody)
    each = await world(ask).open()
    assert (await each.call(ask, {})).unwrap() == "nobody"


async def test_of_those_that_nobody_uses_the_oldest_are_closed(world, bank):
    ask = asking(bank.of)
    each = await world(ask).open()
    everybody = people(IDLE + 3)
    for who in everybody[:IDLE]:
        await each.call(ask, {}, principal=who)
    await each.call(ask, {}, principal=everybody[0])
    for who in everybody[IDLE:]:
        await each.call(ask, {}, principal=who)
    while each.services.tasks:
        await anyio.lowlevel.checkpoint()
    assert [pool.whose for pool in bank.closed] == ["p1", "p2", "p3"]
    assert (await each.call(ask, {}, principal=everybody[1])).unwrap() == "p1"
    await each.runtime.close()
    assert all(not pool.is_open for pool in bank.opened)
    assert len(bank.closed) == len(bank.opened)


async def test_nobody_has_it_closed_under_their_hands(world, bank):
    begun, let_go = threading.Event(), threading.Event()
    found = []

    @tool(tier="read", resources={Pool: bank.of}, timeout_s=0.05, attempts=1)
    def hold(pool: Pool, waits: bool) -> None:
        """Hold it for long."""
        if waits:
            begun.set()
            assert let_go.wait(10)
            found.append(pool.is_open)

    each = await world(hold).open()
    first, *others = people(IDLE + 5)
    assert (await each.call(hold, {"waits": True}, principal=first)).status == "failed"
    for who in others:
        await each.call(hold, {"waits": False}, principal=who)
    let_go.set()
    while each.runtime.strays or each.services.tasks:
        await anyio.lowlevel.checkpoint()
    assert found == [True]
    # It is given back a few turns of the loop behind the thread, and one more is closed for it.
    while sum(pool.is_open for pool in bank.opened) > IDLE or each.services.tasks:
        await anyio.lowlevel.checkpoint()
    assert sum(pool.is_open for pool in bank.opened) == IDLE


async def test_what_could_not_be_opened_is_tried_again_by_the_next(world, bank):
    @tool(tier="reversible", resources={Pool: bank.shared}, attempts=1)
    async def pay(pool: Pool) -> int:
        """Pay."""
        return 1

    each = await world(pay).open()
    bank.is_down = True
    outcome = await each.call(pay, {})
    assert (outcome.status, outcome.proof) == ("failed", "not_started")
    bank.is_down = False
    assert (await each.call(pay, {})).unwrap() == 1


async def test_what_could_not_be_opened_is_not_kept(world, bank):
    @contextmanager
    def fails_first(principal):
        if bank.is_down:
            raise ConnectionRefusedError
        with bank.of(principal) as pool:
            yield pool

    ask = asking(fails_first)
    each = await world(ask).open()
    bank.is_down = True
    for who in people(3):
        assert (await each.call(ask, {}, principal=who, run=who.id)).status != "completed"
    bank.is_down = False
    for who in people(IDLE + 9)[3:]:
        assert (await each.call(ask, {}, principal=who)).unwrap() == who.id
    while each.services.tasks:
        await anyio.lowlevel.checkpoint()
    assert len(bank.closed) == 6


async def test_one_that_opens_slowly_holds_up_no_other(world, bank):
    gate = asyncio.Event()

    class Slow(Pool):
        pass

    @asynccontextmanager
    async def slow():
        await gate.wait()
        yield Slow()

    @tool(tier="read", resources={Slow: slow})
    async def wait(pool: Slow) -> int:
        """Wait for it."""
        return 1

    ask = asking(bank.of)
    each = await world(wait, ask).open()
    waiting = asyncio.ensure_future(each.call(wait, {}))
    await anyio.lowlevel.checkpoint()
    assert (await each.call(ask, {})).unwrap() == "alice"
    assert not waiting.done()
    gate.set()
    assert (await waiting).unwrap() == 1


async def test_a_batch_of_several_principals_takes_none_of_one(world, bank):
    async def many(items, pool: Pool):
        return [pool.whose for _ in items]

    def declared(**options):
        @tool(tier="read", resources={Pool: bank.of}, batch=Batch(many, wait_s=0, **options))
        async def ask(pool: Pool) -> str:
            """Ask whose it is."""
            return ""

        return ask

    ask = declared()
    each = await world(ask).open()
    bob = Principal("bob")
    outcomes = await asyncio.gather(
        each.call(ask, {}), each.call(ask, {}, principal=bob), each.call(ask, {})
    )
    assert [outcome.unwrap() for outcome in outcomes] == ["alice", "bob", "alice"]
    with pytest.raises(DeclarationError, match="mixes_principals"):
        await world(declared(mixes_principals=True)).open()

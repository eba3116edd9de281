"""What becomes of a shared ledger when connections break and servers go away."""

import asyncio
import os
import signal
import traceback
from contextlib import suppress
from functools import partial

import asyncpg
import pytest

from highroad.adapters.stores.postgres import PostgresStore
from highroad.domain.entry import KeyTaken, Position, Written
from highroad.domain.error import FenceLost, LedgerError, SettingsError
from highroad.testing.contracts.store.samples import (
    NOW,
    amended,
    claim,
    ended,
    held,
    intent,
    noted,
    payload,
)

pytestmark = pytest.mark.loopback

PATIENCE_S = 20


class Proxy:
    """Stands between a store and the server, and cuts connections around a commit."""

    def __init__(self, port):
        self._server_port = port
        self._server = None
        self._tasks = set()
        self._pairs = set()
        self.cut = None
        """`before`, `after` or `during` the next commit."""
        self.is_open = True
        """Whether new connections are let through."""
        self.cuts = 0

    async def start(self):
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self._server.sockets[0].getsockname()[1]

    async def stop(self):
        self._server.close()
        self._cut_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if not self.is_open:
            writer.close()
            return
        upstream = await asyncio.open_connection("127.0.0.1", self._server_port)
        pair = (writer, upstream[1])
        self._pairs.add(pair)
        with suppress(ConnectionError, asyncio.CancelledError):
            await asyncio.gather(
                self._outward(reader, upstream[1]), self._inward(upstream[0], writer)
            )
        self._pairs.discard(pair)
        self._close(pair)

    async def _outward(self, reader, server):
        while chunk := await reader.read(65_536):
            if self.cut is not None and b"COMMIT" in chunk:
                if self.cut == "before":
                    self._cut_all()
                    return
                if self.cut == "during":
                    server.write(chunk)
                    await server.drain()
                    self._cut_all()
                    return
                self.cut = "answer"
            server.write(chunk)
            await server.drain()
        server.close()

    async def _inward(self, server, writer):
        while chunk := await server.read(65_536):
            if self.cut == "answer":  # the server has committed, and nobody hears of it
                self._cut_all()
                return
            writer.write(chunk)
            await writer.drain()
        writer.close()

    def _cut_all(self):
        self.cut = None
        self.cuts += 1
        for pair in self._pairs:
            self._close(pair)

    def _close(self, pair):
        for side in pair:
            side.transport.abort()


@pytest.fixture
async def proxy(postgres):
    proxy = Proxy(postgres.port)
    proxy.port = await proxy.start()
    yield proxy
    await proxy.stop()


@pytest.fixture
async def open_store(postgres, postgres_url):
    """Opens stores on one ledger, over the socket or over a port."""
    stores = []
    database = postgres_url.split("@/")[1].split("?")[0]

    def open_store(port=None, *, patience_s=PATIENCE_S, grace_s=0):
        store = PostgresStore(postgres.url(database, port), patience_s=patience_s, grace_s=grace_s)
        stores.append(store)
        return store

    yield open_store
    for store in stores:
        await store.close()


@pytest.fixture
async def admin_of(postgres_url):
    """Connects as an operator, when the server is there."""
    opened = []

    async def connect():
        opened.append(await asyncpg.connect(postgres_url))
        return opened[-1]

    yield connect
    for connection in opened:
        await connection.close()


@pytest.fixture
async def admin(postgres_url):
    connection = await asyncpg.connect(postgres_url, server_settings={"search_path": "highroad"})
    yield connection
    with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        await connection.close()


async def end_sessions(admin):
    """End every session of the ledger but this one, as an operator does."""
    await admin.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


@pytest.mark.promise("P2")
@pytest.mark.parametrize("cut", ["before", "during", "after"])
async def test_a_commit_whose_answer_is_lost_is_looked_up_and_not_guessed(proxy, open_store, cut):
    """Landed or not, every entry stands once, with its riders, and has its receipt."""
    store = open_store(proxy.port)
    fence = await store.acquire(pid=1, at_ms=NOW)
    await store.append([intent("call_0", key=claim("call_0"))], fence=fence)
    proxy.cut = cut
    receipts = await store.append(
        [
            intent("call_1", key=claim("call_1")),
            intent("call_2", payloads=(payload("pl_2"),)),
            ended("call_2"),
        ],
        fence=fence,
    )
    assert proxy.cuts == 1
    assert receipts == (
        KeyTaken(claim("call_0")),
        Written(Position(fence.log_id, 1)),
        Written(Position(fence.log_id, 2)),
    )
    await store.append([noted()], fence=fence)
    stored = await store.entries()
    assert [(e.call_id, e.position.seq) for e in stored] == [
        ("call_0", 0),
        ("call_2", 1),
        ("call_2", 2),
        (None, 3),
    ]
    assert await store.payload("pl_2") is not None
    assert await store.open_calls() == ["call_0"]


@pytest.mark.promise("P2")
@pytest.mark.parametrize("cut", ["before", "after"])
async def test_an_append_that_failed_in_doubt_is_resolved_before_the_next_one(
    proxy, open_store, cut
):
    """Whoever brings the same entries again has them written once, at one place."""
    store = open_store(proxy.port, patience_s=0.2)
    fence = await store.acquire(pid=1, at_ms=NOW)
    proxy.cut, proxy.is_open = cut, False
    entries = [intent("call_1"), ended("call_1")]
    with pytest.raises(LedgerError, match="cannot be reached; look after the server"):
        await store.append(entries, fence=fence)
    proxy.is_open = True
    receipts = await store.append([*entries, noted()], fence=fence)
    assert receipts == tuple(Written(Position(fence.log_id, seq)) for seq in range(3))
    assert len(await store.entries()) == 3


async def test_what_landed_in_doubt_is_known_though_the_log_was_taken(proxy, open_store):
    """And nothing more is written under the old fence."""
    store = open_store(proxy.port, patience_s=0.2)
    fence = await store.acquire(pid=1, at_ms=NOW)
    proxy.cut, proxy.is_open = "after", False
    entries = [intent("call_1")]
    with pytest.raises(LedgerError):
        await store.append(entries, fence=fence)
    other = open_store()
    taken = await other.acquire(pid=2, at_ms=NOW)
    assert taken.log_id == fence.log_id
    proxy.is_open = True
    assert await store.append(entries, fence=fence) == (Written(Position(fence.log_id, 0)),)
    with pytest.raises(FenceLost):
        await store.append([ended("call_1")], fence=fence)
    (amendment,) = await store.append([amended("call_1")], fence=fence)
    assert amendment == Written(Position(fence.log_id, 1))


async def test_an_append_that_nobody_waits_for_any_more_is_whole(proxy, open_store):
    """A cancelled caller leaves no transaction behind."""
    store = open_store(proxy.port)
    fence = await store.acquire(pid=1, at_ms=NOW)
    appending = asyncio.ensure_future(store.append([noted(), noted()], fence=fence))
    await asyncio.sleep(0)
    appending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await appending
    (receipt,) = await store.append([noted()], fence=fence)
    assert receipt.position.seq == len(await store.entries()) - 1
    assert receipt.position.seq in {0, 2}


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_restart_of_the_server_is_survived(postgres, open_store, mode):
    """The writer keeps its log and its fence, and all that was answered is there."""
    store, other = open_store(), open_store()
    fence = await store.acquire(pid=1, at_ms=NOW)
    await other.acquire(pid=2, at_ms=NOW)
    await store.append([intent("call_1")], fence=fence)
    assert len(await store.entries()) == 1
    postgres.stop(mode)
    postgres.start()
    assert len(await store.entries()) == 1
    (receipt,) = await store.append([ended("call_1")], fence=fence)
    assert receipt == Written(Position(fence.log_id, 1))
    await other.ownership()
    third = await open_store().acquire(pid=3, at_ms=NOW)
    assert third.log_id != fence.log_id


async def test_while_the_server_is_away_appends_fail_and_recover_by_themselves(
    postgres, open_store
):
    """Within a bounded time, with what to do."""
    store = open_store(patience_s=0.1)
    fence = await store.acquire(pid=1, at_ms=NOW)
    postgres.stop()
    try:
        with pytest.raises(LedgerError, match="cannot be reached; look after the server"):
            await store.append([intent("call_1")], fence=fence)
        with pytest.raises(LedgerError, match="cannot be reached"):
            await store.last_call()
    finally:
        postgres.start()
    (receipt,) = await store.append([intent("call_1")], fence=fence)
    assert receipt == Written(Position(fence.log_id, 0))
    assert await store.open_calls() == ["call_1"]


async def test_a_session_that_is_ended_takes_its_log_back(admin, open_store):
    """Nobody took it meanwhile: the fence still holds."""
    store, other = open_store(), open_store()
    fence = await store.acquire(pid=1, at_ms=NOW)
    await end_sessions(admin)
    await store.append([noted()], fence=fence)
    taken = await other.acquire(pid=2, at_ms=NOW)
    assert taken.log_id != fence.log_id


async def test_a_log_that_is_taken_while_its_session_is_gone_is_lost(admin, open_store):
    """There is no fork: the old writer finds its fence too old."""
    store, other = open_store(), open_store()
    fence = await store.acquire(pid=1, at_ms=NOW)
    await store.append([intent("call_1")], fence=fence)
    await end_sessions(admin)
    taken = await other.acquire(pid=2, at_ms=NOW)
    assert taken.log_id == fence.log_id
    with pytest.raises(FenceLost, match="open it anew"):
        await store.append([ended("call_1")], fence=fence)
    await other.append([ended("call_1")], fence=taken)
    assert [e.position.seq for e in await store.entries(log_id=fence.log_id)] == [0, 1]


async def test_a_call_that_is_adopted_while_its_session_is_gone_is_lost(admin, open_store):
    """Whoever took a writer for dead has fenced it off."""
    store, other = open_store(), open_store()
    fence = await store.acquire(pid=1, at_ms=NOW)
    await other.acquire(pid=2, at_ms=NOW)
    await store.append([intent("call_1")], fence=fence)
    await end_sessions(admin)
    other_is_back = await other.open_calls()
    assert other_is_back == ["call_1"]
    assert await other.adopt("call_1")
    with pytest.raises(FenceLost):
        await store.append([ended("call_1")], fence=fence)


async def test_who_lost_the_server_itself_takes_nobody_for_dead_at_once(admin, open_store):
    """After a restart everybody is on the way back, and no lock is held yet."""
    store, other = open_store(), open_store(grace_s=3_600)
    fence = await store.acquire(pid=1, at_ms=NOW)
    own = await other.acquire(pid=2, at_ms=NOW)
    await store.append([intent("call_1")], fence=fence)
    await end_sessions(admin)
    await other.append([noted()], fence=own)
    assert await other.open_calls() == []
    assert await other.is_driven("call_1")
    assert not await other.adopt("call_1")
    await store.append([ended("call_1")], fence=fence)


@pytest.mark.promise("P7")
@pytest.mark.parametrize(
    "url",
    [
        "postgresql://alice:s3cret@127.0.0.1:1/shop",
        "postgresql://alice:s3cret@127.0.0.1:port/shop",
        "postgresql://alice:[s3cret@127.0.0.1:1/shop",
        "postgresql://127.0.0.1:1/shop?user=alice&password=s3cret",
    ],
)
async def test_no_error_names_a_password(url):
    """Not in its words, nor in what it was raised from."""
    store = PostgresStore(url, patience_s=0)
    with pytest.raises((LedgerError, SettingsError)) as caught:
        await store.acquire(pid=1, at_ms=NOW)
    told = "".join(traceback.format_exception(caught.value))
    assert "s3cret" not in told
    assert "/shop" in str(caught.value)
    await store.close()


@pytest.mark.promise("P7")
async def test_a_wrong_password_is_told_without_it(postgres):
    store = PostgresStore(f"postgresql://highroad:s3cret@127.0.0.1:{postgres.port}/postgres")
    with pytest.raises(LedgerError, match="check user and password") as caught:
        await store.acquire(pid=1, at_ms=NOW)
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))
    await store.close()


async def restart(server, _):
    server.stop()
    server.start()


async def lose_power(server, _):
    server.stop("immediate")
    server.start()


async def crash(server, connect):
    """Kill one backend, as a lack of memory does: all sessions end, the same server goes on."""
    killed, witness = await connect(), await connect()
    os.kill(killed.get_server_pid(), signal.SIGKILL)
    while not witness.is_closed():  # noqa: ASYNC110 - the server ends it
        await asyncio.sleep(0)
    server._wait()  # noqa: SLF001 - until it takes connections again


@pytest.fixture(params=[restart, lose_power, crash])
def begin_anew(request, postgres, admin_of):
    """Ends a life of the server, in one of the ways in which it ends."""
    return partial(request.param, postgres, admin_of)


@pytest.mark.promise("P11")
async def test_after_a_restart_nobody_is_taken_for_dead_who_was_there_before(
    begin_anew, open_store
):
    """By a process that is new: the others may be on the way back."""
    store = open_store()
    fence = await store.acquire(pid=1, at_ms=NOW)
    await store.append([intent("call_1"), held("call_2", "apr_2")], fence=fence)
    await begin_anew()
    other = open_store(grace_s=3_600)
    own = await other.acquire(pid=2, at_ms=NOW)
    assert own.log_id != fence.log_id
    assert await other.open_calls() == ["call_2"]
    assert await other.abandoned() == []
    assert await other.is_driven("call_1")
    assert not await other.adopt("call_1")
    assert not await other.upkeep.take_alone(pid=2, at_ms=NOW)
    (receipt,) = await store.append([ended("call_1")], fence=fence)
    assert receipt == Written(Position(fence.log_id, 2))


@pytest.mark.promise("P11")
async def test_who_does_not_come_back_after_a_restart_is_taken_for_dead(begin_anew, open_store):
    """Once everybody has had the time, and not again from the start for each that comes."""
    store = open_store()
    fence = await store.acquire(pid=1, at_ms=NOW)
    await store.append([intent("call_1")], fence=fence)
    await begin_anew()
    early = open_store(grace_s=3_600)
    await early.ownership()
    late = open_store(grace_s=0)
    await late.acquire(pid=3, at_ms=NOW)
    assert await late.abandoned() == ["call_1"]
    assert await late.adopt("call_1")
    with pytest.raises(FenceLost):
        await store.append([ended("call_1")], fence=fence)


async def test_a_log_that_was_given_back_is_free_in_every_life_of_the_server(
    begin_anew, open_store
):
    store = open_store()
    fence = await store.acquire(pid=1, at_ms=NOW)
    await store.append([intent("call_1")], fence=fence)
    await store.close()
    await begin_anew()
    other = open_store(grace_s=3_600)
    assert (await other.acquire(pid=2, at_ms=NOW)).log_id == fence.log_id
    assert await other.open_calls() == ["call_1"]


async def test_who_dies_after_a_restart_is_taken_for_dead_at_once(begin_anew, admin_of, open_store):
    """Also when it was there before, and had come back: it has its log in this life."""
    store = open_store()
    fence = await store.acquire(pid=1, at_ms=NOW)
    await store.append([intent("call_1")], fence=fence)
    await begin_anew()
    await store.append([noted()], fence=fence)
    await end_sessions(await admin_of())
    other = open_store(grace_s=3_600)
    assert (await other.acquire(pid=2, at_ms=NOW)).log_id == fence.log_id


async def test_who_waits_comes_back_by_looking_for_the_dead(begin_anew, open_store):
    """A process in the middle of a long call writes nothing, and still has its log again."""
    store, other = open_store(), open_store(grace_s=0)
    fence = await store.acquire(pid=1, at_ms=NOW)
    await store.append([intent("call_1")], fence=fence)
    await begin_anew()
    await store.abandoned()
    await other.acquire(pid=2, at_ms=NOW)
    assert await other.abandoned() == []
    assert not await other.adopt("call_1")


async def test_the_time_after_a_restart_is_counted_once_for_all(open_store, admin):
    """Who comes later waits for what is left of it."""
    store = open_store(grace_s=3_600)
    await store.acquire(pid=1, at_ms=NOW)
    await admin.execute("UPDATE log SET life = 'earlier'")
    await admin.execute("UPDATE life SET began = began - interval '3601 s'")
    await store.close()
    await admin.execute("UPDATE log SET life = 'earlier'")
    later = open_store(grace_s=3_600)
    fence = await later.acquire(pid=2, at_ms=NOW)
    assert await admin.fetchval("SELECT count(*) FROM log") == 1
    assert fence is not None


async def test_a_standby_takes_over(postgres_programs):
    """Several hosts are named, and the one that can write is found; the fence still holds."""
    primary = postgres_programs.Server()
    standby = None
    try:
        primary.start()
        database = primary.create()
        standby = postgres_programs.Server(follows=primary)
        standby.start()
        primary.sql(["ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"])
        url = primary.url(database, primary.port).replace(
            str(primary.port), f"{primary.port},127.0.0.1:{standby.port}"
        )
        store = PostgresStore(f"{url}?target_session_attrs=read-write", grace_s=0)
        fence = await store.acquire(pid=1, at_ms=NOW)
        await store.append([intent("call_1")], fence=fence)
        primary.stop("immediate")
        standby.promote()
        (receipt,) = await store.append([ended("call_1")], fence=fence)
        assert receipt == Written(Position(fence.log_id, 1))
        assert [e.position.seq for e in await store.entries()] == [0, 1]
        await store.close()
    finally:
        primary.remove()
        if standby is not None:
            standby.remove()


@pytest.mark.promise("P11")
async def test_a_server_that_was_promoted_takes_nobody_for_dead_at_once(postgres_programs):
    """However long it was up as a standby."""
    primary = postgres_programs.Server()
    standby = None
    stores = []
    try:
        primary.start()
        database = primary.create()
        stores.append(PostgresStore(primary.url(database)))
        fence = await stores[0].acquire(pid=1, at_ms=NOW)
        standby = postgres_programs.Server(follows=primary)
        standby.start()
        primary.sql(["ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"])
        await stores[0].append([intent("call_1")], fence=fence)
        primary.stop("immediate")
        standby.promote()
        stores.append(PostgresStore(standby.url(database), grace_s=3_600))
        own = await stores[1].acquire(pid=2, at_ms=NOW)
        assert own.log_id != fence.log_id
        assert await stores[1].open_calls() == []
        assert not await stores[1].adopt("call_1")
    finally:
        for store in reversed(stores):
            await store.close()
        primary.remove()
        if standby is not None:
            standby.remove()

"""How often an append goes to the server, however many entries it has."""

from dataclasses import replace

import pytest

from highroad.adapters.stores.postgres import PostgresStore, session
from highroad.domain.entry import Erasure, Written
from highroad.testing.contracts.store.samples import NOW, claim, ended, intent, payload, run_key

ASKING = {"execute", "fetch", "fetchrow", "fetchval"}


class Counted:
    """A connection that counts statements, and what a transaction begins and ends with."""

    def __init__(self, connection):
        self._connection = connection
        self.asked = 0

    def __getattr__(self, name):
        if name in ASKING:
            self.asked += 1
        elif name == "transaction":
            self.asked += 2
        return getattr(self._connection, name)


@pytest.fixture
async def connections(monkeypatch):
    """The writing connections that stores open."""
    opened = []
    connect = session.connect

    async def counted(address):
        opened.append(Counted(await connect(address)))
        return opened[-1]

    monkeypatch.setattr(session, "connect", counted)
    return opened


@pytest.fixture
async def store(connections, postgres_url):
    store = PostgresStore(postgres_url)
    yield store
    await store.close()


def begun(number):
    call, run = f"call_{number:03d}", f"run_{number:03d}"
    return intent(
        call,
        run=run,
        key=claim(call, digest=call.encode()),
        payloads=(payload(f"pl_{number}", run=run),),
        sealed_key=run_key(run),
    )


@pytest.mark.parametrize("size", [1, 64])
async def test_a_group_goes_to_the_server_a_few_times_whatever_its_size(store, connections, size):
    """Begin, lock the log, lock keys, lock ends, write all, commit."""
    fence = await store.acquire(pid=1, at_ms=NOW)
    await store.append([ended("call_before")], fence=fence)
    for group in (
        [begun(number) for number in range(size)],
        [ended(f"call_{number:03d}", frees_key=True) for number in range(size)],
    ):
        connections[0].asked = 0
        receipts = await store.append(group, fence=fence)
        assert {type(receipt) for receipt in receipts} == {Written}
        assert connections[0].asked <= 6
    assert await store.open_calls() == []
    assert await store.claim("acme", b"call_000", at_ms=NOW) is None


async def test_the_keys_of_all_that_is_sealed_are_asked_for_at_once(store, connections):
    """One statement more, whatever the size of the group."""
    fence = await store.acquire(pid=1, at_ms=NOW)
    await store.append([begun(number) for number in range(64)], fence=fence)
    group = [
        ended(
            f"call_{number:03d}",
            run=f"run_{number:03d}",
            payloads=(
                replace(
                    payload(f"result_{number}", run=f"run_{number:03d}"),
                    sealed_under=run_key(f"run_{number:03d}").wrapped,
                ),
            ),
        )
        for number in range(64)
    ]
    connections[0].asked = 0
    receipts = await store.append(group, fence=fence)
    assert {type(receipt) for receipt in receipts} == {Written}
    assert connections[0].asked <= 6


async def test_what_is_erased_and_brought_again_in_one_append_stands(store):
    """Entries are taken in their order, also where one destroys what another brings."""
    fence = await store.acquire(pid=1, at_ms=NOW)
    first, second = payload("pl_1", content=b"first"), payload("pl_1", content=b"second")
    erasing = intent("call_2")
    erasing.erases = Erasure(payloads=("pl_1",), runs=("run_9",))
    await store.append(
        [intent("call_1", payloads=(first,)), erasing, intent("call_3", payloads=(second,))],
        fence=fence,
    )
    assert await store.payload("pl_1") == second

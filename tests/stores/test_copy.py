"""A ledger is carried to another store, and goes on there and nowhere else."""

import itertools
from dataclasses import replace
from functools import partial

import apsw
import pytest

from highroad.adapters.stores.postgres import PostgresStore
from highroad.adapters.stores.sqlite import SQLiteStore
from highroad.domain.address import without_secrets
from highroad.domain.approval import ApprovalState
from highroad.domain.entry import EntryKind, Written
from highroad.domain.error import LedgerError
from highroad.domain.moving import SECTIONS, Fact, Section
from highroad.domain.proof import SignedHead, TreeHead
from highroad.ledger.proof.merkle import RightEdge, leaf_hash
from highroad.ledger.upkeep.moving import Place, facts_of, move
from highroad.testing.contracts.store.ordering import decision, orders
from highroad.testing.contracts.store.samples import (
    NOW,
    claim,
    decided,
    ended,
    held,
    intent,
    noted,
    payload,
    row,
    run_key,
)
from highroad.testing.memory import MemoryLedger, MemoryStore

OLD, NEW = "sqlite:///old.db", "sqlite:///new.db"


class Ledgers:
    """Opens ledgers of one kind by name, each time as another process would."""

    def __init__(self, open_named):
        self._open = open_named
        self._opened = []

    def __call__(self, name):
        store = self._open(name)
        self._opened.append(store)
        return Place(store=store, name=name)

    async def close(self):
        for store in self._opened:
            await store.close()
        self._opened.clear()


def on_server(request):
    """Opens the ledger of a name in a database of its own."""
    server, urls = request.getfixturevalue("postgres"), {}

    def opened(name):
        if name not in urls:
            database = server.create(server.template)
            request.addfinalizer(partial(server.drop, database))
            urls[name] = server.url(database)
        return PostgresStore(urls[name], grace_s=0)

    return opened


def to_postgres(folder, request):
    return by_name(on_sqlite(folder, request), on_server(request))


def from_postgres(folder, request):
    return by_name(on_server(request), on_sqlite(folder, request))


def by_name(old, new):
    return lambda name: (old if name == OLD else new)(name)


def on_sqlite(folder, request):
    return lambda name: SQLiteStore.open(folder / name.removeprefix("sqlite:///"), patience_ms=0)


def in_memory(folder, request=None):
    ledgers = {}
    return lambda name: MemoryStore(ledgers.setdefault(name, MemoryLedger()))


def between_kinds(folder, request):
    return by_name(in_memory(folder), on_sqlite(folder, request))


@pytest.fixture(
    params=[on_sqlite, in_memory, between_kinds, to_postgres, from_postgres],
    ids=["sqlite", "memory", "memory to sqlite", "sqlite to postgres", "postgres to sqlite"],
)
async def ledgers(request, tmp_path, postgres):
    opened = Ledgers(request.param(tmp_path, request))
    yield opened
    await opened.close()


def life(calls=3):
    user = row("app_user", id="usr_alice", organization="acme", sealed_profile=b"\x01alice")
    yield replace(noted(EntryKind.OPENED), rows=(user,))
    for n in range(calls):
        key = claim(f"call_{n}", digest=b"%d" % n)
        sealed = (payload(f"call_{n}.arguments"),)
        yield intent(f"call_{n}", key=key, payloads=sealed, sealed_key=run_key("run_1"))
        yield ended(f"call_{n}", payloads=(payload(f"call_{n}.result"),))
    yield held("call_held", "apr_1", run="run_2", key=claim("call_held", digest=b"held"))
    yield intent("call_open", run="run_3")


async def signed(store, fence):
    """Sign what is there, with tiles, as a notary does; nobody checks the signature here."""
    edge = RightEdge(fence.log_id)
    edge.extend([leaf_hash(entry.body) for entry in await store.entries(limit=10_000)])
    tree = TreeHead(log_id=fence.log_id, size=edge.size, root=edge.root())
    statement = b'{"at":1,"key":"k","number":0,"trees":[{"log":"%b","root":"%b","size":%d}]}' % (
        tree.log_id.encode(),
        tree.root.hex().encode(),
        tree.size,
    )
    head = SignedHead(
        number=0, at_ms=1, trees=(tree,), key_id="k", statement=statement, signature=b"s"
    )
    assert await store.proofs.sign(head, edge.unstored(), fence=fence)
    await store.proofs.confirm("file", 0)


async def written(ledgers, *, calls=3):
    """The old ledger with a little of everything, which nobody owns any more."""
    store = ledgers(OLD).store
    fence = await store.acquire(pid=1, at_ms=NOW)
    await store.append([*life(calls)], fence=fence)
    await signed(store, fence)
    await store.append([noted()], fence=fence)
    await store.post(decision("apr_1"))
    await store.close()


def names_of(section):
    return [column.name for column in SECTIONS[section].columns]


async def sections_of(store):
    found = {}
    for name, table in SECTIONS.items():
        found[name], after = [], ()
        while page := await store.upkeep.carry_out(name, after=after, limit=100):
            found[name] += page
            keys = [column.is_key for column in table.columns]
            after = tuple(itertools.compress(page[-1], keys))
    return found


async def moved(ledgers, **options):
    return await move(ledgers(OLD), ledgers(NEW), pid=2, at_ms=NOW + 1, **options)


async def test_everything_is_carried_and_the_move_is_the_last_entry(ledgers):
    await written(ledgers)
    before = await sections_of(ledgers(OLD).store)
    report = await moved(ledgers)
    after = await sections_of(ledgers(NEW).store)
    last = after[Section.ENTRY].pop()
    ((log_id, _, first, size),) = before[Section.LOG]
    assert last[:3] == (log_id, size, EntryKind.MOVED)
    assert OLD.encode() in last[names_of(Section.ENTRY).index("body")]
    assert after[Section.LOG][0][::2] == (log_id, first)
    assert after[Section.LOG][0][3] == size + 1
    changed = {Section.LOG, Section.LEDGER}
    assert {name: rows for name, rows in after.items() if name not in changed} == {
        name: rows for name, rows in before.items() if name not in changed
    }
    assert (report.entries, report.open_calls, report.heads) == (size + 1, 2, 1)
    facts = await facts_of(ledgers(NEW).store)
    assert facts[Fact.ID] == dict(before[Section.LEDGER])[Fact.ID]
    assert not facts[Fact.ARRIVING]


async def test_held_calls_and_claims_go_on_in_the_new_place(ledgers):
    await written(ledgers)
    await moved(ledgers)
    await ledgers.close()
    store = ledgers(NEW).store
    fence = await store.acquire(pid=3, at_ms=NOW + 2)
    assert await store.open_calls() == ["call_held", "call_open"]
    assert await orders(store) == [decision("apr_1")]
    assert (await store.approval("apr_1")).state is ApprovalState.WAITING
    receipts = await store.append(
        [
            decided("call_held", "apr_1", run="run_2"),
            intent("call_held", run="run_2", spends="apr_1"),
            intent("call_new", key=claim("call_new", digest=b"1")),
        ],
        fence=fence,
    )
    assert [type(receipt).__name__ for receipt in receipts] == ["Written", "Written", "KeyTaken"]


async def test_the_old_ledger_is_owned_by_nobody_and_says_where_it_went(ledgers):
    await written(ledgers)
    await moved(ledgers)
    await ledgers.close()
    old = ledgers(OLD).store
    with pytest.raises(LedgerError, match=r"goes on in sqlite:///new\.db"):
        await old.acquire(pid=3, at_ms=NOW)
    with pytest.raises(LedgerError, match=r"goes on in sqlite:///new\.db"):
        await moved(ledgers)
    assert len(await old.entries()) > 1


async def test_a_ledger_that_somebody_owns_is_not_moved(ledgers):
    await written(ledgers)
    owner = ledgers(OLD).store
    fence = await owner.acquire(pid=77, at_ms=NOW)
    with pytest.raises(LedgerError, match="process 77 owns"):
        await moved(ledgers)
    (receipt,) = await owner.append([noted()], fence=fence)
    assert isinstance(receipt, Written)


async def test_no_ledger_is_moved_over_another(ledgers):
    await written(ledgers)
    theirs = ledgers(NEW).store
    await theirs.append([noted()], fence=await theirs.acquire(pid=5, at_ms=NOW))
    await theirs.close()
    with pytest.raises(LedgerError, match="is a ledger already"):
        await moved(ledgers)
    await ledgers.close()
    for name in (OLD, NEW):
        store = ledgers(name).store
        assert await store.acquire(pid=6, at_ms=NOW) is not None
        await store.close()


async def test_no_ledger_is_moved_over_half_of_another_or_to_itself(ledgers):
    await written(ledgers)
    arriving = [(Fact.ARRIVING, "sqlite:///third.db")]
    await ledgers(NEW).store.upkeep.carry_in(Section.LEDGER, arriving)
    with pytest.raises(LedgerError, match=r"copy of sqlite:///third\.db"):
        await moved(ledgers)
    with pytest.raises(LedgerError, match="to itself"):
        await move(ledgers(OLD), ledgers(OLD), pid=2, at_ms=NOW)


async def test_progress_goes_up_to_the_end(ledgers):
    await written(ledgers, calls=400)
    told = []
    await moved(ledgers, progress=lambda done, total: told.append((done, total)))
    assert len(told) > 3
    assert told == sorted(told)
    assert {total for _, total in told} == {told[0][1]}


async def test_a_ledger_that_was_tampered_with_is_not_moved(ledgers):
    await written(ledgers)
    place = ledgers(OLD)
    (line,) = await place.store.upkeep.carry_out(Section.ENTRY, limit=1)
    changed = dict(zip(names_of(Section.ENTRY), line, strict=True)) | {"body": b'{"changed":1}'}
    await place.store.upkeep.carry_in(Section.ENTRY, [tuple(changed.values())])
    with pytest.raises(LedgerError, match="does not give the root that was signed"):
        await moved(ledgers)
    await ledgers.close()
    assert await ledgers(OLD).store.acquire(pid=3, at_ms=NOW) is not None


@pytest.mark.parametrize(
    "section", sorted({*SECTIONS} - {Section.LEDGER, Section.INBOX, Section.LOG})
)
async def test_a_copy_that_differs_anywhere_is_no_copy(tmp_path, section):
    """Whichever section loses a row, or keeps one that a try before left: it is found."""
    ledgers = Ledgers(in_memory(tmp_path))
    await written(ledgers)
    old = ledgers(OLD)
    if not await old.store.upkeep.carry_out(section):
        await old.store.upkeep.carry_in(section, [made_up(section)])
    new = ledgers(NEW)
    new.store.upkeep = Dropping(new.store.upkeep, section)
    with pytest.raises(LedgerError, match=f"in section ({section}|log)"):
        await move(old, new, pid=2, at_ms=NOW)
    await ledgers.close()
    assert await ledgers(OLD).store.acquire(pid=3, at_ms=NOW) is not None


class Dropping:
    """An upkeep that forgets to carry the last row of a section in."""

    def __init__(self, upkeep, section):
        self._upkeep = upkeep
        self._section = section

    def __getattr__(self, name):
        return getattr(self._upkeep, name)

    async def carry_in(self, section, rows, *, is_first=False):
        dropped = rows[:-1] if section == self._section else rows
        await self._upkeep.carry_in(section, dropped, is_first=is_first)


def made_up(section):
    samples = {"text": "x", "integer": 7, "blob": b"x"}
    return tuple(samples[column.type] for column in SECTIONS[section].columns)


class DeadError(Exception):
    """The process dies here."""


class Dying:
    """An upkeep whose process dies before its `steps`th write."""

    def __init__(self, upkeep, counter):
        self._upkeep = upkeep
        self._counter = counter

    def __getattr__(self, name):
        method = getattr(self._upkeep, name)
        if name not in {"carry_in", "retire", "take_alone"}:
            return method

        async def count(*args, **options):
            if next(self._counter) == 0:
                raise DeadError
            return await method(*args, **options)

        return count


class Mortal:
    """A store whose upkeep dies."""

    def __init__(self, store, counter):
        self._store = store
        self.upkeep = Dying(store.upkeep, counter)

    def __getattr__(self, name):
        return getattr(self._store, name)


def mortal(place, counter):
    return replace(place, store=Mortal(place.store, counter))


async def dies_at(ledgers, step):
    """Whether a move whose process dies before its `step`th write came so far."""
    old, new = ledgers(OLD), ledgers(NEW)
    counter = itertools.count(step, -1)
    try:
        await move(mortal(old, counter), mortal(new, counter), pid=2, at_ms=NOW + 1)
    except DeadError:
        return True
    finally:
        await ledgers.close()
    return False


async def owners_of(ledgers):
    """Which of the two ledgers can be owned, as it stands after a crash."""
    found = []
    for name in (OLD, NEW):
        store = ledgers(name).store
        try:
            fence = await store.acquire(pid=9, at_ms=NOW)
        except LedgerError:
            continue
        is_ours = bool(await store.entries(limit=1))
        assert fence is not None
        if is_ours:
            found.append(name)
    await ledgers.close()
    return found


EVERY_WRITE = [pytest.mark.nightly, pytest.mark.timeout(900)]


@pytest.mark.parametrize(
    ("kind", "stride"),
    [
        (on_sqlite, 1),
        (in_memory, 1),
        (between_kinds, 1),
        (to_postgres, 8),
        (from_postgres, 8),
        pytest.param(to_postgres, 1, marks=EVERY_WRITE),
        pytest.param(from_postgres, 1, marks=EVERY_WRITE),
    ],
)
async def test_a_move_that_dies_anywhere_leaves_one_ledger_and_is_taken_up(
    tmp_path, request, postgres, kind, stride
):
    """Every write of it; never two ledgers, never half of one."""
    step, outcomes = 0, set()
    died = True
    while died:
        folder = tmp_path / str(step)
        folder.mkdir()
        ledgers = Ledgers(kind(folder, request))
        await written(ledgers)
        before = await sections_of(ledgers(OLD).store)
        await ledgers.close()
        died = await dies_at(ledgers, step)
        owners = await owners_of(ledgers)
        assert len(owners) <= 1
        outcomes.add(tuple(owners))
        if died:
            await moved(ledgers)
        await ledgers.close()
        assert await owners_of(ledgers) == [NEW]
        after = await sections_of(ledgers(NEW).store)
        *carried, last = after[Section.ENTRY]
        assert carried == before[Section.ENTRY]
        assert last[2] == EntryKind.MOVED
        assert after[Section.INBOX] == before[Section.INBOX]
        await ledgers.close()
        step += stride
    assert outcomes >= ({(OLD,), (NEW,)} if stride > 1 else {(OLD,), (), (NEW,)})
    assert step > len(SECTIONS)


async def test_a_second_try_keeps_nothing_of_what_the_old_ledger_has_lost_since(ledgers):
    """Payloads that were erased between two tries do not come back."""
    await written(ledgers)
    assert await dies_at(ledgers, len(SECTIONS))
    old = ledgers(OLD).store
    fence = await old.acquire(pid=3, at_ms=NOW)
    await old.append([ended("call_open", run="run_3")], fence=fence)
    await ledgers.close()
    await moved(ledgers)
    assert await ledgers(NEW).store.open_calls() == ["call_held"]


async def test_orders_that_were_left_during_the_move_are_carried_too(tmp_path, request):
    """Whoever posts after the copy and before the end is heard in the new place."""
    ledgers = Ledgers(on_sqlite(tmp_path, request))
    await written(ledgers)
    old, new, other = ledgers(OLD), ledgers(NEW), ledgers(OLD)
    retire = old.store.upkeep.retire

    class Late:
        def __getattr__(self, name):
            return getattr(upkeep, name)

        async def retire(self, moved_to):
            await other.store.post(decision("apr_late"))
            await retire(moved_to)

    upkeep, old.store.upkeep = old.store.upkeep, Late()
    await move(old, new, pid=2, at_ms=NOW)
    assert decision("apr_late") in await orders(new.store)
    with pytest.raises(LedgerError, match="goes on in"):
        await other.store.post(decision("apr_too_late"))
    await ledgers.close()


async def test_a_ledger_of_several_logs_does_not_fit_into_a_file(store):
    logs = [("log_1", 1, 0, 2), ("log_2", 1, 0, 2)]
    with pytest.raises(LedgerError, match="several writers' logs; copy it to a PostgreSQL store"):
        await store.upkeep.carry_in(Section.LOG, logs)


async def test_a_full_disk_moves_nothing(disk, tmp_path, request):
    ledgers = Ledgers(on_sqlite(tmp_path, request))
    await written(ledgers, calls=50)

    def fail(path):
        if "new.db" in path:
            raise apsw.FullError("no space left")

    old, new = ledgers(OLD), ledgers(NEW)
    disk.before_write = fail
    with pytest.raises(LedgerError, match="the disk is full; free space"):
        await move(old, new, pid=2, at_ms=NOW)
    disk.before_write = lambda path: None
    await ledgers.close()
    assert await owners_of(ledgers) == [OLD]
    await moved(ledgers)
    await ledgers.close()
    assert await owners_of(ledgers) == [NEW]


def on_its_server(url):
    return Place(store=PostgresStore(url), name=without_secrets(url))


async def test_two_servers_with_one_database_name_are_two_places(postgres_programs, postgres):
    """Over their sockets, where what stands behind the `?` is all that tells them apart."""
    server = postgres_programs.Server()
    try:
        server.start()
        old, new = (on_its_server(each.url("postgres")) for each in (server, postgres))
        fence = await old.store.acquire(pid=1, at_ms=NOW)
        await old.store.append([noted()], fence=fence)
        await old.store.close()
        old = on_its_server(server.url("postgres"))
        done = await move(old, new, pid=2, at_ms=NOW)
        assert done.entries == 2
        assert (await facts_of(old.store))[Fact.MOVED_TO] == new.name != old.name
        await old.store.close()
        await new.store.close()
    finally:
        server.remove()
        postgres.sql(["DROP SCHEMA IF EXISTS highroad CASCADE"])


@pytest.mark.parametrize("step", [0, 1])
async def test_a_move_that_was_begun_under_shorter_names_is_taken_up(tmp_path, step):
    """Earlier versions left out what stands behind the `?`; whether `old` is retired or not."""
    ledgers = Ledgers(in_memory(tmp_path))
    await written(ledgers)
    old, new = ledgers(OLD), ledgers(NEW)
    facts = await facts_of(old.store)
    await new.store.upkeep.carry_in(Section.LEDGER, [*facts.items(), (Fact.ARRIVING, OLD)])
    if step:
        await moved(ledgers)
        await new.store.upkeep.carry_in(Section.LEDGER, [(Fact.ARRIVING, OLD)])
    await ledgers.close()
    old, new = (replace(ledgers(name), name=f"{name}?host=/run/pg") for name in (OLD, NEW))
    done = await move(old, new, pid=3, at_ms=NOW)
    assert done.origin == f"{OLD}?host=/run/pg"

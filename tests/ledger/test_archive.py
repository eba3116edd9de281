"""Old entries go into files, and stay provable; what is still needed stays."""

import asyncio
import json
from dataclasses import replace
from hashlib import sha256

import pytest

from highroad.adapters.stores.postgres import PostgresStore
from highroad.adapters.stores.sqlite import SQLiteStore
from highroad.domain.audit import TABLES
from highroad.domain.dead_letter import LetterState
from highroad.domain.entry import EntryKind
from highroad.domain.error import LedgerError, NotRecorded
from highroad.domain.outcome import Status
from highroad.domain.proof import TILE
from highroad.domain.run import RunStatus
from highroad.ledger.keyring import Keyring
from highroad.ledger.ledger import Ledger
from highroad.ledger.proof import paths
from highroad.ledger.proof.anchoring import Anchoring
from highroad.ledger.proof.merkle import is_included, leaf_hash
from highroad.ledger.proof.notary import Notary
from highroad.ledger.signing import head_line
from highroad.ledger.upkeep import segment
from highroad.ledger.upkeep.archive import PATIENCE_S, Age, Archive, check_not_archived
from highroad.ledger.writer import GroupWriter
from highroad.testing import FakeClock, FixedKeys, MemoryAnchor, MemoryStore
from highroad.testing.contracts.store.samples import (
    about_run,
    agent_run,
    claim,
    ended,
    held,
    intent,
    row,
)
from highroad_auditor import Audit, PublicKey

pytestmark = pytest.mark.promise("P12")

EVER = 1 << 60


class Owner:
    """A ledger's owner, who signs and archives."""

    def __init__(self, store, anchors=()):
        self.store = store
        self.clock = FakeClock(autojump=True)
        self.anchors = anchors

    async def open(self):
        self.fence = await self.store.acquire(pid=1, at_ms=self.clock.now_ms())
        writer = GroupWriter(self.store, self.fence)
        self.ledger = Ledger(self.store, writer, Keyring(FixedKeys()), self.clock)
        anchoring = Anchoring(self.store.proofs, self.anchors)
        self.notary = Notary(self.ledger, self.fence, anchoring, entries=10_000, seconds=60.0)
        self.archive = Archive(self.store, writer, self.fence, self.clock, sign=self.notary.sign)
        return self

    async def live(self, calls, *, first=0):
        """Calls that were answered, each an intent and an end."""
        await self.append(
            [entry for n in range(first, first + calls) for entry in self.call(f"call_{n:04}")]
        )

    def call(self, name):
        run = f"run of {name}"
        at_ms = self.clock.now_ms()
        return [
            self.spoken(intent(name, run=run, at_ms=at_ms)),
            self.spoken(ended(name, run=run, at_ms=at_ms)),
        ]

    @staticmethod
    def spoken(entry):
        """The entry with a body that says what its columns say, as the auditor asks."""
        body = {
            "v": 1,
            "kind": entry.kind,
            "at": entry.at_ms,
            "org": entry.organization,
            "run": entry.run_id,
            "call": entry.call_id,
        }
        return replace(entry, body=json.dumps(body).encode())

    async def append(self, entries):
        await self.store.append(entries, fence=self.fence)

    async def move(self, folder, *, before_ms=EVER, is_anchored=False, **options):
        age = Age(before_ms=before_ms, is_anchored=is_anchored)
        return await self.archive.move(folder, age, **options)

    async def first(self):
        (extent,) = await self.store.proofs.extents()
        return extent.first

    async def report(self, segments=()):
        """What the stand-alone auditor says, with the segments or without."""
        audit = Audit(
            await self.store.proofs.ledger_id(),
            list(map(head_line, await self.store.proofs.heads())),
            {anchor.name: anchor.kept for anchor in self.anchors},
            PublicKey(self.ledger.keyring.signing_key().public),
        )
        (extent,) = await self.store.proofs.extents()
        lines = [json.loads(line) for file in segments for line in file.read_bytes().splitlines()]
        log = audit.log(extent.log_id, first=0 if lines else extent.first)
        for tile in await self.store.proofs.tiles(extent.log_id, 0):
            log.expect(tile.hashes)
        for line in lines:
            log.take(
                line["seq"],
                line["schema"],
                line["kind"],
                line["organization"],
                line["run"],
                line["call"],
                line["at"],
                line["body"].encode(),
            )
        for entry in await self.store.proofs.raw(extent.log_id, first=extent.first, limit=10_000):
            log.take(*entry)
        log.close()
        return audit.report(self.clock.now_ms())


@pytest.fixture(params=["memory", "sqlite"])
async def owner(request, tmp_path):
    path = tmp_path / "ledger.db"
    store = MemoryStore() if request.param == "memory" else SQLiteStore.open(path)
    yield await Owner(store).open()
    await store.close()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "archive"


async def test_whole_tiles_that_are_signed_go_into_a_file(owner, folder):
    await owner.live(300)
    await owner.notary.sign()
    before = {
        entry.seq: entry for entry in await owner.store.proofs.raw(owner.fence.log_id, limit=600)
    }
    done = await owner.move(folder)
    assert (done.start, done.stop) == (0, 2 * TILE)
    assert await owner.first() == done.stop
    file = folder / done.file
    lines = [json.loads(line) for line in file.read_bytes().splitlines()]
    assert [line["seq"] for line in lines] == [*range(done.stop)]
    assert all(line["body"].encode() == before[line["seq"]].body for line in lines)
    assert sha256(file.read_bytes()).hexdigest() == done.sha256
    described = json.loads(file.with_suffix(".json").read_text())
    assert (described["entries"], described["sha256"]) == (done.stop, done.sha256)
    (entry,) = await owner.store.entries(kind=EntryKind.ARCHIVED)
    assert json.loads(entry.body)["first"] == done.stop
    assert not list(folder.glob("*.part"))


async def test_an_archived_entry_is_proved_with_its_segment(owner, folder):
    await owner.live(300)
    await owner.notary.sign()
    done = await owner.move(folder)
    head = await owner.store.proofs.last_head()
    (tree,) = head.trees
    line = json.loads((folder / done.file).read_bytes().splitlines()[77])
    path = await paths.inclusion(owner.store.proofs, tree.log_id, index=77, size=tree.size)
    leaf = leaf_hash(line["body"].encode())
    assert is_included(leaf, index=77, size=tree.size, proof=path, root=tree.root)


async def test_the_ledger_holds_with_the_segments(owner, folder):
    await owner.live(300)
    await owner.notary.sign()
    done = await owner.move(folder)
    await owner.notary.sign()
    report = await owner.report([folder / done.file])
    assert report.integrity.holds, report
    assert report.completeness.holds, report


async def test_what_is_taken_away_was_announced_under_a_signature(owner, folder):
    await owner.live(300)
    await owner.notary.sign()
    assert await owner.move(folder) is not None
    report = await owner.report()
    assert report.completeness.holds, report


async def test_archiving_goes_on_where_it_ended(owner, folder):
    await owner.live(300)
    await owner.notary.sign()
    one = await owner.move(folder)
    await owner.live(300, first=300)
    await owner.notary.sign()
    two = await owner.move(folder)
    assert two.start == one.stop
    assert [each.file for each in await segment.segments(owner.store)] == [one.file, two.file]
    assert await owner.move(folder) is None


@pytest.mark.parametrize("signed", [False, True])
async def test_what_is_not_signed_or_not_anchored_stays(owner, folder, signed):
    await owner.live(300)
    if signed:
        await owner.notary.sign()
    assert await owner.move(folder, is_anchored=True) is None
    if not signed:
        assert await owner.move(folder) is None
    assert await owner.first() == 0
    assert not folder.exists()


async def test_what_an_anchor_has_goes(tmp_path, folder):
    owner = await Owner(MemoryStore(), [MemoryAnchor()]).open()
    await owner.live(300)
    await owner.notary.sign()
    done = await owner.move(folder, is_anchored=True)
    assert done.stop == 2 * TILE


async def test_entries_from_the_day_on_stay(owner, folder):
    await owner.live(150)
    owner.clock.advance(1_000)
    day_ms = owner.clock.now_ms()
    await owner.live(150, first=150)
    await owner.notary.sign()
    done = await owner.move(folder, before_ms=day_ms)
    assert done.stop == TILE
    assert done.until_ms < day_ms


def given_up(call, state):
    letter = row("dead_letter", id=f"letter of {call}", call_id=call, run_id="run_1", state=state)
    return [intent(call), ended(call, Status.FAILED, rows=(letter,))]


@pytest.mark.parametrize(
    "needed",
    [
        lambda: [intent("call_open", run="run_open")],
        lambda: [held("call_held", "apr_1", run="run_held")],
        lambda: [ended("call_1", run="run_long"), intent("call_2", run="run_long")],
        lambda: [intent("call_1", key=claim("call_1")), ended("call_1")],
        lambda: given_up("call_1", LetterState.OPEN),
        lambda: [about_run("run_1", EntryKind.RUN_HELD, agent_run("run_1", RunStatus.HELD))],
        lambda: [about_run("run_1", EntryKind.MODEL_ASKED, agent_run("run_1"))],
    ],
    ids=[
        *("in flight", "held", "of a run that goes on", "holds a key", "has an open letter"),
        *("of an agent's run that waits", "of an agent's run that works"),
    ],
)
async def test_archiving_stops_before_what_is_still_needed(owner, folder, needed):
    await owner.live(150)
    await owner.append(list(map(owner.spoken, needed())))
    await owner.live(400, first=150)
    await owner.notary.sign()
    done = await owner.move(folder)
    assert done.stop == TILE
    assert await owner.move(folder) is None


async def test_a_run_without_calls_that_was_archived_is_told_to_stand_in_the_file(owner, folder):
    at_ms = owner.clock.now_ms()
    over = agent_run("run_1", RunStatus.FAILED, started_ms=at_ms, ended_ms=at_ms)
    await owner.append([owner.spoken(about_run("run_1", EntryKind.RUN_ENDED, over, at_ms=at_ms))])
    await owner.live(300)
    await owner.notary.sign()
    done = await owner.move(folder)
    assert done.start == 0
    with pytest.raises(NotRecorded, match=done.file):
        await check_not_archived(owner.store, "run", "run_1")


async def test_what_was_given_up_on_goes_once_somebody_has_seen_to_it(owner, folder):
    await owner.append(list(map(owner.spoken, given_up("call_1", LetterState.DISCARDED))))
    await owner.live(300)
    await owner.notary.sign()
    assert (await owner.move(folder)).start == 0


async def test_a_call_across_the_cut_is_told_whole(owner, folder):
    await owner.live(100)
    opening, end = owner.call("call_across")
    await owner.append([opening])
    await owner.live(200, first=100)
    await owner.append([end])
    await owner.notary.sign()
    done = await owner.move(folder)
    assert done.stop == 2 * TILE
    assert len(await owner.store.entries(call_id="call_across")) == 2


async def test_an_archived_call_and_its_run_are_told_to_stand_in_the_file(owner, folder):
    await owner.live(300)
    await owner.notary.sign()
    done = await owner.move(folder)
    for what, id_ in (("call", "call_0003"), ("run", "run of call_0003")):
        with pytest.raises(NotRecorded, match=done.file):
            await check_not_archived(owner.store, what, id_)
    await check_not_archived(owner.store, "call", "call_unheard_of")


def replace_cell(told, **cells):
    """A row with other values in some of its columns."""
    names = [column.name for column in TABLES[told.table].columns]
    return row(told.table, **(dict(zip(names, told.values, strict=True)) | cells))


async def test_the_file_is_named_in_which_the_entries_of_a_call_stand(owner, folder):
    files = []
    for first in (0, 1_000):
        await owner.live(200, first=first)
        owner.clock.advance(1_000)
        await owner.live(100, first=first + 200)
        await owner.notary.sign()
        files.append((await owner.move(folder)).file)
        owner.clock.advance(1_000)
    for what, id_, at in (
        ("call", "call_0003", 0),
        ("run", "run of call_0003", 0),
        ("call", "call_1100", 1),
        ("run", "run of call_1100", 1),
    ):
        with pytest.raises(NotRecorded) as told:
            await check_not_archived(owner.store, what, id_)
        assert [file in str(told.value) for file in files] == [at == 0, at == 1], id_


async def test_of_a_call_that_ended_in_another_file_both_are_named(owner, folder):
    opening, _ = owner.call("call_long")
    await owner.append([opening])
    owner.clock.advance(1_000)
    await owner.live(300)
    owner.clock.advance(1_000)
    day_ms = owner.clock.now_ms()
    await owner.live(300, first=1_000)
    owner.clock.advance(1_000)
    _, end = owner.call("call_long")
    await owner.append([end])
    await owner.live(300, first=2_000)
    await owner.notary.sign()
    one, two = await owner.move(folder, before_ms=day_ms), await owner.move(folder)
    for what, id_ in (("call", "call_long"), ("run", "run of call_long")):
        with pytest.raises(NotRecorded, match=f"{one.file} or {two.file}"):
            await check_not_archived(owner.store, what, id_)


async def test_a_file_is_named_also_where_the_clock_went_back_meanwhile(owner, folder):
    await owner.live(300)
    at_ms = owner.clock.now_ms()
    late = [replace(each, at_ms=at_ms + 5_000) for each in owner.call("call_ahead")]
    rows = (replace_cell(late[0].rows[0], created_ms=at_ms + 5_000),)
    await owner.append([replace(late[0], rows=rows), late[1]])
    await owner.live(300, first=1_000)
    await owner.notary.sign()
    done = await owner.move(folder)
    with pytest.raises(NotRecorded, match=done.file):
        await check_not_archived(owner.store, "call", "call_ahead")


async def test_of_a_redriven_call_the_file_is_named_too(owner, folder):
    opening, end = owner.call("call_again")
    rows = (replace_cell(opening.rows[0], redrives="call_before"),)
    await owner.append([replace(opening, rows=rows), end])
    await owner.live(300)
    await owner.notary.sign()
    done = await owner.move(folder)
    with pytest.raises(NotRecorded, match=done.file):
        await check_not_archived(owner.store, "call", "call_again")


async def test_entries_that_were_changed_are_not_archived(folder):
    owner = await Owner(MemoryStore()).open()
    await owner.live(300)
    await owner.notary.sign()
    owner.store.ledger.entries[5] = replace(owner.store.ledger.entries[5], body=b"{}")
    with pytest.raises(LedgerError, match="does not give the root that was signed"):
        await owner.move(folder)
    assert await owner.first() == 0


async def test_tiles_that_were_changed_are_no_proof_to_archive_by(folder):
    owner = await Owner(MemoryStore()).open()
    await owner.live(300)
    await owner.notary.sign()
    tiles = owner.store.ledger.tiles
    key = (owner.fence.log_id, 0, 0)
    tiles[key] = replace(tiles[key], hashes=bytes(len(tiles[key].hashes)))
    with pytest.raises(LedgerError, match="is not what was signed"):
        await owner.move(folder)
    assert await owner.first() == 0
    assert not list(folder.iterdir())


async def test_a_folder_that_cannot_be_written_takes_nothing_away(owner, folder):
    await owner.live(300)
    await owner.notary.sign()
    folder.write_text("a file")
    with pytest.raises(LedgerError, match=r"cannot be written .* nothing was taken away"):
        await owner.move(folder)
    assert await owner.first() == 0


class DeathError(Exception):
    """The process ends here."""


@pytest.mark.parametrize("step", range(3))
async def test_a_process_that_dies_on_the_way_loses_nothing_and_is_taken_up(
    owner, folder, monkeypatch, step
):
    """Before the announcement, and before each batch that is taken away."""
    await owner.live(1_100)
    await owner.notary.sign()
    steps = iter(range(step, -1, -1))

    def dying(method):
        async def die(*args, **options):
            if next(steps) == 0:
                raise DeathError
            return await method(*args, **options)

        return die

    with monkeypatch.context() as patch:
        patch.setattr(owner.ledger.writer, "write", dying(owner.ledger.writer.write))
        patch.setattr(owner.store.upkeep, "drop_entries", dying(owner.store.upkeep.drop_entries))
        with pytest.raises(DeathError):
            await owner.move(folder)
    files = {path.name: path.read_bytes() for path in folder.glob("*.jsonl")}
    await owner.move(folder)
    assert await owner.first() == 8 * TILE
    (known,) = await segment.segments(owner.store)
    assert {path.name: path.read_bytes() for path in folder.glob("*.jsonl")} == files
    assert sha256(files[known.file]).hexdigest() == known.sha256


@pytest.fixture
async def beside(postgres_url):
    """Two processes on one ledger; the first one signs, and has 300 calls in its log."""
    stores = [PostgresStore(postgres_url), PostgresStore(postgres_url)]
    signer, other = [await Owner(store).open() for store in stores]
    await signer.live(300)
    await signer.notary.sign()
    yield signer, other
    for store in stores:
        await store.close()


async def extents(owner):
    return {extent.log_id: extent.first for extent in await owner.store.proofs.extents()}


@pytest.mark.loopback
async def test_what_one_process_archives_while_another_signs_is_signed_first(beside, folder):
    """Nothing is taken away before a signed head covers the announcement."""
    signer, other = beside
    looks = []

    async def look():
        """The other process signs at the third look."""
        assert await other.notary.sign() is None
        looks.append(await extents(other))
        if len(looks) == 3:
            await signer.notary.sign()

    other.archive = Archive(other.store, other.ledger.writer, other.fence, other.clock, sign=look)
    done = await other.move(folder)
    assert len(looks) == 3
    assert not any(first for each in looks for first in each.values())
    assert (await extents(other))[done.log] == done.stop == 2 * TILE


@pytest.mark.loopback
async def test_of_several_logs_each_goes_into_a_file_of_its_own(beside, folder):
    """One with each turn, whoever writes them."""
    signer, other = beside
    await other.live(300, first=1_000)
    done = []
    for _ in range(3):
        await signer.notary.sign()
        signing = asyncio.ensure_future(other.move(folder))
        while not signing.done():
            await signer.notary.sign()
        done.append(await signing)
    assert done.pop() is None
    assert {each.log: each.stop for each in done} == await extents(other)
    assert {each.log for each in done} == {signer.fence.log_id, other.fence.log_id}


@pytest.mark.loopback
async def test_an_announcement_that_nobody_signs_takes_nothing_away(beside, folder):
    signer, other = beside
    began_s = other.clock.monotonic_s()
    with pytest.raises(LedgerError, match=r"no process .* so nothing was taken away: see why"):
        await other.move(folder)
    assert other.clock.monotonic_s() - began_s >= PATIENCE_S
    assert not any((await extents(other)).values())
    with pytest.raises(LedgerError, match="archive again"):
        await other.move(folder)
    await signer.notary.sign()
    assert await other.move(folder) is None
    assert (await extents(other))[signer.fence.log_id] == 2 * TILE
    (known,) = await segment.segments(other.store)
    assert (folder / known.file).exists()


@pytest.mark.loopback
async def test_who_waits_for_a_signer_that_dies_signs_itself(beside, folder):
    signer, other = beside
    sleep = other.clock.sleep

    async def die(seconds):
        await signer.store.close()
        await sleep(seconds)

    other.clock.sleep = die
    done = await other.move(folder)
    assert (done.log, done.stop) == (signer.fence.log_id, 2 * TILE)
    assert (await extents(other))[signer.fence.log_id] == done.stop


@pytest.mark.loopback
async def test_what_a_process_announced_before_it_died_another_one_takes_away(
    beside, folder, postgres_url, monkeypatch
):
    """Whichever log it was, and not before a signed head covers the announcement."""
    signer, other = beside
    with monkeypatch.context() as patch:
        patch.setattr(other.archive, "_until_signed", _die)
        with pytest.raises(DeathError):
            await other.move(folder)
    await other.store.close()
    third = await Owner(PostgresStore(postgres_url)).open()
    with pytest.raises(LedgerError, match="nothing was taken away"):
        await third.move(folder)
    assert not any((await extents(third)).values())
    await signer.notary.sign()
    assert await third.move(folder) is None
    assert (await extents(third))[signer.fence.log_id] == 2 * TILE
    assert len(await segment.segments(third.store)) == 1
    await third.store.close()


async def _die(*_):
    raise DeathError

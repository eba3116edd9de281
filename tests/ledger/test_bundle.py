"""An export holds what the page says, and the stand-alone auditor agrees with it."""

import base64
import json
from dataclasses import replace

import pytest

from highroad.domain.error import LedgerError
from highroad.domain.proof import TILE
from highroad.ledger.keyring import Keyring
from highroad.ledger.ledger import Ledger
from highroad.ledger.proof import bundle
from highroad.ledger.proof.anchoring import Anchoring
from highroad.ledger.proof.merkle import HASH, leaf_hash
from highroad.ledger.proof.notary import Notary
from highroad.ledger.proof.proving import Proving
from highroad.ledger.signing import head_line
from highroad.ledger.writer import GroupWriter
from highroad_auditor import PublicKey
from highroad_auditor.export import audit_export

pytestmark = pytest.mark.promise("P12")


@pytest.fixture
async def fence(store, clock):
    return await store.acquire(pid=1, at_ms=clock.now_ms())


@pytest.fixture
def ledger(store, fence, keys, clock):
    return Ledger(store, GroupWriter(store, fence), Keyring(keys), clock)


@pytest.fixture
async def proving(books, store, ledger, fence):
    """A ledger of a few calls, signed, with a tail that is not."""
    notary = Notary(ledger, fence, Anchoring(store.proofs, []), entries=10, seconds=60)
    for _ in range(TILE):
        await books.complete(books.call())
    await ledger.writer.flush()
    await notary.sign()
    await books.complete(books.call())
    return Proving(ledger, notary)


async def test_an_export_holds_what_the_page_says(proving, store, tmp_path):
    done = await proving.export(tmp_path / "export")
    log, stored = store.ledger.log_id, store.ledger.entries
    signed = store.ledger.heads[0].trees[0].size
    assert (signed, len(stored)) == (2 * TILE + 1, 2 * TILE + 3)
    assert (done.entries, done.heads) == (len(stored), 1)
    assert {path.name for path in done.folder.iterdir()} == {
        "ledger.json",
        f"entries-{log}.jsonl",
        f"leaves-{log}.bin",
        "heads.jsonl",
    }
    assert json.loads((done.folder / "ledger.json").read_bytes()) == {
        "ledger": await store.proofs.ledger_id(),
        "logs": [{"log": log, "first": 0, "entries": len(stored)}],
        "v": 1,
    }
    lines = [json.loads(line) for line in open_lines(done.folder / f"entries-{log}.jsonl")]
    assert lines == [
        {
            "seq": entry.position.seq,
            "schema": entry.schema,
            "kind": entry.kind,
            "organization": entry.organization,
            "run": entry.run_id,
            "call": entry.call_id,
            "at": entry.at_ms,
            "body": entry.body.decode(),
        }
        for entry in stored
    ]
    leaves = (done.folder / f"leaves-{log}.bin").read_bytes()
    assert leaves == b"".join(leaf_hash(entry.body) for entry in stored[:signed])
    assert open_lines(done.folder / "heads.jsonl") == list(map(head_line, store.ledger.heads))


def open_lines(path):
    text = path.read_text("utf-8")
    assert text.endswith("\n")
    return text.removesuffix("\n").split("\n")


async def test_the_auditor_finds_nothing_wrong_with_it(proving, tmp_path):
    done = await proving.export(tmp_path / "export")
    report = audit_export(done.folder, PublicKey(await proving.public_key()))
    assert report.problems == ()
    assert (report.unsigned.entries, report.unanchored.entries) == (2, 2 * TILE + 3)


@pytest.mark.parametrize("seq", [0, 5, 255, 256, 400])
async def test_the_auditor_points_at_an_entry_that_was_changed(proving, store, tmp_path, seq):
    entry = store.ledger.entries[seq]
    at = entry.body.index(b'"v":1') + 1
    body = entry.body[:at] + b"V" + entry.body[at + 1 :]
    store.ledger.entries[seq] = replace(entry, body=body)
    done = await proving.export(tmp_path / "export")
    report = audit_export(done.folder, PublicKey(await proving.public_key()))
    assert report.integrity.first.seq == seq


async def test_what_somebody_spoilt_is_exported_as_it_is(proving, store, tmp_path):
    """The auditor has to see it."""
    store.ledger.entries[3] = replace(store.ledger.entries[3], body=b"\xff\x00", kind="no.kind")
    store.ledger.heads[0] = replace(store.ledger.heads[0], statement=b"\xff")
    done = await proving.export(tmp_path / "export")
    line = json.loads(open_lines(done.folder / f"entries-{store.ledger.log_id}.jsonl")[3])
    assert base64.b64decode(line["body_base64"]) == b"\xff\x00"
    assert (line["kind"], "body" in line) == ("no.kind", False)
    assert not audit_export(done.folder, PublicKey(await proving.public_key())).integrity.holds


async def test_missing_tiles_and_entries_are_no_hindrance(proving, store, tmp_path):
    """The auditor says that they are missing."""
    del store.ledger.tiles[store.ledger.log_id, 0, 0]
    del store.ledger.entries[7]
    done = await proving.export(tmp_path / "export")
    leaves = (done.folder / f"leaves-{store.ledger.log_id}.bin").read_bytes()
    assert len(leaves) == (TILE + 1) * HASH
    assert not audit_export(done.folder, PublicKey(await proving.public_key())).completeness.holds


async def test_a_ledger_that_was_never_signed_can_be_exported(books, ledger, tmp_path):
    await books.complete(books.call())
    done = await Proving(ledger, None).export(tmp_path / "export")
    assert (done.heads, done.entries) == (0, 2)
    assert (done.folder / "heads.jsonl").read_bytes() == b""


async def test_it_grows_while_it_is_exported(proving, store, books, tmp_path, monkeypatch):
    """Heads are read first: what they state is there, and more may be."""
    extents = store.proofs.extents

    async def later():
        monkeypatch.undo()
        await books.complete(books.call())
        await proving.sign()
        return await extents()

    monkeypatch.setattr(store.proofs, "extents", later)
    done = await bundle.write(store.proofs, tmp_path / "export")
    assert done.heads == 1
    report = audit_export(done.folder, PublicKey(await proving.public_key()))
    assert report.problems == ()
    assert report.unsigned.entries > 0


async def test_announcements_that_outlived_an_archive_are_exported(proving, store, tmp_path):
    (extent,) = await store.proofs.extents()

    async def archived():
        return [replace(extent, first=extent.size - 1)]

    store.proofs.extents = archived
    done = await proving.export(tmp_path / "export")
    (log,) = json.loads((done.folder / "ledger.json").read_bytes())["logs"]
    assert (log["first"], log["entries"]) == (extent.size - 1, extent.size)


@pytest.mark.parametrize("there", ["a file", "a full folder"])
async def test_nothing_is_written_over(proving, tmp_path, there):
    target = tmp_path / "export"
    if there == "a file":
        target.write_text("mine", "utf-8")
    else:
        target.mkdir()
        (target / "mine").touch()
    with pytest.raises(LedgerError, match="not an empty folder"):
        await proving.export(target)
    assert list(tmp_path.iterdir()) == [target]


async def test_an_empty_folder_is_taken(proving, tmp_path):
    (tmp_path / "export").mkdir()
    done = await proving.export(tmp_path / "export")
    assert (done.folder / "ledger.json").exists()


async def test_an_export_that_fails_leaves_nothing_behind(proving, store, tmp_path):
    async def fails(*_, **__):
        raise LedgerError("the disk is gone")

    store.proofs.tiles = fails
    with pytest.raises(LedgerError, match="gone"):
        await proving.export(tmp_path / "export")
    assert list(tmp_path.iterdir()) == []


async def test_a_folder_that_cannot_be_made_is_told(proving, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError, match="cannot be written"):
        await proving.export(tmp_path / "file" / "export")


async def test_the_name_of_a_log_leads_nowhere_else(proving, store, tmp_path):
    store.ledger.log_id = "../elsewhere"
    with pytest.raises(LedgerError, match="has a name that no log is given"):
        await proving.export(tmp_path / "export")
    assert list(tmp_path.iterdir()) == []


async def test_signing_needs_the_owner(ledger):
    with pytest.raises(LedgerError, match="another process owns"):
        await Proving(ledger, None).sign()

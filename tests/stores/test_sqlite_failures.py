"""Whatever is wrong with a ledger's file is said in one sentence, with what to do next."""

import asyncio
from dataclasses import replace

import apsw
import pytest

from highroad.adapters.stores.sqlite import SQLiteStore
from highroad.domain.entry import Row, Written
from highroad.domain.error import LedgerError
from highroad.testing.contracts.store.samples import intent, noted


def refusal_to_open(path):
    with pytest.raises(LedgerError) as refusal:
        SQLiteStore.open(path, patience_ms=0)
    message = str(refusal.value)
    assert str(path) in message
    assert ";" in message, "what happened; what to do"
    assert "\n" not in message
    return message


async def test_missing_folders_are_made(tmp_path):
    store = SQLiteStore.open(tmp_path / "some" / "folder" / "ledger.db")
    assert await store.entries() == []
    await store.close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("no folder")
    message = refusal_to_open(tmp_path / "file" / "ledger.db")
    assert "folder" in message


def test_a_folder_is_no_ledger(tmp_path):
    assert "cannot be opened" in refusal_to_open(tmp_path)


def test_a_file_that_is_no_database_is_left_as_it_is(ledger):
    text = "Dear diary, " * 500
    ledger.write_text(text)
    assert "is not a ledger" in refusal_to_open(ledger)
    assert ledger.read_text() == text


def test_a_database_of_another_program_is_left_as_it_is(ledger):
    theirs = apsw.Connection(str(ledger))
    theirs.execute("CREATE TABLE customer (name)")
    theirs.close()
    before = ledger.read_bytes()
    assert "another program" in refusal_to_open(ledger)
    assert ledger.read_bytes() == before


async def test_a_ledger_of_a_newer_schema_names_both_versions(ledger):
    await SQLiteStore.open(ledger).close()
    connection = apsw.Connection(str(ledger))
    connection.pragma("user_version", 99)
    connection.close()
    message = refusal_to_open(ledger)
    assert "schema 99" in message
    assert "install a newer Highroad" in message


async def test_a_file_that_may_not_be_written_is_called_read_only(disk, ledger):
    await SQLiteStore.open(ledger).close()
    disk.is_read_only = True
    assert "read-only" in refusal_to_open(ledger)


def test_a_folder_that_may_not_be_written_is_named(disk, ledger):
    disk.is_read_only = True
    assert "cannot be opened" in refusal_to_open(ledger)


async def test_a_file_that_somebody_keeps_to_themselves_is_called_locked(ledger):
    await SQLiteStore.open(ledger).close()
    keeper = apsw.Connection(str(ledger))
    keeper.pragma("locking_mode", "exclusive")
    keeper.execute("BEGIN IMMEDIATE; DELETE FROM inbox; COMMIT")
    assert "locked by another process" in refusal_to_open(ledger)
    keeper.close()


async def test_an_append_that_finds_the_ledger_locked_is_refused_and_may_be_repeated(
    store, fence, ledger
):
    keeper = apsw.Connection(str(ledger))
    keeper.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerError, match="locked by another process"):
        await store.append([noted()], fence=fence)
    keeper.execute("ROLLBACK")
    (receipt,) = await store.append([noted()], fence=fence)
    assert isinstance(receipt, Written)
    keeper.close()


async def test_waiting_for_another_process_does_not_stop_the_loop(ledger):
    store = SQLiteStore.open(ledger, patience_ms=30_000)
    fence = await store.acquire(pid=1, at_ms=0)
    keeper = apsw.Connection(str(ledger))
    keeper.execute("BEGIN IMMEDIATE")
    append = asyncio.ensure_future(store.append([noted()], fence=fence))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not append.done()
    assert await store.entries() == []
    keeper.execute("ROLLBACK")
    (receipt,) = await append
    assert isinstance(receipt, Written)
    await store.close()
    keeper.close()


async def test_a_disk_that_is_full_says_so(disk, store, fence):
    def fail(path):
        raise apsw.FullError("no space left")

    disk.before_write = fail
    with pytest.raises(LedgerError, match="the disk is full; free space"):
        await store.append([noted()], fence=fence)
    disk.before_write = lambda path: None


async def test_a_lock_beside_the_ledger_that_cannot_be_made_is_named(store, ledger):
    ledger.with_name(ledger.name + "-owner").mkdir()
    with pytest.raises(LedgerError, match="-owner cannot be opened"):
        await store.acquire(pid=1, at_ms=0)


async def test_an_ownership_that_cannot_be_written_down_is_given_back(ledger, store):
    keeper = apsw.Connection(str(ledger))
    keeper.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerError, match="locked"):
        await store.acquire(pid=1, at_ms=0)
    keeper.execute("ROLLBACK")
    keeper.close()
    other = SQLiteStore.open(ledger)
    assert await other.acquire(pid=2, at_ms=0) is not None
    await other.close()


async def test_a_store_that_was_closed_says_so(store, fence):
    await store.close()
    with pytest.raises(LedgerError, match="was closed; open it again"):
        await store.append([noted()], fence=fence)
    with pytest.raises(LedgerError, match="was closed; open it again"):
        await store.entries()


async def test_an_append_that_breaks_the_schema_names_no_value_and_leaves_nothing(store, fence):
    entry = intent("call_2", tool="a secret that a model made up")
    (row,) = entry.rows
    nameless = replace(entry, rows=(Row(row.table, (None, *row.values[1:])),))
    with pytest.raises(LedgerError) as refusal:
        await store.append([intent("call_1"), nameless], fence=fence)
    assert "secret" not in str(refusal.value)
    assert await store.entries() == []
    (receipt,) = await store.append([noted()], fence=fence)
    assert receipt.position.seq == 0

"""A ledger of an older version becomes one of this version, or stays as it was."""

import asyncio
import shutil
import sqlite3
import sys
import threading

import apsw
import pytest

from highroad.adapters.stores.sqlite import SQLiteStore, backup, schema, upgraded
from highroad.domain.error import LedgerError
from highroad.domain.order_form import read_order
from highroad.ports.upkeep import StoreUpgrade, in_silence

DECISION = (
    "INSERT INTO inbox (approval_id, ruling, decided_by, digest, at_ms, reason, profile) "
    "VALUES ('apr_1', 'approve', 'usr_bob', 'd', 7, x'00ff', NULL)"
)


OF_2 = (
    "ALTER TABLE tool_call DROP COLUMN stands_in_for",
    "ALTER TABLE tool_call DROP COLUMN redrives",
    """INSERT INTO tool_call VALUES ('c', 'r', 1, NULL, 'o', 'p', 't', NULL, NULL, NULL, NULL,
        'code', 'python', 'none', NULL, NULL, NULL, NULL, 1, 0, 7)""",
    "DROP TABLE dead_letter",
    """CREATE TABLE dead_letter (id TEXT NOT NULL, run_id TEXT NOT NULL, call_id TEXT NOT NULL,
        tool TEXT NOT NULL, code TEXT NOT NULL, state TEXT NOT NULL, created_ms INTEGER NOT NULL,
        PRIMARY KEY (id)) STRICT, WITHOUT ROWID""",
)
"""Calls of version 2, which stood in for none, and the letters that it never wrote."""
OF_5 = (
    "DROP TABLE model_request",
    "DROP TABLE model_reply",
    "DROP INDEX agent_run_agent",
    "DROP INDEX agent_run_open",
    *(
        f"ALTER TABLE agent_run DROP COLUMN {name}"
        for name in (
            *("definition", "delegated_by", "code", "steps"),
            *("tokens_in", "tokens_out", "cost_microusd"),
        )
    ),
    "ALTER TABLE tool_call DROP COLUMN asked_by",
    "ALTER TABLE tool_call DROP COLUMN position",
)
"""Ledgers of version 5, which no agent ran in."""


NEW_IN_8 = ("api_key", "login_session", "blocked_address", "user_credential", "identity_change")
OF_8 = (
    "DROP VIEW trace_span",
    "ALTER TABLE agent_run DROP COLUMN parent_span_id",
    "ALTER TABLE tool_call DROP COLUMN trace_id",
    "ALTER TABLE tool_call DROP COLUMN parent_span_id",
    "CREATE VIEW trace_span AS SELECT trace_id FROM agent_run",
)
"""Ledgers of version 8, where a call had the trace of its run."""
OF_7 = (*OF_8, *(f"DROP TABLE {name}" for name in NEW_IN_8))
"""Ledgers of version 7, which knew callers by what the program said of them alone."""
OF_6 = (
    *OF_7,
    "DROP INDEX approval_state_expires_ms",
    "DROP INDEX approval_state_use_by_ms",
    "ALTER TABLE approval DROP COLUMN use_by_ms",
    "DROP TABLE compensation",
    """CREATE TABLE compensation (id TEXT NOT NULL, run_id TEXT NOT NULL, call_id TEXT NOT NULL,
        tool TEXT NOT NULL, state TEXT NOT NULL, created_ms INTEGER NOT NULL,
        PRIMARY KEY (id)) STRICT, WITHOUT ROWID""",
)
"""Ledgers of version 6, where what was agreed to could be used at any time."""


@pytest.fixture
def old(repository, ledger):
    """A ledger of version 1, with waiting, approved, rejected and unknown calls."""
    shutil.copyfile(repository / "tests/data/ledgers/version-1.db", ledger)
    return ledger


@pytest.fixture
def copy_of_old(old):
    return backup.place_of(old, 1)


def asked(path, statement):
    """What another program reads of the file as it lies there."""
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def version_of(path):
    return asked(path, "PRAGMA user_version")[0][0]


def tables_of(path):
    return asked(path, "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name")


def entries_of(path):
    return asked(path, "SELECT * FROM entry ORDER BY seq")


async def open_and_close(path):
    await SQLiteStore.open(path, patience_ms=0).close()


async def test_an_upgraded_ledger_has_the_tables_of_a_new_one(old, tmp_path):
    await open_and_close(old)
    await open_and_close(tmp_path / "new.db")
    assert tables_of(old) == tables_of(tmp_path / "new.db")
    assert version_of(old) == schema.VERSION


@pytest.mark.parametrize(
    "table", ["entry", "payload", "run_key", "key_claim", "open_call", "owner", "app_user"]
)
async def test_what_is_no_view_of_entries_stays_byte_for_byte(old, table):
    before = asked(old, f"SELECT * FROM {table}")  # noqa: S608 - a name of ours
    await open_and_close(old)
    assert before
    assert asked(old, f"SELECT * FROM {table}") == before  # noqa: S608 - a name of ours


async def test_the_log_keeps_its_name_and_its_epoch(old):
    ((log_id, epoch),) = asked(old, "SELECT log_id, epoch FROM log")
    await open_and_close(old)
    assert asked(old, "SELECT log_id, epoch, first FROM log") == [(log_id, epoch, 0)]


async def test_decisions_that_waited_in_the_inbox_wait_on(old):
    connection = apsw.Connection(str(old))
    columns = [name for _, name, *_ in connection.execute("PRAGMA table_info(inbox)")]
    assert {"approval_id", "ruling", "decided_by"} <= {*columns}
    connection.execute(DECISION)
    connection.close()
    store = SQLiteStore.open(old)
    (posted,) = await store.inbox()
    await store.close()
    order = read_order(posted)
    assert (order.approval_id, order.by, order.reason) == ("apr_1", "usr_bob", b"\x00\xff")


async def test_amendments_of_version_2_get_their_source_for_an_id(ledger, tmp_path):
    await open_and_close(tmp_path / "new.db")
    await open_and_close(ledger)
    connection = apsw.Connection(str(ledger))
    for statement in (
        *OF_6,
        *OF_5,
        "DROP TABLE amendment",
        """CREATE TABLE amendment (call_id TEXT NOT NULL, amended_ms INTEGER NOT NULL,
            source TEXT NOT NULL, run_id TEXT NOT NULL, organization TEXT NOT NULL,
            amended_by TEXT NOT NULL, applied INTEGER, reason_ref TEXT,
            PRIMARY KEY (call_id, amended_ms, source)) STRICT, WITHOUT ROWID""",
        "INSERT INTO amendment VALUES ('c', 7, 'settled', 'r', 'o', 'usr_bob', 1, 'why')",
        "INSERT INTO amendment VALUES ('c', 7, 'late', 'r', 'o', 'highroad', 0, NULL)",
        *OF_2,
        "DROP TABLE deferral",
        "DROP TABLE breaker_change",
        "DROP INDEX agent_run_parent",
        "DROP INDEX agent_run_conversation",
        "ALTER TABLE agent_run DROP COLUMN parent_id",
        "ALTER TABLE agent_run DROP COLUMN conversation_id",
        "PRAGMA user_version = 2",
    ):
        connection.execute(statement)
    connection.close()
    await open_and_close(ledger)
    assert asked(ledger, "SELECT * FROM amendment") == [
        ("c", 7, "late", "r", "o", "highroad", 0, None, "late"),
        ("c", 7, "settled", "r", "o", "usr_bob", 1, "why", "settled"),
    ]
    assert asked(ledger, "SELECT id, created_ms, stands_in_for, redrives FROM tool_call") == [
        ("c", 7, None, None)
    ]
    assert tables_of(ledger) == tables_of(tmp_path / "new.db")
    assert version_of(backup.place_of(ledger, 2)) == 2


async def test_runs_of_version_3_belong_nowhere(ledger, tmp_path):
    await open_and_close(tmp_path / "new.db")
    await open_and_close(ledger)
    connection = apsw.Connection(str(ledger))
    for statement in (
        *OF_6,
        *OF_5,
        "DROP TABLE deferral",
        "DROP TABLE breaker_change",
        "DROP INDEX agent_run_parent",
        "DROP INDEX agent_run_conversation",
        "INSERT INTO agent_run VALUES ('r', 'o', 'u', NULL, NULL, 't', 'running', 7, 8, '', '')",
        "ALTER TABLE agent_run DROP COLUMN parent_id",
        "ALTER TABLE agent_run DROP COLUMN conversation_id",
        "PRAGMA user_version = 3",
    ):
        connection.execute(statement)
    connection.close()
    await open_and_close(ledger)
    run = ("r", "o", "u", None, None, "t", "running", 7, 8, *[None] * 10)
    assert asked(ledger, "SELECT * FROM agent_run") == [run]
    assert tables_of(ledger) == tables_of(tmp_path / "new.db")
    assert version_of(backup.place_of(ledger, 3)) == 3


async def test_no_call_of_version_4_waited_for_its_result(ledger, tmp_path):
    await open_and_close(tmp_path / "new.db")
    await open_and_close(ledger)
    connection = apsw.Connection(str(ledger))
    for statement in (*OF_6, *OF_5, "DROP TABLE deferral", "PRAGMA user_version = 4"):
        connection.execute(statement)
    connection.close()
    await open_and_close(ledger)
    assert asked(ledger, "SELECT count(*) FROM deferral") == [(0,)]
    assert tables_of(ledger) == tables_of(tmp_path / "new.db")
    assert version_of(backup.place_of(ledger, 4)) == 4


async def test_no_agent_ran_in_version_5(ledger, tmp_path):
    """Its runs are of one call each, and no model was asked."""
    await open_and_close(tmp_path / "new.db")
    await open_and_close(ledger)
    connection = apsw.Connection(str(ledger))
    for statement in (
        *OF_6,
        *OF_5,
        """INSERT INTO agent_run VALUES
            ('r', 'o', 'u', NULL, NULL, 't', 'held', 7, NULL, NULL, NULL)""",
        """INSERT INTO tool_call VALUES ('c', 'r', 1, NULL, 'o', 'p', 't', NULL, NULL, NULL, NULL,
            'code', 'python', 'none', NULL, NULL, NULL, NULL, 1, 0, 7, NULL, NULL)""",
        "PRAGMA user_version = 5",
    ):
        connection.execute(statement)
    connection.close()
    store = SQLiteStore.open(ledger, patience_ms=0)
    assert await store.runs() == []
    await store.close()
    assert asked(ledger, "SELECT id, agent, code, steps FROM agent_run") == [("r", *[None] * 3)]
    assert asked(ledger, "SELECT id, asked_by, position FROM tool_call") == [("c", None, None)]
    assert tables_of(ledger) == tables_of(tmp_path / "new.db")
    assert version_of(backup.place_of(ledger, 5)) == 5


@pytest.fixture
def of_6(repository, ledger):
    """A ledger of version 6, with approvals in every state, and two words of one moment."""
    shutil.copyfile(repository / "tests/data/ledgers/version-6.db", ledger)
    return ledger


async def test_a_ledger_of_version_6_becomes_one_of_this_version(of_6, tmp_path):
    words = "SELECT * FROM approval_decision ORDER BY approval_id, decided_by, decided_ms"
    before, said = entries_of(of_6), asked(of_6, words)
    await open_and_close(of_6)
    await open_and_close(tmp_path / "new.db")
    assert tables_of(of_6) == tables_of(tmp_path / "new.db")
    assert entries_of(of_6) == before
    assert asked(of_6, words) == said
    assert asked(of_6, "SELECT DISTINCT use_by_ms FROM approval") == [(None,)]
    assert version_of(backup.place_of(of_6, 6)) == 6


async def test_the_ledger_as_it_was_is_kept_beside_it(old, copy_of_old):
    before, tables = entries_of(old), tables_of(old)
    await open_and_close(old)
    assert version_of(copy_of_old) == 1
    assert entries_of(copy_of_old) == before
    assert tables_of(copy_of_old) == tables
    assert not list(old.parent.glob("*.part"))


async def test_a_copy_that_is_kept_can_be_opened_in_its_place(old, copy_of_old):
    before = entries_of(old)
    await open_and_close(old)
    copy_of_old.rename(old.with_name("restored.db"))
    await open_and_close(old.with_name("restored.db"))
    assert entries_of(old.with_name("restored.db")) == before


def test_upgrading_on_purpose_says_what_was_done(old, copy_of_old):
    done = upgraded(old, patience_ms=0, progress=in_silence)
    assert done == StoreUpgrade(before=1, after=schema.VERSION, backup=str(copy_of_old))
    again = upgraded(old, patience_ms=0, progress=in_silence)
    assert again == StoreUpgrade(before=schema.VERSION, after=schema.VERSION, backup=None)


def test_upgrading_on_purpose_makes_no_ledger(ledger):
    with pytest.raises(LedgerError, match="there is no ledger"):
        upgraded(ledger, patience_ms=0, progress=in_silence)
    assert not ledger.exists()


def test_progress_is_told_to_the_end(old):
    told = []
    upgraded(old, patience_ms=0, progress=lambda done, total: told.append((done, total)))
    assert told
    assert all(done <= total for done, total in told)
    assert told[-1][0] == told[-1][1] > 0


async def test_a_ledger_of_this_version_is_not_copied(ledger):
    await open_and_close(ledger)
    await open_and_close(ledger)
    assert not list(ledger.parent.glob("*backup*"))


def refused(path, says):
    with pytest.raises(LedgerError, match=says):
        SQLiteStore.open(path, patience_ms=0)
    assert version_of(path) == 1


def test_another_copy_of_that_name_is_not_overwritten(old, copy_of_old):
    copy_of_old.write_bytes(b"somebody's")
    refused(old, "another backup has the name")
    assert copy_of_old.read_bytes() == b"somebody's"
    assert not list(old.parent.glob("*.part"))


def test_without_room_for_a_copy_nothing_is_changed(old, copy_of_old, monkeypatch):
    usage = shutil.disk_usage(old.parent)._replace(free=old.stat().st_size)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    refused(old, "there is no room to back up")
    assert not copy_of_old.exists()


@pytest.mark.parametrize("operation", ["before_write", "before_sync"])
@pytest.mark.parametrize("failure", [apsw.FullError, apsw.IOError])
async def test_a_disk_that_fails_leaves_the_old_ledger_and_the_next_opening_upgrades(
    disk, old, copy_of_old, operation, failure
):
    before = entries_of(old)
    counts = {"so far": 0}

    def fail_at(number):
        def fail(path):
            counts["so far"] += 1
            if counts["so far"] == number:
                raise failure("the disk says no")

        return fail

    number = 0
    while version_of(old) == 1:
        number += 1
        counts["so far"] = 0
        setattr(disk, operation, fail_at(number))
        try:
            await open_and_close(old)
        except LedgerError:
            assert version_of(old) in {1, schema.VERSION}
        setattr(disk, operation, lambda path: None)
        assert entries_of(old) == before
    assert number > 1
    await open_and_close(old)
    assert entries_of(old) == before
    assert version_of(copy_of_old) == 1


async def test_a_loss_of_power_in_mid_upgrade_leaves_the_old_ledger_or_the_new_one(
    disk, old, tmp_path
):
    images = []

    def lose_power(path):
        if old.with_name(f"{old.name}-wal").exists():
            images.append(disk.lose_power(old, tmp_path / f"image {len(images)}"))

    before = entries_of(old)
    disk.before_sync = lose_power
    await open_and_close(old)
    disk.before_sync = lambda path: None
    assert len(images) > 1
    for image in images:
        await open_and_close(image)
        assert version_of(image) == schema.VERSION
        assert entries_of(image) == before


DIE = """
import os, sys
import apsw
from pathlib import Path
from highroad.adapters.stores.sqlite import SQLiteStore

steps = int(sys.argv[2])

def trace(cursor, statement, bindings):
    global steps
    steps -= 1
    if steps < 0:
        os._exit(9)
    return True

apsw.connection_hooks.append(lambda connection: connection.set_exec_trace(trace))
SQLiteStore.open(Path(sys.argv[1]))
"""


async def test_a_process_that_dies_at_any_statement_leaves_the_old_ledger_or_the_new_one(
    old, tmp_path
):
    """Sampled: every fourth statement of an opening that upgrades."""
    before = entries_of(old)
    versions = set()
    steps, died = 0, True
    while died:
        path = tmp_path / f"{steps}" / "ledger.db"
        path.parent.mkdir()
        shutil.copyfile(old, path)
        dying = await asyncio.create_subprocess_exec(
            sys.executable, "-c", DIE, str(path), str(steps)
        )
        died = await dying.wait() == 9
        versions.add(version_of(path))
        await open_and_close(path)
        assert version_of(path) == schema.VERSION
        assert entries_of(path) == before
        assert version_of(backup.place_of(path, 1)) == 1
        steps += 4
    assert versions == {1, schema.VERSION}
    assert steps > 40


async def test_two_processes_that_upgrade_at_once_upgrade_once(old, copy_of_old):
    before = entries_of(old)
    together = threading.Barrier(4)
    stores, failures = [], []

    def open_it():
        together.wait()
        try:
            stores.append(SQLiteStore.open(old))
        except LedgerError as error:
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    for store in stores:
        await store.close()
    assert entries_of(old) == before
    assert version_of(copy_of_old) == 1
    assert asked(old, "SELECT count(*) FROM ledger WHERE name = 'id'") == [(1,)]


def test_a_ledger_that_an_older_program_has_open_is_left_alone(old):
    theirs = apsw.Connection(f"{old}-owner")
    theirs.execute("BEGIN EXCLUSIVE")
    ((pid,),) = asked(old, "SELECT pid FROM owner")
    refused(old, f"process {pid} has it open; end that process")
    theirs.close()


async def test_nobody_had_keys_or_sessions_in_version_7(ledger, tmp_path):
    await open_and_close(tmp_path / "new.db")
    await open_and_close(ledger)
    connection = apsw.Connection(str(ledger))
    for statement in (*OF_7, "PRAGMA user_version = 7"):
        connection.execute(statement)
    connection.close()
    await open_and_close(ledger)
    assert asked(ledger, "SELECT count(*) FROM api_key") == [(0,)]
    assert tables_of(ledger) == tables_of(tmp_path / "new.db")
    assert version_of(backup.place_of(ledger, 7)) == 7


async def test_calls_of_version_8_had_no_trace_of_a_host(ledger, tmp_path):
    await open_and_close(tmp_path / "new.db")
    await open_and_close(ledger)
    connection = apsw.Connection(str(ledger))
    for statement in (
        *OF_8,
        """INSERT INTO agent_run (id, organization, principal_id, trace_id, status, started_ms)
            VALUES ('r', 'o', 'u', 't', 'completed', 7)""",
        """INSERT INTO tool_call VALUES ('c', 'r', 1, NULL, 'o', 'p', 't', NULL, NULL, NULL, NULL,
            'code', 'python', 'none', NULL, NULL, NULL, NULL, 1, 0, 7, NULL, NULL, NULL, NULL)""",
        "PRAGMA user_version = 8",
    ):
        connection.execute(statement)
    connection.close()
    await open_and_close(ledger)
    assert asked(ledger, "SELECT trace_id, span_id, parent_span_id FROM trace_span") == [
        ("t", "r", None),
        ("t", "c", "r"),
    ]
    assert tables_of(ledger) == tables_of(tmp_path / "new.db")
    assert version_of(backup.place_of(ledger, 8)) == 8

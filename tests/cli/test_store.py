"""`highroad store`: look, upgrade, move."""

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from highroad import Principal
from highroad.adapters.stores.sqlite import schema
from highroad.cli.exits import ExitCode
from highroad.settings import load
from highroad.sync import Runtime

LARGE = '{"order_id": "ORD-000042", "cents": 6000}'
NEW = "sqlite:///elsewhere/new.db"


@pytest.fixture
def held(terminal):
    return terminal("call", "refund", LARGE, "--as", "alice", "--json").json


def asked(path, statement):
    with sqlite3.connect(path) as connection:
        return connection.execute(statement).fetchall()


def test_stats_tell_how_large_the_ledger_is_and_what_waits(terminal, held):
    found = terminal("store", "stats", "--json").json
    assert (found["kind"], found["open_calls"], found["waiting_approvals"]) == ("sqlite", 1, 1)
    assert found["rows"]["entry"] > 1
    assert found["bytes"] > found["payload_bytes"] > 0
    assert found["oldest_ms"] <= found["newest_ms"]
    assert found["ledger"].startswith("ledger_")
    told = terminal("store", "stats").out
    for word in ("open calls", "1 waiting", "signed heads", "tool_call", "schema"):
        assert word in told


def test_stats_of_no_ledger_make_none(run):
    done = run("store", "stats", "--ledger", "sqlite:///nowhere.db")
    assert done.code == ExitCode.LEDGER
    assert "there is no ledger" in done.err
    assert not Path("nowhere.db").exists()


def test_a_ledger_of_this_version_needs_no_upgrade(terminal, held):
    done = terminal("store", "upgrade", "--json")
    assert done.json["backup"] is None
    assert "nothing was done" in terminal("store", "upgrade").out


def test_an_older_ledger_is_upgraded_with_a_backup_beside_it(run, repository):
    shutil.copyfile(repository / "tests/data/ledgers/version-1.db", "old.db")
    done = run("store", "upgrade", "--ledger", "sqlite:///old.db", "--json").json
    assert (done["before"], done["after"]) == (1, schema.VERSION)
    assert asked(done["backup"], "PRAGMA user_version") == [(1,)]
    states = asked("old.db", "SELECT state FROM approval ORDER BY state")
    assert states == [("approved",), ("consumed",), ("rejected",), ("waiting",)]


def test_a_held_call_is_decided_and_driven_after_a_move(terminal, held, add_settings):
    (old,) = {terminal("config", "--json").json["ledger"]}
    done = terminal("store", "copy", old, NEW, "--json")
    assert done.code == ExitCode.COMPLETED
    assert done.json["open_calls"] == 1
    refused = terminal("call", "get_order", '{"order_id": "ORD-000042"}', "--as", "alice")
    assert refused.code == ExitCode.LEDGER
    assert "goes on in sqlite:///" in refused.err
    settings = Path("highroad.toml").read_text("utf-8")
    Path("highroad.toml").write_text(f'ledger = "{done.json["destination"]}"\n{settings}', "utf-8")
    approved = terminal("approvals", "approve", held["approval_id"], "--as", "bob", "--json")
    assert approved.json["state"] == "approved"
    driven = terminal("call", "--resume", held["call_id"], "--as", "alice", "--json")
    assert driven.json["status"] == "completed"
    assert terminal.shop.count("refunds") == 1


def test_a_move_tells_where_the_ledger_goes_on(terminal, held):
    old = terminal("config", "--json").json["ledger"]
    done = terminal("store", "copy", old, NEW)
    assert "elsewhere/new.db" in done.out.replace("\n", "").replace(" ", "")
    assert "ledger =" in done.err
    told = terminal("store", "stats")
    assert "moved to" in told.out


def test_a_ledger_that_a_process_owns_is_not_moved(terminal, held):
    old = terminal("config", "--json").json["ledger"]
    waiting = terminal.start(
        "call", "--resume", held["call_id"], "--wait", "--as", "alice", "--json"
    )
    try:
        path = old.removeprefix("sqlite:///")
        while not is_owned_by(waiting.pid, path):
            os.sched_yield()
        done = terminal("store", "copy", old, NEW)
        assert done.code == ExitCode.LEDGER
        assert f"process {waiting.pid} owns" in done.err
    finally:
        waiting.terminate()
        waiting.wait()
        waiting.stdout.close()
        waiting.stderr.close()


def is_owned_by(pid, path):
    return asked(path, "SELECT pid FROM owner") == [(pid,)]


@pytest.fixture
def busy(terminal):
    """Ids of enough calls to fill a tile."""
    with Runtime.open(settings=load()) as runtime:
        alice = Principal("alice", "acme", roles={"support"})
        order = {"order_id": "ORD-000042"}
        return [runtime.call("get_order", order, principal=alice).call_id for _ in range(300)]


def test_old_entries_are_archived_and_the_ledger_still_holds(terminal, busy):
    done = terminal("store", "archive", "--before", "2999-01-01", "--to", "old", "--json")
    assert done.code == ExitCode.COMPLETED
    assert done.json["stop"] == 256
    assert (Path("old") / done.json["file"]).exists()
    assert terminal("store", "stats", "--json").json["archived"] == 256
    explained = terminal("explain", busy[0])
    assert explained.code == ExitCode.USAGE
    assert done.json["file"] in explained.err
    assert terminal("explain", busy[-1]).code == ExitCode.COMPLETED
    called = terminal("call", "get_order", '{"order_id": "ORD-000042"}', "--as", "bob")
    assert called.code == ExitCode.COMPLETED
    verified = terminal("audit", "verify")
    assert verified.code == ExitCode.COMPLETED, verified.out + verified.err
    again = terminal("store", "archive", "--before", "2999-01-01", "--to", "old")
    assert "nothing" in again.out


def test_nothing_is_archived_that_is_not_old(terminal, busy):
    done = terminal("store", "archive", "--before", "2001-01-01", "--to", "old", "--json")
    assert done.json is None
    assert not Path("old").exists()


def test_a_store_of_no_kind_that_we_have_is_refused(terminal, held):
    old = terminal("config", "--json").json["ledger"]
    done = terminal("store", "copy", old, "mysql://nowhere/ledger")
    assert done.code == ExitCode.USAGE
    assert "of no kind" in done.err

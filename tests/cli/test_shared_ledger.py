"""A ledger is carried to a PostgreSQL server and back, and every command knows it by its URL."""

from pathlib import Path

import pytest

from highroad.cli.exits import ExitCode

pytestmark = [pytest.mark.promise("P12"), pytest.mark.loopback]

ORDER = '{"order_id": "ORD-000042"}'
LARGE = '{"order_id": "ORD-000042", "cents": 6000}'
ANCHOR = '\n[proof]\nanchors = ["file:heads.jsonl"]\n'


@pytest.fixture
def held(terminal, add_settings):
    """A ledger with signed and anchored heads, and a call that waits for a decision."""
    add_settings(ANCHOR)
    assert terminal("call", "get_order", ORDER, "--as", "alice", "--run", "r1").code == 0
    return terminal("call", "refund", LARGE, "--as", "alice", "--json").json


@pytest.fixture
def shared_url(postgres, postgres_url):
    """Over a port, with a password in it."""
    return postgres.url(postgres_url.partition("?")[0].rpartition("/")[2], postgres.port)


def settings_name(url):
    lines = Path("highroad.toml").read_text("utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith("ledger =")]
    Path("highroad.toml").write_text("".join([f'ledger = "{url}"\n', *kept]), "utf-8")


def carried(terminal, old, new):
    done = terminal("store", "copy", old, new, "--json")
    assert done.code == ExitCode.COMPLETED, done.err
    settings_name(new)
    assert "p%40ss" not in done.out + done.err
    assert holds(terminal)
    return done.json


def holds(terminal):
    """Integrity, completeness against the anchors from before, and the audit tables."""
    done = terminal("audit", "verify", "--tables", "--json")
    told = done.json
    return (done.code, told["integrity"]["holds"], told["completeness"]["holds"]) == (0, True, True)


def decided_and_driven(terminal, held):
    approved = terminal("approvals", "approve", held["approval_id"], "--as", "bob", "--json")
    assert approved.code == ExitCode.COMPLETED, approved.err
    driven = terminal("call", "--resume", held["call_id"], "--wait", "--as", "alice", "--json")
    assert driven.json["status"] == "completed", driven.out + driven.err
    assert terminal.shop.count("refunds") == 1
    assert holds(terminal)


def test_what_waits_is_decided_on_the_server_after_a_move(terminal, held, shared_url):
    old = terminal("config", "--json").json["ledger"]
    assert carried(terminal, old, shared_url)["open_calls"] == 1
    decided_and_driven(terminal, held)


def test_what_waits_is_decided_in_a_file_after_the_way_back(terminal, held, shared_url):
    old = terminal("config", "--json").json["ledger"]
    carried(terminal, old, shared_url)
    assert terminal("call", "get_order", ORDER, "--as", "alice").code == ExitCode.COMPLETED
    assert carried(terminal, shared_url, "sqlite:///back.db")["open_calls"] == 1
    decided_and_driven(terminal, held)
    refused = terminal("store", "copy", shared_url, "sqlite:///again.db")
    assert refused.code == ExitCode.LEDGER
    assert "goes on in sqlite:///" in refused.err
    assert "p%40ss" not in refused.out + refused.err


def test_every_question_is_answered_from_a_server(terminal, held, shared_url):
    carried(terminal, terminal("config", "--json").json["ledger"], shared_url)
    assert terminal("audit", "export", "--to", "bundle", "--json").code == ExitCode.COMPLETED
    run = terminal("explain", held["call_id"], "--json").json["run_id"]
    for line in (
        ("audit", "report", "--json"),
        ("audit", "trail", run, "--json"),
        ("audit", "key"),
        ("runs", "list", "--open", "--json"),
        ("store", "stats", "--json"),
        ("store", "stats", "--ledger", shared_url, "--json"),
        ("store", "upgrade", "--json"),
        ("explain", held["call_id"], "--json"),
    ):
        done = terminal(*line)
        assert done.code == ExitCode.COMPLETED, (line, done.out, done.err)
        assert "p%40ss" not in done.out + done.err, line
    assert terminal("store", "stats", "--json").json["kind"] == "postgresql"

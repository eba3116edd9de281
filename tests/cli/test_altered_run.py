"""Whoever alters what a ledger says of an agent's run is found, and nothing goes on from it."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from highroad.cli.exits import ExitCode
from highroad_auditor.command import main as auditor

pytestmark = pytest.mark.promise("P12")

ANCHOR = '\n[proof]\nanchors = ["file:heads.jsonl"]\n'
REFUND = "refund 60 euros of order ORD-000042"


@pytest.fixture
def held(terminal, add_settings):
    """A run that waits, on a ledger whose heads are signed and anchored; its id."""
    add_settings(ANCHOR)
    done = terminal("run", "support", REFUND, "--json")
    assert done.code == ExitCode.HELD, done.err
    return json.loads(done.out.splitlines()[0])["run_id"]


def change(statement, *values):
    with closing(sqlite3.connect(next(Path(".highroad").glob("*.db")))) as ledger, ledger:
        return ledger.execute(statement, values).fetchall()


def body_of(kind):
    """The first entry of a kind: where it stands, and what it says."""
    ((seq, body),) = change("SELECT seq, body FROM entry WHERE kind = ? LIMIT 1", kind)
    return seq, json.loads(body)


def say(seq, body):
    written = json.dumps(body, separators=(",", ":")).encode()
    change("UPDATE entry SET body = ? WHERE seq = ?", written, seq)


ALTERED = {
    "run.started": {"agent": "somebody"},
    "model.asked": {"reserved_tokens": 1},
    "model.replied": {"tokens_out": 1},
    "run.held": {"waits_for": []},
}
"""By kind of entry, what it is made to say."""


def check_found(terminal, seq):
    """By the command, with and without tables, and by the auditor that stands alone."""
    public = terminal("audit", "key").out.strip()
    found = terminal("audit", "verify", "--tables", "--json")
    for told in (found, terminal("audit", "verify", "--json")):
        assert told.code in {ExitCode.BROKEN, ExitCode.INCOMPLETE}, told.err
        assert not (told.json["integrity"]["holds"] and told.json["completeness"]["holds"])
    exported = terminal("audit", "export", "--to", "bundle", "--json")
    assert auditor(["bundle", "--key", public, "--anchor", "heads.jsonl"]) != 0
    assert exported.code == ExitCode.COMPLETED
    return found.json


@pytest.mark.parametrize("kind", ALTERED)
def test_a_changed_entry_of_a_run_is_pointed_at(terminal, held, kind):
    """By its number in the log."""
    seq, body = body_of(kind)
    assert body | ALTERED[kind] != body
    say(seq, body | ALTERED[kind])
    assert check_found(terminal, seq)["integrity"]["first"]["seq"] == seq


@pytest.mark.parametrize("kind", ALTERED)
def test_a_removed_entry_of_a_run_is_missed(terminal, held, kind):
    """Whatever else was removed with it."""
    seq, _ = body_of(kind)
    change("DELETE FROM entry WHERE seq = ?", seq)
    check_found(terminal, seq)


def test_an_edited_row_of_a_model_request_is_named(terminal, held):
    """The tables are derived from the entries again, and compared."""
    change("UPDATE model_reply SET tokens_out = 1")
    assert terminal("audit", "verify").code == ExitCode.COMPLETED
    found = terminal("audit", "verify", "--tables")
    assert found.code == ExitCode.BROKEN
    assert "tokens_out" in found.out


# -- going on --------------------------------------------------------------------------------------


def a_byte_of_the_reply():
    _, body = body_of("model.replied")
    change(
        "UPDATE payload SET ciphertext = CAST(substr(ciphertext, 1, length(ciphertext) - 1) "
        "|| x'00' AS BLOB) WHERE id = ?",
        body["reply"][0],
    )


def the_reply_taken_away():
    _, body = body_of("model.replied")
    change("DELETE FROM payload WHERE id = ?", body["reply"][0])


def another_payload_of_the_run():
    seq, body = body_of("model.replied")
    _, started = body_of("run.started")
    say(seq, body | {"reply": started["request"]})


def the_reply_of_another_request():
    replies = change("SELECT seq, body FROM entry WHERE kind = 'model.replied' ORDER BY seq")
    (first, said), (_, said_later) = replies[:2]
    say(first, json.loads(said) | {"reply": json.loads(said_later)["reply"]})


def what_was_asked_for():
    seq, body = body_of("run.started")
    _, replied = body_of("model.replied")
    say(seq, body | {"request": replied["reply"]})


def the_request_taken_away():
    seq, _ = body_of("model.asked")
    change("DELETE FROM entry WHERE seq = ?", seq)


WAYS = [
    a_byte_of_the_reply,
    the_reply_taken_away,
    another_payload_of_the_run,
    the_reply_of_another_request,
    what_was_asked_for,
    the_request_taken_away,
]


@pytest.mark.promise("P11")
@pytest.mark.parametrize("alter", WAYS, ids=lambda way: way.__name__)
def test_nobody_goes_on_from_a_reply_that_was_altered(terminal, held, alter):
    """It says what to do, and no tool runs."""
    approval = terminal("approvals", "list", "--json").json[0]["id"]
    assert terminal("approvals", "approve", approval, "--as", "bob").code == 0
    alter()
    done = terminal("runs", "resume", held)
    assert done.code == ExitCode.LEDGER, done.err
    assert any(why in done.err for why in ("altered", "erased", "somebody changed")), done.err
    assert terminal.shop.count("refunds") == 0

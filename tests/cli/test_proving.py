"""`highroad audit verify`, `export` and `key`, whoever owns the ledger and whatever befell it."""

import sqlite3
from pathlib import Path

import pytest

from highroad.cli.exits import ExitCode
from highroad_auditor import PublicKey
from highroad_auditor.command import main as auditor
from highroad_auditor.export import audit_export

pytestmark = pytest.mark.promise("P12")

ORDER = '{"order_id": "ORD-000042"}'
ANCHOR = '\n[proof]\nanchors = ["file:heads.jsonl"]\n'


@pytest.fixture
def calls(terminal, add_settings):
    """A ledger with two signed and anchored heads."""
    add_settings(ANCHOR)
    for _ in range(2):
        assert terminal("call", "get_order", ORDER).code == 0
    return terminal


def change(statement, *values):
    with sqlite3.connect(next(Path(".highroad").glob("*.db"))) as ledger:
        ledger.execute(statement, values)


def test_a_ledger_that_holds_says_so(calls):
    done = calls("audit", "verify")
    assert done.code == ExitCode.COMPLETED
    assert "integrity: holds" in done.out
    assert "completeness: holds" in done.out
    told = calls("audit", "verify", "--json").json
    assert (told["integrity"]["holds"], told["completeness"]["holds"]) == (True, True)
    assert (told["unsigned"]["entries"], told["unanchored"]["entries"]) == (0, 0)
    assert list(told["anchors"].values()) == [told["heads"] - 1]


def test_looking_changes_nothing(calls):
    before = calls("audit", "verify", "--json").json["logs"]
    calls("audit", "key")
    calls("audit", "export", "--to", "bundle")
    assert calls("audit", "verify", "--json").json["logs"] == before


def test_a_changed_byte_is_pointed_at(calls):
    change("UPDATE entry SET body = CAST(body || ' ' AS BLOB) WHERE seq = 1")
    done = calls("audit", "verify", "--json")
    assert done.code == ExitCode.BROKEN
    assert done.json["integrity"]["first"]["seq"] == 1
    assert done.json["completeness"]["holds"]


def test_a_head_that_was_cut_off_is_missed_by_its_anchor(calls):
    change("DELETE FROM signed_head WHERE number = (SELECT max(number) FROM signed_head)")
    done = calls("audit", "verify", "--json")
    assert done.code == ExitCode.INCOMPLETE
    assert done.json["integrity"]["holds"]
    assert calls("audit", "verify", "--offline").code == ExitCode.COMPLETED
    assert calls("audit", "verify", "--offline", "--anchor", "heads.jsonl").code == (
        ExitCode.INCOMPLETE
    )


def test_an_export_is_what_the_auditor_takes(calls):
    done = calls("audit", "export", "--to", "bundle", "--json")
    assert done.code == ExitCode.COMPLETED
    public = bytes.fromhex(calls("audit", "key").out)
    assert calls("audit", "key", "--json").json == {
        "key": PublicKey(public).id,
        "public": public.hex(),
    }
    anchors = {"heads": Path("heads.jsonl")}
    report = audit_export(Path(done.json["folder"]), PublicKey(public), anchors=anchors)
    assert report.holds
    assert calls("audit", "export", "--to", "bundle").code == ExitCode.LEDGER


def test_the_key_may_come_from_outside(calls):
    public = calls("audit", "key").out.strip()
    Path("key").write_text(f"{public}\n", "ascii")
    Path(".highroad/keys").rename("elsewhere")
    for given in (public, "key"):
        assert calls("audit", "verify", "--key", given).code == ExitCode.COMPLETED
    without = calls("audit", "verify")
    assert without.code == ExitCode.USAGE
    assert "--key" in without.err
    assert not Path(".highroad/keys").exists()


def test_another_key_proves_nothing(calls):
    assert calls("audit", "verify", "--key", "ab" * 32).code == ExitCode.BROKEN


@pytest.mark.parametrize("option", [("--key", "nonsense"), ("--anchor", "nowhere")])
def test_what_cannot_be_read_is_told(calls, option):
    done = calls("audit", "verify", *option)
    assert done.code == ExitCode.USAGE
    assert "nowhere" in done.err or "hex" in done.err


def test_an_anchor_that_cannot_be_reached_is_no_verdict(calls):
    Path("heads.jsonl").unlink()
    Path("heads.jsonl").mkdir()
    done = calls("audit", "verify")
    assert done.code == ExitCode.LEDGER
    assert "heads.jsonl" in done.err


def test_where_there_is_no_ledger_none_is_made(run):
    for command in (("verify",), ("key",), ("export", "--to", "bundle")):
        assert run("audit", *command).code == ExitCode.LEDGER
    assert list(Path().iterdir()) == []


def test_an_anchor_inside_the_ledger_is_refused(terminal, add_settings):
    ledger = terminal("config", "--json").json["ledger"]
    add_settings(f'\n[proof]\nanchors = ["{ledger}"]\n')
    done = terminal("call", "get_order", ORDER)
    assert done.code == ExitCode.USAGE
    assert "outside the ledger" in done.err


def test_an_excerpt_proves_a_call_to_whoever_has_the_key_alone(calls, tmp_path, capsys):
    key = calls("audit", "key").out.strip()
    call_id = calls("call", "get_order", ORDER, "--json").json["call_id"]
    file = tmp_path / "excerpt.jsonl"
    file.write_text(
        calls("audit", "prove", call_id).out + calls("audit", "prove", "--since-head", "0").out
    )
    assert auditor([str(file), "--key", key]) == 0
    assert capsys.readouterr().out.count("holds") == file.read_text().count("\n") >= 2


def test_an_excerpt_of_nothing_says_what_to_give(calls):
    assert calls("audit", "prove").code == ExitCode.USAGE
    assert calls("audit", "prove", "call_of_nobody").code == ExitCode.USAGE
    assert calls("audit", "prove", "--since-head", "99").code == ExitCode.USAGE

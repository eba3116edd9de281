"""`highroad audit`: questions, reports, exports, and forgetting people."""

import csv
import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from highroad.cli.exits import ExitCode

ORDER = '{"order_id": "ORD-000042"}'
REFUND = '{"order_id": "ORD-000042", "cents": 6000}'
ERASER = """
[[principals]]
id = "grace"
organization = "acme"
permissions = ["audit:erase"]
"""


@pytest.fixture
def calls(terminal):
    """A read by alice, one by zoe, and a refund that waits for somebody."""
    mine = terminal("call", "get_order", ORDER, "--json").json
    hers = terminal("call", "get_order", ORDER, "--as", "alice", "--json").json
    held = terminal("call", "refund", REFUND, "--as", "alice", "--json").json
    return mine, hers, held


def test_a_user_is_named_as_people_know_them(terminal, calls):
    _, hers, held = calls

    found = terminal("audit", "acts", "--user", "alice", "--organization", "acme", "--json").json

    assert [act["call_id"] for act in found] == [hers["call_id"], held["call_id"]]
    assert [act["word"] for act in found] == ["completed", "open"]
    assert terminal("audit", "acts", "--user", "alice", "--json").json == []
    printed = terminal("audit", "acts", "--user", "alice", "--organization", "acme").out
    assert hers["call_id"] in printed
    assert "get_order" in printed


def test_an_act_is_of_a_period(terminal, calls):
    assert terminal("audit", "acts", "--tool", "get_order", "--since", "1h", "--json").json
    assert terminal("audit", "acts", "--tool", "get_order", "--until", "1h", "--json").json == []


@pytest.mark.parametrize(
    "line",
    [
        ["acts"],
        ["acts", "--user", "alice", "--tool", "refund"],
        ["denials", "--since", "yesterday"],
        ["trail", "run_nobody"],
        ["sight", "apr_nobody"],
        ["tool", "nothing"],
        ["tool", "get_order", "7"],
        ["export"],
        ["export", "--table", "step", "--to", "bundle"],
        ["export", "--table", "step", "--since", "7d"],
        ["export", "--table", "erasure", "--format", "parquet"],
        ["report", "--out", "no/such/folder.md"],
        ["export", "--table", "erasure", "--out", "no/such/folder.jsonl"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_asked_says_what_to_do(terminal, line):
    done = terminal("audit", *line)

    assert done.code == ExitCode.USAGE
    assert done.err


def test_a_table_that_is_none_of_ours_is_refused(terminal):
    assert terminal("audit", "export", "--table", "payload").code == ExitCode.LEDGER


@pytest.mark.promise("P7")
def test_whoever_is_played_sees_their_own_organization(terminal, calls):
    seen = terminal("audit", "costs", "--as", "alice", "--json").json
    stranger = terminal("audit", "costs", "--as", "mallory", "--json")

    assert seen[0]["of"] == "get_order"
    if stranger.code == ExitCode.COMPLETED:
        assert stranger.json == []


def test_what_an_approver_saw_is_shown_and_arguments_to_auditors_alone(terminal, calls):
    (approval,) = terminal("approvals", "list", "--json").json

    plain = terminal("audit", "sight", approval["id"], "--json").json
    revealed = terminal("audit", "sight", approval["id"], "--reveal", "--as", "dave", "--json")
    refused = terminal("audit", "sight", approval["id"], "--reveal", "--as", "alice")

    assert plain["approval"]["digest"] == approval["digest"]
    assert plain["definition"]["name"] == "refund"
    assert plain["arguments"] is None
    assert revealed.json["arguments"] == json.loads(REFUND)
    assert refused.code == ExitCode.REFUSED
    assert approval["digest"] in terminal("audit", "sight", approval["id"]).out


def test_definitions_of_a_tool_are_listed(terminal, calls):
    found = terminal("audit", "tool", "refund", "--json").json

    assert [each["change"] for each in found["versions"]] == ["added"]
    assert found["change"] is None
    assert "own code" in terminal("audit", "tool", "refund").out


@pytest.mark.parametrize("question", ["denials", "unknowns", "costs"])
def test_every_question_is_answered_on_a_terminal(terminal, calls, question):
    assert terminal("audit", question).code == ExitCode.COMPLETED


def test_a_report_is_printed_or_written(terminal, calls):
    printed = terminal("audit", "report")
    written = terminal("audit", "report", "--format", "html", "--out", "report.html")
    data = terminal("audit", "report", "--json").json

    assert printed.out.startswith("# Audit report\n")
    assert written.code == ExitCode.COMPLETED
    assert Path("report.html").read_text("utf-8").startswith("<!doctype html>")
    assert dict(data["calls"]) == {"completed": 2, "open": 1}


def test_a_table_is_exported_in_every_form(terminal, calls):
    for form in ("jsonl", "csv", "parquet"):
        done = terminal(
            "audit", "export", "--table", "tool_result", "--format", form, "--out", f"r.{form}"
        )
        assert done.code == ExitCode.COMPLETED, done.err
    lines = [json.loads(line) for line in Path("r.jsonl").read_text("utf-8").splitlines()]
    with Path("r.csv").open(encoding="utf-8", newline="") as file:
        cells = list(csv.DictReader(file))

    assert pq.read_table("r.parquet").to_pylist() == lines
    assert [row["call_id"] for row in cells] == [line["call_id"] for line in lines]
    assert terminal("audit", "export", "--table", "tool_result").out.count("\n") == len(lines) == 2


def test_without_pyarrow_parquet_says_what_to_install(terminal, calls, monkeypatch):
    monkeypatch.delitem(sys.modules, "highroad.ledger.inquiry.parquet", raising=False)
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    done = terminal(
        "audit", "export", "--table", "tool_result", "--format", "parquet", "--out", "r.parquet"
    )

    assert done.code == ExitCode.USAGE
    assert 'pip install "highroad[parquet]"' in done.err


@pytest.mark.promise("P12")
def test_an_edited_cell_of_an_audit_table_is_named(terminal, calls):
    mine, *_ = calls
    assert terminal("audit", "verify", "--tables").code == ExitCode.COMPLETED
    (path,) = Path.cwd().glob("**/ledger.db")
    with closing(sqlite3.connect(path)) as ledger, ledger:
        ledger.execute(
            "UPDATE tool_result SET cost_microusd = 7 WHERE call_id = ?", [mine["call_id"]]
        )

    found = terminal("audit", "verify", "--tables")
    data = terminal("audit", "verify", "--tables", "--json")

    assert found.code == data.code == ExitCode.BROKEN
    assert f"altered tool_result {mine['call_id']} cost_microusd" in found.out
    (difference,) = data.json["tables"]["differences"]
    assert (difference["found"], difference["expected"]) == (7, 0)
    assert terminal("audit", "verify").code == ExitCode.COMPLETED
    assert "| audit tables | altered |" in terminal("audit", "report").out


@pytest.mark.promise("P7")
def test_forgetting_says_what_goes_and_waits_for_a_yes(terminal, calls):
    _, hers, held = calls
    with Path("highroad.toml").open("a", encoding="utf-8") as settings:
        settings.write(ERASER)

    open_still = terminal("audit", "erase", "--user", "alice", "--as", "grace", "--yes")
    (approval,) = terminal("approvals", "list", "--json").json
    terminal("approvals", "reject", approval["id"], "--as", "bob")
    terminal("call", "--resume", held["call_id"])
    planned = terminal("audit", "erase", "--user", "alice", "--as", "grace", "--json")
    kept = terminal("explain", hers["call_id"], "--json").json
    done = terminal("audit", "erase", "--user", "alice", "--as", "grace", "--yes", "--json")
    erased = terminal("explain", hers["call_id"])

    assert open_still.code == ExitCode.REFUSED
    assert held["call_id"] in open_still.err
    assert planned.code == ExitCode.USAGE
    assert kept["principal_name"] == "Alice"
    assert done.json["erased"]
    assert done.json["plan"]["calls"] == 2
    assert "erased on" in erased.out
    assert "(erased)" in erased.out
    assert terminal("audit", "erase", "--user", "alice", "--as", "bob").code == ExitCode.REFUSED

"""`highroad dead-letters` in a folder whose dependency is down, and comes back."""

import sys
from pathlib import Path

import pytest

from highroad.cli.exits import ExitCode

TOOLS = '''
from pathlib import Path

from highroad import tool

DOWN = ConnectionRefusedError


@tool(tier="reversible", dependency="payments", attempts=1, transient=(DOWN,), not_applied=(DOWN,))
def pay(order: str) -> str:
    """Pay."""
    if not Path("up").exists():
        raise DOWN
    return order
'''
SETTINGS = 'tools = ["paying"]\n[dead_letters]\nalert = 1\n'


@pytest.fixture
def folder(run, monkeypatch):
    Path("paying.py").write_text(TOOLS)
    Path("highroad.toml").write_text(SETTINGS)
    monkeypatch.delitem(sys.modules, "paying", raising=False)
    for order in "12":
        assert run("call", "pay", f'{{"order": "{order}"}}').code == ExitCode.FAILED
    return Path.cwd()


def test_letters_are_listed_with_how_many_there_are(run, folder):
    answer = run("dead-letters", "list", "--json")
    assert [letter["tool"] for letter in answer.json] == ["pay", "pay"]
    assert "2 open, since " in answer.err
    assert "2 came within the hour" in answer.err
    assert run("dead-letters", "list", "--tool", "mail", "--json").json == []
    assert len(run("dead-letters", "list", "--since", "1h", "--json").json) == 2
    assert "payments" in run("dead-letters", "list").out


def test_one_is_shown_redriven_and_explained(run, folder):
    letter = run("dead-letters", "list", "--json").json[0]
    shown = run("dead-letters", "show", letter["id"])
    assert "Redrive it once payments is available" in " ".join(shown.out.split())
    assert run("dead-letters", "redrive", letter["call_id"]).code == ExitCode.FAILED
    (folder / "up").touch()
    done = run("dead-letters", "redrive", letter["call_id"], "--json")
    assert (done.code, done.json["status"]) == (ExitCode.COMPLETED, "completed")
    assert done.json["letter"]["state"] == "redriven"
    explained = run("explain", done.json["call_id"])
    assert "redrives" in explained.out
    assert letter["call_id"] in explained.out
    assert "redriven" in run("explain", letter["call_id"]).out
    again = run("dead-letters", "redrive", letter["id"])
    assert again.code == ExitCode.REFUSED
    assert "redriven already" in again.err


def test_several_are_redriven_by_what_they_needed(run, folder):
    (folder / "up").touch()
    line = ("dead-letters", "redrive", "--dependency", "payments", "--per-minute", "6000")
    done = run(*line, "--json")
    assert done.code == ExitCode.COMPLETED
    assert [each["status"] for each in done.json["redriven"]] == ["completed"] * 2
    assert "Nothing was redriven" in run(*line).out


def test_one_is_discarded_with_a_reason(run, folder):
    letter = run("dead-letters", "list", "--json").json[0]
    assert run("dead-letters", "discard", letter["id"]).code == ExitCode.USAGE
    done = run("dead-letters", "discard", letter["id"], "--reason", "sold out")
    assert done.code == ExitCode.COMPLETED
    assert letter["id"] in done.out
    found = run("dead-letters", "list", "--all", "--json").json
    assert [each["state"] for each in found] == ["discarded", "open"]


@pytest.mark.parametrize(
    "line", [["redrive"], ["redrive", "letter_1", "--tool", "pay"], ["redrive", "--since", "never"]]
)
def test_which_letters_are_meant_must_be_said_once(run, folder, line):
    assert run("dead-letters", *line).code == ExitCode.USAGE


def test_a_letter_that_is_not_there_is_told(run, folder):
    answer = run("dead-letters", "show", "letter_none")
    assert answer.code == ExitCode.USAGE
    assert "no dead letter letter_none" in answer.err

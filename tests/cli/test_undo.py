"""`highroad undo`, and what is shown of what takes calls back."""

import sys
from pathlib import Path

import pytest

from highroad.cli.exits import ExitCode

NOTES = '''
from pathlib import Path

from highroad import Compensation, tool


@tool(tier="reversible")
async def forget(note_id: str) -> str:
    """Forget a note."""
    Path(note_id).unlink()
    return note_id


@tool(tier="reversible", compensation=Compensation(to=forget, arguments={"note_id": "/result"}))
async def write(text: str) -> str:
    """Write a note."""
    Path("note").write_text(text, "utf-8")
    return "note"
'''


@pytest.fixture
def notes(run, monkeypatch):
    Path("notes.py").write_text(NOTES, "utf-8")
    Path("highroad.toml").write_text('tools = ["notes"]\n', "utf-8")
    monkeypatch.delitem(sys.modules, "notes", raising=False)
    return run


def test_what_a_call_did_is_taken_back_once(notes):
    notes("call", "write", '{"text": "hi"}')
    call_id = notes("explain", "--last", "--json").json["call_id"]
    assert Path("note").exists()
    done = notes("undo", call_id, "--json")
    assert (done.code, done.json["result"]) == (ExitCode.COMPLETED, "note")
    assert not Path("note").exists()
    assert notes("undo", call_id, "--json").json["repeated"]
    assert "taken back by" in notes("explain", call_id).out
    told = notes("explain", done.json["call_id"], "--json").json
    assert (told["compensates"], told["door"]) == (call_id, "cli")


def test_what_cannot_be_taken_back_says_why(notes):
    notes("call", "write", '{"text": "hi"}')
    first = notes("explain", "--last", "--json").json["call_id"]
    done = notes("undo", first, "--json")
    refused = notes("undo", done.json["call_id"])
    assert refused.code == ExitCode.REFUSED
    assert "names no compensation" in refused.err
    assert notes("undo", "call_none").code == ExitCode.USAGE


def test_what_takes_back_is_shown_with_its_tool(notes):
    shown = " ".join(notes("tools", "show", "write").out.split())
    assert "taken back by" in shown
    assert "forget with note_id from /result" in shown

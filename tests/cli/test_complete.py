"""`highroad runs complete` and `fail`: handing in what a call waits for, from a terminal."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from highroad.cli.app import app
from highroad.cli.exits import ExitCode

FARM = """
from pathlib import Path
from highroad import ToolContext, tool

@tool(tier="reversible")
def render(film: str, context: ToolContext[None]) -> dict[str, int]:
    Path("token").write_text(context.completion_token + "\\n")
    context.defer(expires_s=3_600)
"""


@pytest.fixture
def held(run, monkeypatch):
    """A call that waits for its result, whose token lies in the file `token`."""
    Path("farm.py").write_text(FARM)
    Path("highroad.toml").write_text('tools = ["farm"]\n')
    monkeypatch.syspath_prepend(str(Path.cwd()))
    sys.modules.pop("farm", None)
    answer = run("call", "render", '{"film": "tide"}', "--json")
    assert answer.code == ExitCode.HELD
    yield answer.json["call_id"]
    sys.modules.pop("farm", None)


def hand_in(*line, stdin=""):
    return CliRunner().invoke(app, ["runs", *line], input=stdin, catch_exceptions=False)


def test_a_call_that_waits_for_its_result_is_listed_with_until_when(run, held):
    (line,) = run("runs", "list", "--open", "--json").json
    assert (line["call_id"], line["standing"]) == (held, "deferred")
    assert "until" in run("runs", "list", "--open").out


def test_a_call_that_waits_for_its_result_is_explained_so(run, held):
    assert "waiting for its result until" in run("explain", held).out


def test_what_waits_is_not_said_to_want_a_decision(run, held):
    answer = run("call", "--resume", held)
    assert answer.code == ExitCode.HELD
    assert "handed in by whoever has its token until" in answer.err
    assert "approve" not in answer.err


def test_a_result_is_handed_in_from_standard_input(run, held):
    done = hand_in("complete", held, "--token-file", "token", "--json", stdin='{"frames": 24}')
    assert done.exit_code == ExitCode.COMPLETED
    assert '"frames": 24' in done.stdout or '"frames":24' in done.stdout
    assert run("call", "--resume", held).code == ExitCode.COMPLETED
    again = hand_in("complete", held, "--token-file", "token", stdin='{"frames": 24}')
    assert again.exit_code == ExitCode.REFUSED
    assert "call_ended" in again.stderr


def test_what_the_tool_does_not_promise_is_refused_and_the_call_waits_on(held):
    wrong = hand_in("complete", held, "--token-file", "token", stdin='{"frames": "many"}')
    assert wrong.exit_code == ExitCode.REFUSED
    assert "result_invalid" in wrong.stderr
    assert "many" not in wrong.stderr
    right = hand_in("complete", held, "--token-file", "token", stdin='{"frames": 1}')
    assert right.exit_code == ExitCode.COMPLETED


@pytest.mark.parametrize(
    ("words", "code"),
    [(["--not-applied"], ExitCode.FAILED), ([], ExitCode.UNKNOWN)],
)
def test_that_there_is_no_result_is_handed_in_too(held, words, code):
    said = ["--message", "The farm burned down.", "--code", "farm_burned", *words]
    done = hand_in("fail", held, "--token-file", "token", *said)
    assert done.exit_code == code


@pytest.mark.parametrize("which", ["token", "call"])
def test_a_wrong_token_and_a_call_that_is_not_there_are_told_alike(held, which):
    if which == "token":
        Path("token").write_text("guessed")
    call_id = held if which == "token" else "call_of_nobody"
    done = hand_in("complete", call_id, "--token-file", "token", stdin="{}")
    assert done.exit_code == ExitCode.USAGE
    assert "that this token completes" in done.stderr


@pytest.mark.parametrize(("file", "stdin"), [("nowhere", "{}"), ("token", "{")])
def test_a_file_that_cannot_be_read_and_what_is_no_json_are_misuse(held, file, stdin):
    done = hand_in("complete", held, "--token-file", file, stdin=stdin)
    assert done.exit_code == ExitCode.USAGE


def test_a_token_never_stands_on_the_command_line(held):
    done = hand_in("complete", held, "--token", "x", stdin="{}")
    assert done.exit_code == ExitCode.USAGE
    assert "--token-file" in done.stderr

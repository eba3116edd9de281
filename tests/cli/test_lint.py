"""`highroad tools lint`: the tools of the folder, a list in a file, a list on stdin."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from highroad.cli.app import app
from highroad.cli.exits import ExitCode
from highroad.demo.tools import TOOLS

GIT = "mcp/git-2026.10.19.json"
BROKEN = {"name": "send_mail", "parameters": {"type": "object", "required": ["to"]}}


def lines_with(code, printed):
    """The lines that tell findings of this code, without the table of points."""
    told, _, _ = printed.partition("\npoint ")
    return [line for line in told.splitlines() if code in line]


@pytest.fixture
def data(repository):
    return repository / "tests" / "data"


@pytest.fixture
def broken():
    file = Path("tools.json")
    file.write_text(json.dumps([BROKEN]), "utf-8")
    return str(file)


def test_the_tools_of_the_folder_are_linted_where_no_file_is_named(terminal):
    rest = ("--ignore", "contract.guessed")
    done = terminal("tools", "lint", "--fail-on", "advice", "--json", *rest)

    assert done.code == ExitCode.COMPLETED
    assert done.json["findings"] == []
    assert [score["points"] for score in done.json["scores"]] == [9] * len(TOOLS)


def test_a_contract_of_the_settings_is_the_one_that_is_looked_at(run):
    Path("bank.py").write_text(
        "from highroad import tool\n\n@tool\ndef wire(konto: str, zweck: str) -> str:\n"
        '    """Wire money."""\n    return ""\n'
    )
    Path("highroad.toml").write_text('tools = ["bank"]\n')
    line = ("tools", "lint", "--select", "contract", "--json", "--fail-on", "never")
    before = {(each["code"], each["pointer"]) for each in run(*line).json["findings"]}
    with Path("highroad.toml").open("a") as file:
        file.write('[contracts.wire]\ntier = "irreversible"\n')
        file.write('[contracts.wire.arguments.zweck]\nrole = "content"\n')
    after = {(each["code"], each["pointer"]) for each in run(*line).json["findings"]}

    gone = {("contract.tier", ""), ("contract.underived", "/zweck")}
    assert before - after == gone
    assert after < before


def test_a_recorded_list_is_told_by_tool_and_by_code(run, data):
    printed = run("tools", "lint", str(data / GIT)).out

    for words in ("git_add  3 of 9", "argument.items", "12 tools", "not said (12)", "3.0 of 9"):
        assert words in printed
    assert len(lines_with("description.when ", printed)) == 1


def test_all_tells_each_piece_of_advice_at_its_tool(run, data):
    printed = run("tools", "lint", str(data / GIT), "--all").out
    assert len(lines_with("description.when ", printed)) == 12


def test_the_same_of_several_arguments_is_said_once(run, data):
    printed = " ".join(run("tools", "lint", str(data / GIT)).out.split())
    assert "Say what /repo_path, /branch_name mean" in printed


def test_a_list_is_read_from_stdin(visitor):
    done = CliRunner().invoke(app, ["tools", "lint", "-"], input=json.dumps([BROKEN]))
    assert "send_mail" in done.stdout


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ((), ExitCode.REFUSED),
        (("--fail-on", "never"), ExitCode.COMPLETED),
        (("--ignore", "schema", "--ignore", "description.missing"), ExitCode.COMPLETED),
        (("--select", "contract.errors"), ExitCode.COMPLETED),
        (("--select", "contract.errors", "--fail-on", "advice"), ExitCode.REFUSED),
    ],
)
def test_the_exit_code_says_whether_something_weighs_enough(run, broken, options, code):
    assert run("tools", "lint", broken, *options).code == code


def test_json_has_every_finding_and_every_score(run, broken):
    found = run("tools", "lint", broken, "--json").json

    first = found["findings"][0]
    assert first.keys() == {"code", "severity", "tool", "pointer", "message", "fix"}
    assert found["tools"] == len(found["scores"]) == 1
    assert len(found["scores"][0]["marks"]) == 9


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (("nowhere.json",), "cannot be read"),
        (("bad.json",), "line 1"),
        (("--select", "descriptoin", "bad.json"), "description"),
        (("--ignore", "everything", "bad.json"), "argument"),
    ],
)
def test_what_cannot_be_linted_is_told_with_what_to_do(run, line, words):
    Path("bad.json").write_text("{", "utf-8")

    done = run("tools", "lint", *line)

    assert done.code == ExitCode.USAGE
    assert words in done.err
    assert "do " in done.err


def test_where_there_are_no_tools_it_is_told(run):
    done = run("tools", "lint")

    assert done.code == ExitCode.COMPLETED
    assert "There are no tools here" in done.err


def test_a_hostile_list_cannot_write_to_the_terminal(run):
    text = "\x1b]0;owned\x07\x1b[2J"
    tool = {"name": f"get{text}", "description": text, "parameters": {"properties": {text: {}}}}
    Path("hostile.json").write_text(json.dumps([tool]), "utf-8")

    done = run("tools", "lint", "hostile.json", "--all")

    assert "\x1b" not in done.out + done.err
    assert "\x07" not in done.out + done.err


def test_a_providers_own_tools_are_counted(run):
    Path("own.json").write_text(json.dumps([BROKEN, {"type": "web_search"}]), "utf-8")

    assert "1 of a provider's own tools" in run("tools", "lint", "own.json").err

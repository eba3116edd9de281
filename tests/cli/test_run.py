"""`highroad run`: an agent at work, live on the terminal."""

import json
import sys
from pathlib import Path

import pytest

from highroad.cli import demo as command
from highroad.cli.exits import ExitCode

REFUND = "refund 60 euros of order ORD-000042"


def events_of(answer):
    return [json.loads(line) for line in answer.out.splitlines()]


def test_what_it_says_goes_to_stdout_and_what_it_does_to_stderr(terminal):
    """So that a script gets the answer alone."""
    done = terminal("run", "support", "show me order ORD-000042")
    assert done.code == ExitCode.COMPLETED, done.err
    assert "ORD-000042" in done.out
    assert "get_order" in done.err
    assert "read" in done.err
    assert "completed" in done.err
    assert "\x1b" not in done.out + done.err


def test_a_run_that_waits_says_what_to_type_and_goes_on(terminal):
    """In whatever process, once somebody has decided."""
    held = terminal("run", "support", REFUND)
    assert held.code == ExitCode.HELD, held.err
    approval = next(word for word in held.err.split() if word.startswith("apr_"))
    run_id = next(word for word in held.err.split() if word.startswith("run_"))
    assert f"highroad runs resume {run_id}" in held.err

    again = terminal("runs", "resume", run_id)
    assert again.code == ExitCode.HELD
    assert approval in again.err

    assert terminal("approvals", "approve", approval, "--as", "bob").code == 0
    done = terminal("runs", "resume", run_id)
    assert done.code == ExitCode.COMPLETED, done.err
    assert "6000" in done.out
    assert terminal.shop.count("refunds") == 1

    over = terminal("runs", "resume", run_id)
    assert over.code == ExitCode.COMPLETED
    assert "6000" in over.out
    assert terminal.shop.count("refunds") == 1


def test_programs_get_a_line_for_each_event(terminal):
    """In order, and nothing else."""
    done = terminal("run", "support", REFUND, "--json")
    events = events_of(done)
    assert done.code == ExitCode.HELD
    assert [each["seq"] for each in events] == sorted({each["seq"] for each in events})
    assert events[0]["kind"] == "run.started"
    assert events[-1]["kind"] == "run.held"
    (held,) = [each for each in events if each["kind"] == "tool.held"]
    assert held["data"]["approval_id"].startswith("apr_")


def test_an_agent_of_a_module_is_named_by_it(run, monkeypatch):
    """No settings are needed."""
    Path("mine.py").write_text(
        "from highroad import Agent\n"
        "from highroad.testing import ScriptedModel\n"
        "hello = Agent(name='hello', tools=(), model=ScriptedModel('Hello.'))\n",
        "utf-8",
    )
    monkeypatch.delitem(sys.modules, "mine", raising=False)
    done = run("run", "--agent", "mine:hello", "Good morning")
    assert done.code == ExitCode.COMPLETED, done.err
    assert done.out == "Hello.\n"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (("nobody", "hello"), "there is no agent 'nobody'"),
        (("--agent", "mine", "hello"), "no MODULE:NAME"),
        (("--agent", "no_such_module:x", "hello"), "cannot be imported"),
        (("--agent", "highroad.demo.agents:NOBODY", "hello"), "has no agent"),
        (("support",), "AGENT TEXT"),
        (("--agent", "a:b", "support", "hello"), "AGENT TEXT"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else "",
)
def test_what_cannot_be_run_is_told_with_what_to_do(terminal, line, reason):
    """Nothing is opened for it."""
    done = terminal("run", *line)
    assert done.code == ExitCode.USAGE
    assert reason in done.err.replace("\n", " ")


def test_a_module_of_the_settings_without_agents_is_told(run):
    """As the configuration's fault."""
    Path("highroad.toml").write_text('agents = ["json"]', "utf-8")
    done = run("run", "x", "y")
    assert done.code == ExitCode.USAGE
    assert "has no agent" in done.err


def test_the_demo_asks_the_support_agent_and_says_what_to_type(run):
    """Where nobody can be asked."""
    done = run("demo", "--ask", "refund 5 euros of order ORD-000042, the vase was broken")
    assert done.code == ExitCode.HELD, done.err
    approval = next(word for word in done.err.split() if word.startswith("apr_"))
    run_id = [word for word in done.err.split() if word.startswith("run_")][-1]
    assert run("approvals", "approve", approval, "--as", "bob").code == 0
    over = run("runs", "resume", run_id)
    assert over.code == ExitCode.COMPLETED, over.err
    assert "500" in over.out


@pytest.mark.parametrize(("agrees", "refunds"), [(True, 1), (False, 0)])
def test_at_a_terminal_the_demo_asks_the_manager(run, monkeypatch, agrees, refunds):
    """And goes on with what was decided."""
    monkeypatch.setattr(command, "_decides_here", lambda output: True)
    monkeypatch.setattr(command.typer, "confirm", lambda *_, **__: agrees)
    done = run("demo", "--ask", "refund 5 euros of order ORD-000042, the vase was broken")
    assert done.code == ExitCode.COMPLETED, done.err
    assert done.err.count("held") >= 1
    assert ("rejected" in done.err) is not agrees
    assert done.out.count("left_cents") == refunds

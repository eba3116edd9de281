"""`highroad agents`: what an agent would do, how it compares, and who lets it."""

from pathlib import Path

import pytest

from highroad.cli.exits import ExitCode

MODULE = '''
from highroad import Agent, Trial, tool


@tool(
    tier="reversible",
    preview=lambda args: {"before": {"paid": 0}, "after": {"paid": args["cents"]}},
)
async def pay(to: str, cents: int) -> str:
    """Pay somebody cents."""
    return f"paid {cents} cents to {to}"


@tool(tier="irreversible", preview=lambda args: {"before": {"rows": 7}, "after": None})
async def wipe(table: str) -> str:
    """Wipe a table."""
    return table


later = Agent(name="later", tools=[pay], instructions="Be careful.")
cashier = Agent(name="cashier", tools=[pay], trial=Trial(days=14), description="Pays.")
teller = Agent(name="teller", tools=[pay], shadow=later)
'''
SETTINGS = """
agents = ["desk_of_the_test"]
tools = ["desk_of_the_test"]
"""
REQUEST = "pay 500 cents to Ada"


@pytest.fixture
def desk(terminal, monkeypatch):
    """A folder with an agent on trial, and one with a shadow."""
    Path("desk_of_the_test.py").write_text(MODULE, "utf-8")
    Path("highroad.toml").write_text(SETTINGS, "utf-8")
    monkeypatch.syspath_prepend(str(Path.cwd()))
    return terminal


def test_a_trial_is_told_of_and_ended_from_the_terminal(desk):
    assert "trial" in desk("agents", "list").out
    run = desk("run", "cashier", REQUEST)
    assert "dry run (trial): nothing is done" in run.err
    report = desk("agents", "report", "cashier")
    assert "1, of which 1 dry" in report.out
    assert desk("agents", "report", "cashier", "--json").json["tools"][0]["would_run"] == 1

    early = desk("agents", "promote", "cashier", "--reason", "It pays.")
    assert early.code == ExitCode.REFUSED
    assert "takes 14.0 days yet" in early.err
    done = desk("agents", "promote", "cashier", "--early", "--reason", "It pays.")
    assert done.code == ExitCode.COMPLETED, done.err
    assert "promoted" in done.out
    assert "dry run" not in desk("run", "cashier", REQUEST).err
    assert "on_trial" in desk("agents", "demote", "cashier").out
    assert "dry run (trial)" in desk("run", "cashier", REQUEST).err


def test_an_agent_and_its_shadow_are_compared_on_the_terminal(desk):
    assert desk("run", "teller", REQUEST).code == ExitCode.COMPLETED
    found = desk("agents", "compare", "teller")
    assert found.code == ExitCode.COMPLETED, found.err
    assert "later" in found.out
    told = desk("agents", "compare", "teller", "--json").json
    assert told["compared"] + told["incomplete"] == told["runs"]
    other = desk("agents", "compare", "cashier")
    assert "[shadows.cashier]" in other.err


def test_what_would_change_is_shown_as_a_difference(desk):
    """Of a dry run, and to whoever is to approve the call."""
    done = desk("call", "pay", '{"to": "Ada", "cents": 500}', "--dry-run")
    assert [line.strip() for line in done.out.splitlines()[-3:]] == [
        "change  /paid:",
        "-0",
        "+500",
    ]
    held = desk("call", "wipe", '{"table": "orders"}')
    approval = next(word for word in held.err.split() if word.startswith("apr_"))
    assert "/rows: removed 7" in desk("approvals", "show", approval).out


def test_a_dry_deployment_says_so_wherever_it_is_looked_for(desk, monkeypatch):
    monkeypatch.setenv("HIGHROAD_RUNS_DRY_RUN", "true")
    config = desk("config", "--json").json["settings"]["runs.dry_run"]
    assert config == {"value": True, "source": "HIGHROAD_RUNS_DRY_RUN"}
    done = desk("call", "pay", '{"to": "Ada", "cents": 500}')
    assert "dry_run" in done.err
    assert "dry run (deployment)" in desk("run", "teller", REQUEST).err

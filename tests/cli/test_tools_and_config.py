"""`highroad tools` and `highroad config`: what there is, and who said so."""

from pathlib import Path

import pytest

from highroad.cli.exits import ExitCode
from highroad.demo.tools import TOOLS


def test_all_tools_of_the_settings_are_listed(terminal):
    names = {tool["name"] for tool in terminal("tools", "list", "--json").json}

    assert names == {tool.__name__ for tool in TOOLS}
    printed = terminal("tools", "list").out
    assert all(name in printed for name in names)


def test_a_tool_is_shown_with_its_contract(terminal):
    printed = terminal("tools", "show", "refund").out

    for word in ("irreversible", "idempotent", "args.cents > 5000", "refunds:write", "order_id"):
        assert word in printed
    shown = terminal("tools", "show", "refund", "--json").json
    assert shown["input_schema"]["additionalProperties"] is False


def test_a_tool_that_there_is_not_is_told(terminal):
    done = terminal("tools", "show", "refnd")

    assert done.code == ExitCode.USAGE
    assert "refnd" in done.err


@pytest.mark.parametrize("line", [("tools", "list"), ("call", "get_order")])
def test_where_no_tools_are_configured_it_is_told_how(run, line):
    assert "highroad demo" in run(*line).err


def test_config_says_what_is_in_force_and_where_it_was_given(terminal, add_settings, monkeypatch):
    add_settings("\n[limits]\ncalls = 7\n")
    monkeypatch.setenv("HIGHROAD_LIMITS_USD", "2")

    found = terminal("config", "--json").json

    line = Path("highroad.toml").read_text("utf-8").splitlines().index("calls = 7") + 1
    assert found["settings"]["limits.calls"] == {"value": 7, "source": f"highroad.toml:{line}"}
    assert found["settings"]["limits.usd"]["source"] == "HIGHROAD_LIMITS_USD"
    assert found["settings"]["limits.parallel"] == {"value": 5, "source": "default"}


def test_config_is_printed_for_people_too(terminal):
    printed = terminal("config").out

    for word in ("limits.calls_per_tool", "profile", "alice", "support", "default"):
        assert word in printed


def test_config_works_without_any_settings(run):
    done = run("config")

    assert done.code == ExitCode.COMPLETED
    assert "none: everything is as built in" in done.out


def test_config_never_holds_a_key(terminal, monkeypatch):
    monkeypatch.setenv("HIGHROAD_MASTER_KEY", "c2VjcmV0")

    assert "c2VjcmV0" not in terminal("config", "--json").out


def test_pinning_writes_what_production_compares_with(terminal):
    """`tools pin` accepts every tool as it is declared, and says what that changes."""
    assert "added    refund" in terminal("tools", "pin").out
    pinned = Path("highroad.pins").read_text("utf-8")
    assert pinned.count(" sha256:") == len(TOOLS)
    assert "nothing changed" in terminal("tools", "pin").out

"""`highroad tools` and `highroad config`: what there is, and who said so."""

from dataclasses import replace
from pathlib import Path

import pytest

from highroad import Tier, tool_definition
from highroad.cli.exits import ExitCode
from highroad.demo.tools import TOOLS, refund
from highroad.tools.declaring.digest import sealed
from highroad.tools.pins.file import write_pins


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


def test_a_tool_is_shown_with_what_its_contract_rests_on(terminal):
    printed = " ".join(terminal("tools", "show", "refund").out.split())

    assert "order_id: control, from third party up, names an object that has an owner" in printed
    assert "declared: Owned" in printed
    assert "cents: control" in printed
    assert "declared: Control" in printed
    assert "no label: untrusted" in printed
    assert "untrusted, read by everybody" in printed
    reasons = terminal("tools", "show", "refund", "--json").json["reasons"]
    assert {each["subject"]: each["basis"] for each in reasons}["order_id"] == "declared"


def test_a_version_that_there_is_not_is_told(terminal):
    done = terminal("tools", "show", "refund", "--version", "7")

    assert done.code == ExitCode.USAGE
    assert "'refund 7'" in done.err


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
    assert "added    refund" in terminal("tools", "pin", "--yes").out
    pinned = Path("highroad.pins").read_text("utf-8")
    assert pinned.count(" sha256:") == len(TOOLS)
    assert "nothing changed" in terminal("tools", "pin").out


def test_nobody_accepts_where_nobody_sits(terminal):
    done = terminal("tools", "pin")

    assert done.code == ExitCode.USAGE
    assert "added    refund" in done.err
    assert "--yes" in done.err
    assert not Path("highroad.pins").exists()


def test_whoever_sits_there_is_asked(terminal, monkeypatch):
    monkeypatch.setattr("highroad.cli.acceptance.is_attended", lambda: True)
    monkeypatch.setattr("typer.confirm", lambda *_, **__: False)
    assert terminal("tools", "pin").code == ExitCode.REFUSED
    assert not Path("highroad.pins").exists()

    monkeypatch.setattr("typer.confirm", lambda *_, **__: True)
    assert terminal("tools", "pin").code == ExitCode.COMPLETED
    assert Path("highroad.pins").exists()


def test_a_check_writes_nothing_and_fails_where_anything_differs(terminal):
    assert terminal("tools", "pin", "--check").code == ExitCode.REFUSED
    assert not Path("highroad.pins").exists()

    terminal("tools", "pin", "--yes")
    assert terminal("tools", "pin", "--check").code == ExitCode.COMPLETED


def test_what_changed_is_shown_before_it_is_accepted(terminal):
    terminal("tools", "pin", "--yes")
    pins = Path("highroad.pins")
    other = replace(tool_definition(refund), tier=Tier.REVERSIBLE, description="Refund.")
    kept = [tool_definition(each) for each in TOOLS if each is not refund]
    pins.write_text(write_pins([*kept, sealed(other)]), "utf-8")

    shown = terminal("tools", "pin", "--check")
    assert "changed  refund 1" in shown.out
    assert '/tier:\n      -"reversible"\n      +"irreversible"' in shown.out
    places = terminal("tools", "pin", "--check", "--json").json["changes"][0]["fields"]
    assert {"/tier", "/description"} <= {each["pointer"] for each in places}


def test_where_the_digest_alone_was_kept_it_is_said(terminal):
    Path("highroad.pins").write_text(f"refund sha256:{'0' * 64}\n", "utf-8")

    assert "has the digest alone" in terminal("tools", "pin", "--check").out

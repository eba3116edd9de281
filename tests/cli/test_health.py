"""`highroad tools health`, `open`, `close` and `release`."""

import pytest

from highroad.cli.exits import ExitCode


@pytest.fixture
def health(terminal):
    def health():
        found = terminal("tools", "health", "--json").json
        return {each["dependency"]: each for each in found}

    return health


def test_everything_is_told_that_a_tool_needs(terminal, health):
    found = health()
    assert found["get_order"] == {
        "dependency": "get_order",
        "tools": ["get_order"],
        "state": "closed",
        "is_forced": False,
        "attempts": 0,
        "failures": 0,
        "slow": 0,
        "changed_ms": found["get_order"]["changed_ms"],
        "until_ms": None,
        "checkup": None,
        "trouble": None,
        "is_degraded": False,
        "is_of_ledger": False,
    }
    printed = terminal("tools", "health").out
    assert "get_order" in printed
    assert "closed" in printed


def test_a_breaker_that_a_person_opened_keeps_later_processes_away(terminal, health):
    opened = terminal("tools", "open", "get_order", "--as", "bob")
    assert opened.code == ExitCode.COMPLETED, opened.err
    assert (health()["get_order"]["state"], health()["get_order"]["is_forced"]) == ("open", True)
    assert "open, by hand" in " ".join(terminal("tools", "health").out.split())
    call = ("call", "get_order", '{"order_id": "ORD-000042"}', "--json")
    refused = terminal(*call)
    assert refused.code == ExitCode.REFUSED
    assert "dependency_unavailable" in refused.out
    assert "breaker.get_order" in terminal("explain", "--last").out
    released = terminal("tools", "release", "get_order", "--as", "bob")
    assert released.code == ExitCode.COMPLETED, released.err
    assert terminal(*call).code == ExitCode.COMPLETED


def test_a_breaker_that_a_person_closed_is_told(terminal, health):
    assert terminal("tools", "close", "get_order", "--as", "bob").code == ExitCode.COMPLETED
    found = health()["get_order"]
    assert (found["state"], found["is_forced"], found["is_degraded"]) == ("closed", True, False)


@pytest.mark.parametrize("verb", ["open", "close", "release"])
def test_who_may_not_is_refused(terminal, verb):
    done = terminal("tools", verb, "get_order", "--as", "alice")
    assert done.code == ExitCode.REFUSED
    assert "dependencies:manage" in done.err


def test_what_no_tool_needs_is_told(terminal):
    done = terminal("tools", "open", "bnak", "--as", "bob")
    assert done.code == ExitCode.REFUSED
    assert "no tool needs a dependency 'bnak'" in done.err

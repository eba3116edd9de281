"""`highroad audit` and `highroad explain`: what the ledger says afterwards."""

import pytest

from highroad.cli.exits import ExitCode

ORDER = '{"order_id": "ORD-000042"}'


@pytest.fixture
def calls(terminal):
    """A read that completed, and one that was refused, in one run."""
    read = terminal("call", "get_order", ORDER, "--run", "monday", "--json").json
    refused = terminal("call", "get_order", "{}", "--run", "monday", "--json").json
    return read, refused


def test_a_trail_has_every_call_of_the_run_in_order(terminal, calls):
    read, refused = calls
    run_id = terminal("explain", "--last", "--json").json["run_id"]

    trail = terminal("audit", "trail", run_id, "--json").json

    assert [step["call_id"] for step in trail["steps"]] == [read["call_id"], refused["call_id"]]
    assert [step["status"] for step in trail["steps"]] == ["completed", "refused"]
    printed = terminal("audit", "trail", run_id).out
    assert read["call_id"] in printed
    assert "invalid_arguments" in printed


def test_an_explanation_has_every_stage_and_its_verdict(terminal, calls):
    read, _ = calls

    found = terminal("explain", read["call_id"], "--json").json

    assert found["status"] == "completed"
    assert {stage["stage"] for stage in found["stages"]} >= {"resolve", "validate", "execute"}
    printed = terminal("explain", read["call_id"]).out
    for word in ("get_order", "completed", "authorize", "proceed", "acme"):
        assert word in printed


def test_the_last_call_and_the_last_refused_one_need_no_id(terminal, calls):
    _, refused = calls
    again = terminal("call", "get_order", ORDER, "--json").json

    assert terminal("explain", "--last", "--json").json["call_id"] == again["call_id"]
    assert terminal("explain", "--last-refused", "--json").json["call_id"] == refused["call_id"]


@pytest.mark.promise("P7")
def test_arguments_are_not_shown_unless_they_are_revealed(terminal, calls):
    read, _ = calls

    assert "ORD-000042" not in terminal("explain", read["call_id"], "--json").out


def test_who_holds_the_permission_may_reveal(terminal, calls):
    read, _ = calls

    found = terminal("explain", read["call_id"], "--reveal", "--as", "dave", "--json")

    assert found.code == ExitCode.COMPLETED, found.err
    assert found.json["arguments"] == {"order_id": "ORD-000042"}
    assert found.json["result"]["id"] == "ORD-000042"


@pytest.mark.promise("P7")
def test_who_does_not_hold_it_may_not(terminal, calls):
    read, _ = calls

    done = terminal("explain", read["call_id"], "--reveal", "--as", "alice")

    assert done.code == ExitCode.REFUSED
    assert "audit:reveal" in done.err
    assert "ORD-000042" not in done.out


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (("explain", "call_1"), "the ledger has no call"),
        (("explain", "--last"), "no call has ended yet"),
        (("explain", "--last-refused"), "no call was refused yet"),
        (("audit", "trail", "run_1"), "the ledger has no"),
    ],
)
def test_what_the_ledger_does_not_have_is_told(terminal, line, reason):
    done = terminal(*line)

    assert done.code == ExitCode.USAGE
    assert reason in done.err


@pytest.mark.parametrize("line", [("explain",), ("explain", "call_1", "--last")])
def test_exactly_one_call_is_explained(terminal, line):
    assert terminal(*line).code == ExitCode.USAGE

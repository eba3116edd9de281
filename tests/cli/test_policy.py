"""`highroad policy simulate`: what enforcing would stop, told without a value."""

import json

import pytest

from highroad.cli.exits import ExitCode


@pytest.fixture
def worked(terminal, monkeypatch):
    """The shop's agent has made a call with values that its request names."""
    monkeypatch.setenv("HIGHROAD_GROUNDING_MODE", "observe")
    done = terminal("run", "support", "refund 5 euros of order ORD-000042")
    assert "refund" in done.err
    return terminal


def test_the_calls_on_record_are_replayed_by_tool(worked):
    done = worked("policy", "simulate", "--json")
    assert done.code == ExitCode.COMPLETED
    found = json.loads(done.out)
    assert found["runs"] == 1
    (refund,) = [each for each in found["tools"] if each["tool"] == "refund"]
    assert (refund["calls"], refund["stopped"]) == (1, 0)


def test_for_people_it_is_a_table_that_quotes_no_value(worked):
    done = worked("policy", "simulate", "--tool", "refund")
    assert "refund" in done.out
    assert "0 refused" in done.out
    assert "ORD-000042" not in done.out


def test_a_time_that_is_none_is_said_so(terminal):
    assert terminal("policy", "simulate", "--since", "whenever").code == ExitCode.USAGE

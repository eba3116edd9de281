"""`highroad approvals`: what waits, and what people say."""

import pytest

from highroad.cli import views
from highroad.cli.exits import ExitCode

LARGE = '{"order_id": "ORD-000042", "cents": 6000}'


@pytest.fixture
def held(terminal):
    return terminal("call", "refund", LARGE, "--as", "alice", "--json").json


def test_nothing_waits_at_first(terminal):
    assert "Nothing waits." in terminal("approvals", "list").out
    assert terminal("approvals", "list", "--json").json == []


def test_what_waits_is_listed_with_its_reason(terminal, held):
    done = terminal("approvals", "list", "--json")

    (waiting,) = done.json
    assert waiting["id"] == held["approval_id"]
    assert waiting["tool"] == "refund"
    assert "args.cents > 5000" in waiting["obligations"][0]["reason"]
    assert held["approval_id"] in terminal("approvals", "list").out


def test_a_line_has_what_deciding_takes(terminal, held):
    (waiting,) = terminal("approvals", "list", "--json").json
    assert (waiting["tier"], waiting["origin"]) == ("irreversible", "code")
    assert (waiting["call_id"], waiting["cost_usd"]) == (held["call_id"], 0.0)
    assert waiting["until_ms"] == waiting["expires_ms"]
    assert waiting["requester"].startswith("usr_")


@pytest.mark.parametrize("columns", ["80", "200"])
def test_a_listed_one_is_read_at_a_glance(terminal, held, columns, monkeypatch):
    """One line by which it is decided, one of what it is and why, one of ids; none is broken."""
    monkeypatch.setenv("COLUMNS", columns)
    (waiting,) = terminal("approvals", "list", "--json").json
    first, *why, last = terminal("approvals", "list").out.splitlines()
    until = views.moment(waiting["until_ms"])
    assert first.rstrip() == f"{held['approval_id']}  waiting, human, until {until}"
    assert " ".join(each.strip() for each in why).startswith("refund irreversible: The rule ")
    assert len(why) == (1 if columns == "200" else 2)
    assert last.rstrip() == f"  {held['call_id']} by {waiting['requester']}"


def test_one_is_shown_with_what_it_is_bound_to(terminal, held):
    shown = terminal("approvals", "show", held["approval_id"])

    for word in ("waiting", "refund", held["call_id"], "digest", "expires"):
        assert word in shown.out


def test_a_decided_one_leaves_the_list_but_not_the_ledger(terminal, held):
    done = terminal("approvals", "approve", held["approval_id"], "--as", "bob", "--json")

    assert done.code == ExitCode.COMPLETED
    assert done.json["state"] == "approved"
    assert terminal("approvals", "list", "--json").json == []
    assert [a["state"] for a in terminal("approvals", "list", "--all", "--json").json] == [
        "approved"
    ]


def test_approving_runs_nothing(terminal, held):
    terminal("approvals", "approve", held["approval_id"], "--as", "bob")

    assert terminal.shop.count("refunds") == 0


def test_what_is_decided_cannot_be_decided_again(terminal, held):
    terminal("approvals", "reject", held["approval_id"], "--as", "bob")

    done = terminal("approvals", "approve", held["approval_id"], "--as", "bob")

    assert done.code == ExitCode.REFUSED
    assert "rejected already" in done.err


def test_people_of_another_organization_decide_nothing(terminal, held):
    done = terminal("approvals", "approve", held["approval_id"], "--as", "carol")

    assert done.code == ExitCode.REFUSED
    assert "there is no approval" in done.err


def test_an_approval_that_there_is_not_is_told(terminal):
    done = terminal("approvals", "show", "apr_1", "--json")

    assert done.code == ExitCode.REFUSED
    assert done.json["error"]["code"] == "decision_refused"

"""`highroad call`: the answer, what went wrong, and an exit code for each ending."""

from pathlib import Path

import pytest

from highroad.cli.exits import ExitCode

ORDER = '{"order_id": "ORD-000042"}'
SMALL = '{"order_id": "ORD-000042", "cents": 500}'
LARGE = '{"order_id": "ORD-000042", "cents": 6000}'

TOOLS = """
from highroad import tool

@tool(tier="reversible", effect="unprotected")
def vanish() -> None:
    \"\"\"Break off in the middle.\"\"\"
    raise ConnectionError("card 4242")
"""


def test_a_read_prints_its_result(terminal):
    done = terminal("call", "get_order", ORDER)

    assert done.code == ExitCode.COMPLETED
    assert done.json["id"] == "ORD-000042"
    assert done.json["status"] == "paid"
    assert "completed" in done.err


def test_with_json_the_answer_holds_status_and_call_id(terminal):
    answer = terminal("call", "get_order", ORDER, "--json").json

    assert answer["status"] == "completed"
    assert answer["call_id"].startswith("call_")
    assert answer["result"]["id"] == "ORD-000042"


def test_a_refusal_goes_to_stderr_with_code_reason_and_where_to_read_on(terminal):
    done = terminal("call", "get_order", ORDER, "--as", "carol")

    assert done.code == ExitCode.REFUSED
    assert done.out == ""
    for word in ("refused", "denied", "reason", "rule", "do", "highroad explain call_"):
        assert word in done.err


def test_a_rule_is_named_with_file_and_line(terminal):
    done = terminal("call", "refund", '{"order_id": "ORD-000042", "cents": 1200000}')

    lines = Path("highroad.toml").read_text("utf-8").splitlines()
    line = next(i for i, text in enumerate(lines, 1) if text == "[[policy.rules]]")
    assert f"highroad.toml:{line}" in done.err


@pytest.mark.promise("P5")
@pytest.mark.promise("P7")
def test_every_wrong_argument_is_told_with_its_place(terminal):
    done = terminal("call", "refund", '{"order": "ORD-000042", "cents": "five"}')

    assert done.code == ExitCode.REFUSED
    for word in ("invalid_arguments", "/order", "/cents"):
        assert word in done.err
    assert "five" not in done.err


def test_a_dry_run_says_what_would_happen_and_does_nothing(terminal):
    done = terminal("call", "refund", LARGE, "--dry-run", "--json")

    assert done.code == ExitCode.COMPLETED
    assert done.json["dry_run"] is True
    assert done.json["result"]["would"] == "ask"
    assert terminal.shop.count("refunds") == 0


def test_a_call_that_waits_says_how_to_decide(terminal):
    done = terminal("call", "refund", LARGE)

    assert done.code == ExitCode.HELD
    assert "highroad approvals approve apr_" in done.err
    assert "highroad call --resume call_" in done.err


def test_a_held_call_is_driven_on_once_it_is_approved(terminal):
    held = terminal("call", "refund", LARGE, "--json").json

    early = terminal("call", "--resume", held["call_id"])
    terminal("approvals", "approve", held["approval_id"], "--as", "bob")
    done = terminal("call", "--resume", held["call_id"], "--json")

    assert early.code == ExitCode.HELD
    assert done.code == ExitCode.COMPLETED
    assert done.json["result"]["cents"] == 6_000
    assert terminal.shop.count("refunds") == 1


def test_a_rejected_call_is_refused_for_good(terminal):
    held = terminal("call", "refund", LARGE, "--json").json

    terminal("approvals", "reject", held["approval_id"], "--as", "bob", "--reason", "no receipt")
    done = terminal("call", "--resume", held["call_id"])

    assert done.code == ExitCode.REFUSED
    assert "rejected" in done.err
    assert terminal.shop.count("refunds") == 0


def test_one_key_is_one_effect(terminal):
    first = terminal("call", "refund", SMALL, "--key", "k1", "--json").json
    again = terminal("call", "refund", SMALL, "--key", "k1", "--json").json

    assert again["repeated"] is True
    assert again["result"] == first["result"]
    assert terminal.shop.count("refunds") == 1


def test_a_run_of_a_name_repeats_nothing(terminal):
    for _ in range(2):
        terminal("call", "refund", SMALL, "--run", "monday")

    assert terminal.shop.count("refunds") == 1


def test_a_failure_is_told_with_its_proof_that_nothing_was_applied(terminal):
    line = ("call", "refund", '{"order_id": "ORD-000001", "cents": 5000}')
    codes = [terminal(*line, "--key", f"k{number}").code for number in range(9)]

    assert codes[0] == ExitCode.COMPLETED
    assert codes[-1] == ExitCode.FAILED


def test_an_outcome_that_nobody_knows_has_its_own_exit_code(terminal):
    Path("breaking.py").write_text(TOOLS, "utf-8")
    file = Path("highroad.toml")
    file.write_text(
        file.read_text("utf-8").replace('["highroad.demo.tools"]', '["breaking"]'), "utf-8"
    )

    done = terminal("call", "vanish", "--as", "bob")

    assert done.code == ExitCode.UNKNOWN
    assert "4242" not in done.err


def test_what_nobody_decided_in_time_is_expired(terminal, add_settings):
    add_settings("\n[limits]\napproval_s = 0\n")
    held = terminal("call", "refund", LARGE, "--json").json

    done = terminal("call", "--resume", held["call_id"])

    assert done.code == ExitCode.EXPIRED
    assert "approval_expired" in done.err


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (("call",), "name a tool"),
        (("call", "get_order", "--resume", "call_1"), "not both"),
        (("call", "--resume", "call_1"), "no call call_1"),
        (("call", "get_order", ORDER, "--as", "mallory"), "mallory"),
    ],
)
def test_a_wrong_use_is_told_and_does_nothing(terminal, line, reason):
    done = terminal(*line)

    assert done.code == ExitCode.USAGE
    assert reason in done.err


def test_production_lets_nobody_play_another(terminal, monkeypatch):
    monkeypatch.setenv("HIGHROAD_PROFILE", "production")

    done = terminal("call", "get_order", ORDER, "--as", "alice")

    assert done.code == ExitCode.USAGE
    assert "--as" in done.err


def test_wrong_settings_are_told_with_file_and_line(terminal, add_settings):
    add_settings("\n[limits]\ncals = 7\n")

    done = terminal("call", "get_order", ORDER)

    assert done.code == ExitCode.USAGE
    assert "highroad.toml:" in done.err
    assert "did you mean calls" in done.err


def test_with_json_an_error_is_a_document_too(terminal, add_settings):
    add_settings("\n[limits]\ncals = 7\n")

    done = terminal("call", "get_order", ORDER, "--json")

    assert done.json["error"]["code"] == "settings_error"

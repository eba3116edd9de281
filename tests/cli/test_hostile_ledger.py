"""Commands on a ledger that somebody changed, and with what was never meant for a terminal."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from highroad.cli.exits import ExitCode

ORDER = '{"order_id": "ORD-000042"}'
REFUND = '{"order_id": "ORD-000042", "cents": 6000}'
EVIL = "a|b<script>x</script>\x1b[2J\x9b1m\x07\N{RIGHT-TO-LEFT OVERRIDE}\n=cmd()"

LOOKS = (
    ["explain", "--last"],
    ["audit", "verify", "--tables"],
    ["audit", "report"],
    ["audit", "export", "--table", "entry"],
    ["audit", "tool", "refund"],
    ["audit", "export", "--to", "bundle"],
    ["store", "stats"],
)


def change(statement, *values):
    """Write into the ledger behind its owner's back."""
    with closing(sqlite3.connect(next(Path(".highroad").glob("*.db")))) as ledger:
        ledger.execute(statement, values)
        ledger.commit()


@pytest.fixture
def calls(terminal):
    """A read, and a refund that waits for somebody."""
    read = terminal("call", "get_order", ORDER, "--json").json
    held = terminal("call", "refund", REFUND, "--as", "alice", "--json").json
    return read, held


@pytest.mark.parametrize(
    "line",
    [
        ["audit", "report"],
        ["audit", "report", "--format", "html"],
        ["audit", "acts", "--tool", EVIL],
        ["audit", "costs"],
        ["audit", "denials"],
        ["audit", "verify", "--tables"],
        ["approvals", "list"],
        ["explain", "--last"],
    ],
    ids=lambda line: "_".join(line[:4]) if EVIL not in line else "acts",
)
def test_a_name_steers_no_terminal_and_no_page(terminal, calls, line):
    for table in ("tool_call", "tool_result", "approval", "authz_decision"):
        change(f"UPDATE {table} SET tool = ?", EVIL)  # noqa: S608 - a name of ours
    change("UPDATE authz_decision SET allowed = 0, rule = ?", EVIL)
    change("UPDATE entry SET body = CAST(json_set(CAST(body AS TEXT), '$.tool', ?) AS BLOB)", EVIL)
    answer = terminal(*line)
    printed = answer.out + answer.err
    assert "cmd()" in printed
    assert not set(printed) & set("\x1b\x9b\x07\N{RIGHT-TO-LEFT OVERRIDE}")
    assert "<script>" not in printed or "report" not in line


@pytest.mark.parametrize("since", ["999999w", "0001-01-01T00:00:00+23:59"])
def test_a_period_may_begin_before_every_calendar(terminal, calls, since):
    assert "## Calls" in terminal("audit", "report", "--since", since).out


def test_what_goes_into_a_file_is_told_to_programs(terminal, calls):
    told = terminal("audit", "report", "--out", "r.md", "--json").json
    assert told == {"file": "r.md", "format": "md"}
    told = terminal("audit", "export", "--table", "tool_call", "--out", "c.csv", "--json").json
    assert told == {"table": "tool_call", "rows": 2, "file": "c.csv"}


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE entry SET body = X'FFFE'",
        "UPDATE entry SET body = CAST('null' AS BLOB)",
        "UPDATE entry SET body = CAST('[]' AS BLOB)",
        "UPDATE entry SET body = CAST('{}' AS BLOB)",
        "UPDATE entry SET kind = 'call.forged' WHERE seq = 1",
        "DELETE FROM ledger WHERE name = 'id'",
        "UPDATE signed_head SET statement = zeroblob(50000)",
        f"UPDATE signed_head SET statement = CAST('{'[' * 50_000}' AS BLOB)",  # noqa: S608 - brackets
        "UPDATE ledger SET value = 'x' WHERE name = 'projected'",
    ],
    ids=range(9),
)
def test_what_cannot_be_read_is_told_and_not_thrown(terminal, calls, harm):
    change(harm)
    for line in LOOKS:
        answer = terminal(*line)
        assert answer.code in {0, 7, 9, 10}
        assert answer.code != ExitCode.LEDGER or "ledger" in answer.err

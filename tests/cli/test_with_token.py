"""`--with-token`: every command that decides something takes credentials of whoever decides."""

import json

import pytest
import typer.main
from typer.testing import CliRunner

from highroad.cli.app import app
from highroad.cli.exits import ExitCode

DECIDING = [
    ["approvals", "show", "apr_1"],
    ["approvals", "approve", "apr_1"],
    ["approvals", "reject", "apr_1"],
    ["approvals", "edit", "apr_1", "{}"],
    ["approvals", "revoke", "apr_1"],
    ["approvals", "ask", "apr_1", "Why?"],
    ["approvals", "answer", "apr_1", "So."],
]
BEYOND_APPROVALS = [
    ["agents", "promote", "helper"],
    ["agents", "demote", "helper"],
    ["undo", "call_1"],
    ["dead-letters", "redrive", "dlq_1"],
    ["dead-letters", "discard", "dlq_1", "--reason", "So."],
    ["runs", "settle", "call_1", "--applied", "--reason", "So."],
    ["runs", "cancel", "call_1", "--reason", "So."],
    ["tools", "accept", "look", "--yes"],
    ["tools", "open", "shop"],
    ["tools", "close", "shop"],
    ["tools", "release", "shop"],
    ["identity", "keys", "create", "bob"],
    ["identity", "keys", "revoke", "key_1"],
    ["identity", "sessions"],
    ["identity", "block", "203.0.113.7"],
    ["identity", "unblock", "203.0.113.7"],
    ["audit", "erase", "--user", "bob"],
]
PLAYED = {
    "call",
    "run",
    "list",
    "resume",
    "complete",
    "fail",
    "schema",
    "explain",
    "keys",
    "blocked",
}
"""What takes `--as` and decides nothing: it calls, or looks."""


def run(*line, stdin=""):
    return CliRunner().invoke(app, list(line), input=stdin, catch_exceptions=False)


def key(*options):
    return run("identity", "keys", "create", "batch", *options).stdout.strip()


@pytest.mark.parametrize("line", DECIDING + BEYOND_APPROVALS, ids=" ".join)
def test_who_shows_no_good_credentials_decides_nothing(line):
    refused = run(*line, "--with-token", "--json", stdin="hr_none\n")
    assert refused.exit_code == ExitCode.REFUSED
    assert json.loads(refused.stdout)["error"]["code"] == "unauthenticated"
    assert run(*line, "--with-token").exit_code == ExitCode.USAGE
    both = run(*line, "--with-token", "--as", "alice", stdin="hr_none\n")
    assert (both.exit_code, "--as" in both.output) == (ExitCode.USAGE, True)


@pytest.mark.parametrize("line", BEYOND_APPROVALS, ids=" ".join)
def test_a_narrowed_key_decides_nothing_that_has_no_tool(line):
    refused = run(*line, "--with-token", stdin=f"{key('--tool', 'get_*')}\n")
    assert (refused.exit_code, "narrowed" in refused.output) == (ExitCode.USAGE, True)


def test_who_shows_a_key_is_who_decided():
    secret = key()
    assert (
        run("identity", "block", "203.0.113.7", "--with-token", stdin=f"{secret}\n").exit_code == 0
    )
    told = run("approvals", "approve", "apr_1", "--with-token", stdin=f"{secret}\n")
    assert (told.exit_code, "no approval apr_1" in told.output) == (ExitCode.REFUSED, True)


def test_every_command_that_plays_somebody_takes_their_token_if_it_decides():
    lacking = set()

    def look(command, path):
        for name, below in getattr(command, "commands", {}).items():
            look(below, (*path, name))
        options = {each for one in command.params for each in one.opts}
        if "--as" in options and "--with-token" not in options:
            lacking.add(path)

    look(typer.main.get_command(app), ())
    assert {path for path in lacking if path[-1] not in PLAYED} == set()

"""`kill -9` in the middle of an effect of the shop, and the command line afterwards."""

import re
import signal
import subprocess
import sys

import pytest

from highroad.cli.exits import ExitCode

# Commands start by the dozen, each with a Python of its own: on a busy machine that takes its time.
pytestmark = [
    pytest.mark.promise("P2"),
    pytest.mark.promise("P11"),
    pytest.mark.timeout(300),
]

REFUND = ("call", "refund", '{"order_id": "ORD-000042", "cents": 500}', "--key", "r-1")
MAIL = '{"to": "ada.hill@customer.example", "subject": "Your vase", "body": "Soon."}'
BOUND_S = 120

# The command itself, in a shop whose deed takes for ever: behind its effect, or before it.
DAWDLES = """
import sys, threading
from highroad.cli import main
from highroad.demo.database import Shop

deed, when = sys.argv[1:3]
does = getattr(Shop, deed)

def dawdle(*arguments, **options):
    if when == "after":
        does(*arguments, **options)
    print("in the middle", flush=True)
    threading.Event().wait()

setattr(Shop, deed, dawdle)
del sys.argv[1:3]
main()
"""


def killed_in_the_middle(deed, when, *line):
    """Run a command, and kill it with signal 9 where its deed is half done."""
    command = [sys.executable, "-c", DAWDLES, deed, when, *line]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "in the middle\n"
        process.send_signal(signal.SIGKILL)
        assert process.wait(timeout=BOUND_S) == -signal.SIGKILL


def anew(terminal, *line):
    """A command in a process of its own, as somebody types it afterwards."""
    process = terminal.start(*line)
    out, err = process.communicate(timeout=BOUND_S)
    return process.returncode, out, err


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_refund_that_is_killed_in_the_middle_is_one_refund(terminal, when):
    killed_in_the_middle("refund", when, *REFUND, "--as", "alice")
    assert terminal.shop.count("refunds") == (1 if when == "after" else 0)

    code, out, err = anew(terminal, "runs", "list", "--json")

    assert (code, out.strip()) == (ExitCode.COMPLETED, "[]"), err
    assert terminal.shop.count("refunds") == 1
    code, _, err = anew(terminal, *REFUND, "--as", "alice")
    assert code == ExitCode.COMPLETED
    assert "repeated" in err
    assert terminal.shop.count("refunds") == 1


def test_a_refund_that_is_killed_again_and_again_is_still_one(terminal):
    killed_in_the_middle("refund", "after", *REFUND, "--as", "alice")
    for when in ("after", "before", "after"):
        killed_in_the_middle("refund", when, "runs", "list")

    code, _, err = anew(terminal, "explain", "--last")

    assert code == ExitCode.COMPLETED, err
    assert terminal.shop.count("refunds") == 1


@pytest.fixture
def lost_mail(terminal):
    """Id of the call of a mail that went out, or did not, when its process was killed."""
    held = terminal("call", "send_email", MAIL, "--as", "alice", "--json")
    assert held.code == ExitCode.HELD
    (waiting,) = terminal("approvals", "list", "--json").json
    terminal("approvals", "approve", waiting["id"], "--as", "bob")
    killed_in_the_middle("send", "after", "call", "--resume", waiting["call_id"])
    return waiting["call_id"]


def test_a_mail_that_is_killed_in_the_middle_is_unknown_and_never_sent_twice(terminal, lost_mail):
    code, out, err = anew(terminal, "runs", "list")

    assert code == ExitCode.COMPLETED
    assert lost_mail in out
    assert f"highroad runs settle {lost_mail} --applied --reason" in err
    code, _, _ = anew(terminal, "call", "--resume", lost_mail)
    assert code == ExitCode.UNKNOWN
    assert terminal.shop.count("mails") == 1


def test_what_nobody_knows_is_settled_from_the_terminal(terminal, lost_mail):
    line = ("runs", "settle", lost_mail, "--applied", "--reason", "it is in the outbox")

    assert terminal(*line, "--as", "alice").code == ExitCode.REFUSED
    settled = terminal(*line, "--as", "bob", "--json")
    again = terminal(*line, "--as", "bob")

    assert settled.code == ExitCode.COMPLETED
    assert (settled.json["kind"], settled.json["applied"]) == ("settled", True)
    assert again.code == ExitCode.REFUSED
    assert "already" in again.err
    assert terminal("runs", "list", "--json").json == []
    explained = terminal("explain", lost_mail).out
    assert re.search(r"^later +applied, settled by usr_", explained, re.MULTILINE)
    assert terminal.shop.count("mails") == 1


def test_what_waits_for_a_decision_is_listed_on_demand(terminal):
    terminal("call", "send_email", MAIL, "--as", "alice")

    assert terminal("runs", "list", "--json").json == []
    (waiting,) = terminal("runs", "list", "--open", "--json").json
    assert waiting["standing"] == "held"
    assert waiting["approval_id"] in terminal("runs", "list", "--open").err
    settled = terminal("runs", "settle", waiting["call_id"], "--applied", "--reason", "r")
    assert settled.code == ExitCode.REFUSED


def test_no_such_call_is_settled(terminal):
    nowhere = terminal("runs", "settle", "call_none", "--not-applied", "--reason", "r")
    assert nowhere.code == ExitCode.USAGE
    assert terminal("runs", "settle", "call_none", "--reason", "r").code == ExitCode.USAGE

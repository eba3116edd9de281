"""Two processes on one ledger: one waits, the other decides, and only the owner calls."""

import re

import pytest

from highroad.cli.exits import ExitCode

LARGE = '{"order_id": "ORD-000042", "cents": 6000}'
BOUND_S = 120
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def waiting(terminal):
    """A process that waits for a decision, and the approval that it waits for."""
    process = terminal.start("call", "refund", LARGE, "--wait", "--as", "alice", "--json")
    with process:
        told = []
        for line in process.stderr:
            told.append(line)
            if found := re.search(r"apr_\w+", line):
                break
        else:
            pytest.fail("it never said what it waits for: " + "".join(told))
        yield process, found[0]
        process.kill()


@pytest.fixture
def signed(terminal):
    """An owner has come and gone before, and signed what it wrote."""
    assert terminal("call", "get_order", '{"order_id": "ORD-000042"}').code == ExitCode.COMPLETED


def second(terminal, *line):
    """A command in another process, while the first one waits."""
    process = terminal.start(*line)
    out, err = process.communicate(timeout=BOUND_S)
    return process.returncode, out, err


@pytest.mark.promise("P4")
def test_a_second_terminal_approves_and_the_first_goes_on(terminal, waiting):
    process, approval_id = waiting

    code, _, err = second(terminal, "approvals", "approve", approval_id, "--as", "bob")
    out, _ = process.communicate(timeout=BOUND_S)

    assert code == ExitCode.COMPLETED, err
    assert process.returncode == ExitCode.COMPLETED
    assert '"completed"' in out
    assert terminal.shop.count("refunds") == 1


def test_who_stops_waiting_is_told_how_to_go_on(waiting):
    process, _ = waiting

    assert "highroad call --resume call_" in next(process.stderr)


def test_a_second_terminal_rejects_and_the_first_gives_up(terminal, waiting):
    process, approval_id = waiting

    second(terminal, "approvals", "reject", approval_id, "--as", "bob")
    process.communicate(timeout=BOUND_S)

    assert process.returncode == ExitCode.REFUSED
    assert terminal.shop.count("refunds") == 0


@pytest.mark.promise("P4")
def test_who_asks_may_not_agree(terminal, waiting):
    process, approval_id = waiting

    code, _, err = second(terminal, "approvals", "approve", approval_id, "--as", "alice")

    assert code == ExitCode.REFUSED
    assert "who requests a call does not approve it" in err
    assert process.poll() is None


def test_a_call_of_a_second_process_is_refused_and_names_the_owner(terminal, waiting):
    process, _ = waiting

    code, _, err = second(terminal, "call", "get_order", '{"order_id": "ORD-000042"}')

    assert code == ExitCode.LEDGER
    assert "ledger_owned" in err
    assert str(process.pid) in err


def test_the_demo_touches_nothing_while_another_process_has_the_ledger(terminal, waiting):
    terminal.shop.add_note("ORD-000042", "still here", key="k1")

    code, _, err = second(terminal, "demo")

    assert code == ExitCode.LEDGER, err
    assert terminal.shop.order("ORD-000042").notes == ("still here",)


def test_a_second_process_may_look_while_the_first_waits(terminal, waiting):
    _, approval_id = waiting

    code, out, err = second(terminal, "approvals", "list", "--json")

    assert code == ExitCode.COMPLETED, err
    assert approval_id in out


@pytest.mark.promise("P12")
@pytest.mark.usefixtures("signed", "waiting")
def test_a_second_process_may_verify_and_export_while_the_first_waits(terminal):
    for line in (("verify",), ("key",), ("export", "--to", "bundle")):
        code, _, err = second(terminal, "audit", *line)
        assert code == ExitCode.COMPLETED, err


def test_a_killed_process_leaves_the_call_to_wait(terminal, waiting):
    process, approval_id = waiting
    process.kill()
    process.wait(timeout=BOUND_S)

    terminal("approvals", "approve", approval_id, "--as", "bob")
    call_id = terminal("approvals", "show", approval_id, "--json").json["approval"]["call_id"]
    done = terminal("call", "--resume", call_id)

    assert done.code == ExitCode.COMPLETED
    assert terminal.shop.count("refunds") == 1


@pytest.mark.promise("P5")
def test_a_second_terminal_calls_off_what_the_first_waits_for(terminal, waiting):
    process, _ = waiting
    (held,) = terminal("runs", "list", "--open", "--json").json
    call_id = held["call_id"]

    code, _, err = second(terminal, "runs", "cancel", call_id, "--reason", "wrong", "--as", "bob")
    assert code == ExitCode.COMPLETED, err
    out, _ = process.communicate(timeout=BOUND_S)

    assert "is told" in err
    assert process.returncode == ExitCode.EXPIRED
    assert '"cancelled"' in out
    assert terminal.shop.count("refunds") == 0
    again = terminal("runs", "cancel", call_id, "--reason", "wrong", "--as", "bob")
    assert again.code == ExitCode.REFUSED
    assert "has ended as cancelled" in again.err

"""A ticket is a stranger's word until it opens: for one principal, one call, one request, once."""

import pytest

from highroad.approvals.tickets import Ticket
from highroad.domain.error import DecisionRefused
from highroad.domain.identity import Principal

pytestmark = pytest.mark.anyio

ALICE, BOB = Principal("alice"), Principal("bob")
TICKET = Ticket(call_id="call_1", approval_id="apr_1", turn=0)


@pytest.fixture
async def tickets(runtime):
    return (await runtime.start()).approvals.tickets


async def test_it_says_what_it_said_once(tickets):
    token = tickets.issue(TICKET, by=ALICE, request=b"request")

    assert tickets.redeem(token, by=ALICE, request=b"request") == TICKET
    with pytest.raises(DecisionRefused):
        tickets.redeem(token, by=ALICE, request=b"request")


@pytest.mark.promise("P7")
async def test_nobody_reads_it(tickets):
    token = tickets.issue(TICKET, by=ALICE, request=b"request")

    assert "call_1" not in token
    assert "alice" not in token
    assert tickets.issue(TICKET, by=ALICE, request=b"request") != token


@pytest.mark.promise("P4")
@pytest.mark.parametrize(
    ("by", "request_"),
    [
        (BOB, b"request"),
        (Principal("alice", "elsewhere"), b"request"),
        (ALICE, b"another request"),
    ],
    ids=["another principal", "another organization", "another request"],
)
async def test_it_is_good_for_nobody_and_nothing_else(tickets, by, request_):
    token = tickets.issue(TICKET, by=ALICE, request=b"request")

    with pytest.raises(DecisionRefused):
        tickets.redeem(token, by=by, request=request_)

    assert tickets.redeem(token, by=ALICE, request=b"request") == TICKET


async def test_it_is_good_for_an_hour(tickets, runtime):
    first, second = (tickets.issue(TICKET, by=ALICE, request=b"request") for _ in range(2))
    runtime.clock.advance(3_599)
    assert tickets.redeem(first, by=ALICE, request=b"request") == TICKET
    runtime.clock.advance(1)

    with pytest.raises(DecisionRefused):
        tickets.redeem(second, by=ALICE, request=b"request")


async def test_tickets_that_are_over_fill_no_memory(tickets, runtime):
    for _ in range(3):
        token = tickets.issue(TICKET, by=ALICE, request=b"request")
        tickets.redeem(token, by=ALICE, request=b"request")
        runtime.clock.advance(3_600)

    assert len(tickets._used) == 1  # noqa: SLF001 - nothing else tells what is remembered


@pytest.mark.parametrize("change", ["", "=", " ", "\n", "."], ids=repr)
async def test_another_writing_of_it_is_no_other_ticket(tickets, change):
    token = tickets.issue(TICKET, by=ALICE, request=b"request")
    tickets.redeem(token, by=ALICE, request=b"request")

    with pytest.raises(DecisionRefused):
        tickets.redeem(token + change, by=ALICE, request=b"request")


async def test_each_byte_of_it_counts(tickets):
    token = tickets.issue(TICKET, by=ALICE, request=b"request")

    for at in range(len(token)):
        other = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        with pytest.raises(DecisionRefused):
            tickets.redeem(other, by=ALICE, request=b"request")

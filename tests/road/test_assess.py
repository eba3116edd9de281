"""A second opinion that is late or broken: nothing runs that must not, and nobody waits for it."""

import asyncio

import pytest

from highroad import Limits, tool
from highroad.domain.error import Code
from highroad.domain.model import TokenUsage
from highroad.testing import approves, simulate

RAN = []


@tool(tier="reversible", timeout_s=1)
async def pay(cents: int) -> int:
    """Pay."""
    RAN.append(cents)
    return cents


class Slow:
    """One that takes its time, and then raises or has nothing against it."""

    name = "scripted:slow"

    def __init__(self, clock, takes_s, error=None):
        self.clock, self.takes_s, self.error = clock, takes_s, error

    def most(self, case):
        del case
        return TokenUsage()

    async def verify(self, case):
        del case
        await self.clock.sleep(self.takes_s)
        if self.error is not None:
            raise self.error
        return approves()


@pytest.fixture
def asked(world, verifying):
    """What a call is told whose verifier is made with the clock, and how long that took."""
    RAN.clear()

    def ask(verifier, *, timeout_s=30, **limits):
        async def work(clock):
            here = await world(
                pay,
                clock=clock,
                limits=Limits(**limits),
                settings=verifying(timeout_s=timeout_s),
                verifier=verifier(clock),
            ).open()
            outcome = await here.call(pay, {"cents": 1})
            took_s = clock.monotonic_s()
            end = await here.end_of(outcome)
            assert not await here.check()
            return outcome, took_s, end["rule"]

        return simulate(work)

    return ask


def test_a_verifier_may_take_longer_than_an_attempt_of_the_tool(asked):
    outcome, took_s, _ = asked(lambda clock: Slow(clock, 10))
    assert (outcome.status, took_s) == ("completed", pytest.approx(10))
    assert RAN == [1]


@pytest.mark.promise("P5")
@pytest.mark.parametrize(
    ("timeout_s", "limits", "seconds"), [(30, {}, 30), (7, {}, 7), (99, {"call_s": 40}, 40)]
)
def test_one_that_is_late_lets_nothing_through(asked, timeout_s, limits, seconds):
    outcome, took_s, rule = asked(lambda clock: Slow(clock, 10_000), timeout_s=timeout_s, **limits)
    assert (outcome.status, outcome.error.code) == ("refused", Code.VERIFIER_UNAVAILABLE)
    assert outcome.error.retryable
    assert took_s == pytest.approx(seconds, abs=0.1)
    assert rule == "verifier.unavailable: scripted:slow (timeout)"
    assert RAN == []


@pytest.mark.promise("P7")
@pytest.mark.parametrize("error", [LookupError("secret"), SystemExit(1), asyncio.CancelledError()])
def test_one_that_breaks_lets_nothing_through_and_says_nothing(asked, error):
    outcome, _, rule = asked(lambda clock: Slow(clock, 0, error))
    assert (outcome.status, outcome.error.code) == ("refused", Code.VERIFIER_UNAVAILABLE)
    assert rule == "verifier.unavailable: scripted:slow (unknown)"
    assert "secret" not in repr(outcome) + rule
    assert RAN == []

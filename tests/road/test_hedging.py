"""Hedged tools: a second attempt beside one that is slow."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from highroad import Failed, ToolContext, tool
from highroad.domain.dependency import Dependency
from highroad.domain.error import DeclarationError
from highroad.settings import load
from highroad.testing import simulate
from highroad.testing.clock import FakeClock


class Attempts:
    """Bodies by the number of their attempt, and what became of each.

    A script is a time to sleep and then a number to return, or an error to raise; `None` hangs.
    """

    def __init__(self, clock, *scripts):
        self.clock = clock
        self.scripts = scripts
        self.begun, self.cancelled, self.ended = [], [], []

    async def __call__(self, attempt):
        self.begun.append((attempt, self.clock.monotonic_s()))
        pause_s, then = self.scripts[attempt - 1]
        try:
            if pause_s is None:
                await asyncio.Event().wait()
            await self.clock.sleep(pause_s)
        except asyncio.CancelledError:
            self.cancelled.append(attempt)
            raise
        self.ended.append(attempt)
        if isinstance(then, Exception):
            raise then
        return then


@pytest.fixture
def hedge(world):
    """A world with a hedged tool whose attempts go by their scripts."""

    async def make(*scripts, hedge_s=1.0, floor=10, **options):
        clock = FakeClock(autojump=True)
        attempts = Attempts(clock, *scripts)

        @tool(tier="read", hedge_s=hedge_s, **options)
        async def look(context: ToolContext[None]) -> int:
            return await attempts(context.attempt)

        spare = {"look": Dependency(name="look", retry_ratio=0.0, retry_floor=floor)}
        settings = replace(load(Path.cwd(), {}), dependencies=spare)
        here = await world(look, clock=clock, settings=settings).open()
        return here, look, attempts

    return make


async def test_an_attempt_that_answers_in_time_stays_alone(hedge):
    here, look, attempts = await hedge((0.9, 1))
    assert (await here.call(look, {})).unwrap() == 1
    assert attempts.begun == [(1, 0)]


async def test_a_slow_attempt_is_overtaken_and_leaves_nothing_behind(hedge):
    here, look, attempts = await hedge((None, 1), (0.5, 2))
    before = asyncio.all_tasks()
    outcome = await here.call(look, {})
    assert outcome.unwrap() == 2
    assert (attempts.begun, attempts.cancelled) == ([(1, 0), (2, 1.0)], [1])
    assert asyncio.all_tasks() == before
    assert (await here.end_of(outcome))["attempts"] == 2


async def test_a_slow_attempt_may_still_win(hedge):
    here, look, attempts = await hedge((1.2, 1), (9, 2))
    assert (await here.call(look, {})).unwrap() == 1
    assert (attempts.ended, attempts.cancelled) == ([1], [2])


async def test_the_first_result_counts_and_not_the_first_failure(hedge):
    here, look, attempts = await hedge((1.2, ConnectionResetError()), (1, 2))
    assert (await here.call(look, {})).unwrap() == 2
    assert attempts.ended == [1, 2]


async def test_when_both_fail_the_call_is_tried_again_as_any_other(hedge):
    down = ConnectionResetError()
    here, look, attempts = await hedge((1.2, down), (1, down), (0, 3))
    assert (await here.call(look, {})).unwrap() == 3
    assert [number for number, _ in attempts.begun] == [1, 2, 3]


async def test_a_failure_before_the_time_is_up_starts_nothing_beside_it(hedge):
    here, look, attempts = await hedge((0.5, KeyError()), (0, 2))
    assert isinstance(await here.call(look, {}), Failed)
    assert [number for number, _ in attempts.begun] == [1]


async def test_hedging_stands_in_the_trace(hedge):
    here, look, _ = await hedge((None, 1), (0.5, 2))
    told = await here.runtime.audit.explain((await here.call(look, {})).call_id)
    (line,) = [line for line in told.stages if line.stage == "attempt"]
    assert (line.verdict, line.rule) == ("hedge", "1: no answer in 1 s; another beside it")


async def test_a_second_attempt_counts_as_a_retry(hedge):
    here, look, attempts = await hedge((2, 1), (9, 2), floor=0)
    assert (await here.call(look, {})).unwrap() == 1
    assert attempts.begun == [(1, 0)]


async def test_a_tool_that_may_be_tried_once_is_not_hedged(hedge):
    here, look, attempts = await hedge((2, 1), (9, 2), attempts=1)
    assert (await here.call(look, {})).unwrap() == 1
    assert attempts.begun == [(1, 0)]


async def test_a_caller_who_goes_away_takes_both_along(hedge, turns):
    here, look, attempts = await hedge((None, 1), (None, 2))
    before = asyncio.all_tasks()
    calling = asyncio.ensure_future(here.call(look, {}))
    await turns(200)
    assert [number for number, _ in attempts.begun] == [1, 2]
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert sorted(attempts.cancelled) == [1, 2]
    assert asyncio.all_tasks() == before


@pytest.mark.promise("P11")
@pytest.mark.parametrize("effect", ["idempotent", "checkable", "unprotected"])
def test_effects_are_never_hedged(effect):
    probe = {"probe": lambda _: None} if effect == "checkable" else {}
    with pytest.raises(DeclarationError, match="only a repeatable tool permits"):

        @tool(tier="reversible", effect=effect, hedge_s=1, **probe)
        async def work() -> None: ...


def test_what_cannot_be_cancelled_is_not_hedged():
    with pytest.raises(DeclarationError, match="make it `async def`"):

        @tool(tier="read", hedge_s=1)
        def work() -> None: ...


@pytest.mark.parametrize("hedge_s", [0, -1, "1", True])
def test_a_time_that_is_none_is_refused(hedge_s):
    with pytest.raises(DeclarationError, match="hedge_s is a number above 0"):

        @tool(tier="read", hedge_s=hedge_s)
        async def work() -> None: ...


def test_an_attempt_that_waits_for_room_is_not_hedged(world):
    """Both would go by one name, and take one place between them."""

    async def work(clock):
        inside, most = 0, 0

        @tool(tier="read", hedge_s=0.5, dependency="bank")
        async def look(number: int) -> int:
            nonlocal inside, most
            inside += 1
            most = max(most, inside)
            await clock.sleep(0.8)
            inside -= 1
            return number

        spare = {"bank": Dependency(name="bank", parallel=1)}
        settings = replace(load(Path.cwd(), {}), dependencies=spare)
        here = await world(look, clock=clock, settings=settings).open()
        outcomes = await asyncio.gather(*(here.call(look, {"number": n}) for n in range(3)))
        assert [outcome.unwrap() for outcome in outcomes] == [0, 1, 2]
        assert most == 1
        return [(await here.end_of(outcome))["attempts"] for outcome in outcomes]

    assert simulate(work) == [1, 1, 1]

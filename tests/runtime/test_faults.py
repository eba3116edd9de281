"""Faults by plan and by seed, on the real road."""

import asyncio

import pytest

from highroad import Completed, Failed, tool
from highroad.testing import FakeClock, Fault, Faults, Rehearsal

pytestmark = pytest.mark.anyio


class Till:
    """Counts what was really paid."""

    def __init__(self):
        self.paid = []


till = Till()


@pytest.fixture(autouse=True)
def _empty_till():
    till.paid.clear()


@tool(
    tier="reversible",
    effect="idempotent",
    transient=(ConnectionError,),
    not_applied=(ConnectionRefusedError,),
    dependency="payments",
)
async def pay(cents: int) -> int:
    """Pay somebody."""
    till.paid.append(cents)
    return cents


@tool(tier="read", transient=(ConnectionError,))
def look(what: str) -> list[str]:
    """Look something up."""
    return [what, what]


@tool(tier="read", attempts=1)
async def watch() -> bool:
    """Watch something."""
    return True


def rehearsed(*tools):
    """Retries wait in fake time, which jumps."""
    rehearsal = Rehearsal(*tools)
    rehearsal.clock = FakeClock(autojump=True)
    return rehearsal


@pytest.fixture
def rehearsal():
    return rehearsed(pay, look)


async def injected(rehearsal, *plan, **options):
    faults = Faults(*plan, clock=rehearsal.clock, **options)
    return faults, faults.injected(await rehearsal.start())


async def test_an_error_comes_in_place_of_the_body(rehearsal):
    faults, injection = await injected(rehearsal, Fault(on="pay", raises=ConnectionRefusedError))
    with injection:
        outcome = await rehearsal.call(pay, {"cents": 5})
    assert isinstance(outcome, Failed)
    assert till.paid == []
    assert faults.attempts["pay"] == len(faults.struck)


async def test_an_answer_that_is_lost_leaves_its_effect(rehearsal):
    """An idempotent tool runs again, with the key under which it took effect."""
    _, injection = await injected(
        rehearsal, Fault(on="payments", raises=BrokenPipeError, is_late=True, attempts={1})
    )
    with injection:
        outcome = await rehearsal.call(pay, {"cents": 5})
    assert isinstance(outcome, Completed)
    assert till.paid == [5, 5]


async def test_a_part_of_the_answer_comes_from_a_sync_body_too(rehearsal):
    _, injection = await injected(rehearsal, Fault(on="look", answers=lambda found: found[:1]))
    with injection:
        assert (await rehearsal.call(look, {"what": "a"})).unwrap() == ["a"]
    assert (await rehearsal.call(look, {"what": "b"})).unwrap() == ["b", "b"]


@pytest.mark.parametrize(
    ("body", "arguments"), [(look, {"what": "a"}), (watch, {})], ids=["sync", "async"]
)
async def test_what_hangs_is_let_go_when_the_faults_end(body, arguments):
    rehearsal = rehearsed(body)
    _, injection = await injected(rehearsal, Fault(hangs=True))
    with injection:
        hanging = asyncio.create_task(rehearsal.call(body, arguments))
        for _ in range(100):
            await asyncio.sleep(0)
        assert not hanging.done()
    assert (await hanging).error.code in {"timeout", "max_retries_exceeded"}


async def test_one_seed_strikes_the_same_attempts(rehearsal):
    struck = []
    for _ in range(2):
        fresh = rehearsed(look)
        faults, injection = await injected(fresh, Fault(chance=0.4, sets_back_s=1.0), seed=11)
        with injection:
            for number in range(40):
                await fresh.call(look, {"what": str(number)})
        struck.append([number for _, number, _ in faults.struck])
    assert struck[0] == struck[1]
    assert 5 < len(struck[0]) < 30


async def test_another_fault_in_the_plan_moves_none(rehearsal):
    one, other = Fault(chance=0.4, sets_back_s=1.0), Fault(chance=0.5, sets_back_s=2.0)
    struck = []
    for plan in ([one], [one, other]):
        fresh = rehearsed(look)
        faults, injection = await injected(fresh, *plan, seed=3)
        with injection:
            for number in range(20):
                await fresh.call(look, {"what": str(number)})
        struck.append([number for _, number, fault in faults.struck if fault is one])
    assert struck[0] == struck[1]


async def test_a_window_of_time_bounds_an_outage(rehearsal):
    _, injection = await injected(
        rehearsal, Fault(on="pay", raises=ConnectionRefusedError, until_s=60.0)
    )
    with injection:
        assert isinstance(await rehearsal.call(pay, {"cents": 1}), Failed)
        rehearsal.clock.advance(60)
        assert isinstance(await rehearsal.call(pay, {"cents": 2}), Completed)


async def test_unix_time_jumps_back(rehearsal):
    _, injection = await injected(rehearsal, Fault(sets_back_s=3_600.0, attempts={1}))
    before_ms = rehearsal.clock.now_ms()
    with injection:
        assert isinstance(await rehearsal.call(look, {"what": "a"}), Completed)
    assert rehearsal.clock.now_ms() == before_ms - 3_600_000


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"hangs": True, "chance": 0.0}, "above 0"),
        ({"is_late": True, "latency_s": 1.0}, "say what is raised"),
        ({}, "does something"),
    ],
    ids=["never", "late without error", "nothing"],
)
def test_a_fault_that_makes_no_sense_is_refused(wrong, said):
    with pytest.raises(ValueError, match=said):
        Fault(**wrong)

"""Attempts on the road: what is tried again, when, for how long, and what the record says of it."""

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from highroad import Failed, ToolContext, ToolError, Unknown, tool
from highroad.domain.dependency import BreakerRule, Dependency
from highroad.resilience.retry import Retry
from highroad.resilience.retry_budget import RetryBudget
from highroad.settings import load
from highroad.testing.clock import FakeClock

CLASSES = ["repeatable", "idempotent", "checkable", "unprotected"]
WORDS = "customer 4711 owes 12 euros"


def plain(body):
    """A function that takes a number, around `body`."""

    async def work(number: int, context: ToolContext[None]) -> int:
        return await body(context)

    return work


def declared(body, effect="unprotected", **options):
    """A tool of an effect class around `body`."""
    if effect == "checkable":
        options["probe"] = lambda _: None
    return tool(tier="reversible", effect=effect, **options)(plain(body))


def raising(*errors):
    """A body that raises one error after the other, and then returns.

    `times` has its attempts, and `began` when each began by its `clock`, if it is given one.
    """
    left = list(errors)

    async def body(context):
        body.times.append(context.attempt)
        if body.clock is not None:
            body.began.append(body.clock.monotonic_s())
        if left:
            raise left.pop(0)
        return 1

    body.times, body.began, body.clock = [], [], None
    return body


NEVER = BreakerRule(failures=1_000_000)
"""Breakers stay out of it: these are the rules of retrying alone."""
UNGUARDED = {"*": Dependency(name="*", breaker=NEVER)}


@pytest.fixture
def swift(world):
    """A world whose clock jumps to whoever sleeps."""

    def make(*tools, dependencies=None, **parts):
        settings = replace(load(Path.cwd(), {}), dependencies=dependencies or UNGUARDED)
        clock = FakeClock(autojump=True)
        return world(*tools, clock=clock, settings=settings, **parts).open()

    return make


async def lines(here, outcome):
    """What the trace says of attempts."""
    told = await here.runtime.audit.explain(outcome.call_id)
    return [line for line in told.stages if line.stage == "attempt"]


@pytest.mark.promise("P11")
@pytest.mark.parametrize("effect", CLASSES)
async def test_a_refused_connection_is_tried_again_whatever_the_class(swift, effect):
    """Nothing was sent, so nothing can happen twice."""
    body = raising(ConnectionRefusedError(), ConnectionRefusedError())
    work = declared(body, effect)
    here = await swift(work)
    assert (await here.call(work, {"number": 1})).unwrap() == 1
    assert body.times == [1, 2, 3]


@pytest.mark.promise("P3")
@pytest.mark.promise("P11")
@pytest.mark.parametrize("effect", CLASSES)
async def test_a_connection_that_broke_is_tried_again_only_where_that_is_safe(swift, effect):
    body = raising(*[ConnectionResetError()] * 9)
    work = declared(body, effect)
    here = await swift(work)
    outcome = await here.call(work, {"number": 1})
    assert len(body.times) == (3 if effect in {"repeatable", "idempotent"} else 1)
    assert isinstance(outcome, Failed if effect == "repeatable" else Unknown)


@pytest.mark.promise("P3")
async def test_an_unprotected_tool_whose_dependency_is_down_has_failed_and_is_not_unknown(swift):
    work = declared(raising(*[ConnectionRefusedError()] * 9))
    here = await swift(work)
    outcome = await here.call(work, {"number": 1})
    assert isinstance(outcome, Failed)
    assert (outcome.error.code, outcome.error.retryable) == ("max_retries_exceeded", True)
    end = await here.end_of(outcome)
    assert (end["proof"], end["rule"], end["attempts"]) == ("mapped", "retry.attempts", 3)


@pytest.mark.promise("P11")
async def test_who_declares_what_is_not_applied_says_all_that_proves_anything(swift):
    """A body that does two things, of which the second was refused, says so by an empty list."""
    body = raising(*[ConnectionRefusedError()] * 9)
    work = declared(body, not_applied=())
    here = await swift(work)
    assert isinstance(await here.call(work, {"number": 1}), Unknown)
    assert len(body.times) == 1


async def test_throttling_is_tried_again_five_times(swift):
    body = raising(*[ToolError("slow down", kind="throttled", applied=False)] * 9)
    work = declared(body)
    here = await swift(work)
    outcome = await here.call(work, {"number": 1})
    assert len(body.times) == 6
    assert "6 times" in outcome.error.message
    assert 31 * 0.8 <= here.clock.monotonic_s() <= 31 * 1.2


@pytest.mark.parametrize("most", [1, 2, 8])
async def test_a_tools_own_number_of_attempts_bounds_every_kind(swift, most, limits):
    body = raising(*[ToolError("slow down", kind="throttled", applied=False)] * 9)
    work = declared(body, attempts=most)
    here = await swift(work, limits=limits(call_s=1_000))
    await here.call(work, {"number": 1})
    assert len(body.times) == most


async def test_a_dependency_that_names_a_time_is_not_asked_before_it(swift):
    body = raising(ToolError("later", kind="transient", applied=False, retry_after_s=20))
    work = declared(body)
    here = await swift(work)
    assert (await here.call(work, {"number": 1})).unwrap() == 1
    assert 20 <= here.clock.monotonic_s() <= 24


async def test_a_time_behind_the_deadline_ends_it_at_once_and_is_told(swift):
    class BusyError(Exception):
        def __init__(self, response):
            self.response = response

    class Response:
        status_code = 503
        headers = {"Retry-After": "3600"}  # noqa: RUF012 - a double

    body = raising(BusyError(Response()))
    work = declared(body, "idempotent")
    here = await swift(work)
    outcome = await here.call(work, {"number": 1})
    assert body.times == [1]
    assert here.clock.monotonic_s() == 0
    assert "3600 s" in outcome.error.message
    assert (await here.end_of(outcome))["rule"] == "retry.deadline"


@pytest.mark.parametrize("wait_s", [float("nan"), -5])
async def test_a_time_to_wait_that_is_none_is_no_time(swift, wait_s):
    body = raising(ToolError("x", kind="transient", applied=False, retry_after_s=wait_s))
    work = declared(body)
    here = await swift(work)
    assert (await here.call(work, {"number": 1})).unwrap() == 1
    assert here.clock.monotonic_s() <= 0.6


async def test_the_kind_that_an_author_names_goes_before_retryable(swift):
    body = raising(ToolError("no", kind="permanent", retryable=True, applied=False))
    work = declared(body)
    here = await swift(work)
    outcome = await here.call(work, {"number": 1})
    assert (outcome.error.retryable, body.times) == (False, [1])


def test_a_kind_that_there_is_not_is_told_with_those_that_there_are():
    with pytest.raises(
        ValueError, match="no kind 'slow' of failure; there are transient, throttled"
    ):
        ToolError("x", kind="slow")


class BusyError(Exception):
    """Declared transient."""


async def test_a_declared_kind_goes_before_what_a_source_says(swift):
    class RateError(BusyError, KeyError):
        """A bug, by its class."""

    body = raising(RateError())
    work = declared(body, "repeatable", transient=(BusyError,))
    here = await swift(work)
    assert (await here.call(work, {"number": 1})).unwrap() == 1


@pytest.mark.promise("P11")
async def test_errors_of_a_task_group_prove_nothing_and_keep_the_authors_words(swift):
    refused = ExceptionGroup("", [ToolError("sold out", code="sold_out", applied=False)])
    work = declared(raising(refused))
    here = await swift(work)
    outcome = await here.call(work, {"number": 1})
    assert isinstance(outcome, Unknown)
    assert "sold out" in outcome.error.message


@pytest.mark.promise("P11")
async def test_declared_errors_in_a_group_are_read_as_declared(swift):
    pair = ExceptionGroup("", [BusyError(), BusyError()])
    for effect, tries in (("repeatable", 2), ("unprotected", 1)):
        body = raising(pair)
        work = declared(body, effect, transient=(BusyError,), not_applied=(BusyError,))
        here = await swift(work)
        await here.call(work, {"number": 1})
        assert len(body.times) == tries


async def test_a_result_of_mcp_that_says_it_failed_is_a_failure_with_its_words(swift):
    @tool(tier="read")
    async def ask() -> dict[str, object]:
        return {"isError": True, "content": [{"type": "text", "text": WORDS}]}

    here = await swift(ask)
    outcome = await here.call(ask, {})
    assert isinstance(outcome, Failed)
    assert outcome.error.message == WORDS
    (line,) = await lines(here, outcome)
    assert (line.code, line.rule) == ("unknown", "1: mcp.is_error; retry.kind")
    assert WORDS not in json.dumps(await here.bodies())


async def test_an_author_who_reads_results_reads_those_of_mcp_as_well(swift):
    @tool(tier="read", error_when=lambda _: None)
    async def ask() -> dict[str, object]:
        return {"isError": True, "content": []}

    here = await swift(ask)
    assert (await here.call(ask, {})).unwrap()["isError"] is True


@pytest.mark.promise("P7")
async def test_attempts_stand_in_the_trace_with_cause_delay_and_end_and_without_words(swift):
    work = declared(raising(ConnectionRefusedError(WORDS), KeyError(WORDS)), "idempotent")
    here = await swift(work)
    outcome = await here.call(work, {"number": 1})
    first, last = await lines(here, outcome)
    assert (first.verdict, first.code) == ("retry", "transient")
    assert first.rule.startswith("1: python.ConnectionRefusedError, not applied; again in 0.")
    assert (last.verdict, last.code) == ("end", "bug")
    assert last.rule == "2: python.LookupError; retry.kind"
    assert WORDS not in json.dumps(await here.bodies()) + str(outcome)


async def test_a_call_that_succeeds_at_once_has_no_line_of_attempts(swift):
    work = declared(raising())
    here = await swift(work)
    assert await lines(here, await here.call(work, {"number": 1})) == []


async def test_however_often_a_tool_is_tried_its_record_stays_small(swift, limits):
    body = raising(*[ConnectionRefusedError()] * 99)
    work = declared(body, attempts=20)
    here = await swift(work, limits=limits(call_s=1e9))
    wide = {"*": Dependency(name="*", retry_floor=1_000)}
    here.services.retry = Retry(lambda: 0.5, RetryBudget(wide))
    told = await lines(here, await here.call(work, {"number": 1}))
    assert len(body.times) == 20
    assert [line.rule.partition(":")[0] for line in told] == [*"1234567", "20"]
    assert told[-1].verdict == "end"


async def test_a_spent_budget_ends_retrying_and_says_so(swift):
    spare = {"payments": Dependency(name="payments", retry_ratio=0.0, retry_floor=1)}
    body = raising(*[ConnectionRefusedError()] * 99)
    work = declared(body, dependency="payments")
    here = await swift(work, dependencies=spare)
    outcome = await here.call(work, {"number": 1})
    assert len(body.times) == 2
    assert outcome.error.code == "max_retries_exceeded"
    assert "Too many calls" in outcome.error.message
    assert (await here.end_of(outcome))["rule"] == "retry.budget"
    assert (await lines(here, outcome))[-1].rule.endswith("retry.budget")


async def test_tools_of_one_dependency_share_its_budget(swift):
    spare = {"payments": Dependency(name="payments", retry_ratio=0.0, retry_floor=1)}
    bodies = [raising(*[ConnectionRefusedError()] * 99) for _ in range(2)]
    works = [
        tool(name=f"work{at}", tier="reversible", dependency="payments")(plain(body))
        for at, body in enumerate(bodies)
    ]
    here = await swift(*works, dependencies=spare)
    for work in works:
        await here.call(work, {"number": 1})
    assert [len(body.times) for body in bodies] == [2, 1]


@pytest.mark.parametrize("seed", range(3))
async def test_in_an_outage_a_dependency_gets_little_more_than_its_traffic(swift, limits, seed):
    """Ten minutes of calls to a dependency that is down: a tenth more, and ten a minute."""
    chance, tries = random.Random(seed), 0  # noqa: S311 - a sample, no secret

    @tool(tier="read", dependency="stock")
    async def look(number: int) -> int:
        nonlocal tries
        tries += 1
        raise ConnectionResetError

    here = await swift(look, limits=limits(identical_calls=10_000))
    calls = 0
    while here.clock.monotonic_s() < 600:
        await here.call(look, {"number": calls})
        calls += 1
        here.clock.advance(chance.expovariate(2))
    minutes = here.clock.monotonic_s() // 60 + 1
    assert calls < tries <= calls * 1.1 + 10 * minutes
    assert tries - calls >= calls * 0.1


COURSE = {
    ConnectionRefusedError: (0.5, True),
    ConnectionResetError: (0.5, False),
    TimeoutError: (0.5, False),
    "throttled": (1.0, True),
    KeyError: (None, False),
    PermissionError: (None, False),
}
"""Errors, with the pause that the first repetition has, and whether they prove anything."""


@pytest.mark.promise("P11")
@pytest.mark.parametrize("effect", CLASSES)
@pytest.mark.parametrize("seed", range(12))
async def test_whatever_comes_attempts_keep_to_the_table_and_pauses_to_the_jitter(
    swift, effect, seed
):
    """Ten errors by chance: none is followed by an attempt that the table forbids."""
    chance = random.Random(f"{effect} {seed}")  # noqa: S311 - a sample, no secret
    course = chance.choices(list(COURSE), weights=(6, 3, 2, 6, 1, 1), k=10)
    busy = ToolError("x", kind="throttled", applied=False)
    errors = [busy if each == "throttled" else each() for each in course]
    body = raising(*errors)
    work = declared(body, effect)
    here = await swift(work)
    body.clock = here.clock
    await here.call(work, {"number": 1})
    is_effect = effect in {"checkable", "unprotected"}
    allowed = 0
    for at, kind in enumerate(course, 1):
        first_s, is_proved = COURSE[kind]
        most = 6 if kind == "throttled" else 3
        allowed += 1
        if first_s is None or at >= most or (is_effect and not is_proved):
            break
        pause_s = body.began[at] - body.began[at - 1]
        plain_s = first_s * 2 ** (at - 1)
        assert plain_s * 0.8 <= pause_s <= plain_s * 1.2
    assert len(body.began) == allowed

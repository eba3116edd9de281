"""How a call ends, whatever a tool, a hook or we ourselves do."""

import asyncio
import json
from typing import Annotated

import pytest

from highroad import Completed, Failed, Owned, Owner, Refused, ToolContext, ToolError, Unknown, tool
from highroad.domain.error import BrokenPromise
from highroad.testing.clock import FakeClock
from highroad.tools.body.cost import Cost

pytestmark = [pytest.mark.promise("P3"), pytest.mark.promise("P5")]

CLASSES = ["repeatable", "idempotent", "checkable", "unprotected"]


def declared(body, effect="unprotected", answer=None, **options):
    """A tool of an effect class around `body`."""

    async def work(number: int, context: ToolContext[None]) -> int:
        return await body(context)

    if effect == "checkable":
        options["probe"] = lambda _: answer
    return tool(tier="reversible", effect=effect, **options)(work)


def raising(*errors):
    """A body that raises one error after the other, and then returns."""
    left = list(errors)

    async def body(context):
        if left:
            raise left.pop(0)
        return 1

    return body


@pytest.fixture
def swift(world):
    """A world whose clock jumps to whoever sleeps."""
    return lambda *tools, **parts: world(*tools, clock=FakeClock(autojump=True), **parts).open()


class LateError(TimeoutError):
    """A timeout by a name of its own."""


class DownError(Exception):
    """Declared transient."""


@pytest.mark.parametrize("effect", CLASSES)
@pytest.mark.parametrize("applied", [True, False, None])
async def test_what_a_tool_says_about_its_effect_decides(swift, effect, applied):
    work = declared(raising(ToolError("the words", hint="the hint", applied=applied)), effect)
    here = await swift(work)
    outcome = await here.call(work, {"number": 1}, run="r")
    expected = {True: "completed", False: "failed", None: "unknown"}[applied]
    if effect == "repeatable":
        expected = "failed"
    assert outcome.status == expected
    assert "the words" in json.dumps(outcome.for_model())
    end = await here.end_of(outcome)
    assert end["status"] == expected
    assert "the words" not in json.dumps(end)
    await here.check()


async def test_a_tool_that_was_applied_and_failed_afterwards_is_not_run_again(swift, effects):
    async def body(_):
        effects["x"] += 1
        raise ToolError("sent, but not filed", applied=True)

    work = declared(body)
    here = await swift(work)
    first = await here.call(work, {"number": 1}, run="r")
    again = await here.call(work, {"number": 1}, run="r")
    assert first.result_invalid
    assert "sent, but not filed" in first.warnings
    assert (again.is_repeated, again.result_invalid) == (True, True)
    assert effects["x"] == 1


async def test_a_proof_of_one_attempt_is_none_for_the_one_before(swift):
    """The first attempt was lost on its way; that the second applied nothing says nothing of it."""
    work = declared(
        raising(DownError(), ToolError("no", applied=False)), "idempotent", transient=(DownError,)
    )
    here = await swift(work)
    assert isinstance(await here.call(work, {"number": 1}), Unknown)


async def test_attempts_that_each_prove_that_nothing_was_applied_end_as_failed(swift):
    busy = ToolError("busy", applied=False, retryable=True)
    work = declared(raising(busy, busy, busy, busy))
    here = await swift(work)
    outcome = await here.call(work, {"number": 1})
    assert isinstance(outcome, Failed)
    assert outcome.error.code == "max_retries_exceeded"
    assert (await here.end_of(outcome))["attempts"] == 3


async def test_a_transient_error_is_tried_again_after_a_growing_pause(swift, effects):
    times = []

    async def body(context):
        times.append((here.clock.monotonic_s(), context.attempt, context.idempotency_key))
        if len(times) < 3:
            raise DownError
        return 1

    work = declared(body, "idempotent", transient=(DownError,))
    here = await swift(work)
    assert (await here.call(work, {"number": 1})).unwrap() == 1
    (first, second, third), attempts, keys = zip(*times, strict=True)
    assert attempts == (1, 2, 3)
    assert len(set(keys)) == 1
    assert None not in keys
    assert 0.4 <= second - first <= 0.6
    assert 0.8 <= third - second <= 1.2


async def test_nobody_waits_for_an_attempt_behind_the_deadline(swift, limits):
    work = declared(raising(*[DownError()] * 9), "idempotent", transient=(DownError,), attempts=9)
    here = await swift(work, limits=limits(call_s=2))
    outcome = await here.call(work, {"number": 1})
    assert isinstance(outcome, Unknown)
    assert here.clock.monotonic_s() < 2


async def test_a_call_whose_time_is_up_before_it_begins_fails_and_does_not_run(swift, limits):
    async def check(_):
        here.clock.advance(3)

    async def body(_):
        raise AssertionError

    work = declared(body, data_checks=[check])
    here = await swift(work, limits=limits(call_s=2))
    outcome = await here.call(work, {"number": 1})
    assert isinstance(outcome, Failed)
    assert outcome.error.code == "timeout"
    await here.check()


@pytest.mark.parametrize("effect", CLASSES)
async def test_what_takes_too_long_ends_by_its_class(swift, effect):
    async def body(_):
        await asyncio.Event().wait()

    work = declared(body, effect, answer=True, timeout_s=0.01)
    here = await swift(work)
    outcome = await here.call(work, {"number": 1})
    expected = {"repeatable": "failed", "checkable": "completed"}
    assert outcome.status == expected.get(effect, "unknown")
    await here.check()


async def test_a_timeout_of_the_tools_own_that_is_declared_not_applied_is_a_proof(swift):
    work = declared(raising(*[LateError()] * 3), not_applied=(LateError,))
    here = await swift(work)
    assert isinstance(await here.call(work, {"number": 1}), Failed)


@pytest.mark.parametrize(
    "error",
    [asyncio.CancelledError(), SystemExit(1), RecursionError(), ExceptionGroup("", [OSError()])],
)
async def test_whatever_a_tool_raises_its_caller_is_answered(swift, error):
    work = declared(raising(error))
    here = await swift(work)
    assert isinstance(await here.call(work, {"number": 1}), Unknown)
    await here.check()


async def test_a_probe_that_hangs_or_raises_knows_nothing(swift):
    async def hang(_):
        await asyncio.Event().wait()

    def crash(_):
        raise RuntimeError

    def leave(_):
        raise SystemExit(1)

    async def cancel_itself(_):
        raise asyncio.CancelledError

    for probe in (hang, crash, leave, cancel_itself):

        @tool(tier="reversible", effect="checkable", probe=probe, timeout_s=0.01)
        async def work(number: int) -> int:
            raise RuntimeError

        here = await swift(work)
        assert isinstance(await here.call(work, {"number": 1}), Unknown)


async def test_a_probe_is_not_asked_before_it_can_know(swift):
    asked = []

    def probe(key):
        asked.append((here.clock.monotonic_s(), bool(key)))
        return False

    @tool(tier="reversible", effect="checkable", probe=probe, settle_after_s=30)
    async def work(number: int) -> int:
        raise RuntimeError

    here = await swift(work)
    assert isinstance(await here.call(work, {"number": 1}), Failed)
    assert asked == [(30, True)]


@pytest.mark.parametrize("effect", ["repeatable", "unprotected"])
@pytest.mark.parametrize("result", ["x" * 50_000_000, object(), "one", float("nan"), 2**70])
async def test_a_result_that_cannot_be_used_ends_by_what_is_at_stake(swift, effect, result):
    async def body(_):
        return result

    work = declared(body, effect)
    here = await swift(work)
    outcome = await here.call(work, {"number": 1}, run="r")
    if effect == "repeatable":
        assert isinstance(outcome, Failed)
    else:
        assert outcome.result_invalid
        assert (await here.call(work, {"number": 1}, run="r")).result_invalid
    assert len(json.dumps(outcome.for_model())) < 1_000
    await here.check()


@pytest.mark.promise("P11")
async def test_a_body_has_its_key_also_where_a_check_looked_first(swift):
    seen = []

    async def check(_, context: ToolContext[None]):
        seen.append(context.idempotency_key)

    async def body(context):
        seen.append(context.idempotency_key)
        return 1

    work = declared(body, "idempotent", data_checks=[check])
    here = await swift(work)
    await here.call(work, {"number": 1}, key="k")
    assert seen[0] is None
    assert seen[1] is not None


async def test_dependencies_that_cannot_be_made_fail_the_call_before_it_runs(world):
    class Shop:
        pass

    def broken():
        raise OSError

    @tool(tier="reversible")
    async def work(number: int, context: ToolContext[Shop]) -> int:
        raise AssertionError

    here = await world(work, deps={Shop: broken}).open()
    outcome = await here.call(work, {"number": 1})
    assert isinstance(outcome, Failed)
    assert outcome.proof == "not_started"
    await here.check()


class OurError(Exception):
    """Ours."""


def bug(*_, **__):
    raise OurError


@pytest.mark.parametrize(
    ("part", "method"),
    [
        ("policy", "admits"),
        ("policy", "has_rules_for"),
        ("registry", "versions"),
        ("results", "find"),
        ("counters", "look"),
        ("counters", "take"),
        ("slots", "take_at_once"),
        ("loops", "seen"),
        ("ledger", "seal_call"),
        ("ledger", "claim"),
        ("budgets", "propose"),
        ("budgets", "look"),
        ("budgets", "reserve"),
    ],
)
async def test_a_bug_of_ours_before_the_intent_fails_the_call(
    world, monkeypatch, part, method, effects
):
    @tool(tier="reversible", effect="idempotent", per_minute=5)
    async def work(number: int) -> int:
        effects["x"] += 1
        return 1

    @tool(tier="read", cache_s=5)
    async def look(number: int) -> int:
        effects["x"] += 1
        return 1

    here = await world(work, look).open()
    subject = look if part in {"results", "loops"} else work
    budgets = here.services.budgets
    owner = budgets.counters if part == "counters" else getattr(here.services, part)
    with monkeypatch.context() as broken:
        broken.setattr(type(owner), method, bug)
        outcome = await here.call(subject.__name__, {"number": 1}, run="r")
    assert isinstance(outcome, Failed)
    assert outcome.error.code == "internal_error"
    assert not effects
    assert (await here.end_of(outcome))["proof"] == "not_started"
    assert (await here.account("r")).calls == 0
    await here.check()
    assert (await here.call(subject, {"number": 1}, run="r")).unwrap() == 1


@pytest.mark.parametrize(("tier", "expected"), [("read", Failed), ("reversible", Unknown)])
async def test_a_bug_of_ours_after_the_effect_leaves_it_unknown(world, monkeypatch, tier, expected):
    @tool(tier=tier, cost=0.01)
    async def work(number: int) -> int:
        return 1

    here = await world(work).open()
    codec = type(next(iter(here.services.registry)).result)
    with monkeypatch.context() as broken:
        broken.setattr(codec, "encode", bug)
        outcome = await here.call(work, {"number": 1}, run="r")
    assert isinstance(outcome, expected)
    assert outcome.error.code in {"internal_error", "outcome_unknown"}
    account = await here.account("r")
    assert (account.calls, account.microusd) == (1, 10_000)
    await here.check()


@pytest.mark.parametrize("tier", ["read", "reversible"])
async def test_a_bug_of_ours_in_the_very_end_is_answered_too(world, monkeypatch, tier):
    @tool(tier=tier, cost=0.01)
    async def work(number: int) -> int:
        return 1

    here = await world(work).open()
    times = iter([bug])
    context = "highroad.pipeline.context.RoadContext.labels"
    with monkeypatch.context() as broken:
        broken.setattr(context, property(lambda _: next(times)()))
        outcome = await here.call(work, {"number": 1}, run="r")
    assert outcome.status == {"read": "failed", "reversible": "unknown"}[tier]
    assert (await here.account("r")).microusd == 10_000
    await here.check()


async def test_a_price_that_cannot_be_told_does_not_take_the_answer_away(world):
    @tool(tier="reversible", cost=Cost(0.02, actual=bug))
    async def work(number: int) -> int:
        return 1

    here = await world(work).open()
    outcome = await here.call(work, {"number": 1}, run="r")
    assert isinstance(outcome, Completed | Unknown)
    assert (await here.account("r")).microusd == 20_000
    await here.check()


async def test_the_log_says_where_a_bug_is_and_not_what_it_says(world, monkeypatch, caplog):
    def leak(*_):
        raise BrokenPromise("canary")

    @tool(tier="reversible")
    async def work(number: int) -> int:
        return 1

    here = await world(work).open()
    monkeypatch.setattr(type(here.services.policy), "has_rules_for", leak)
    outcome = await here.call(work, {"number": 1})
    assert outcome.status == "failed"
    assert "BrokenPromise" in caplog.text
    assert "canary" not in caplog.text + json.dumps(outcome.for_model())


async def test_a_store_that_cannot_be_read_refuses(world):
    @tool(tier="reversible")
    async def work(number: int) -> int:
        return 1

    here = await world(work).open()
    await here.store.close()
    for circumstances in ({}, {"run": "r"}, {"key": "k"}):
        outcome = await here.call(work, {"number": 1}, **circumstances)
        assert isinstance(outcome, Refused)
        assert outcome.error.code == "ledger_unavailable"


async def hang(_):
    await asyncio.Event().wait()


def crash(_):
    raise LookupError("4111 1111 1111 1111")


def give_up(_):
    raise asyncio.CancelledError


def leave(_):
    raise SystemExit


@pytest.mark.parametrize(
    ("hook", "code"),
    [
        (hang, "timeout"),
        (crash, "execution_error"),
        (give_up, "execution_error"),
        (leave, "execution_error"),
    ],
)
@pytest.mark.parametrize("where", ["acl.number", "checks.data", "preview"])
async def test_a_hook_that_hangs_or_raises_lets_nothing_through(swift, effects, hook, code, where):
    owned = Owned(hook if where == "acl.number" else lambda _: Owner("default", "alice"))
    options = {
        "checks.data": {"data_checks": [hook]},
        "preview": {"preview": hook},
    }.get(where, {})

    @tool(tier="reversible", timeout_s=0.01, **options)
    async def work(number: Annotated[int, owned]) -> int:
        effects["x"] += 1
        return number

    here = await swift(work)
    outcome = await here.call(work, {"number": 1}, dry_run=where == "preview")
    assert isinstance(outcome, Refused)
    assert outcome.error.code == code
    assert outcome.error.retryable is (code == "timeout")
    assert not effects
    end = await here.end_of(outcome)
    assert end["rule"].startswith(f"{where}: ")
    assert "4111" not in str(end)
    await here.check()

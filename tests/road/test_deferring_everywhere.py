"""A call may wait for its result wherever it comes from, and whatever it holds meanwhile."""

import asyncio
import threading
from contextlib import closing

import anyio.lowlevel
import apsw
import pytest

from highroad import (
    BatchItem,
    Completed,
    Cost,
    Fallback,
    Held,
    Principal,
    ToolContext,
    ToolError,
    tool,
)
from highroad.domain.entry import EntryKind
from highroad.domain.error import DecisionRefused, ErasureRefused, HighroadError, ResultRefused
from highroad.domain.outcome import HoldReason
from highroad.testing.clock import FakeClock

HOUR = 3_600


@pytest.fixture
def tokens():
    """What bodies handed on, by call."""
    return {}


@pytest.fixture
def made(tokens):
    """A tool that defers, of any contract."""

    def make(**contract):
        @tool(**{"tier": "reversible", **contract})
        async def render(name: str, context: ToolContext[None]) -> str:
            tokens[context.call_id] = context.completion_token
            context.defer(expires_s=HOUR)

        return render

    return make


@pytest.fixture
def complete(tokens):
    async def hand_in(here, outcome, result="done"):
        return await here.runtime.complete(outcome.call_id, tokens[outcome.call_id], result)

    return hand_in


def is_deferred(outcome):
    return isinstance(outcome, Held) and outcome.reason is HoldReason.DEFERRED


@pytest.mark.promise("P4")
async def test_a_call_that_people_agreed_to_may_wait_for_its_result(world, made, complete):
    here = await world(made(tier="irreversible")).open()
    asked = await here.call("render", {"name": "a"})
    await here.approve(asked)
    held = await here.wait(asked.call_id)
    assert is_deferred(held)
    assert (await complete(here, held)).value == "done"
    assert await here.check() == set()


async def test_whoever_waits_is_woken_by_the_result(world, made, complete, turns):
    here = await world(made()).open()
    held = await here.call("render", {"name": "a"})
    waiting = asyncio.ensure_future(here.wait(held.call_id, timeout_s=None))
    await turns()
    assert not waiting.done()
    await complete(here, held)
    assert (await waiting).value == "done"
    assert here.clock.now_ms() < held.expires_ms


async def test_whoever_waits_for_a_running_call_waits_for_its_result_too(
    world, tokens, complete, turns
):
    gate = asyncio.Event()

    @tool(tier="reversible")
    async def render(name: str, context: ToolContext[None]) -> str:
        tokens[context.call_id] = context.completion_token
        await gate.wait()
        context.defer(expires_s=HOUR)

    here = await world(render).open()
    calling = asyncio.ensure_future(here.call(render, {"name": "a"}))
    while not tokens:
        await anyio.lowlevel.checkpoint()
    (call_id,) = tokens
    waiting = asyncio.ensure_future(here.wait(call_id, timeout_s=None))
    await turns()
    gate.set()
    held = await calling
    await turns()
    assert not waiting.done()
    await complete(here, held)
    assert (await waiting).value == "done"


@pytest.mark.parametrize("given", [{"run": "r"}, {"key": "k"}])
async def test_the_second_call_with_a_key_gets_the_same_hold_and_then_the_result(
    world, made, tokens, complete, given
):
    here = await world(made()).open()
    first = await here.call("render", {"name": "a"}, **given)
    assert await here.call("render", {"name": "a"}, **given) == first
    assert len(tokens) == 1
    await complete(here, first)
    again = await here.call("render", {"name": "a"}, **given)
    assert (again.value, again.is_repeated) == ("done", True)


async def test_calls_that_joined_get_the_hold_of_the_first(world, made, tokens):
    here = await world(made()).open()
    calls = (here.call("render", {"name": "a"}, run="r") for _ in range(4))
    held = await asyncio.gather(*calls)
    assert len({each.call_id for each in held}) == len(tokens) == 1
    assert all(map(is_deferred, held))


async def test_the_second_call_finds_that_the_time_of_the_first_is_over(world, made):
    here = await world(made()).open()
    await here.call("render", {"name": "a"}, run="r")
    here.clock.advance(HOUR)
    again = await here.call("render", {"name": "a"}, run="r")
    assert (again.status, again.error.code) == ("unknown", "outcome_unknown")


@pytest.mark.promise("P11")
async def test_the_key_is_the_calls_for_as_long_as_it_waits(world, tokens, complete):
    @tool(tier="reversible")
    async def render(name: str, context: ToolContext[None]) -> str:
        tokens[context.call_id] = context.completion_token
        context.defer(expires_s=100 * 86_400)

    here = await world(render).open()
    first = await here.call(render, {"name": "a"}, key="k")
    here.clock.advance(60 * 86_400)
    assert await here.call(render, {"name": "a"}, key="k") == first
    assert len(tokens) == 1


@pytest.mark.promise("P3")
async def test_a_call_from_inside_a_body_cannot_wait_and_says_so(world, made, tokens):
    seen = []

    @tool(tier="reversible", effect="repeatable")
    async def outer(name: str, context: ToolContext[None]) -> str:
        seen.extend(
            [await context.call(each, {"name": name}) for each in ("render", "careless", "again")]
        )
        return name

    @tool(tier="reversible")
    async def careless(name: str, context: ToolContext[None]) -> str:
        context.defer(expires_s=HOUR)

    @tool(tier="reversible", effect="repeatable")
    async def again(name: str, context: ToolContext[None]) -> str:
        context.defer(expires_s=HOUR)

    here = await world(outer, made(), careless, again).open()
    assert (await here.call(outer, {"name": "a"})).status == "completed"
    assert [each.status for each in seen] == ["unknown", "unknown", "failed"]
    assert seen[2].error.code == "cannot_defer"
    assert "outside" in seen[2].error.hint
    assert tokens == {}
    assert await here.check() == set()


@pytest.mark.promise("P2")
async def test_a_read_may_wait_and_its_result_is_on_disk_when_it_was_handed_in(
    sqlite, made, complete
):
    here = await sqlite(made(tier="read")).open()
    held = await here.call("render", {"name": "a"})
    await here.reopen()
    assert (await here.wait(held.call_id)) == held
    await complete(here, held)
    await here.reopen()
    assert (await here.wait(held.call_id)).value == "done"


async def test_each_stage_of_a_read_that_waits_is_told_once(world, made, complete):
    here = await world(made(tier="read")).open()
    outcome = await complete(here, await here.call("render", {"name": "a"}))
    told = [line.stage for line in (await here.runtime.audit.explain(outcome.call_id)).stages]
    assert told.count("resolve") == told.count("finish") == 1


async def test_the_result_of_a_read_that_waited_is_not_cached(world, made, tokens, complete):
    here = await world(made(tier="read", cache_s=60)).open()
    assert (await complete(here, await here.call("render", {"name": "a"}))).value == "done"
    assert is_deferred(await here.call("render", {"name": "a"}))
    assert len(tokens) == 2


async def test_a_body_in_a_thread_defers_as_well(world, tokens, complete):
    @tool(tier="reversible")
    def render(name: str, context: ToolContext[None]) -> str:
        assert threading.current_thread() is not threading.main_thread()
        tokens[context.call_id] = context.completion_token
        context.defer(expires_s=HOUR)

    here = await world(render).open()
    held = await here.call(render, {"name": "a"})
    assert is_deferred(held)
    assert (await complete(here, held)).value == "done"
    assert here.runtime.strays == {}


@pytest.mark.promise("P3")
async def test_a_body_in_a_thread_that_is_behind_its_deadline_cannot_defer(world, tokens, complete):
    gate, told = threading.Event(), []

    @tool(tier="reversible", timeout_s=0.05)
    def render(name: str, context: ToolContext[None]) -> str:
        tokens[context.call_id] = context.completion_token
        gate.wait(10)
        try:
            context.defer(expires_s=HOUR)
        except HighroadError as error:
            told.append(str(error))
            raise

    here = await world(render).open()
    outcome = await here.call(render, {"name": "a"})
    assert outcome.status == "unknown"
    gate.set()
    while here.runtime.strays:
        await anyio.lowlevel.checkpoint()
    assert "while it runs" in told[0]
    assert (await complete(here, outcome)).status == "unknown"
    assert (await here.services.ledger.history(outcome.call_id)).settled is True


@pytest.mark.parametrize("way", ["raises", "returns", "hides", "dawdles"])
async def test_a_body_that_was_left_by_defer_has_deferred_whatever_it_does_then(
    world, tokens, complete, way
):
    @tool(tier="reversible", timeout_s=0.05)
    async def render(name: str, context: ToolContext[None]) -> str:
        tokens[context.call_id] = context.completion_token
        try:
            context.defer(expires_s=HOUR)
        except BaseException:  # noqa: BLE001 - what a body should not do
            if way == "raises":
                raise ValueError from None
            if way == "dawdles":
                await asyncio.Event().wait()
            if way == "hides":
                raise BaseExceptionGroup("several", [ValueError(), KeyError()]) from None
        return name

    here = await world(render).open()
    held = await here.call(render, {"name": "a"})
    assert is_deferred(held)
    assert (await complete(here, held)).value == "done"


@pytest.mark.parametrize("expires_s", [0, -1, float("nan"), float("inf"), 367 * 86_400])
async def test_a_time_that_is_none_is_a_mistake_of_the_body(world, expires_s):
    @tool(tier="reversible", effect="repeatable")
    async def render(name: str, context: ToolContext[None]) -> str:
        context.defer(expires_s=expires_s)

    here = await world(render).open()
    outcome = await here.call(render, {"name": "a"})
    assert (outcome.status, outcome.error.message) == ("failed", "The tool failed (ValueError).")


@pytest.mark.parametrize("how", ["defer", "token"])
async def test_hooks_have_nothing_to_defer(world, how):
    def owner(name, context):
        return context.completion_token if how == "token" else context.defer(expires_s=1)

    def preview(arguments, context):
        return owner(arguments, context)

    @tool(tier="reversible", preview=preview)
    async def render(name: str) -> str:
        return name

    here = await world(render).open()
    outcome = await here.call(render, {"name": "a"}, dry_run=True)
    assert outcome.status in {"refused", "completed"}
    assert not is_deferred(outcome)
    assert await here.check() == set()


async def test_a_dry_run_defers_nothing(world, made, tokens):
    here = await world(made()).open()
    outcome = await here.call("render", {"name": "a"}, dry_run=True)
    assert (outcome.status, outcome.dry_run) == ("completed", True)
    assert tokens == {}


async def test_of_two_hedged_attempts_the_first_that_defers_counts(world, tokens, complete):
    @tool(tier="read", hedge_s=0.01)
    async def render(name: str, context: ToolContext[None]) -> str:
        tokens[context.call_id] = context.completion_token
        if context.attempt == 1:
            await asyncio.Event().wait()
        context.defer(expires_s=HOUR)

    here = await world(render, clock=FakeClock(autojump=True)).open()
    held = await here.call(render, {"name": "a"})
    assert is_deferred(held)
    assert (await complete(here, held)).value == "done"


async def test_an_attempt_that_defers_ends_the_attempts(world, tokens, complete):
    @tool(tier="reversible", effect="idempotent")
    async def render(name: str, context: ToolContext[None]) -> str:
        if context.attempt < 3:
            raise ConnectionRefusedError
        tokens[context.call_id] = context.completion_token
        context.defer(expires_s=HOUR)

    here = await world(render, clock=FakeClock(autojump=True)).open()
    held = await here.call(render, {"name": "a"})
    assert is_deferred(held)
    outcome = await complete(here, held)
    assert (await here.end_of(outcome))["attempts"] == 3


# -- what it holds -----------------------------------------------------------------------------


@pytest.mark.promise("P6")
async def test_a_call_that_waits_counts_in_full_until_its_result_is_there(
    world, made, complete, limits
):
    here = await world(made(cost=0.6), limits=limits(usd=1, calls=3)).open()
    held = await here.call("render", {"name": "a"}, run="r")
    refused = await here.call("render", {"name": "b"}, run="r")
    assert refused.error.code == "budget_exceeded"
    await here.reopen()
    refused = await here.call("render", {"name": "b"}, run="r")
    assert refused.error.code == "budget_exceeded"
    account = await here.account("r")
    assert (account.calls, account.microusd) == (1, 600_000)
    await complete(here, held)
    assert await here.account("r") == account._replace(
        wall_ms=(await here.account("r")).wall_ms, proposals=account.proposals
    )
    usage = await here.store.usage(held_run(here), at_ms=here.clock.now_ms())
    assert (usage.spent.total.calls, usage.spent.total.microusd) == (1, 600_000)
    assert usage.spent.held == {}


def held_run(here):
    return here.services.ledger.keyring.organization("default").run_id("r")


@pytest.mark.promise("P6")
async def test_what_a_result_has_cost_is_settled_with_it(world, tokens, complete, limits):
    @tool(tier="reversible", cost=Cost(at_most=0.9, actual=lambda arguments, result: 0.1))
    async def render(name: str, context: ToolContext[None]) -> str:
        tokens[context.call_id] = context.completion_token
        context.defer(expires_s=HOUR)

    here = await world(render, limits=limits(usd=1)).open()
    held = await here.call(render, {"name": "a"}, run="r")
    assert (await here.account("r")).microusd == 900_000
    await complete(here, held)
    assert (await here.account("r")).microusd == 100_000


@pytest.mark.promise("P6")
@pytest.mark.parametrize(("applied", "microusd"), [(False, 0), (True, 100_000)])
async def test_what_comes_late_settles_what_an_unknown_call_held(
    world, made, tokens, applied, microusd
):
    here = await world(made(cost=0.1)).open()
    held = await here.call("render", {"name": "a"}, run="r")
    here.clock.advance(HOUR)
    assert (await here.wait(held.call_id)).status == "unknown"
    assert (await here.account("r")).microusd == 100_000
    error = ToolError("It burned down.", applied=applied)
    await here.runtime.fail(held.call_id, tokens[held.call_id], error)
    assert (await here.account("r")).microusd == microusd
    usage = await here.store.usage(held_run(here), at_ms=here.clock.now_ms())
    assert usage.spent.total.microusd == microusd


async def test_slot_and_place_are_free_while_a_call_waits(world, made, limits):
    here = await world(made(), limits=limits(parallel=1)).open()
    held = [await here.call("render", {"name": str(n)}, run="r") for n in range(20)]
    assert all(map(is_deferred, held))
    assert not len(here.services.slots)


async def test_the_breaker_is_told_that_the_dependency_is_well(world, made):
    here = await world(made(dependency="farm")).open()
    for n in range(8):
        await here.call("render", {"name": str(n)})
    (health,) = [each for each in await here.dependencies.health() if each.dependency == "farm"]
    assert (health.state, health.attempts, health.failures) == ("closed", 8, 0)


async def test_only_work_counts_as_time_and_not_the_wait(world, made, complete, limits):
    here = await world(made(), limits=limits(run_s=60)).open()
    held = await here.call("render", {"name": "a"}, run="r")
    here.clock.advance(HOUR - 1)
    await here.reopen()
    outcome = await complete(here, held)
    assert outcome.status == "completed"
    assert (await here.end_of(outcome))["latency_us"] < 60e6
    await here.reopen()
    usage = await here.store.usage(held_run(here), at_ms=here.clock.now_ms())
    assert usage.rested_ms == (HOUR - 1) * 1_000
    assert is_deferred(await here.call("render", {"name": "b"}, run="r"))


async def test_the_work_before_and_after_the_wait_is_counted_together(world, tokens, complete):
    @tool(tier="reversible")
    async def render(name: str, context: ToolContext[None]) -> str:
        tokens[context.call_id] = context.completion_token
        here.clock.advance(5)
        context.defer(expires_s=HOUR)

    here = await world(render).open()
    held = await here.call(render, {"name": "a"})
    here.clock.advance(60)
    outcome = await complete(here, held)
    assert (await here.end_of(outcome))["latency_us"] == 5_000_000


async def test_a_body_that_serves_several_calls_cannot_defer_and_says_so(world):
    said = []

    async def many(items: list[BatchItem]) -> list[str]:
        for item in items:
            with pytest.raises(HighroadError, match="several calls") as refused:
                item.context.defer(expires_s=HOUR)
            said.append(refused.value)
        return ["done"] * len(items)

    @tool(tier="reversible", batch=many)
    async def render(name: str) -> str:
        return name

    here = await world(render, clock=FakeClock(autojump=True)).open()
    assert (await here.call(render, {"name": "a"})).value == "done"
    assert len(said) == 1


# -- giving up -----------------------------------------------------------------------------------


async def test_what_stands_in_for_a_tool_stands_in_for_a_late_failure_as_well(world, tokens):
    @tool(tier="reversible", effect="idempotent")
    async def sketch(name: str) -> str:
        return f"a sketch of {name}"

    @tool(tier="reversible", effect="idempotent", fallback=Fallback(to=sketch))
    async def render(name: str, context: ToolContext[None]) -> str:
        tokens[context.call_id] = context.completion_token
        context.defer(expires_s=HOUR)

    here = await world(render, sketch).open()
    held = await here.call(render, {"name": "a"})
    error = ToolError("It burned down.", kind="transient", applied=False)
    outcome = await here.runtime.fail(held.call_id, tokens[held.call_id], error)
    assert isinstance(outcome, Completed)
    assert outcome.value == "a sketch of a"
    assert (await here.wait(held.call_id)).value == "a sketch of a"
    (letter,) = await here.runtime.dead_letters.list(state=None)
    assert (letter.call_id, letter.state) == (held.call_id, "answered")


async def test_a_result_that_does_not_come_leaves_a_dead_letter(world, made):
    here = await world(made(effect="repeatable")).open()
    held = await here.call("render", {"name": "a"})
    here.clock.advance(HOUR)
    await here.assembly.waiting.sweep()
    (letter,) = await here.runtime.dead_letters.list()
    assert (letter.call_id, letter.code, letter.kind) == (held.call_id, "timeout", "timeout")


# -- who looks ------------------------------------------------------------------------------------


async def test_calls_that_wait_for_results_are_listed_with_until_when(world, made, bob):
    here = await world(made()).open()
    held = await here.call("render", {"name": "a"})
    (line,) = await here.runtime.unsettled(with_open=True)
    assert (line.call_id, line.standing, line.expires_ms) == (
        held.call_id,
        "deferred",
        held.expires_ms,
    )
    told = await here.runtime.audit.explain(held.call_id)
    assert (told.status, told.code, told.deferral.state) == ("held", "deferred", "waiting")


async def test_plain_sql_says_what_waits_for_a_result_and_until_when(sqlite, made, complete):
    here = await sqlite(made()).open()
    held = await here.call("render", {"name": "a"})
    done = await here.call("render", {"name": "b"})
    await complete(here, done)
    # By the library that has it open: another one would take its locks away as it closes.
    with closing(apsw.Connection(str(here.path), flags=apsw.SQLITE_OPEN_READONLY)) as ledger:
        rows = ledger.execute(
            "SELECT call_id, tool, expires_ms FROM deferral WHERE state = 'waiting'"
        ).fetchall()
        (ended,) = ledger.execute("SELECT ended_ms FROM deferral WHERE state = 'answered'")
    assert rows == [(held.call_id, "render", held.expires_ms)]
    assert ended[0] is not None


async def test_a_person_cannot_settle_what_waits_for_its_result(world, made, bob):
    here = await world(made()).open()
    held = await here.call("render", {"name": "a"})
    with pytest.raises(DecisionRefused, match="waits for its result"):
        await here.runtime.settle(held.call_id, applied=True, by=bob, reason="seen")


@pytest.mark.promise("P7")
async def test_nobody_is_forgotten_while_a_call_of_theirs_waits_for_its_result(world, made):
    here = await world(made()).open()
    held = await here.call("render", {"name": "a"})
    admin = Principal("admin", authenticated=True, permissions={"audit:erase"})
    with pytest.raises(ErasureRefused, match=held.call_id):
        await here.runtime.audit.erase("alice", by=admin)


# -- other processes ------------------------------------------------------------------------------


async def elsewhere(here):
    """Another process on the ledger, which owns nothing."""
    other = type(here)(*here.tools, clock=here.clock, principal=here.principal)
    other.ledger = here.ledger
    other.ids = here.ids
    await other.open()
    assert other.runtime.owner_pid is not None
    return other


@pytest.mark.promise("P3")
async def test_a_process_that_owns_nothing_leaves_the_result_for_the_owner(
    world, made, complete, turns
):
    here = await world(made()).open()
    other = await elsewhere(here)
    held = await here.call("render", {"name": "a"})
    assert await complete(other, held) == held
    await complete(other, held, "something else")
    await here.assembly.inbox.empty()
    assert (await here.wait(held.call_id, timeout_s=None)).value == "done"
    await here.assembly.inbox.empty()
    assert await here.store.inbox() == []
    (refused,) = await here.store.entries(kind=EntryKind.ORDER_REFUSED)
    assert b"call_ended" in refused.body
    assert await here.check() == set()


async def test_a_result_for_the_owner_is_judged_where_it_is_left(world, made, complete):
    here = await world(made()).open()
    other = await elsewhere(here)
    held = await here.call("render", {"name": "a"})
    with pytest.raises(ResultRefused, match="token stays good"):
        await complete(other, held, 7)
    other.services.registry.__init__(())
    await complete(other, held, 7)
    await here.assembly.inbox.empty()
    (refused,) = await here.store.entries(kind=EntryKind.ORDER_REFUSED)
    assert b"result_invalid" in refused.body
    assert (await complete(here, held)).value == "done"


@pytest.mark.promise("P3")
async def test_an_owner_that_dies_behind_the_end_does_not_record_the_order_twice(
    world, made, complete
):
    here = await world(made()).open()
    other = await elsewhere(here)
    held = await here.call("render", {"name": "a"})
    await complete(other, held)
    posted = [*await here.store.inbox()]
    await here.assembly.inbox.empty()
    await here.wait(held.call_id, timeout_s=None)
    here.ledger.inbox = {each.number: (each.kind, each.content) for each in posted}
    await here.reopen()
    assert await here.store.inbox() == []
    assert not await here.store.entries(kind=EntryKind.ORDER_REFUSED)


async def test_the_tool_that_is_gone_is_waited_for(world, made, complete):
    @tool(tier="read")
    async def other(name: str) -> str:
        return name

    render = made()
    here = await world(render, other).open()
    held = await here.call("render", {"name": "a"})
    await here.reopen(other)
    assert (await complete(here, held)).status == "held"
    await here.assembly.inbox.empty()
    await here.reopen(render, other)
    await here.assembly.inbox.empty()
    assert (await here.wait(held.call_id, timeout_s=None)).value == "done"

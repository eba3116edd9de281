"""Budgets of conversations, users and organizations, and of runs below runs, on the road (P6)."""

import asyncio
import random

import pytest

from highroad import ToolContext, tool
from highroad.adapters.counters.memory import MemoryCounters
from highroad.domain.error import CountersError, HighroadError
from highroad.domain.identity import Principal
from highroad.settings import load
from highroad.tools.body.cost import Cost

pytestmark = pytest.mark.promise("P6")

CAROL = Principal("carol", authenticated=True)
STRANGER = Principal("alice", organization="other", authenticated=True)


@pytest.fixture
def pay(effects):
    @tool(tier="reversible", cost=0.03)
    async def pay(number: int) -> int:
        effects["ran"] += 1
        return number

    return pay


@pytest.fixture
def look(effects):
    @tool(tier="read")
    async def look(number: int) -> int:
        effects["looked"] += 1
        return number

    return look


@pytest.fixture(params=["memory", "sqlite"])
def anywhere(request, world, sqlite):
    return sqlite if request.param == "sqlite" else world


@pytest.fixture
def configured(tmp_path):
    """Settings with these lines in `highroad.toml`."""

    def configure(text):
        (tmp_path / "highroad.toml").write_text(text)
        return load(tmp_path, {})

    return configure


def codes(outcomes):
    return [outcome.error.code if outcome.error else "completed" for outcome in outcomes]


DAILY = '[[budgets]]\nscope = "user"\nwindow = "day"\n'


async def test_a_user_has_one_budget_over_all_runs(anywhere, pay, limits, configured, effects):
    here = await anywhere(
        pay, limits=limits(usd=9), settings=configured(DAILY + "usd = 0.09")
    ).open()
    outcomes = [
        *[await here.call(pay, {"number": n}) for n in range(2)],
        *[await here.call(pay, {"number": n}, run="r") for n in range(2)],
    ]
    assert codes(outcomes) == [*["completed"] * 3, "budget_exceeded"]
    assert "of this user for this day: 0.09 of 0.09 US dollars" in outcomes[3].error.message
    assert (await here.end_of(outcomes[3]))["rule"] == "budgets.user.day.usd"
    assert (await here.call(pay, {"number": 1}, principal=CAROL)).status == "completed"
    assert effects["ran"] == 4
    await here.check()


async def test_budgets_of_users_are_kept_over_a_restart(anywhere, pay, look, limits, configured):
    settings = configured(DAILY + "calls = 4")
    here = await anywhere(pay, look, limits=limits(usd=9), settings=settings).open()
    for number in range(2):
        await here.call(pay, {"number": number})
        await here.call(look, {"number": number}, run="r")
        await here.runtime.close()
        await here.open()
    assert codes([await here.call(look, {"number": 9})]) == ["budget_exceeded"]
    here.clock.advance(86_400)
    assert codes([await here.call(look, {"number": 9})]) == ["completed"]


async def test_a_budget_of_proposals_counts_what_is_refused_repeated_or_cached(
    world, pay, limits, configured, effects
):
    @tool(tier="read", cache_s=60)
    async def cached(number: int) -> int:
        effects["cached"] += 1
        return number

    settings = configured(DAILY + "proposals = 6\ncalls = 3")
    here = await world(pay, cached, limits=limits(usd=9), settings=settings).open()
    made = [
        *[await here.call(pay, {"number": 1}, run="r") for _ in range(2)],
        *[await here.call(cached, {"number": 1}, run="r") for _ in range(2)],
        *[await here.call(pay, {"number": "?"}) for _ in range(2)],
        await here.call(cached, {"number": 1}),
    ]
    assert codes(made)[4:] == ["invalid_arguments", "invalid_arguments", "budget_exceeded"]
    assert (effects["ran"], effects["cached"]) == (1, 1)
    spent = await here.store.spent("user", made_by(here))
    assert (spent.used.proposals, spent.used.calls) == (7, 2)


def made_by(here):
    return here.services.ledger.keyring.opaque(here.principal)


async def test_a_conversation_has_one_budget_over_its_runs(anywhere, look, configured):
    talk = '[[budgets]]\nscope = "conversation"\ncalls = 3\n'
    here = await anywhere(look, settings=configured(talk)).open()
    for number, run in enumerate(["a", None, "b"]):
        await here.call(look, {"number": number}, run=run, conversation="chat")
    assert codes([await here.call(look, {"number": 8}, run="a")]) == ["budget_exceeded"]
    assert codes([await here.call(look, {"number": 8}, conversation="chat")]) == ["budget_exceeded"]
    assert codes([await here.call(look, {"number": 8}, conversation="other")]) == ["completed"]
    assert codes([await here.call(look, {"number": 8})]) == ["completed"]
    await here.runtime.close()
    await here.open()
    assert codes([await here.call(look, {"number": 9}, run="b")]) == ["budget_exceeded"]


async def test_organizations_share_nothing(world, look, configured):
    text = '[[budgets]]\nscope = "organization"\nwindow = "month"\ncalls = 1\n'
    here = await world(look, settings=configured(text)).open()
    assert codes([await here.call(look, {"number": 1})]) == ["completed"]
    refused = await here.call(look, {"number": 1}, principal=CAROL)
    assert codes([refused]) == ["budget_exceeded"]
    assert "1 of 1" not in refused.error.message
    assert codes([await here.call(look, {"number": 1}, principal=STRANGER)]) == ["completed"]


async def test_a_child_run_draws_on_its_parents_budget_also_after_a_restart(
    anywhere, pay, limits, effects
):
    here = await anywhere(pay, limits=limits(calls=3, usd=9)).open()
    await here.call(pay, {"number": 1}, run="top")
    await here.call(pay, {"number": 2}, run="child", parent="top")
    await here.runtime.close()
    await here.open()
    assert codes([await here.call(pay, {"number": 3}, run="child")]) == ["completed"]
    await here.runtime.close()
    await here.open()
    refused = await here.call(pay, {"number": 4}, run="grandchild", parent="child")
    assert codes([refused]) == ["budget_exceeded"]
    assert "the run above this one" in refused.error.message
    assert codes([await here.call(pay, {"number": 5}, parent="top")]) == ["budget_exceeded"]
    assert codes([await here.call(pay, {"number": 6}, run="top")]) == ["budget_exceeded"]
    assert codes([await here.call(pay, {"number": 7}, run="another")]) == ["completed"]
    assert effects["ran"] == 4


async def test_a_lone_read_below_a_run_draws_on_its_budget(world, look, limits):
    here = await world(look, limits=limits(calls=2)).open()
    made = [await here.call(look, {"number": number}, parent="top") for number in range(3)]
    assert codes(made) == ["completed", "completed", "budget_exceeded"]
    assert (await here.account("top")).proposals == 3


async def test_a_run_of_one_below_another_is_found_again_after_a_crash(sqlite, limits, turns):
    gate = asyncio.Event()

    @tool(tier="read")
    async def slow(number: int) -> int:
        await gate.wait()
        return number

    here = await sqlite(slow, limits=limits(calls=1)).open()
    lost = asyncio.ensure_future(here.call(slow, {"number": 1}, parent="top"))
    await turns()
    await here.services.ledger.writer.flush()
    await here.reopen()
    assert (await here.account("top")).calls == 1
    gate.set()
    assert codes([await here.call(slow, {"number": 2}, run="top")]) == ["budget_exceeded"]
    await asyncio.gather(lost, return_exceptions=True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"run": "child", "parent": "other"},
        {"run": "child", "conversation": "other"},
        {"run": "", "parent": "top"},
        {"run": "same", "parent": "same"},
    ],
)
async def test_a_run_that_would_belong_to_two_places_is_a_mistake(world, look, wrong):
    here = await world(look).open()
    await here.call(look, {"number": 1}, run="child", parent="top")
    with pytest.raises(HighroadError):
        await here.call(look, {"number": 1}, **wrong)
    await here.check()
    assert (await here.call(look, {"number": 2}, run="child")).status == "completed"


async def test_calls_from_inside_a_body_draw_on_every_budget(world, look, configured, effects):
    @tool(tier="read")
    async def agent(first: int, context: ToolContext[None]) -> int:
        calls = (context.call(look, {"number": first + more}) for more in range(5))
        return sum(each.status == "completed" for each in await asyncio.gather(*calls))

    here = await world(look, agent, settings=configured(DAILY + "calls = 4")).open()
    assert (await here.call(agent, {"first": 0})).unwrap() == 3
    assert codes([await here.call(look, {"number": 9})]) == ["budget_exceeded"]
    await here.check()


async def test_the_limits_of_a_run_of_one_bind_what_its_body_calls(world, limits, effects):
    @tool(tier="reversible", cost=0.04)
    async def buy(number: int) -> int:
        return number

    @tool(tier="read", cost=0.01)
    async def agent(first: int, context: ToolContext[None]) -> int:
        calls = (context.call(buy, {"number": first + more}) for more in range(5))
        return sum(each.status == "completed" for each in await asyncio.gather(*calls))

    here = await world(buy, agent, limits=limits(usd=0.10)).open()
    assert [(await here.call(agent, {"first": 10 * n})).unwrap() for n in range(3)] == [2, 2, 2]
    held = here.services.budgets.counters._accounts._accounts.values()  # noqa: SLF001 - nobody tells
    assert not any(account.held for account in held)


async def test_the_run_is_told_once_that_a_limit_is_near(world, look, limits):
    here = await world(look, limits=limits(calls=10)).open()
    outcomes = [await here.call(look, {"number": n}, run="r") for n in range(11)]
    told = [outcome.warnings for outcome in outcomes[:10]]
    assert told[:8] == [()] * 8
    assert "9 of 10 calls" in told[8][0]
    assert "wind up" in outcomes[8].for_model()["warnings"][0]
    assert told[9] == ()
    assert codes(outcomes[10:]) == ["budget_exceeded"]
    other = [await here.call(look, {"number": n}, run="s") for n in range(9)]
    assert [bool(outcome.warnings) for outcome in other] == [*[False] * 8, True]


async def test_who_was_refused_is_told_later_that_a_limit_is_near(world, limits, effects):
    @tool(tier="read")
    async def fail(number: int) -> int:
        effects["tries"] += 1
        if effects["tries"] < 10:
            raise OSError
        return number

    here = await world(fail, limits=limits(calls=10)).open()
    outcomes = [await here.call(fail, {"number": n}, run="r") for n in range(10)]
    assert [outcome.status for outcome in outcomes] == [*["failed"] * 9, "completed"]
    assert "10 of 10 calls" in outcomes[9].warnings[0]


async def test_work_that_cost_more_than_was_reserved_is_told_and_counted(world, limits, caplog):
    @tool(tier="reversible", cost=Cost(0, actual=lambda _, result: result / 100))
    async def buy(cents: int) -> int:
        return cents

    here = await world(buy, limits=limits(usd=1, ceiling_usd=0.05)).open()
    (await here.call(buy, {"cents": 3}, run="r")).unwrap()
    assert here.services.budgets.overshoots == 0
    dear = await here.call(buy, {"cents": 9}, run="r")
    assert dear.warnings == ("The call cost 0.09 US dollars, and 0.05 were reserved.",)
    assert here.services.budgets.overshoots == 1
    assert "had reserved 50000" in caplog.text
    assert (await here.account("r")).microusd == 120_000


@pytest.mark.parametrize(("applied", "left"), [(True, 60_000), (False, 30_000)])
@pytest.mark.parametrize("restarts", [False, True])
async def test_an_unknown_outcome_counts_in_full_until_it_is_settled(
    anywhere, limits, bob, effects, configured, restarts, applied, left
):
    @tool(tier="reversible", cost=0.03)
    async def pay(number: int) -> int:
        effects["ran"] += 1
        if number == 1:
            raise OSError
        return number

    settings = configured(DAILY + "usd = 0.06")
    here = await anywhere(pay, limits=limits(usd=0.06), settings=settings).open()
    unknown = await here.call(pay, {"number": 1}, run="r")
    assert unknown.status == "unknown"
    await here.call(pay, {"number": 2}, run="r")
    assert codes([await here.call(pay, {"number": 3}, run="r")]) == ["budget_exceeded"]
    if restarts:
        await here.runtime.close()
        await here.open()
        assert codes([await here.call(pay, {"number": 3}, run="r")]) == ["budget_exceeded"]
    await here.runtime.settle(unknown.call_id, applied=applied, by=bob, reason="Asked the bank.")
    account = await here.account("r")
    assert (account.calls, account.microusd) == (2, left)
    outcome = await here.call(pay, {"number": 4}, run="r")
    assert codes([outcome]) == ["budget_exceeded" if applied else "completed"]


class Away(MemoryCounters):
    """Counters that cannot be reached while `is_away`."""

    is_away = False

    async def look(self, demands):
        if self.is_away:
            raise CountersError("the server of counters is away")
        return await super().look(demands)

    async def take(self, demands, *, holder):
        if self.is_away:
            raise CountersError("the server of counters is away")
        return await super().take(demands, holder=holder)


@pytest.mark.parametrize(("policy", "read"), [("refuse", "refused"), ("allow", "completed")])
async def test_without_counters_nothing_runs_but_reads_where_that_is_allowed(
    world, look, pay, effects, configured, policy, read
):
    here = world(look, pay)
    here.settings = configured(
        f'[limits]\nreads_without_counters = "{policy}"\n' + DAILY + "calls = 9"
    )
    await here.open()
    counters = here.services.budgets.counters = Away(here.clock)
    counters.is_away = True
    for circumstances in ({}, {"run": "r"}):
        assert (await here.call(look, {"number": 1}, **circumstances)).status == read
        refused = await here.call(pay, {"number": 1}, **circumstances)
        assert (refused.error.code, refused.error.retryable) == ("limits_unavailable", True)
        assert (await here.end_of(refused))["rule"] == "limits.reads_without_counters"
    assert effects["ran"] == 0
    counters.is_away = False
    assert (await here.call(pay, {"number": 1}, run="r")).status == "completed"
    await here.check()


async def test_rates_of_a_user_bind_lone_reads_and_look_back_over_a_restart(
    anywhere, look, configured
):
    settings = configured('[[rates]]\nscope = "user"\nper_minute = 3\n')
    here = await anywhere(look, settings=settings).open()
    for number in range(3):
        await here.call(look, {"number": number})
    refused = await here.call(look, {"number": 4})
    assert codes([refused]) == ["rate_limited"]
    assert "The next call may come in 60.0 s" in refused.error.message
    assert (await here.end_of(refused))["rule"] == "rates.user"
    await here.runtime.close()
    await here.open()
    assert codes([await here.call(look, {"number": 4})]) == ["rate_limited"]
    here.clock.advance(60)
    assert codes([await here.call(look, {"number": 4})]) == ["completed"]


async def test_twenty_over_child_runs_against_a_limit_of_ten_run_exactly_ten(
    anywhere, limits, effects, turns
):
    chance = random.Random(1)  # noqa: S311 - a seed makes the order repeatable

    @tool(tier="reversible")
    async def work(number: int) -> int:
        await turns(chance.randrange(5))
        effects["ran"] += 1
        return number

    here = await anywhere(work, limits=limits(calls=10)).open()
    places = [
        {"run": "top"},
        {"run": "left", "parent": "top"},
        {"run": "right", "parent": "top"},
        {"parent": "top"},
    ]
    calls = [here.call(work, {"number": n}, **places[n % 4]) for n in range(20)]
    outcomes = await asyncio.gather(*calls)
    assert effects["ran"] == 10
    assert sorted(codes(outcomes)) == [*["budget_exceeded"] * 10, *["completed"] * 10]
    assert (await here.account("top")).calls == 10
    await here.check()


async def test_a_crash_before_the_intent_leaks_no_reservation(
    anywhere, limits, turns, configured, effects
):
    gate = asyncio.Event()

    @tool(tier="reversible", cost=0.03)
    async def slow(number: int) -> int:
        effects["ran"] += 1
        await gate.wait()
        return number

    settings = configured(DAILY + "usd = 0.09")
    here = await anywhere(slow, limits=limits(parallel=1, usd=0.09), settings=settings).open()
    lost = [asyncio.ensure_future(here.call(slow, {"number": n}, run="r")) for n in range(3)]
    await turns(60)
    while not effects["ran"]:
        await turns(20)
    await here.reopen()
    account = await here.account("r")
    assert (account.calls, account.microusd) == (1, 30_000), "two waited for a slot, without intent"
    gate.set()
    made = [await here.call(slow, {"number": n}, run="r") for n in (7, 8, 9)]
    assert codes(made) == ["completed", "completed", "budget_exceeded"]
    for task in lost:
        task.cancel()
    await asyncio.gather(*lost, return_exceptions=True)

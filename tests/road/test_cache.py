"""Results that answer again: whom, until when, and not once a write may have changed them."""

import asyncio
import json
import threading
from pathlib import Path
from typing import Annotated

import pytest

from highroad import (
    Answer,
    Completed,
    Delegate,
    Failed,
    Held,
    Owned,
    Owner,
    Principal,
    StaleResult,
    ToolContext,
    ToolError,
    tool,
)
from highroad.domain.error import HighroadError
from highroad.pipeline import caching
from highroad.settings import load

CLERK = Principal("alice", roles={"clerk"})
MANAGER = Principal("alice", roles={"manager"})


def reading(effects, **options):
    """A read that counts its runs and says which one it was."""

    @tool(**{"tier": "read", "cache_s": 60, **options})
    async def read(number: int) -> int:
        effects[number] += 1
        return sum(effects.values())

    return read


def how(outcome):
    return outcome.value, outcome.is_cached, outcome.is_stale


def configured(text):
    Path("highroad.toml").write_text(text)
    return load(Path.cwd(), {})


# -- whom it answers ---------------------------------------------------------------------------


@pytest.mark.promise("P3")
async def test_a_result_answers_the_same_call_in_a_record_of_its_own(world, effects):
    read = reading(effects)
    here = await world(read).open()
    first, second = [await here.call(read, {"number": 1}) for _ in range(2)]
    assert (how(first), how(second)) == ((1, False, False), (1, True, False))
    end = await here.end_of(second)
    assert (end["source"], end["rule"], end["cached"]) == (first.call_id, "cache", True)
    await here.check()


WHO = {
    "another person": Principal("bob", roles={"clerk"}),
    "another role": MANAGER,
    "more roles": Principal("alice", roles={"clerk", "manager"}),
    "a permission": Principal("alice", roles={"clerk"}, permissions={"orders:read"}),
    "authenticated": Principal("alice", roles={"clerk"}, authenticated=True),
    "another name": Principal("alice", roles={"clerk"}, name="Alice"),
    "another organization": Principal("alice", "other", roles={"clerk"}),
}


@pytest.mark.parametrize("who", WHO)
async def test_a_result_is_of_its_principal_with_all_that_is_known_of_it(world, effects, who):
    read = reading(effects)
    here = await world(read, principal=CLERK).open()
    await here.call(read, {"number": 1})
    assert not (await here.call(read, {"number": 1}, principal=WHO[who])).is_cached
    same = Principal("alice", roles=["clerk"])
    assert (await here.call(read, {"number": 1}, principal=same)).is_cached


@pytest.mark.parametrize(
    "chain", [[Delegate("one")], [Delegate("two")], [Delegate("one", ("read", "more"))]]
)
async def test_a_result_is_of_its_delegation(world, effects, chain):
    read = reading(effects)
    here = await world(read).open()
    chains = [
        [],
        [Delegate("one")],
        [Delegate("two")],
        [Delegate("one", ("read",))],  # what the body may call is part of it
        [Delegate("one", ("read", "more"))],
    ]
    for other in chains:
        if other != chain:
            await here.call(read, {"number": 1}, delegation=other)
    assert not (await here.call(read, {"number": 1}, delegation=chain)).is_cached
    assert (await here.call(read, {"number": 1}, delegation=chain)).is_cached


async def test_who_may_not_see_it_gets_nothing_of_it(world, effects):
    """`authorize` comes before `dedupe`, also where an owner changes or a result is public."""
    owners = {"1": Owner("default", "alice")}

    @tool(tier="read", cache_s=60, cache_public=True, name="owned")
    async def owned(order_id: Annotated[str, Owned(owners.get)]) -> int:
        effects[order_id] += 1
        return 7

    configured('[policy]\nowner = "principal"\n')
    here = await world(owned, settings=load(Path.cwd(), {})).open()
    bob = Principal("bob")
    assert (await here.call(owned, {"order_id": "1"}, principal=Principal("alice"))).value == 7
    refused = await here.call(owned, {"order_id": "1"}, principal=bob)
    assert refused.error.code == "denied"
    owners["1"] = Owner("default", "bob")
    assert (await here.call(owned, {"order_id": "1"}, principal=bob)).is_cached
    assert (
        await here.call(owned, {"order_id": "1"}, principal=Principal("alice"))
    ).status == "refused"
    assert effects["1"] == 1


async def test_a_public_result_answers_everybody_of_one_organization(world, effects):
    read = reading(effects, cache_public=True)
    here = await world(read).open()
    people = [
        Principal("alice"),
        Principal("bob", roles={"clerk"}),
        Principal("carol", "other"),
        Principal("dave", "other"),
    ]
    outcomes = [await here.call(read, {"number": 1}, principal=who) for who in people]
    assert [outcome.is_cached for outcome in outcomes] == [False, True, False, True]
    delegated = await here.call(read, {"number": 1}, delegation=[Delegate("agent")])
    assert delegated.is_cached


async def test_a_read_that_a_person_has_to_agree_to_is_not_answered_for_them(world, effects):
    read = reading(effects, cache_public=True)
    rule = '[[policy.rules]]\nname = "ask clerks"\ntools = ["read"]\nthen = "ask"\n'
    configured(rule + "when = '\"clerk\" in principal.roles'\n")
    here = await world(read, settings=load(Path.cwd(), {})).open()
    assert (await here.call(read, {"number": 1}, principal=MANAGER)).value == 1
    held = await here.call(read, {"number": 1}, principal=CLERK)
    assert isinstance(held, Held)
    await here.approve(held)
    assert how(await here.wait(held.call_id)) == (2, False, False)
    assert isinstance(await here.call(read, {"number": 1}, principal=CLERK, key="k"), Held)
    assert how(await here.call(read, {"number": 1}, principal=MANAGER)) == (1, True, False)


async def test_arguments_are_the_same_however_they_are_written(world, effects):
    read = reading(effects)
    here = await world(read).open()
    await here.call(read, {"number": 1})
    assert (await here.call(read, '{"number": 1.0}')).is_cached
    assert not (await here.call(read, {"number": 2})).is_cached


@pytest.mark.promise("P6")
async def test_what_is_cached_joined_or_refused_counts_as_a_proposal(world, effects, limits):
    read = reading(effects)
    here = await world(read, limits=limits(proposals=3)).open()
    outcomes = [await here.call(read, {"number": 1}, run="r") for _ in range(4)]
    assert [outcome.status for outcome in outcomes] == ["completed"] * 3 + ["refused"]
    used = await here.account("r")
    assert (used.proposals, used.calls) == (3, 1)


# -- once at a time ----------------------------------------------------------------------------


@pytest.mark.promise("P3")
async def test_many_that_want_the_same_at_once_have_it_fetched_once(world, effects, turns):
    gate = asyncio.Event()

    @tool(tier="read", cache_s=60)
    async def slow(number: int) -> int:
        effects["ran"] += 1
        await gate.wait()
        return number

    here = await world(slow).open()
    calls = [
        asyncio.create_task(here.call(slow, {"number": 5}, **where))
        for where in [{}, {"run": "a"}, {"run": "b"}, {}] * 25
    ]
    await turns()
    gate.set()
    outcomes = await asyncio.gather(*calls)
    assert {outcome.value for outcome in outcomes} == {5}
    assert effects["ran"] == 1
    assert len({outcome.call_id for outcome in outcomes}) == 100
    ends = [await here.end_of(outcome) for outcome in outcomes]
    assert sum(end["rule"] == "cache.joined" for end in ends) >= 50
    await here.check()


async def test_if_the_first_fails_the_others_try_for_themselves(world, effects, turns):
    gate = asyncio.Event()

    @tool(tier="read", cache_s=60, attempts=1)
    async def fickle(number: int) -> int:
        effects["ran"] += 1
        if effects["ran"] == 1:
            await gate.wait()
            raise ToolError("gone", code="gone")
        return number

    here = await world(fickle).open()
    calls = [asyncio.create_task(here.call(fickle, {"number": 5})) for _ in range(3)]
    await turns()
    assert effects["ran"] == 1
    gate.set()
    first, *others = await asyncio.gather(*calls)
    assert isinstance(first, Failed)
    assert [how(other)[0] for other in others] == [5, 5]
    assert (await here.call(fickle, {"number": 5})).is_cached


async def test_who_waits_may_be_cancelled_and_so_may_who_fetches(world, effects, turns):
    gate = asyncio.Event()

    @tool(tier="read", cache_s=60)
    async def slow(number: int) -> int:
        effects["ran"] += 1
        await gate.wait()
        return number

    here = await world(slow).open()
    first, second, third = [asyncio.create_task(here.call(slow, {"number": 5})) for _ in range(3)]
    await turns()
    second.cancel()
    await turns()
    assert effects["ran"] == 1
    first.cancel()
    await turns()
    assert effects["ran"] == 2
    gate.set()
    assert (await third).value == 5
    await here.check()


async def test_nobody_waits_longer_than_one_attempt_may_take(world, effects, turns, monkeypatch):
    monkeypatch.setattr(caching, "_wait_s", lambda context: 0.01)
    gate = asyncio.Event()

    @tool(tier="read", cache_s=60)
    async def slow(number: int) -> int:
        effects["ran"] += 1
        if effects["ran"] == 1:
            await gate.wait()
        return number

    here = await world(slow).open()
    first = asyncio.create_task(here.call(slow, {"number": 5}))
    await turns()
    second = await here.call(slow, {"number": 5})
    assert (how(second), effects["ran"]) == ((5, False, False), 2)
    gate.set()
    assert isinstance(await first, Completed)


async def test_a_body_that_makes_its_own_call_again_does_not_wait_for_itself(world, effects):
    @tool(tier="read", cache_s=60)
    async def inward(number: int, context: ToolContext[None]) -> str:
        effects["ran"] += 1
        outcome = await context.call("inward", {"number": number})
        return str(outcome.value if isinstance(outcome, Completed) else outcome.error.code)

    here = await world(inward).open()
    assert (await here.call(inward, {"number": 5})).value == "loop_detected"
    assert (await here.call(inward, {"number": 6}, run="r")).value == "loop_detected"
    assert effects["ran"] == 3, "in a run of one, the first inner call is not known to be it"


# -- past its time -----------------------------------------------------------------------------


async def test_past_its_time_it_answers_at_once_and_one_call_behind_it_renews_it(
    world, effects, turns
):
    gate = asyncio.Event()

    @tool(tier="read", cache_s=60, cache_stale_s=30)
    async def slow(number: int) -> int:
        effects["ran"] += 1
        if effects["ran"] > 1:
            await gate.wait()
        return effects["ran"]

    here = await world(slow).open()
    first = await here.call(slow, {"number": 5})
    here.clock.advance(60)
    stale = [await here.call(slow, {"number": 5}) for _ in range(3)]
    assert [how(outcome) for outcome in stale] == [(1, True, True)] * 3
    assert "60 s old" in stale[0].warnings[0]
    end = await here.end_of(stale[0])
    assert (end["source"], end["stale_s"]) == (first.call_id, 60)
    await turns()
    assert effects["ran"] == 2
    gate.set()
    await turns()
    assert how(await here.call(slow, {"number": 5})) == (2, True, False)
    figures = await here.runtime.cache.statistics()
    assert (figures.hits, figures.stale_hits, figures.misses, figures.refreshes) == (1, 3, 1, 1)
    doors = [body.get("door") for body in await here.bodies() if "door" in body]
    assert doors.count("cache") == 1
    stored = await here.wait(stale[0].call_id)
    assert (stored.is_stale, stored.warnings) == (True, stale[0].warnings)
    await here.check()


async def test_behind_that_time_it_answers_nobody(world, effects):
    read = reading(effects, cache_stale_s=30)
    here = await world(read).open()
    await here.call(read, {"number": 1})
    here.clock.advance(90)
    assert how(await here.call(read, {"number": 1})) == (2, False, False)


async def test_no_result_is_served_longer_than_the_limit_says(world, effects, limits):
    read = reading(effects, cache_s=600, cache_stale_s=600)
    here = await world(read, limits=limits(cache_s=100)).open()
    await here.call(read, {"number": 1})
    here.clock.advance(99)
    assert how(await here.call(read, {"number": 1})) == (1, True, False)
    here.clock.advance(1)
    assert how(await here.call(read, {"number": 1})) == (2, False, False)


async def test_a_call_that_renews_is_authorized_like_any_other(world, effects, turns):
    def owner_of(number):
        effects["asked"] += 1
        return Owner("default", "alice" if effects["asked"] < 3 else "bob")

    @tool(tier="read", cache_s=60, cache_stale_s=30)
    async def read(number: Annotated[int, Owned(owner_of)]) -> int:
        effects["ran"] += 1
        return number

    settings = configured('[policy]\nowner = "principal"\n')
    here = await world(read, settings=settings).open()
    await here.call(read, {"number": 1})
    here.clock.advance(60)
    assert (await here.call(read, {"number": 1})).is_stale
    await turns()
    assert (effects["asked"], effects["ran"]) == (3, 1)
    ends = [body for body in await here.bodies() if body.get("status") == "refused"]
    assert [(end["code"], end["door"]) for end in ends] == [("denied", "cache")]


async def test_few_renew_at_once_and_closing_calls_them_off(world, effects, turns):
    gate = asyncio.Event()

    @tool(tier="read", cache_s=60, cache_stale_s=30)
    async def slow(number: int) -> int:
        effects["ran"] += 1
        if effects["ran"] > 20:
            await gate.wait()
        return number

    here = await world(slow).open()
    for number in range(20):
        await here.call(slow, {"number": number})
    here.clock.advance(60)
    for number in range(20):
        assert (await here.call(slow, {"number": number})).is_stale
    await turns()
    assert effects["ran"] == 28
    await here.runtime.close()
    bodies = [json.loads(entry.body) for entry in here.ledger.entries]
    assert sum(body.get("status") == "cancelled" for body in bodies) == 8


# -- letting go --------------------------------------------------------------------------------


def shop(effects, **write):
    """A price, its read and its writes."""
    prices = {}

    @tool(tier="read", cache_s=60, cache_tags={"price:{article}", "prices"})
    async def price(article: str) -> int:
        effects["read"] += 1
        return prices.get(article, 0)

    options = {"tier": "reversible", "invalidates": {"price:{article}"}, **write}

    @tool(**options)
    async def set_price(article: str, cents: int) -> None:
        prices[article] = cents

    return price, set_price


async def test_a_write_lets_go_of_what_it_names_and_of_nothing_else(world, effects):
    price, set_price = shop(effects)
    here = await world(price, set_price).open()
    bob = Principal("bob")
    for article in "ab":
        for who in (None, bob):
            await here.call(price, {"article": article}, principal=who)
    await here.call(set_price, {"article": "a", "cents": 5}, principal=bob)
    assert how(await here.call(price, {"article": "a"})) == (5, False, False)
    assert how(await here.call(price, {"article": "a"}, principal=bob)) == (5, False, False)
    assert how(await here.call(price, {"article": "b"})) == (0, True, False)


async def test_a_write_in_one_organization_is_nothing_to_another(world, effects):
    price, set_price = shop(effects)
    here = await world(price, set_price).open()
    other = Principal("carol", "other")
    await here.call(price, {"article": "a"}, principal=other)
    await here.call(set_price, {"article": "a", "cents": 5})
    assert (await here.call(price, {"article": "a"}, principal=other)).is_cached


@pytest.mark.parametrize(
    ("error", "effect", "status", "is_kept"),
    [
        (None, "unprotected", "completed", False),
        (RuntimeError("who knows"), "unprotected", "unknown", False),
        (RuntimeError("who knows"), "repeatable", "failed", False),
        (ToolError("no", code="no", applied=False), "unprotected", "failed", True),
    ],
)
async def test_what_may_have_taken_effect_lets_go_and_what_has_not_does_not(
    world, effects, error, effect, status, is_kept
):
    price, _ = shop(effects)

    @tool(tier="reversible", effect=effect, attempts=1, invalidates={"price:{article}"})
    async def change(article: str) -> None:
        if error is not None:
            raise error

    here = await world(price, change).open()
    await here.call(price, {"article": "a"})
    assert (await here.call(change, {"article": "a"})).status == status
    assert (await here.call(price, {"article": "a"})).is_cached is is_kept


async def test_a_dry_run_and_a_repeated_write_let_go_of_nothing(world, effects):
    price, set_price = shop(effects)
    here = await world(price, set_price).open()
    change = {"article": "a", "cents": 5}
    await here.call(set_price, change, key="k")
    await here.call(price, {"article": "a"})
    await here.call(set_price, change, dry_run=True)
    assert (await here.call(set_price, change, key="k")).is_repeated
    assert (await here.call(price, {"article": "a"})).is_cached


@pytest.mark.parametrize("waits", [False, True])
async def test_a_read_that_began_before_a_write_does_not_bring_the_old_state_back(
    world, effects, turns, waits
):
    """Nor does it answer a call that began after the write, and would have waited for it."""
    _, set_price = shop(effects)
    gate, state = asyncio.Event(), {"cents": 1}

    @tool(tier="read", cache_s=60, cache_tags={"price:{article}"})
    async def slow(article: str) -> int:
        seen = state["cents"]
        effects["slow"] += 1
        if effects["slow"] == 1:
            await gate.wait()
        return seen

    here = await world(slow, set_price).open()
    before = asyncio.create_task(here.call(slow, {"article": "a"}))
    await turns()
    state["cents"] = 2
    await here.call(set_price, {"article": "a", "cents": 2})
    after = asyncio.create_task(here.call(slow, {"article": "a"}))
    if waits:
        await turns()
    gate.set()
    assert (await before).value == 1
    assert (await after).value == 2
    assert (await here.call(slow, {"article": "a"})).value == 2


async def test_a_late_success_lets_go_once_more(world, effects, turns):
    price, _ = shop(effects)
    gate = threading.Event()

    @tool(tier="reversible", timeout_s=0.1, invalidates={"price:{article}"})
    def change(article: str) -> None:
        gate.wait()

    here = await world(price, change).open()
    unknown = await here.call(change, {"article": "a"})
    assert unknown.status == "unknown"
    await here.call(price, {"article": "a"})
    assert (await here.call(price, {"article": "a"})).is_cached
    gate.set()
    for _ in range(2_000):
        if (await here.runtime.cache.statistics()).invalidations == 2:
            break
        await asyncio.sleep(0.005)
    assert not (await here.call(price, {"article": "a"})).is_cached


async def test_people_let_go_of_results(world, effects):
    price, set_price = shop(effects)
    here = await world(price, set_price).open()
    cache, bob = here.runtime.cache, Principal("bob")

    async def cached():
        return [
            (await here.call(price, {"article": article}, principal=who)).is_cached
            for article in "ab"
            for who in (None, bob)
        ]

    await cached()
    assert await cached() == [True] * 4
    await cache.forget(price, {"article": "a"}, principal=bob)
    assert await cached() == [True, False, True, True]
    await cache.forget("price", '{"article": "a"}')
    assert await cached() == [False, False, True, True]
    await cache.forget_tags("price:b", "")
    assert await cached() == [True, True, False, False]
    await cache.forget(price)
    assert await cached() == [False] * 4
    await cache.forget_tags("prices")
    assert await cached() == [False] * 4
    await cache.clear()
    assert await cached() == [False] * 4
    assert (await cache.statistics()).invalidations == 6
    with pytest.raises(HighroadError, match="no such arguments"):
        await cache.forget(price, {"articel": "a"})
    with pytest.raises(HighroadError, match="together with arguments"):
        await cache.forget(price, principal=bob)
    with pytest.raises(HighroadError, match="not given to this runtime"):
        await cache.forget("prize")


async def test_what_was_let_go_of_stands_in_for_nothing(world, effects):
    @tool(tier="read", fallback=[StaleResult(max_age_s=900), Answer(0)], attempts=1)
    async def price(article: str) -> int:
        effects["read"] += 1
        if effects["read"] % 2 == 0:
            raise ConnectionError
        return 5

    here = await world(price).open()
    await here.call(price, {"article": "a"})
    stale = await here.call(price, {"article": "a"})
    assert how(stale) == (5, True, True)
    await here.call(price, {"article": "a"})
    await here.runtime.cache.forget(price)
    assert how(await here.call(price, {"article": "a"}))[0] == 0

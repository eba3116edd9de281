"""What stands in for a call whose dependency cannot be reached."""

import asyncio
from types import SimpleNamespace

import pytest

from highroad import Answer, Fallback, StaleResult, ToolContext, ToolError, tool
from highroad.domain.error import DeclarationError
from highroad.domain.outcome import Status

DOWN = ConnectionRefusedError


def down(done, name):
    """A body whose dependency cannot be reached; nothing is applied."""

    def body(**_):
        done[name] += 1
        raise DOWN

    return body


@pytest.fixture
def mail(effects):
    @tool(tier="reversible", effect="idempotent", dependency="mail", not_applied=(DOWN,))
    def send_letter(order: str) -> str:
        effects[f"letter {order}"] += 1
        return f"letter about {order}"

    return send_letter


@pytest.fixture
def fax(effects, mail):
    """A tool that is down, and what stands in for it."""

    @tool(
        tier="reversible",
        dependency="fax",
        transient=(DOWN,),
        not_applied=(DOWN,),
        attempts=1,
        fallback=Fallback(to=mail),
    )
    def send_fax(order: str) -> str:
        effects[f"fax {order}"] += 1
        raise DOWN

    return send_fax


async def stands_in(world, outcome):
    (opening,) = [b for b in await world.bodies(outcome.call_id) if "origin" in b]
    return opening.get("stands_in_for")


@pytest.mark.promise("P3")
async def test_another_tool_stands_in_as_a_call_of_its_own(world, fax, mail, effects):
    """Two calls, two terminal records, each naming the other; the last one answers."""
    here = await world(fax, mail).open()
    outcome = await here.call(fax, {"order": "7"}, run="r")
    assert outcome.status is Status.COMPLETED
    assert outcome.json == "letter about 7"
    assert effects == {"fax 7": 1, "letter 7": 1}
    first = await stands_in(here, outcome)
    ended = [b for b in await here.bodies(first) if b["kind"] == "call.ended"]
    assert [(b["status"], b["fallback"]) for b in ended] == [("failed", outcome.call_id)]
    assert "send_letter" in outcome.for_model()["warnings"][0]
    assert not await here.check()


@pytest.mark.promise("P1")
async def test_it_passes_every_stage_by_itself(world, fax, mail):
    here = await world(fax, mail).open()
    outcome = await here.call(fax, {"order": "7"}, run="r")
    stages = [stage for stage, *_ in await here.verdicts(outcome)]
    assert stages[:4] == ["resolve", "validate", "authorize", "dedupe"]
    assert {"screen", "approve", "admit", "execute", "finish"} <= {*stages}


@pytest.fixture
def pay(effects):
    """What stands in for it asks a person, and would have something behind it."""

    @tool(tier="irreversible", transient=(DOWN,), not_applied=(DOWN,), attempts=1)
    def by_hand(order: str) -> str:
        if effects["hands are tied"]:
            raise DOWN
        effects["by hand"] += 1
        return order

    @tool(
        tier="reversible",
        transient=(DOWN,),
        not_applied=(DOWN,),
        attempts=1,
        fallback=[Fallback(to=by_hand), Answer("later")],
    )
    def pay(order: str) -> str:
        raise DOWN

    return pay, by_hand


@pytest.mark.promise("P4")
async def test_it_is_held_where_people_must_agree(world, pay, effects):
    here = await world(*pay).open()
    held = await here.call(pay[0], {"order": "7"}, run="r")
    assert held.status == "held"
    again = await here.call(pay[0], {"order": "7"}, run="r")
    assert (again.status, again.approval_id) == ("held", held.approval_id)
    await here.approve(held)
    done = await here.wait(await stands_in(here, held))
    assert (done.status, effects["by hand"]) == ("completed", 1)
    assert "by_hand" in done.warnings[0]


@pytest.mark.promise("P11")
async def test_the_letter_behind_one_that_was_held_is_answered_by_what_was_done(
    world, pay, effects, bob
):
    here = await world(*pay).open()
    held = await here.call(pay[0], {"order": "7"}, run="r")
    await here.approve(held)
    await here.wait(held.call_id)
    letters = here.runtime.dead_letters
    (letter,) = await letters.list()
    redriven = await letters.redrive(letter.id, by=bob)
    assert (redriven.outcome.is_repeated, redriven.letter.state) == (True, "redriven")
    assert effects["by hand"] == 1


async def test_one_that_was_held_ends_the_chain(world, pay, effects):
    here = await world(*pay).open()
    held = await here.call(pay[0], {"order": "7"}, run="r")
    effects["hands are tied"] = 1
    await here.approve(held)
    failed = await here.wait(held.call_id)
    assert (failed.status, failed.call_id) == ("failed", held.call_id)
    (letter,) = await here.runtime.dead_letters.list()
    assert letter.tool == "pay"


@pytest.mark.promise("P11")
async def test_asked_again_what_stood_in_answers_and_neither_runs(world, fax, mail, effects):
    """The first one failed, and yet it must not run: what stands in has done it."""
    here = await world(fax, mail).open()
    first = await here.call(fax, {"order": "7"}, run="r")
    before = dict(effects)
    again = await here.call(fax, {"order": "7"}, run="r")
    assert again.is_repeated
    assert again.json == first.json
    assert effects == before
    here = await here.reopen()
    again = await here.call(fax, {"order": "7"}, run="r")
    assert again.is_repeated
    assert not again.result_invalid
    assert effects == before


@pytest.mark.promise("P11")
async def test_asked_again_meanwhile_both_get_the_one_answer(world, mail, effects, turns):
    gate, begun = asyncio.Event(), asyncio.Event()

    @tool(tier="reversible")
    async def slow(order: str) -> str:
        effects["slow"] += 1
        begun.set()
        await gate.wait()
        return order

    @tool(
        tier="reversible",
        transient=(DOWN,),
        not_applied=(DOWN,),
        attempts=1,
        fallback=Fallback(to=slow),
    )
    async def quick(order: str) -> str:
        effects["quick"] += 1
        raise DOWN

    here = await world(quick, slow).open()
    calls = [asyncio.ensure_future(here.call(quick, {"order": "7"}, run="r")) for _ in range(3)]
    await begun.wait()
    calls.append(asyncio.ensure_future(here.call(quick, {"order": "7"}, run="r")))
    await turns()
    gate.set()
    outcomes = await asyncio.gather(*calls)
    assert {outcome.status for outcome in outcomes} == {"completed"}
    assert effects == {"quick": 1, "slow": 1}
    assert not await here.check()


@pytest.mark.promise("P11")
async def test_what_failed_too_leaves_the_key_free(world, effects):
    is_down = True

    @tool(tier="reversible", transient=(DOWN,), not_applied=(DOWN,), attempts=1)
    def second(order: str) -> str:
        effects["second"] += 1
        raise DOWN

    @tool(
        tier="reversible",
        transient=(DOWN,),
        not_applied=(DOWN,),
        attempts=1,
        fallback=[Fallback(to=second), Answer("later")],
    )
    def first(order: str) -> str:
        effects["first"] += 1
        if is_down:
            raise DOWN
        return "now"

    here = await world(first, second).open()
    outcome = await here.call(first, {"order": "7"}, run="r")
    assert outcome.json == "later"
    is_down = False
    outcome = await here.call(first, {"order": "7"}, run="r")
    assert outcome.json == "now"
    assert effects == {"first": 2, "second": 1}


@pytest.mark.promise("P11")
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ToolError("gone", applied=None), "unknown"),
        (ToolError("gone", applied=None, retryable=True), "unknown"),
        (ToolError("no", applied=False), "failed"),
        (ValueError(), "unknown"),
    ],
)
async def test_nothing_stands_in_for_what_may_have_taken_effect_or_is_no_fault_of_a_dependency(
    world, mail, effects, error, status
):
    @tool(tier="reversible", fallback=Fallback(to=mail), attempts=1)
    def send(order: str) -> str:
        raise error

    here = await world(send, mail).open()
    outcome = await here.call(send, {"order": "7"}, run="r")
    assert outcome.status == status
    assert not effects


async def test_nothing_stands_in_for_a_refusal(world, mail, effects):
    @tool(tier="reversible", fallback=Fallback(to=mail), max_per_run=0)
    def send(order: str) -> str:
        return order

    here = await world(send, mail).open()
    assert (await here.call(send, {"order": "7"}, run="r")).error.code == "budget_exceeded"
    assert (await here.call(send, {"order": 7}, run="r")).error.code == "invalid_arguments"
    assert not effects


async def test_arguments_are_what_the_author_makes_of_them(world, mail):
    @tool(
        tier="reversible",
        transient=(DOWN,),
        not_applied=(DOWN,),
        attempts=1,
        fallback=Fallback(to=mail, arguments=lambda given: {"order": f"ORD-{given['number']}"}),
    )
    def send(number: int) -> str:
        raise DOWN

    here = await world(send, mail).open()
    assert (await here.call(send, {"number": 7}, run="r")).json == "letter about ORD-7"


async def test_arguments_that_cannot_be_made_pass_the_tool_over(world, mail, caplog):
    @tool(
        tier="reversible",
        transient=(DOWN,),
        not_applied=(DOWN,),
        attempts=1,
        fallback=[
            Fallback(to=mail, arguments=lambda given: {"order": given["secret-word"]}),
            Answer("later"),
        ],
    )
    def send(number: int) -> str:
        raise DOWN

    here = await world(send, mail).open()
    outcome = await here.call(send, {"number": 7}, run="r")
    assert outcome.json == "later"
    assert "KeyError" in caplog.text
    assert "secret-word" not in caplog.text


@pytest.fixture
def shop():
    """What prices are read from, until it is down."""
    return SimpleNamespace(is_down=False)


@pytest.fixture
def get_price(shop):
    @tool(tier="read", transient=(DOWN,), attempts=1, fallback=StaleResult(max_age_s=600))
    def get_price(article: str) -> float:
        if shop.is_down:
            raise DOWN
        return 9.5

    return get_price


async def test_the_last_result_stands_in_marked_stale(world, shop, get_price):
    here = await world(get_price).open()
    fresh = await here.call(get_price, {"article": "pen"})
    assert not fresh.is_cached
    shop.is_down = True
    here.clock.advance(300)
    stale = await here.call(get_price, {"article": "pen"})
    assert (stale.value, stale.is_stale, stale.is_cached) == (9.5, True, True)
    assert stale.for_model()["stale"] is True
    assert "300 s" in stale.warnings[0]
    assert (await here.call(get_price, {"article": "ink"})).status == "failed"
    here.clock.advance(301)
    assert (await here.call(get_price, {"article": "pen"})).status == "failed"
    stored = await here.wait(stale.call_id)
    assert (stored.value, stored.is_stale, stored.warnings) == (9.5, True, stale.warnings)


async def test_a_stored_result_is_nobody_elses(world, shop, get_price, bob):
    here = await world(get_price).open()
    await here.call(get_price, {"article": "pen"})
    shop.is_down = True
    assert (await here.call(get_price, {"article": "pen"}, principal=bob)).status == "failed"


async def test_one_stands_in_for_another_until_one_answers(world, effects):
    def failing(name, *fallbacks):
        @tool(
            name=name,
            tier="read",
            transient=(DOWN,),
            attempts=1,
            fallback=fallbacks,
        )
        def body(key: str) -> str:
            effects[name] += 1
            raise DOWN

        return body

    here = await world(
        failing("a", Fallback(to="b"), Answer("fixed")),
        failing("b", StaleResult(max_age_s=9), Fallback(to="c")),
        failing("c"),
    ).open()
    outcome = await here.call("a", {"key": "k"})
    assert outcome.json == "fixed"
    assert effects == {"a": 1, "b": 1, "c": 1}
    assert await here.wait(outcome.call_id) == outcome
    ends = [b for b in await here.bodies() if b["kind"] == "call.ended"]
    assert [b["status"] for b in ends] == ["failed"] * 3 + ["completed"]
    assert [b.get("fallback") for b in ends[:-1]] == [b["call"] for b in ends[1:]]


async def test_it_stands_in_inside_the_body_of_another(world, fax, mail, effects):
    @tool(tier="reversible")
    async def tell(order: str, context: ToolContext) -> str:
        told = await context.call("send_fax", {"order": order})
        return told.unwrap()

    here = await world(tell, fax, mail).open()
    outcome = await here.call(tell, {"order": "7"})
    assert outcome.value == "letter about 7"
    assert effects["letter 7"] == 1


async def test_whoever_waits_for_the_first_gets_the_last(world, fax, mail):
    here = await world(fax, mail).open()
    outcome = await here.call(fax, {"order": "7"})
    first = await stands_in(here, outcome)
    assert (await here.wait(first)).value == outcome.value
    here = await here.reopen()
    assert (await here.wait(first)).call_id == outcome.call_id


@pytest.mark.promise("P5")
@pytest.mark.promise("P11")
async def test_a_crash_between_the_two_leaves_an_answer_and_doubles_nothing(
    world, fax, mail, effects, monkeypatch
):
    """The terminal record of the first one is there, and the second was never made."""
    here = await world(fax, mail).open()

    async def die(*_):
        raise asyncio.CancelledError

    here.services.stand_in = die
    with pytest.raises(asyncio.CancelledError):
        await here.call(fax, {"order": "7"}, run="r")
    here = await here.reopen()
    (letter,) = await here.runtime.dead_letters.list()
    assert (await here.wait(letter.call_id)).status == "failed"
    assert effects == {"fax 7": 1}
    outcome = await here.call(fax, {"order": "7"}, run="r")
    assert outcome.value == "letter about 7"
    assert effects == {"fax 7": 2, "letter 7": 1}
    assert not await here.check()


# -- declaring -----------------------------------------------------------------------------------


def declared(*fallbacks, name="one", tier="read"):
    @tool(name=name, tier=tier, fallback=fallbacks)
    def body(key: str) -> int:
        return 1

    return body


async def test_a_circle_is_refused_with_its_tools(world):
    one = declared(Fallback(to="two"))
    two = declared(Fallback(to="three"), name="two")
    three = declared(Fallback(to="two"), name="three")
    with pytest.raises(DeclarationError, match=r"circle \(two → three → two\)"):
        await world(one, two, three).open()
    with pytest.raises(DeclarationError, match=r"circle \(one → one\)"):
        await world(declared(Fallback(to="one"))).open()


async def test_a_tool_that_is_not_there_is_refused(world):
    with pytest.raises(DeclarationError, match=r"fallback two was not given to this runtime"):
        await world(declared(Fallback(to="two"))).open()


async def test_arguments_that_do_not_fit_ask_for_a_function(world):
    @tool(tier="read")
    def two(name: str) -> int:
        return 2

    with pytest.raises(DeclarationError, match=r"two needs name: say with Fallback"):
        await world(declared(Fallback(to=two)), two).open()


@pytest.mark.parametrize(
    ("fallback", "says"),
    [
        (Answer("one"), "is not what the tool promises"),
        (Answer(object()), "is not what the tool promises"),
        (StaleResult(max_age_s=0), "above 0"),
        (StaleResult(max_age_s=True), "above 0"),
        (Fallback(to=""), "or the name of one"),
        (Fallback(to="two", arguments=5), "is a function"),
        ("two", "is a Fallback"),
    ],
    ids=["wrong type", "no JSON", "no age", "truth", "no name", "no function", "text"],
)
async def test_what_cannot_stand_in_is_refused(world, fallback, says):
    with pytest.raises(DeclarationError, match=says):
        await world(declared(fallback)).open()


async def test_a_stored_result_stands_in_for_a_read_only():
    with pytest.raises(DeclarationError, match="for a read only"):
        declared(StaleResult(max_age_s=5), tier="reversible")


async def test_what_a_stand_in_calls_stands_in_for_nothing(world, effects):
    @tool(tier="reversible")
    async def frank(letter: str) -> str:
        return letter

    @tool(tier="reversible")
    async def send_letter(order: str, ctx: ToolContext) -> list[str]:
        return list((await ctx.call(frank, {"letter": order})).warnings)

    @tool(
        tier="reversible",
        transient=(DOWN,),
        not_applied=(DOWN,),
        attempts=1,
        fallback=Fallback(to=send_letter),
    )
    async def send_fax(order: str) -> list[str]:
        raise DOWN

    here = await world(frank, send_letter, send_fax).open()
    outcome = await here.call(send_fax, {"order": "7"})
    assert outcome.unwrap() == []
    rows = here.ledger.tables["tool_call"].values()
    assert [row["tool"] for row in rows if row["stands_in_for"] is not None] == ["send_letter"]

"""What is given up on is kept, and made again only where that is safe."""

import asyncio
import logging

import pytest

from highroad import Answer, Fallback, Principal, ToolContext, ToolError, tool
from highroad.domain.entry import EntryKind
from highroad.domain.error import CallError, Code, DecisionRefused, NotRecorded
from highroad.domain.outcome import Ending, Status
from highroad.ledger.tables.comparison import compare
from highroad.ledger.tables.derivation import rederive
from highroad.pipeline import doorway
from highroad.pipeline.drive import drive
from highroad.settings import load

DOWN = ConnectionRefusedError
BOB = Principal("bob", authenticated=True)
EVE = Principal("eve", organization="other")


class Service:
    """A dependency that a test takes down and brings back."""

    def __init__(self, effects):
        self.error = DOWN()
        self.effects = effects

    def ask(self, what):
        self.effects[what] += 1
        if self.error is not None:
            raise self.error
        return what


@pytest.fixture
def service(effects):
    return Service(effects)


@pytest.fixture
def pay(service):
    @tool(
        tier="reversible",
        dependency="payments",
        transient=(DOWN,),
        not_applied=(DOWN,),
        attempts=1,
    )
    async def pay(order: str) -> str:
        return service.ask(order)

    return pay


@pytest.fixture
def configured(tmp_path):
    """The settings of a `highroad.toml`."""

    def write(text):
        (tmp_path / "highroad.toml").write_text(text)
        return load(tmp_path, {})

    return write


def letters(world):
    return world.runtime.dead_letters


async def only(world, **which):
    (letter,) = await letters(world).list(**which)
    return letter


@pytest.mark.promise("P12")
async def test_what_is_given_up_on_leaves_a_letter_in_the_same_entry(world, pay):
    here = await world(pay).open()
    outcome = await here.call(pay, {"order": "secret-7"}, run="r")
    assert outcome.status is Status.FAILED
    letter = await only(here)
    assert letter.call_id == outcome.call_id
    assert (letter.tool, letter.dependency, letter.code, letter.kind, letter.attempts) == (
        "pay",
        "payments",
        "max_retries_exceeded",
        "transient",
        1,
    )
    assert "payments is available" in letter.todo
    body = await here.end_of(outcome)
    assert body["letter"]["id"] == letter.id
    assert "secret-7" not in repr(body)
    assert await letters(here).get(outcome.call_id) == letter
    explained = await here.assembly.audit.explain(outcome.call_id)
    assert explained.dead_letter == letter


async def test_what_was_turned_away_by_an_open_breaker_is_redriven(world, pay, service, bob):
    """Nobody rejected it: it was refused because its dependency was down."""
    here = await world(pay).open()
    await here.dependencies.open("payments", by=bob)
    outcome = await here.call(pay, {"order": "1"}, run="r")
    assert outcome.error.code is Code.DEPENDENCY_UNAVAILABLE
    assert service.effects == {}
    letter = await only(here)
    service.error = None
    await here.dependencies.release("payments", by=bob)
    done = await letters(here).redrive(letter.id, by=BOB)
    assert (done.outcome.status, done.letter.state) == (Status.COMPLETED, "redriven")
    assert service.effects == {"1": 1}


@pytest.mark.promise("P12")
async def test_letters_are_what_the_entries_say(world, pay, service):
    """Also behind every change; deriving the tables anew changes nothing."""
    here = await world(pay).open()
    for order in "123":
        await here.call(pay, {"order": order}, run="r")
    one, two, _ = await letters(here).list()
    service.error = None
    await letters(here).redrive(one.id, by=BOB)
    await letters(here).discard(two.id, by=BOB, reason="sold out")
    before = await letters(here).list(state=None)
    assert [letter.state for letter in before] == ["redriven", "discarded", "open"]
    assert (await compare(here.store)).holds
    await rederive(here.store)
    assert await letters(here).list(state=None) == before
    kinds = [b["kind"] for b in await here.bodies(one.call_id)]
    assert kinds == [EntryKind.INTENT, EntryKind.ENDED, EntryKind.LETTER]


@pytest.mark.promise("P11")
async def test_a_redrive_is_the_same_call_once_more(world, pay, service, effects):
    here = await world(pay).open()
    outcome = await here.call(pay, {"order": "7"}, run="r", key="k")
    service.error = None
    here = await here.reopen()
    done = await letters(here).redrive((await only(here)).id, by=BOB)
    assert done.outcome.unwrap() == "7"
    assert (done.letter.state, done.letter.redriven_as) == ("redriven", done.outcome.call_id)
    first, second = [b for b in await here.bodies() if b["kind"] == EntryKind.INTENT]
    assert (second["redrives"], second["call"]) == (outcome.call_id, done.outcome.call_id)
    for name in ("run", "principal", "tool", "key", "trace"):
        assert first[name] == second[name]
    assert effects == {"7": 2}
    again = await here.call(pay, {"order": "7"}, run="r", key="k")
    assert again.is_repeated
    assert effects == {"7": 2}
    with pytest.raises(DecisionRefused, match="redriven already as call_"):
        await letters(here).redrive(done.letter.id, by=BOB)
    assert not await here.check()


@pytest.mark.parametrize("run", [None, "r"])
async def test_a_run_is_redriven_long_after_it(world, pay, service, run):
    """What it waited for a person is no wall time of its run."""
    here = await world(pay).open()
    await here.call(pay, {"order": "7"}, run=run)
    service.error = None
    here.clock.advance(86_400)
    here = await here.reopen()
    done = await letters(here).redrive((await only(here)).id, by=BOB)
    assert done.outcome.status == "completed"


@pytest.mark.promise("P11")
async def test_two_redrives_at_once_run_once(world, effects, turns):
    gate = asyncio.Event()
    is_down = True

    @tool(tier="reversible", transient=(DOWN,), not_applied=(DOWN,), attempts=1)
    async def pay(order: str) -> str:
        effects[order] += 1
        if is_down:
            raise DOWN
        await gate.wait()
        return order

    here = await world(pay).open()
    await here.call(pay, {"order": "7"})
    is_down = False
    letter = await only(here)
    both = [asyncio.ensure_future(letters(here).redrive(letter.id, by=BOB)) for _ in range(2)]
    await turns()
    gate.set()
    one, two = await asyncio.gather(*both, return_exceptions=True)
    assert one.outcome.status == "completed"
    assert isinstance(two, DecisionRefused)
    assert effects == {"7": 2}


@pytest.mark.promise("P11")
@pytest.mark.parametrize("run", [None, "r"])
async def test_what_may_have_taken_effect_must_be_settled_first(world, pay, service, effects, run):
    service.error = ToolError("lost", applied=None)
    here = await world(pay).open()
    outcome = await here.call(pay, {"order": "7"}, run=run)
    letter = await only(here)
    assert (outcome.status, letter.status) == ("unknown", "unknown")
    assert "settle the call" in letter.todo
    service.error = None
    with pytest.raises(DecisionRefused, match=f"highroad runs settle {outcome.call_id}"):
        await letters(here).redrive(letter.id, by=BOB)
    await here.runtime.settle(outcome.call_id, applied=False, by=BOB, reason="not in the books")
    done = await letters(here).redrive(letter.id, by=BOB)
    assert done.outcome.value == "7"
    assert effects == {"7": 2}


@pytest.mark.promise("P11")
async def test_what_took_effect_is_no_dead_letter_any_more(world, pay, service):
    service.error = ToolError("lost", applied=None)
    here = await world(pay).open()
    outcome = await here.call(pay, {"order": "7"})
    await here.runtime.settle(outcome.call_id, applied=True, by=BOB, reason="in the books")
    letter = await only(here, state=None)
    assert letter.state == "settled"
    with pytest.raises(DecisionRefused, match="settled already"):
        await letters(here).redrive(letter.id, by=BOB)
    await here.runtime.settle(outcome.call_id, applied=False, by=BOB, reason="no, another one")
    assert (await only(here)).state == "open"
    assert (await compare(here.store)).holds


@pytest.mark.promise("P11")
async def test_the_road_itself_runs_no_unsafe_redrive(world, pay, service, effects):
    """Were the letter's own check gone, the table of keys would still refuse."""
    service.error = ToolError("lost", applied=None)
    here = await world(pay).open()
    await here.call(pay, {"order": "7"})
    letter = await only(here)
    service.error = None
    services = here.services
    call = await services.ledger.thaw(await services.ledger.history(letter.call_id))
    outcome = await drive(*await doorway.take_in_redrive(services, call))
    assert outcome.status == "unknown"
    assert effects == {"7": 1}


async def test_a_redrive_that_fails_leaves_one_letter_open(world, pay, service):
    here = await world(pay).open()
    await here.call(pay, {"order": "7"}, run="r")
    letter = await only(here)
    done = await letters(here).redrive(letter.id, by=BOB)
    assert done.outcome.status == "failed"
    again = await only(here, state=None)
    assert (again.state, again.redrives, again.redriven_as) == ("open", 1, done.outcome.call_id)


async def test_many_are_redriven_evenly_and_oldest_first(world, pay, service, effects, turns):
    here = await world(pay).open()
    for order in "1234":
        await here.call(pay, {"order": order})
    service.error = None
    effects.clear()
    work = asyncio.ensure_future(
        letters(here).redrive_many(by=BOB, tool="pay", per_minute=6, most=3)
    )
    await turns(200)
    assert [*effects] == ["1"]
    for expected in ("12", "123"):
        here.clock.advance(10)
        await turns(200)
        assert "".join(effects) == expected
    batch = await work
    assert (len(batch.redriven), batch.stopped, batch.passed_over) == (3, None, ())
    strangers = await letters(here).redrive_many(by=EVE)
    assert (strangers.redriven, strangers.passed_over) == ((), ())
    assert (await only(here)).redrives == 0


async def test_letters_are_found_by_tool_dependency_and_time(world, pay):
    @tool(tier="reversible", transient=(DOWN,), not_applied=(DOWN,), attempts=1)
    def mail(order: str) -> str:
        raise DOWN

    here = await world(pay, mail).open()
    await here.call(pay, {"order": "1"})
    here.clock.advance(60)
    since_ms = here.clock.now_ms()
    await here.call(mail, {"order": "2"})
    assert (await only(here, tool="pay")).tool == "pay"
    assert (await only(here, dependency="payments")).tool == "pay"
    assert (await only(here, dependency="mail")).tool == "mail"
    assert (await only(here, since_ms=since_ms)).tool == "mail"
    (first,) = await letters(here).list(limit=1)
    assert (await only(here, after=first.id)).tool == "mail"
    with pytest.raises(NotRecorded):
        await letters(here).get("letter_none")


async def test_a_batch_stops_where_the_dependency_is_not_available(
    world, pay, effects, monkeypatch
):
    here = await world(pay).open()
    for order in "123":
        await here.call(pay, {"order": order})
    effects.clear()
    shut = Ending(
        status=Status.REFUSED,
        error=CallError(code=Code.DEPENDENCY_UNAVAILABLE, message="its breaker is open."),
        decided_by="screen",
    )

    async def concluded(*_):
        return shut

    made = []

    async def shut_out(call, context):
        made.append(call.redrives)
        return await drive(call, context, ending=concluded())

    monkeypatch.setattr("highroad.recovery.letters.drive", shut_out)
    batch = await letters(here).redrive_many(by=BOB, per_minute=600)
    assert len(made) == 1
    assert batch.stopped.endswith("its breaker is open.")
    assert not effects
    assert [letter.state for letter in await letters(here).list(state=None)] == ["open"] * 3


async def test_an_open_breaker_stops_a_batch_and_lets_the_next_one_through(
    world, pay, service, effects
):
    here = await world(pay).open()
    for order in "12345":
        await here.call(pay, {"order": order})
    service.error = None
    effects.clear()
    batch = await letters(here).redrive_many(by=BOB, per_minute=600)
    assert "payments is not available: its breaker is open" in batch.stopped
    assert not effects
    assert len(await letters(here).list()) == 5
    here.clock.advance(61)
    assert (await letters(here).redrive(batch.redriven[0].letter.id, by=BOB)).outcome.value == "1"


async def test_whoever_may_not_is_refused_and_strangers_see_nothing(world, pay, configured):
    here = await world(pay, settings=configured('[policy]\nallow = ["*"]')).open()
    await here.call(pay, {"order": "7"})
    letter = await only(here)
    with pytest.raises(DecisionRefused, match="dead-letters:redrive"):
        await letters(here).redrive(letter.id, by=BOB)
    with pytest.raises(DecisionRefused, match="dead-letters:redrive"):
        await letters(here).redrive_many(by=BOB)
    with pytest.raises(DecisionRefused, match="dead-letters:discard"):
        await letters(here).discard(letter.id, by=BOB, reason="no")
    chief = Principal("chief", permissions={"dead-letters:discard"})
    stranger = Principal("eve", "other", permissions={"dead-letters:discard"})
    with pytest.raises(NotRecorded):
        await letters(here).discard(letter.id, by=stranger, reason="no")
    assert (await letters(here).discard(letter.id, by=chief, reason="no")).state == "discarded"


@pytest.mark.promise("P7")
async def test_why_it_was_discarded_stands_in_the_vault_only(world, pay):
    here = await world(pay).open()
    await here.call(pay, {"order": "7"})
    letter = await only(here)
    with pytest.raises(DecisionRefused, match="say why"):
        await letters(here).discard(letter.id, by=BOB, reason=" ")
    after = await letters(here).discard(letter.id, by=BOB, reason="the customer is gone")
    assert b"customer is gone" not in b"".join(entry.body for entry in await here.entries())
    kept = await here.services.ledger.vault.open(letter.run_id, after.reason_ref)
    assert b"customer is gone" in kept


async def test_reads_leave_letters_where_the_settings_say_so(world, configured):
    @tool(tier="read", transient=(DOWN,), attempts=1)
    def look(order: str) -> str:
        raise DOWN

    here = await world(look).open()
    await here.call(look, {"order": "7"})
    assert not await letters(here).list()
    here = await world(look, settings=configured("[dead_letters]\nreads = true")).open()
    await here.call(look, {"order": "7"})
    letter = await only(here)
    assert (letter.tool, letter.effect) == ("look", "repeatable")
    assert (await letters(here).redrive(letter.id, by=BOB)).outcome.status == "failed"


async def test_what_stood_in_closes_the_letter_unless_it_only_said_something(
    world, service, effects
):
    @tool(tier="reversible")
    def by_hand(order: str) -> str:
        effects["by hand"] += 1
        return order

    def paying(name, fallback):
        @tool(
            name=name,
            tier="reversible",
            transient=(DOWN,),
            not_applied=(DOWN,),
            attempts=1,
            fallback=fallback,
        )
        def pay(order: str) -> str:
            return service.ask(order)

        return pay

    here = await world(
        paying("done", Fallback(to=by_hand)), paying("said", Answer("we will")), by_hand
    ).open()
    done = await here.call("done", {"order": "7"})
    said = await here.call("said", {"order": "8"})
    first, second = await letters(here).list(state=None)
    assert (first.tool, first.state, first.redriven_as) == ("done", "answered", done.call_id)
    assert (second.tool, second.state) == ("said", "open")
    assert said.json == "we will"
    assert (await letters(here).redrive(second.id, by=BOB)).letter.state == "open"
    service.error = None
    assert (await letters(here).redrive(second.id, by=BOB)).letter.state == "redriven"
    assert effects["8"] == 3


@pytest.mark.promise("P11")
async def test_a_redrive_is_answered_by_what_stood_in(world, service, effects, monkeypatch):
    """Though nobody has written down that it did."""

    @tool(tier="reversible")
    def by_hand(order: str) -> str:
        effects["by hand"] += 1
        return f"by hand {order}"

    @tool(
        tier="reversible",
        transient=(DOWN,),
        not_applied=(DOWN,),
        attempts=1,
        fallback=Fallback(to=by_hand),
    )
    def pay(order: str) -> int:
        return service.ask(order)

    here = await world(pay, by_hand).open()
    monkeypatch.setattr("highroad.recovery.fallbacks._answer", lambda *_: None)
    await here.call(pay, {"order": "7"}, run="r")
    letter = await only(here)
    service.error = None
    done = await letters(here).redrive(letter.id, by=BOB)
    assert done.outcome.is_repeated
    assert done.outcome.value == "by hand 7"
    assert not done.outcome.result_invalid
    assert effects == {"7": 1, "by hand": 1}


@pytest.mark.promise("P11")
async def test_nothing_is_redriven_while_what_stood_in_is_unknown(world, service, effects):
    @tool(tier="reversible")
    def by_hand(order: str) -> str:
        effects["by hand"] += 1
        raise ToolError("lost", applied=None)

    @tool(
        tier="reversible",
        transient=(DOWN,),
        not_applied=(DOWN,),
        attempts=1,
        fallback=Fallback(to=by_hand),
    )
    def pay(order: str) -> str:
        return service.ask(order)

    here = await world(pay, by_hand).open()
    outcome = await here.call(pay, {"order": "7"}, run="r")
    assert outcome.status == "unknown"
    first, second = await letters(here).list()
    assert (first.tool, second.call_id) == ("pay", outcome.call_id)
    service.error = None
    with pytest.raises(DecisionRefused, match=f"settle {outcome.call_id}"):
        await letters(here).redrive(first.id, by=BOB)
    again = await here.call(pay, {"order": "7"}, run="r")
    assert again.status == "unknown"
    assert effects == {"7": 1, "by hand": 1}
    await here.runtime.settle(outcome.call_id, applied=False, by=BOB, reason="it was not")
    assert (await letters(here).redrive(first.id, by=BOB)).outcome.value == "7"


@pytest.mark.promise("P11")
async def test_a_call_whose_process_died_is_redriven_from_what_was_kept(world, effects):
    """Of an unprotected one nothing is, and the message says what to do."""
    gate, begun = asyncio.Event(), asyncio.Event()

    @tool(tier="reversible")
    async def pay(order: str) -> str:
        effects[order] += 1
        begun.set()
        await gate.wait()
        return order

    here = await world(pay).open()
    calling = asyncio.ensure_future(here.call(pay, {"order": "7"}))
    await begun.wait()
    here = await here.reopen()
    letter = await only(here)
    assert letter.status == "unknown"
    await here.runtime.settle(letter.call_id, applied=False, by=BOB, reason="it was not")
    with pytest.raises(DecisionRefused, match="make the call anew, and discard"):
        await letters(here).redrive(letter.id, by=BOB)
    calling.cancel()
    await asyncio.gather(calling, return_exceptions=True)


async def test_growth_is_told_once_per_crossing(world, pay, configured, caplog):
    here = await world(pay, settings=configured("[dead_letters]\nalert = 2")).open()
    caplog.set_level(logging.WARNING, "highroad.dead_letters")
    growth = letters(here).growth

    async def told():
        await here.services.ledger.writer.flush()
        await growth.sweep()
        await growth.sweep()
        found = sum(record.name == "highroad.dead_letters" for record in caplog.records)
        caplog.clear()
        return found

    first_ms = here.clock.now_ms()
    for order, expected in (("1", 0), ("2", 0), ("3", 1), ("4", 0)):
        await here.call(pay, {"order": order})
        assert await told() == expected, order
    backlog = await letters(here).backlog()
    assert (backlog.open, backlog.came, backlog.oldest_ms) == (4, 4, first_ms)
    here.clock.advance(3_601)
    for letter in await letters(here).list(limit=2):
        await letters(here).discard(letter.id, by=BOB, reason="old")
    assert await told() == 0
    assert await letters(here).backlog() != backlog
    await here.call(pay, {"order": "5"})
    assert await told() == 1
    for letter in await letters(here).list():
        await letters(here).discard(letter.id, by=BOB, reason="old")
    assert await told() == 0
    for order in "678":
        await letters(here).discard(
            (await here.call(pay, {"order": order})).call_id, by=BOB, reason="new"
        )
    assert await told() == 1


# -- from another process ------------------------------------------------------------------------


async def done_with(here):
    """What the owner does by itself: it takes the orders, and makes their calls."""
    await here.assembly.inbox.empty()
    while here.services.tasks:
        await asyncio.gather(*here.services.tasks)


async def test_another_process_leaves_orders_and_the_owner_carries_them_out(
    sqlite, pay, service, effects
):
    owner = await sqlite(pay).open()
    for order in "12":
        await owner.call(pay, {"order": order})
    other = await sqlite(pay).open()
    assert other.assembly.owner_pid is not None
    one, two = await letters(other).list()
    service.error = None
    ordered = await letters(other).redrive(one.id, by=BOB)
    assert ordered.outcome is None
    discarded = await letters(other).discard(two.id, by=BOB, reason="sold out")
    assert discarded.state == "discarded"
    assert {letter.state for letter in await letters(owner).list(state=None)} == {"open"}
    await done_with(owner)
    states = [letter.state for letter in await letters(owner).list(state=None)]
    assert states == ["redriven", "discarded"]
    assert effects == {"1": 2, "2": 1}
    after = await letters(owner).get(two.id)
    assert after.changed_by == owner.services.ledger.keyring.opaque(BOB)
    with pytest.raises(DecisionRefused, match="discarded already"):
        await letters(other).discard(two.id, by=BOB, reason="once more")
    await done_with(owner)
    assert effects == {"1": 2, "2": 1}


async def test_an_order_that_was_carried_out_before_its_owner_died_changes_nothing(
    sqlite, pay, service, effects
):
    owner = await sqlite(pay).open()
    for order in "12":
        await owner.call(pay, {"order": order})
    other = await sqlite(pay).open()
    one, two = await letters(other).list()
    service.error = None
    await letters(other).redrive(one.id, by=BOB)
    await letters(other).discard(two.id, by=BOB, reason="sold out")
    forget = owner.store.forget

    async def die(numbers):
        """The order stays where it is."""

    owner.store.forget = die
    await done_with(owner)
    owner.store.forget = forget
    before = await letters(owner).list(state=None)
    await done_with(owner)
    assert await letters(owner).list(state=None) == before
    assert effects == {"1": 2, "2": 1}
    assert not [b async for b in refusals(owner)]


async def refusals(here):
    for entry in await here.store.entries(kind=EntryKind.ORDER_REFUSED):
        yield entry


@pytest.mark.promise("P12")
async def test_what_a_redriven_call_calls_leaves_a_letter_of_its_own(world, pay, service):
    """It makes no other call again, so nothing else tells that it was given up on."""
    down = [True]

    @tool(tier="reversible", transient=(DOWN,), not_applied=(DOWN,), attempts=1)
    async def order(order: str, ctx: ToolContext) -> str:
        if down:
            raise DOWN
        return (await ctx.call(pay, {"order": order})).status

    here = await world(pay, order).open()
    await here.call(order, {"order": "7"}, run="r")
    first = await only(here)
    down.clear()
    done = await letters(here).redrive(first.id, by=BOB)
    assert done.outcome.unwrap() == "failed"
    left = await only(here)
    assert (left.tool, left.state) == ("pay", "open")
    rows = here.ledger.tables["tool_call"].values()
    assert [row["tool"] for row in rows if row["redrives"] is not None] == ["order"]

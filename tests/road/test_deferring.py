"""A body hands its work on: the call is put down, and ends by what is handed in for it."""

import asyncio
import contextlib
import json

import anyio.lowlevel
import pytest
from pydantic import BaseModel

from highroad import (
    Cancelled,
    Completed,
    Failed,
    Held,
    ToolContext,
    ToolError,
    Unknown,
    tool,
)
from highroad.domain.entry import EntryKind
from highroad.domain.error import LedgerError, NotRecorded, ResultRefused
from highroad.domain.outcome import HoldReason
from highroad.testing.clock import FakeClock

HOUR = 3_600


class Film(BaseModel):
    frames: int


class Farm:
    """The other side: it renders films, and hands them in."""

    def __init__(self):
        self.tokens = {}
        self.jobs = []

    def start(self, context):
        self.jobs.append(context.idempotency_key)
        self.tokens[context.call_id] = context.completion_token

    async def deliver(self, here, outcome, result=None):
        result = {"frames": 24} if result is None else result
        return await here.runtime.complete(outcome.call_id, self.tokens[outcome.call_id], result)

    async def give_up(self, here, outcome, **said):
        error = ToolError("No room.", **said)
        return await here.runtime.fail(outcome.call_id, self.tokens[outcome.call_id], error)


class Failing:
    """A store that turns down entries of one kind, or is stopped by them for ever."""

    def __init__(self, store):
        self._store = store
        self.kind = self.stalls = None
        self.is_stalled = False

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def append(self, entries, *, fence):
        if any(entry.kind == self.kind for entry in entries):
            raise LedgerError("the disk is full")
        if any(entry.kind == self.stalls for entry in entries):
            self.is_stalled = True
            await asyncio.Event().wait()
        return await self._store.append(entries, fence=fence)


@pytest.fixture
def farm():
    return Farm()


@pytest.fixture
def made(farm):
    """A tool that defers, of any contract."""

    def make(**contract):
        @tool(**{"tier": "reversible", **contract})
        async def render(name: str, context: ToolContext[None]) -> Film:
            farm.start(context)
            context.defer(expires_s=HOUR)

        return render

    return make


@pytest.fixture
async def here(world, made):
    return await world(made()).open()


async def put_down(here, tool="render", **circumstances):
    outcome = await here.call(tool, {"name": "a"}, **circumstances)
    assert isinstance(outcome, Held), outcome
    assert outcome.reason is HoldReason.DEFERRED
    return outcome


async def kinds(here, outcome):
    return [body["kind"] for body in await here.bodies(outcome.call_id)]


async def test_a_body_that_defers_leaves_its_call_held_until_the_result_is_handed_in(here, farm):
    held = await put_down(here)
    assert held.expires_ms == here.clock.now_ms() + HOUR * 1_000
    assert held.for_model()["code"] == "deferred"
    outcome = await farm.deliver(here, held)
    assert isinstance(outcome, Completed)
    assert (outcome.call_id, outcome.value, outcome.json) == (
        held.call_id,
        Film(frames=24),
        {"frames": 24},
    )
    assert (await here.wait(held.call_id)).value == Film(frames=24)
    assert await kinds(here, held) == [EntryKind.INTENT, EntryKind.DEFERRED, EntryKind.ENDED]
    assert await here.check() == set()


@pytest.mark.promise("P2")
async def test_the_deferral_is_on_disk_before_the_caller_is_told(sqlite, made, farm):
    """So the process may forget it, and another one completes the call."""
    here = await sqlite(made()).open()
    held = await put_down(here)
    await here.reopen()
    assert here.settled == ()
    assert await here.wait(held.call_id) == held
    assert (await farm.deliver(here, held)).value == Film(frames=24)
    assert len(farm.jobs) == 1


@pytest.mark.promise("P2")
async def test_a_call_whose_deferral_cannot_be_written_is_not_said_to_wait(world, made):
    here = await world(made(), wrap=Failing).open()
    here.store.kind = EntryKind.DEFERRED
    outcome = await here.call("render", {"name": "a"})
    assert isinstance(outcome, Unknown)
    assert outcome.error.code == "outcome_unknown"


@pytest.mark.promise("P11")
@pytest.mark.parametrize(
    ("effect", "status", "jobs"), [("unprotected", "unknown", 1), ("idempotent", "held", 2)]
)
async def test_a_process_that_dies_before_its_deferral_leaves_what_the_effect_class_says(
    world, made, farm, effect, status, jobs
):
    here = await world(made(effect=effect), wrap=Failing).open()
    here.store.stalls = EntryKind.DEFERRED
    dying = asyncio.ensure_future(here.call("render", {"name": "a"}))
    while not here.store.is_stalled:
        await anyio.lowlevel.checkpoint()
    await here.reopen()
    (outcome,) = here.settled
    assert outcome.status == status
    assert len(farm.jobs) == jobs
    await farm.deliver(here, outcome)
    history = await here.services.ledger.history(outcome.call_id)
    assert history.settled is True or history.status == "completed"
    dying.cancel()


# -- the token -------------------------------------------------------------------------------


async def test_the_token_is_the_same_on_every_attempt_and_after_a_crash(world, farm):
    tokens = []

    @tool(tier="reversible", effect="idempotent")
    async def render(name: str, context: ToolContext[None]) -> Film:
        tokens.append(context.completion_token)
        if len(tokens) < 3:
            raise ToolError("busy", retryable=True)
        if len(tokens) == 3:
            await asyncio.Event().wait()
        context.defer(expires_s=HOUR)

    here = await world(render, clock=FakeClock(autojump=True)).open()
    lost = asyncio.ensure_future(here.call(render, {"name": "a"}))
    while len(tokens) < 3:
        await anyio.lowlevel.checkpoint()
    await here.reopen()
    (held,) = here.settled
    assert held.reason is HoldReason.DEFERRED
    assert len(set(tokens)) == 1
    assert len(tokens) == 4
    lost.cancel()


@pytest.mark.promise("P7")
async def test_the_token_stands_nowhere_in_the_ledger(sqlite, made, farm, tmp_path):
    here = await sqlite(made()).open()
    held = await put_down(here)
    token = farm.tokens[held.call_id]
    assert len(token) == 43
    await farm.deliver(here, held)
    await here.runtime.flush()
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert token.encode() not in written


async def test_no_two_calls_have_one_token(here, farm):
    first, second = await put_down(here), await put_down(here)
    assert farm.tokens[first.call_id] != farm.tokens[second.call_id]
    with pytest.raises(NotRecorded):
        await here.runtime.complete(first.call_id, farm.tokens[second.call_id], {"frames": 1})


@pytest.mark.promise("P7")
@pytest.mark.parametrize("token", ["", "token", "é", "\udcff", "A" * 43])
async def test_a_wrong_token_and_a_call_that_is_not_there_are_told_alike(here, token):
    held = await put_down(here)
    told = set()
    for call_id in (held.call_id, "call_of_nobody"):
        with pytest.raises(NotRecorded) as refused:
            await here.runtime.complete(call_id, token, {"frames": 24})
        told.add(str(refused.value).replace(call_id, "ID"))
    assert len(told) == 1
    assert (await here.wait(held.call_id)).status == "held"


async def test_a_wrong_token_is_judged_before_the_ledger_is_asked(here):
    """How long it takes tells nothing of whether there is such a call."""
    held = await put_down(here)

    async def asked(*_, **__):
        pytest.fail("the ledger was asked")

    here.services.ledger.history = asked
    with pytest.raises(NotRecorded):
        await here.runtime.complete(held.call_id, "wrong", {"frames": 24})


@pytest.mark.promise("P3")
async def test_what_is_handed_in_counts_once(here, farm):
    held = await put_down(here)
    await farm.deliver(here, held)
    with pytest.raises(ResultRefused, match="ended as completed") as refused:
        await farm.deliver(here, held, {"frames": 25})
    assert refused.value.code == "call_ended"
    with pytest.raises(ResultRefused):
        await farm.give_up(here, held, applied=False)
    assert (await here.wait(held.call_id)).value == Film(frames=24)


@pytest.mark.promise("P3")
async def test_of_results_that_come_at_once_one_counts(here, farm):
    held = await put_down(here)
    came = await asyncio.gather(
        *(farm.deliver(here, held, {"frames": n}) for n in range(8)), return_exceptions=True
    )
    completed = [each for each in came if isinstance(each, Completed)]
    assert len(completed) == 1
    assert sum(isinstance(each, ResultRefused) for each in came) == 7
    assert (await here.wait(held.call_id)).value == completed[0].value
    assert await here.check() == set()


@pytest.mark.promise("P2")
@pytest.mark.parametrize("tier", ["reversible", "read"])
async def test_a_result_that_cannot_be_written_is_not_acknowledged_and_may_come_again(
    world, made, farm, tier
):
    here = await world(made(tier=tier), wrap=Failing).open()
    held = await put_down(here)
    here.store.kind = EntryKind.ENDED
    with pytest.raises(LedgerError, match="hand its result in again"):
        await farm.deliver(here, held)
    here.store.kind = None
    await here.assembly.waiting.end_unended()
    assert (await here.wait(held.call_id)).status == "held"
    assert (await farm.deliver(here, held)).value == Film(frames=24)
    assert await kinds(here, held) == [EntryKind.INTENT, EntryKind.DEFERRED, EntryKind.ENDED]


# -- what is handed in -----------------------------------------------------------------------


async def test_a_result_may_be_of_the_return_type(here, farm):
    held = await put_down(here)
    assert (await farm.deliver(here, held, Film(frames=7))).json == {"frames": 7}


@pytest.mark.parametrize(
    "result", [{"frames": "many"}, {}, [1], {"frames": 2**60}, "\udcff", object()]
)
async def test_a_result_of_another_type_is_refused_and_the_call_waits_on(here, farm, result):
    held = await put_down(here)
    with pytest.raises(ResultRefused, match="token stays good") as refused:
        await farm.deliver(here, held, result)
    assert refused.value.code == "result_invalid"
    assert "many" not in str(refused.value)
    assert (await farm.deliver(here, held)).status == "completed"


async def test_a_result_that_is_too_large_is_refused_and_the_call_waits_on(world, farm, limits):
    @tool(tier="reversible")
    async def render(name: str, context: ToolContext[None]) -> str:
        farm.start(context)
        context.defer(expires_s=HOUR)

    here = await world(render, limits=limits(result_bytes=100)).open()
    held = await put_down(here)
    with pytest.raises(ResultRefused, match="102 bytes, and 100 are allowed") as refused:
        await farm.deliver(here, held, "x" * 100)
    assert refused.value.code == "result_too_large"
    assert (await farm.deliver(here, held, "x" * 98)).status == "completed"


@pytest.mark.promise("P3")
async def test_a_failure_that_was_not_applied_ends_the_call_as_failed(here, farm):
    held = await put_down(here)
    outcome = await farm.give_up(here, held, applied=False, code="no_room", hint="Ask for less.")
    assert isinstance(outcome, Failed)
    assert (outcome.proof, outcome.error.code) == ("tool_said", "no_room")
    assert (outcome.error.message, outcome.error.hint) == ("No room.", "Ask for less.")
    assert (await here.wait(held.call_id)).error.message == "No room."
    assert "No room" not in json.dumps(await here.bodies())


@pytest.mark.promise("P3")
async def test_a_failure_that_proves_nothing_leaves_an_effect_unknown(here, farm):
    outcome = await farm.give_up(here, await put_down(here))
    assert isinstance(outcome, Unknown)
    assert [each.call_id for each in await here.runtime.unsettled()] == [outcome.call_id]


async def test_a_failure_that_was_applied_completes_the_call_without_its_result(here, farm):
    outcome = await farm.give_up(here, await put_down(here), applied=True)
    assert (outcome.status, outcome.result_invalid) == ("completed", True)


@pytest.mark.promise("P3")
async def test_what_a_late_failure_proves_it_proves_of_its_own_attempt_alone(world, farm):
    @tool(tier="reversible", effect="idempotent")
    async def render(name: str, context: ToolContext[None]) -> Film:
        if context.attempt == 1:
            raise ConnectionResetError
        farm.start(context)
        context.defer(expires_s=HOUR)

    here = await world(render, clock=FakeClock(autojump=True)).open()
    held = await put_down(here)
    assert isinstance(await farm.give_up(here, held, applied=False), Unknown)


async def test_what_comes_is_no_reason_to_try_again(world, made, farm):
    here = await world(made(effect="idempotent")).open()
    outcome = await farm.give_up(here, await put_down(here), retryable=True, applied=False)
    assert outcome.status == "failed"
    assert len(farm.jobs) == 1


async def test_an_error_that_the_tool_finds_in_a_result_is_found_in_a_late_one(world, farm):
    def no_frames(film):
        return None if film.frames else ToolError("It is empty.", applied=False)

    @tool(tier="reversible", error_when=no_frames)
    async def render(name: str, context: ToolContext[None]) -> Film:
        farm.start(context)
        context.defer(expires_s=HOUR)

    here = await world(render).open()
    assert (await farm.deliver(here, await put_down(here), {"frames": 0})).status == "failed"
    assert (await farm.deliver(here, await put_down(here), {"frames": 1})).status == "completed"


# -- what comes early ------------------------------------------------------------------------


@pytest.fixture
def slow(farm):
    """A tool whose result is there before its body has deferred it."""
    gate = asyncio.Event()

    @tool(tier="reversible")
    async def render(name: str, context: ToolContext[None]) -> Film:
        farm.start(context)
        await gate.wait()
        context.defer(expires_s=HOUR)

    return render, gate


async def begun(here, farm):
    calling = asyncio.ensure_future(here.call("render", {"name": "a"}))
    while not farm.tokens:
        await anyio.lowlevel.checkpoint()
    (call_id,) = farm.tokens
    return calling, Held(call_id=call_id, reason=HoldReason.DEFERRED)


async def test_a_result_that_comes_before_the_deferral_waits_for_it(world, farm, slow, turns):
    render, gate = slow
    here = await world(render).open()
    calling, call = await begun(here, farm)
    assert (await farm.deliver(here, call)).status == "held"
    await here.assembly.inbox.empty()
    gate.set()
    held = await calling
    assert held.status == "held"
    await here.assembly.inbox.empty()
    outcome = await here.wait(held.call_id, timeout_s=None)
    assert outcome.value == Film(frames=24)
    await here.assembly.inbox.empty()
    assert await here.store.inbox() == []
    assert EntryKind.ORDER_REFUSED not in [entry.kind for entry in await here.entries()]


@pytest.mark.promise("P11")
async def test_a_result_that_came_early_is_not_lost_with_the_process(sqlite, farm, slow):
    """It ends the call in place of what recovery would have to say of it."""
    here = await sqlite(slow[0]).open()
    calling, call = await begun(here, farm)
    await farm.deliver(here, call)
    await here.reopen()
    (outcome,) = here.settled
    assert outcome.value == Film(frames=24)
    assert await here.store.inbox() == []
    assert EntryKind.ORDER_REFUSED not in [entry.kind for entry in await here.entries()]
    calling.cancel()


@pytest.mark.promise("P7")
async def test_a_result_that_came_early_lies_sealed(sqlite, farm, slow, tmp_path):
    render, gate = slow
    here = await sqlite(render).open()
    calling, call = await begun(here, farm)
    await farm.deliver(here, call, {"frames": 271_828_182})
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"271828182" not in written
    assert b"271828182".hex().encode() not in written
    gate.set()
    await calling


async def test_a_body_that_answers_by_itself_after_all_has_the_first_word(world, farm, turns):
    gate = asyncio.Event()

    @tool(tier="reversible")
    async def render(name: str, context: ToolContext[None]) -> Film:
        farm.start(context)
        await gate.wait()
        return Film(frames=1)

    here = await world(render).open()
    calling, call = await begun(here, farm)
    await farm.deliver(here, call)
    gate.set()
    assert (await calling).value == Film(frames=1)
    await here.assembly.inbox.empty()
    (refused,) = await here.store.entries(kind=EntryKind.ORDER_REFUSED)
    assert json.loads(refused.body)["code"] == "call_ended"


# -- what comes late, or not at all -------------------------------------------------------------


async def expire(here, held):
    here.clock.advance(HOUR)
    await here.assembly.waiting.sweep()
    return await here.wait(held.call_id)


@pytest.mark.promise("P3")
@pytest.mark.parametrize(
    ("effect", "status"),
    [("unprotected", "unknown"), ("idempotent", "unknown"), ("repeatable", "failed")],
)
async def test_a_call_whose_result_does_not_come_ends_by_its_effect_class(
    world, made, effect, status
):
    here = await world(made(effect=effect)).open()
    held = await put_down(here)
    here.clock.advance(HOUR - 1)
    await here.assembly.waiting.sweep()
    assert (await here.wait(held.call_id)).status == "held"
    here.clock.advance(1)
    await here.assembly.waiting.sweep()
    outcome = await here.wait(held.call_id)
    assert outcome.status == status
    assert (await here.end_of(outcome))["rule"] == "deferral.expired"
    assert outcome.error.code == {"failed": "timeout", "unknown": "outcome_unknown"}[status]
    assert await here.check() == set()


@pytest.mark.promise("P11")
@pytest.mark.parametrize(
    ("happened", "status"), [(True, "completed"), (False, "failed"), (None, "unknown")]
)
async def test_a_checkable_call_is_asked_first(world, farm, happened, status):
    asked = []

    def probe(key):
        asked.append(key)
        return happened

    @tool(tier="reversible", effect="checkable", probe=probe)
    async def render(name: str, context: ToolContext[None]) -> Film:
        farm.start(context)
        context.defer(expires_s=HOUR)

    here = await world(render).open()
    assert (await expire(here, await put_down(here))).status == status
    assert asked == farm.jobs


async def test_a_call_whose_tool_is_gone_ends_when_its_time_is_over(world, made):
    @tool(tier="read")
    async def other(name: str) -> str:
        return name

    for effect, status in (("checkable", "unknown"), ("repeatable", "failed")):
        contract = {"probe": lambda key: True} if effect == "checkable" else {}
        here = await world(made(effect=effect, **contract), other).open()
        held = await put_down(here)
        await here.reopen(other)
        assert (await expire(here, held)).status == status


async def test_a_call_whose_end_cannot_be_written_when_its_time_is_over_still_waits(world, made):
    here = await world(made(), wrap=Failing).open()
    held = await put_down(here)
    here.store.kind = EntryKind.ENDED
    here.clock.advance(HOUR)
    assert await here.wait(held.call_id) == held
    here.store.kind = None
    assert (await here.wait(held.call_id)).status == "unknown"


async def test_whoever_waits_ends_the_call_when_its_time_is_over(here):
    held = await put_down(here)
    here.clock.advance(HOUR)
    assert (await here.wait(held.call_id)).status == "unknown"


@pytest.mark.promise("P3")
async def test_a_result_that_comes_too_late_is_an_amendment(here, farm):
    held = await put_down(here)
    await expire(here, held)
    outcome = await farm.deliver(here, held)
    assert outcome.status == "unknown"
    history = await here.services.ledger.history(held.call_id)
    assert [(each.kind, each.applied) for each in history.amendments] == [("late", True)]
    assert await here.runtime.unsettled() == ()
    assert (await here.runtime.dead_letters.list(state="settled"))[0].call_id == held.call_id
    with pytest.raises(ResultRefused, match="nothing new"):
        await farm.deliver(here, held)


async def test_the_news_that_nothing_was_done_settles_a_call_that_had_expired(here, farm):
    held = await put_down(here, run="r")
    assert (await here.account("r")).calls == 1
    await expire(here, held)
    await farm.give_up(here, held, applied=False)
    assert (await here.services.ledger.history(held.call_id)).settled is False
    with pytest.raises(ResultRefused):
        await farm.give_up(here, held)
    assert (await put_down(here, run="r")).call_id != held.call_id


async def test_a_late_success_of_a_repeatable_call_is_an_amendment_too(world, made, farm):
    here = await world(made(effect="repeatable")).open()
    held = await put_down(here)
    assert (await expire(here, held)).status == "failed"
    assert (await farm.deliver(here, held)).status == "failed"
    history = await here.services.ledger.history(held.call_id)
    assert [each.applied for each in history.amendments] == [True]
    with pytest.raises(ResultRefused):
        await farm.give_up(here, held, applied=False)


# -- calling off -----------------------------------------------------------------------------


@pytest.mark.promise("P3")
@pytest.mark.parametrize(
    ("effect", "ending"), [("unprotected", Unknown), ("repeatable", Cancelled)]
)
@pytest.mark.parametrize("of_run", [False, True])
async def test_a_call_that_waits_for_its_result_can_be_called_off(
    world, made, farm, bob, effect, ending, of_run
):
    here = await world(made(effect=effect)).open()
    held = await put_down(here, run="r")
    what = {"run": "r"} if of_run else {"call_id": held.call_id}
    (outcome,) = await here.runtime.cancel(**what, by=bob, reason="not wanted")
    assert isinstance(outcome, ending)
    (row,) = here.ledger.tables["deferral"].values()
    assert row["state"] == "cancelled"
    await farm.deliver(here, held)
    history = await here.services.ledger.history(held.call_id)
    assert history.settled is True
    assert await here.check() == set()


@pytest.mark.promise("P3")
async def test_a_body_that_is_called_off_on_its_way_out_does_not_wait(world, farm, bob):
    leaving = asyncio.Event()

    @tool(tier="reversible")
    async def render(name: str, context: ToolContext[None]) -> Film:
        farm.start(context)
        try:
            context.defer(expires_s=HOUR)
        finally:
            leaving.set()
            await asyncio.Event().wait()

    here = await world(render).open()
    calling = asyncio.ensure_future(here.call(render, {"name": "a"}))
    await leaving.wait()
    (call_id,) = farm.tokens
    (outcome,) = await here.runtime.cancel(call_id=call_id, by=bob, reason="not wanted")
    assert isinstance(outcome, Unknown)
    assert await calling == outcome
    (row,) = here.ledger.tables["deferral"].values()
    assert row["state"] == "cancelled"
    assert await here.check() == set()


@pytest.mark.promise("P3")
async def test_a_call_that_is_called_off_while_it_is_put_down_has_one_end(
    world, made, dawdling, bob, turns
):
    for rounds in range(0, 60, 3):
        here = await world(made(), wrap=dawdling).open()
        calling = asyncio.ensure_future(here.call("render", {"name": "a"}, run="r"))
        await turns(rounds)
        with contextlib.suppress(NotRecorded):  # it had not begun
            await here.runtime.cancel(run="r", by=bob, reason="not wanted")
        outcome = await calling
        history = await here.services.ledger.history(outcome.call_id)
        row = here.ledger.tables["deferral"].get((outcome.call_id,))
        assert history.is_held == (row is not None and row["state"] == "waiting")
        await here.check()

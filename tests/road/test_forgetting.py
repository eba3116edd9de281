"""People are forgotten while their calls go on, wait, are archived, and come back."""

import asyncio

import pytest

from highroad import Principal, tool
from highroad.domain.approval import Ruling
from highroad.domain.error import NotRecorded, VaultError
from highroad.domain.moving import Section
from highroad.domain.order import Decision, ErasureOrder
from highroad.domain.order_form import read_order
from highroad.ledger.authorship import signed
from highroad.ledger.upkeep.archive import Age, Archive

pytestmark = pytest.mark.promise("P7")

ADMIN = Principal("admin", authenticated=True, permissions={"audit:erase", "audit:reveal"})

DAY_S = 86_400


@tool(tier="reversible", cost=0.01)
async def pay(number: int) -> int:
    if number < 0:
        raise RuntimeError
    return number


@tool(tier="read")
async def look(number: int) -> int:
    return number


@tool(tier="irreversible", ask="args.number > 0")
async def wipe(number: int) -> int:
    return number


async def ordered(here, alice):
    """Another process asks that alice be forgotten."""
    ledger = here.services.ledger
    order = ErasureOrder(
        principal_id=ledger.keyring.opaque(alice),
        organization="default",
        by=ledger.keyring.opaque(ADMIN),
        at_ms=here.clock.now_ms(),
        profile=ledger.sealed_profile(ADMIN),
    )
    order = signed(ledger.keyring, order)
    await here.store.post(order)
    return order


async def waiting(here):
    return [read_order(posted) for posted in await here.store.inbox()]


async def forgotten(here, alice):
    name = await here.store.profile(here.services.ledger.keyring.opaque(alice))
    return name is None


async def test_a_request_to_forget_waits_for_the_calls_that_stand_in_its_way(world, alice):
    begun, gate = asyncio.Event(), asyncio.Event()

    @tool(tier="reversible")
    async def slow(number: int) -> int:
        begun.set()
        await gate.wait()
        return number

    here = await world(slow).open()
    call = asyncio.ensure_future(here.call(slow, {"number": 1}, run="r"))
    await begun.wait()
    order = await ordered(here, alice)
    await here.assembly.inbox.empty()
    assert await waiting(here) == [order]
    gate.set()
    await call
    del call
    here.clock.advance(60)
    await here.assembly.inbox.empty()
    assert await here.store.inbox() == []
    assert await forgotten(here, alice)


async def test_a_request_to_forget_that_waits_holds_up_no_other_order(world, alice, bob):
    here = await world(wipe).open()
    held = await here.call(wipe, {"number": 1}, run="r")
    order = await ordered(here, alice)
    approval = await here.store.approval(held.approval_id)
    word = Decision(
        approval_id=approval.id,
        organization=bob.organization,
        ruling=Ruling.REJECT,
        by=here.services.ledger.keyring.opaque(bob),
        digest=approval.digest,
        at_ms=here.clock.now_ms(),
        profile=here.services.ledger.sealed_profile(bob),
    )
    await here.store.post(signed(here.services.ledger.keyring, word))
    await here.assembly.inbox.empty()
    assert await waiting(here) == [order]
    assert (await here.wait(held.call_id)).status == "refused"
    here.clock.advance(60)
    await here.assembly.inbox.empty()
    assert await forgotten(here, alice)


async def test_a_request_to_forget_is_not_weighed_at_every_look(world, alice):
    here = await world(wipe).open()
    await here.call(wipe, {"number": 1}, run="r")
    await ordered(here, alice)
    weighed = []
    carry_out = here.assembly.inbox._handlers[ErasureOrder]  # noqa: SLF001 - to be counted

    async def count(order, by):
        weighed.append(order)
        return await carry_out(order, by)

    here.assembly.inbox._handlers[ErasureOrder] = count  # noqa: SLF001 - as above
    for _ in range(10):
        await here.assembly.inbox.empty()
    assert len(weighed) == 1
    here.clock.advance(60)
    await here.assembly.inbox.empty()
    assert len(weighed) == 2


async def test_a_request_to_forget_outlives_its_owner(world, alice):
    here = await world(wipe).open()
    held = await here.call(wipe, {"number": 1}, run="r")
    await ordered(here, alice)
    await here.assembly.inbox.empty()
    await here.reopen()
    await here.reject(held)
    await here.wait(held.call_id)
    await here.reopen()
    assert await forgotten(here, alice)


async def archived(here, folder, *, before):
    """Move what may go into files, after `before` reads have filled tiles."""
    for number in range(before):
        await here.call("look", {"number": number})
    await here.runtime.flush()
    here.clock.advance(31 * DAY_S)
    await here.store.expire(here.clock.now_ms())
    notary = here.assembly.notary
    await notary.sign()
    archive = Archive(
        here.store, here.services.ledger.writer, notary.fence, here.clock, sign=notary.sign
    )
    return await archive.move(folder, Age(before_ms=here.clock.now_ms(), is_anchored=False))


@pytest.fixture(params=["memory", "sqlite"])
async def place(request, world, tmp_path):
    path = None if request.param == "memory" else tmp_path / "ledger.db"
    here = await world(pay, look, wipe, path=path).open()
    yield here
    await here.runtime.close()


@pytest.mark.promise("P11")
async def test_a_call_that_nobody_knows_the_outcome_of_is_not_archived(place, alice, bob, tmp_path):
    unknown = await place.call(pay, {"number": -1})
    assert await archived(place, tmp_path / "files", before=300) is None
    assert [each.call_id for each in await place.runtime.unsettled()] == [unknown.call_id]
    await place.runtime.settle(unknown.call_id, applied=True, by=bob, reason="looked it up")
    assert await archived(place, tmp_path / "files", before=300) is not None
    await place.runtime.audit.erase("alice", by=ADMIN)
    assert await forgotten(place, alice)
    assert (await place.runtime.audit.compare_tables()).holds
    with pytest.raises(NotRecorded, match="was archived"):
        await place.runtime.settle(unknown.call_id, applied=False, by=bob, reason="it was not")


async def all_opens(here):
    """Whatever content is there can be read: none was sealed under a key that is gone."""
    await here.runtime.flush()
    vault = here.services.ledger.vault
    vault._held.clear()  # noqa: SLF001 - as after a restart
    vault._recent.clear()  # noqa: SLF001 - as above
    rows = await here.store.upkeep.carry_out(Section.PAYLOAD, limit=100_000)
    for payload_id, run_id, *_ in rows:
        await vault.open(str(run_id), str(payload_id))
    return len(rows)


@pytest.mark.parametrize("head_start", range(0, 24, 2))
async def test_a_call_that_comes_while_its_run_is_forgotten_can_be_read(
    world, dawdling, alice, turns, head_start
):
    here = await world(pay, wipe, wrap=dawdling).open()
    await here.call(pay, {"number": 1}, run="r")
    here.services.ledger.vault._recent.clear()  # noqa: SLF001 - other runs came since
    order = ErasureOrder(
        principal_id=here.services.ledger.keyring.opaque(alice),
        organization="default",
        by=here.services.ledger.keyring.opaque(ADMIN),
        at_ms=here.clock.now_ms(),
    )
    erasing = asyncio.ensure_future(here.runtime.audit.erasures.carry_out(order))
    await turns(head_start)
    held = await here.call(wipe, {"number": 2}, run="r")
    await asyncio.gather(erasing, return_exceptions=True)
    assert await all_opens(here)
    await here.approve(held)
    assert (await here.wait(held.call_id)).status == "completed"
    assert (await here.runtime.audit.compare_tables()).holds


@pytest.mark.parametrize("head_start", range(0, 24, 2))
async def test_a_call_that_comes_while_payloads_of_its_run_expire_can_be_read(
    world, dawdling, turns, head_start
):
    here = await world(pay, wipe, wrap=dawdling).open()
    await here.call(pay, {"number": 1}, run="r")
    here.services.ledger.vault._recent.clear()  # noqa: SLF001 - other runs came since
    here.clock.advance(29 * DAY_S)
    sweeping = asyncio.ensure_future(here.assembly.retention.sweep())
    await turns(head_start)
    held = await here.call(wipe, {"number": 2}, run="r")
    await sweeping
    assert await all_opens(here)
    await here.approve(held)
    assert (await here.wait(held.call_id)).status == "completed"


async def test_what_was_written_lately_outlives_the_call_that_it_is_about(place, bob):
    unknown = await place.call(pay, {"number": -1}, run="r")
    place.clock.advance(27 * DAY_S)
    await place.runtime.settle(unknown.call_id, applied=True, by=bob, reason="looked it up")
    place.clock.advance(2 * DAY_S)
    await place.assembly.retention.sweep()
    explained = await place.runtime.audit.explain(unknown.call_id)
    (amendment,) = explained.amendments
    content = await place.services.ledger.vault.open(explained.run_id, amendment.reason)
    assert content == b'"looked it up"'
    place.clock.advance(28 * DAY_S)
    await place.assembly.retention.sweep()
    assert await place.store.run_key(explained.run_id) is None


@pytest.mark.promise("P11")
async def test_what_tells_of_an_unknown_call_is_kept_until_somebody_settles_it(place, bob):
    unknown = await place.call(pay, {"number": -1}, run="r")
    known = await place.call(pay, {"number": 1}, run="r")
    place.clock.advance(29 * DAY_S)
    await place.assembly.retention.sweep()
    revealed = await place.runtime.audit.explain(unknown.call_id, reveal_by=ADMIN)
    assert revealed.arguments == {"number": -1}
    assert (await place.runtime.audit.explain(known.call_id)).erased_ms is not None
    await place.runtime.settle(unknown.call_id, applied=True, by=bob, reason="looked it up")
    await place.assembly.retention.sweep()
    with pytest.raises(VaultError):
        await place.runtime.audit.explain(unknown.call_id, reveal_by=ADMIN)


@pytest.mark.promise("P4")
async def test_a_key_whose_result_was_destroyed_is_still_answered_as_completed(place):
    first = await place.call(pay, {"number": 1}, key="order-1")
    assert first.value == 1
    place.clock.advance(29 * DAY_S)
    await place.assembly.retention.sweep()
    again = await place.call(pay, {"number": 1}, key="order-1")
    assert (again.status, again.is_repeated) == ("completed", True)
    assert again.value is None


async def test_a_call_that_only_repeats_an_unknown_one_keeps_nobody_from_being_forgotten(
    place, alice, bob
):
    unknown = await place.call(pay, {"number": -1}, run="r")
    again = await place.call(pay, {"number": -1}, run="r")
    assert (again.status, again.call_id == unknown.call_id) == ("unknown", False)
    plan = await place.runtime.audit.erasure_plan("alice", by=ADMIN)
    assert plan.unfinished == (unknown.call_id,)
    await place.runtime.settle(unknown.call_id, applied=True, by=bob, reason="looked it up")
    await place.runtime.audit.erase("alice", by=ADMIN)
    assert await forgotten(place, alice)

"""People are forgotten, and payloads go by their age; the record stays as it is."""

from dataclasses import replace

import pytest

from highroad.adapters.caches.memory import MemoryCache
from highroad.adapters.stores.sqlite import SQLiteStore
from highroad.domain.entry import Amendment, AmendmentKind
from highroad.domain.error import (
    CacheError,
    ErasureRefused,
    LedgerError,
    NotPermitted,
    VaultError,
)
from highroad.domain.identity import Principal
from highroad.domain.order import ErasureOrder
from highroad.domain.order_form import read_order
from highroad.domain.outcome import Ending, Status
from highroad.ledger import entries
from highroad.ledger.access import ReadOnlyWriter
from highroad.ledger.audit import Audit
from highroad.ledger.canonical import canonical
from highroad.ledger.keyring import Keyring
from highroad.ledger.ledger import Ledger
from highroad.ledger.results import Fetch, Results
from highroad.ledger.upkeep import retention as retention_module
from highroad.ledger.upkeep.retention import Retention
from highroad.resilience.cache_access import CacheAccess
from highroad.testing import MemoryStore, SequentialIds

ADMIN = Principal("admin", "acme", name="Ada", permissions={"audit:erase", "audit:reveal"})
DAY_MS = 86_400_000

pytestmark = pytest.mark.promise("P7")


@pytest.fixture
def cache(clock):
    return MemoryCache(clock, entries=10, most_bytes=100_000)


@pytest.fixture
def results(ledger, clock, cache):
    return Results(CacheAccess(cache, clock), ledger.keyring, clock, bytes(16))


@pytest.fixture
def audit(ledger, results):
    return Audit(ledger, is_owner=True, results=results)


async def in_run(books, run, step, **facts):
    return await books.complete(books.call(run_id=run, is_direct=False, step=step, **facts))


async def test_a_plan_tells_what_goes_before_anything_does(books, store, audit, people):
    _, bob = people
    await in_run(books, "run_x", 1)
    await in_run(books, "run_x", 2, principal=bob)
    await in_run(books, "run_y", 1, principal=bob)
    plan = await audit.erasure_plan("alice", by=ADMIN)
    assert (plan.runs, plan.calls, plan.calls_of_others) == (("run_x",), 1, 1)
    assert (plan.name, plan.organization, plan.unfinished) == ("Alice Archer", "acme", ())
    assert set(store.ledger.run_keys) == {"run_x", "run_y"}


async def test_forgetting_destroys_keys_payloads_and_the_name(books, store, audit, people):
    _, bob = people
    call = await in_run(books, "run_x", 1)
    kept = await in_run(books, "run_y", 1, principal=bob)
    before = [entry.body for entry in store.ledger.entries]
    plan = await audit.erase("alice", by=ADMIN)
    assert plan.runs == ("run_x",)
    assert set(store.ledger.run_keys) == {"run_y"}
    assert {each.run_id for each in store.ledger.payloads.values()} == {"run_y"}
    assert [entry.body for entry in store.ledger.entries][: len(before)] == before
    found = await audit.explain(call.id)
    assert (found.principal_name, found.erased_ms) == (None, store.ledger.entries[-1].at_ms)
    assert (await audit.explain(kept.id)).erased_ms is None
    assert (await audit.explain(kept.id, reveal_by=ADMIN)).arguments == {"order": 7}
    with pytest.raises(VaultError, match="is not in the ledger"):
        await audit.explain(call.id, reveal_by=ADMIN)
    assert (await audit.compare_tables()).holds


async def test_an_erasure_is_told_by_the_record(books, store, audit, ledger, people):
    await in_run(books, "run_x", 1)
    await audit.erase("alice", by=ADMIN)
    rows = list(store.ledger.tables["erasure"].values())
    alice, ada = ledger.keyring.opaque(people[0]), ledger.keyring.opaque(ADMIN)
    assert {(row["reason"], row["principal_id"], row["erased_by"]) for row in rows} == {
        ("request", alice, ada)
    }
    assert sum(row["payloads"] for row in rows) == 2
    assert sum(row["runs"] for row in rows) == 1
    (act, *_) = await audit.acts(user="admin", organization="acme")
    assert (act.what, act.word, act.name) == ("erasure", "request", "Ada")


async def test_whoever_lacks_the_permission_or_is_of_elsewhere_forgets_nobody(books, audit, people):
    await in_run(books, "run_x", 1)
    with pytest.raises(NotPermitted, match="audit:erase"):
        await audit.erase("alice", by=people[1])
    with pytest.raises(NotPermitted):
        await audit.erasure_plan("alice", by=people[1])
    stranger = Principal("eve", "other", permissions={"audit:erase"})
    assert (await audit.erase("alice", by=stranger)).runs == ()
    assert (await audit.erasure_plan("alice", by=ADMIN)).name == "Alice Archer"


async def test_runs_of_agents_go_with_all_that_was_said_in_them(store, audit, agency, people):
    """Also where they made no call; what was said to runs of others goes, and those stay."""
    _, bob = people
    mine, other = await agency.start(), await agency.start("run_b", principal=bob)
    await agency.reply(mine, await agency.ask(mine))
    await agency.say(other, number=1)
    await agency.say(other, by=bob, number=2)
    with pytest.raises(ErasureRefused, match="run_a"):
        await audit.erase("alice", by=ADMIN)
    await agency.end(mine)
    plan = await audit.erase("alice", by=ADMIN)
    assert (plan.runs, plan.unfinished) == (("run_a",), ())
    assert plan.reasons == ("run_b.msg_1.message",)
    assert set(store.ledger.run_keys) == {"run_b"}
    assert sorted(store.ledger.payloads) == ["run_b.msg_2.message", "run_b.request"]
    told = [row["payloads"] for row in store.ledger.tables["erasure"].values()]
    assert sorted(told) == [1, 3]
    assert (await audit.compare_tables()).holds


@pytest.mark.parametrize("state", ["held", "running", "unknown"])
async def test_while_calls_are_not_over_nobody_is_forgotten(books, store, audit, ledger, state):
    call = books.call(run_id="run_x", is_direct=False)
    record = await books.record(call)
    if state == "held":
        await books.hold(record)
    else:
        await books.intend(record)
    if state == "unknown":
        await books.end(record, Ending(status=Status.UNKNOWN), code="outcome_unknown")
    with pytest.raises(ErasureRefused, match=call.id):
        await audit.erase("alice", by=ADMIN)
    assert "run_x" in store.ledger.run_keys
    assert store.ledger.payloads


async def test_a_settled_call_is_over(books, audit, ledger, store):
    call = books.call(run_id="run_x", is_direct=False)
    record = await books.record(call)
    await books.intend(record, claim=books.claim(call))
    unknown = Ending(status=Status.UNKNOWN, keeps_key=True)
    await books.end(record, unknown, code="outcome_unknown")
    fact = Amendment(
        id="amd_1", call_id=call.id, kind=AmendmentKind.SETTLED, applied=True, by="usr_x", at_ms=1
    )
    await ledger.writer.write(
        entries.amended(fact, organization="acme", run_id="run_x", reason=None)
    )
    del record
    assert store.ledger.claims
    await audit.erase("alice", by=ADMIN)
    assert store.ledger.claims == {}


async def test_a_call_on_its_way_keeps_the_key_of_its_run(books, store, audit, ledger):
    await in_run(books, "run_x", 1)
    record = await books.record(books.call(run_id="run_x", is_direct=False, step=2))
    with pytest.raises(ErasureRefused, match="on their way in run_x"):
        await audit.erase("alice", by=ADMIN)
    assert "run_x" in store.ledger.run_keys
    assert record.run_key


async def test_what_somebody_wrote_about_calls_of_others_goes_and_those_stay(
    books, store, audit, ledger, people
):
    _, bob = people
    call = books.call()
    record = await books.record(call)
    approval = await books.hold(record)
    decided = await books.decide(approval, by=bob)
    _, reason = ledger.vault.seal(record.run_key, f"{approval.id}.reason.b", "message", b'"why"')
    fact = Amendment(
        id="amd_1",
        call_id=call.id,
        kind=AmendmentKind.SETTLED,
        applied=True,
        by=ledger.keyring.opaque(bob),
        at_ms=1,
    )
    await ledger.writer.write(
        entries.amended(fact, organization="acme", run_id=call.run_id, reason=reason)
    )
    assert decided
    plan = await audit.erase("bob", by=ADMIN)
    assert (plan.runs, plan.reasons) == ((), (reason.id,))
    assert reason.id not in store.ledger.payloads
    assert call.run_id in store.ledger.run_keys
    assert await store.profile(ledger.keyring.opaque(bob)) is None


def fetch_of(results, record, *, is_public):
    key = results.key(record, b"{}", tuple, is_public=is_public)
    return Fetch(key=key, call_id=record.call.id, organization=record.call.organization)


@pytest.mark.parametrize("is_public", [False, True])
async def test_memory_and_cache_forget_as_well(books, audit, ledger, results, cache, is_public):
    call = await in_run(books, "run_x", 1)
    record = await ledger.record(call, policy_version="policy-1")
    fetch = fetch_of(results, record, is_public=is_public)
    await results.lead(fetch, fresh_s=0, lease_s=9)
    await results.keep(fetch, b'"kept"', held_s=60)
    assert (await cache.size()).entries == 1
    assert record.profile is None
    del record
    await audit.erase("alice", by=ADMIN)
    again = await ledger.record(replace(call, id="call_y"), policy_version="policy-1")
    assert again.run_key.pending is not None, "the old key is gone from memory too"
    assert again.profile is not None, "the name may be written anew"
    assert (await cache.size()).entries == 0


async def test_nobody_is_forgotten_while_what_is_kept_of_them_is_out_of_reach(
    books, store, audit, ledger, cache, monkeypatch
):
    async def clear(space):
        raise CacheError("it is away")

    await in_run(books, "run_x", 1)
    with monkeypatch.context() as away:
        away.setattr(cache, "clear", clear, raising=False)
        with pytest.raises(LedgerError, match="order it again"):
            await audit.erase("alice", by=ADMIN)
    assert await store.profile(ledger.keyring.opaque(Principal("alice", "acme"))) is not None
    await audit.erase("alice", by=ADMIN)
    assert await store.profile(ledger.keyring.opaque(Principal("alice", "acme"))) is None


async def test_any_other_process_leaves_an_order_that_the_owner_carries_out_once(
    books, store, audit, ledger, keys, clock
):
    await in_run(books, "run_x", 1)
    other = Ledger(MemoryStore(store.ledger), ReadOnlyWriter(1), Keyring(keys), clock)
    bystander = Audit(other, is_owner=False)
    plan = await bystander.erase("alice", by=ADMIN)
    assert plan.runs == ("run_x",)
    assert "run_x" in store.ledger.run_keys
    (posted,) = await store.inbox()
    order = read_order(posted)
    assert isinstance(order, ErasureOrder)
    await audit.erasures.carry_out(order)
    assert "run_x" not in store.ledger.run_keys
    rows = len(store.ledger.tables["erasure"])
    await in_run(books, "run_z", 1)
    await audit.erasures.carry_out(order)
    assert len(store.ledger.tables["erasure"]) == rows
    assert "run_z" in store.ledger.run_keys
    assert (await bystander.explain(books_call(store))).principal_name is not None


def books_call(store):
    return next(entry.call_id for entry in store.ledger.entries if entry.call_id)


class TestFiles:
    """No byte of the files gives anything back, the write-ahead log included."""

    @pytest.fixture
    async def store(self, tmp_path):
        store = SQLiteStore.open(tmp_path / "ledger.db")
        yield store
        await store.close()

    @pytest.fixture
    def seen(self, tmp_path):
        return lambda: b"".join(path.read_bytes() for path in tmp_path.glob("ledger.db*"))

    async def test_no_argument_can_be_guessed_back(
        self, books, ledger, store, audit, keys, seen, people
    ):
        """With every key of the deployment but those that were destroyed, a dictionary finds
        nothing: no digest of any argument under any of them, and no wrapped key."""
        organization = ledger.keyring.organization("acme")
        guesses = [canonical({"order": number}) for number in range(40)]
        for number in range(40):
            call = books.call(run_id=f"run_{number % 7}", is_direct=False, step=number)
            call = replace(call, raw={"order": number}, arguments={"order": number})
            record = await books.record(call)
            ledger.seal_arguments(record, guesses[number])
            derived = organization.digest(b"arguments", guesses[number])
            claim = replace(books.claim(call, derived), arguments=derived)
            await books.intend(record, claim=claim)
            await books.end(record)
        wrapped = [(await store.run_key(f"run_{number}")).wrapped for number in range(7)]
        sealed = [
            (await store.payload(f"call_{number + 1:026}.arguments")).ciphertext
            for number in range(40)
        ]
        profile = await store.profile(ledger.keyring.opaque(people[0]))
        digests = [organization.digest(b"arguments", guess) for guess in guesses]
        told = seen()
        assert all(each in told for each in (*wrapped, *sealed, *digests, profile))
        del record
        await audit.erase("alice", by=ADMIN)
        told = seen()
        for each in (*wrapped, *sealed, *digests, profile):
            assert each not in told
            assert each.hex().encode() not in told
        fresh = ledger.keyring.new_run_key("run_0", 0)
        assert not any(fresh.digest(guess).encode() in told for guess in guesses)
        assert (await audit.compare_tables()).holds

    async def test_a_log_that_another_process_reads_is_told_of(
        self, books, audit, tmp_path, caplog
    ):
        import apsw  # noqa: PLC0415 - a reader that nothing of ours would be

        await in_run(books, "run_x", 1)
        reader = apsw.Connection(str(tmp_path / "ledger.db"))
        reading = reader.execute("SELECT * FROM entry")
        next(reading)
        audit_store = audit._ledger.store  # noqa: SLF001 - whose patience the test shortens
        audit_store._writer._patience_ms = 0  # noqa: SLF001
        await audit.erase("alice", by=ADMIN)
        assert "another process reads the ledger" in caplog.text
        reading.close()
        reader.close()


@pytest.fixture
def retention(ledger, store):
    return Retention(ledger, store.upkeep, SequentialIds(), days=28)


@pytest.mark.parametrize("batch", [1, 3, 1_000])
async def test_payloads_go_by_their_age_and_keys_with_the_last_of_them(
    books, store, ledger, audit, retention, clock, monkeypatch, batch
):
    monkeypatch.setattr(retention_module, "_BATCH", batch)
    old = await in_run(books, "run_x", 1)
    await in_run(books, "run_y", 1)
    clock.advance(20 * 86_400)
    young = await in_run(books, "run_y", 2)
    clock.advance(9 * 86_400)
    assert await retention.sweep()
    assert {each.partition(".")[0] for each in store.ledger.payloads} == {young.id}
    assert set(store.ledger.run_keys) == {"run_y"}
    assert (await audit.explain(old.id)).erased_ms == clock.now_ms()
    assert (await audit.explain(young.id)).erased_ms is None
    clock.advance(28 * 86_400)
    assert await retention.sweep()
    assert store.ledger.payloads == {}
    assert store.ledger.run_keys == {}
    assert await retention.sweep() == 0
    reasons = {row["reason"] for row in store.ledger.tables["erasure"].values()}
    assert reasons == {"retention"}
    assert (await audit.compare_tables()).holds


async def test_what_is_open_or_held_keeps_its_payloads(books, store, retention, clock):
    held = books.call()
    await books.hold(await books.record(held))
    running = await books.record(books.call(run_id="run_x", is_direct=False))
    await books.intend(running)
    clock.advance(60 * 86_400)
    assert await retention.sweep() == 0
    assert len(store.ledger.run_keys) == 2


async def test_a_run_that_goes_on_keeps_all_that_it_has(agency, store, retention, clock):
    """And that of its calls; once it has ended, it is as old as its end."""
    head = await agency.start()
    await agency.reply(head, await agency.ask(head))
    await agency.hold(head)
    clock.advance(40 * DAY_MS / 1_000)
    assert await retention.sweep() == 0
    await agency.end(head)
    assert await retention.sweep() == 2
    assert list(store.ledger.payloads) == ["run_a.result"]
    assert "run_a" in store.ledger.run_keys
    clock.advance(40 * DAY_MS / 1_000)
    assert await retention.sweep() == 1
    assert "run_a" not in store.ledger.run_keys


async def test_a_call_on_its_way_keeps_its_key_from_retention(
    books, store, ledger, retention, clock
):
    await in_run(books, "run_x", 1)
    clock.advance(60 * 86_400)
    record = await books.record(books.call(run_id="run_x", is_direct=False, step=2))
    assert await retention.sweep() == 2
    assert "run_x" in store.ledger.run_keys
    assert record.run_key

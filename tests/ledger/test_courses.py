"""Every course that a call can take, in the rows of an auditor and in its history.

The rows are read back by column name from a SQLite file, so that the order of columns, which is
written down twice (`domain.audit` and `ledger.projections`), cannot drift apart.
"""

from dataclasses import asdict, replace

import apsw
import orjson
import pytest

from highroad.adapters.stores.sqlite import SQLiteStore
from highroad.domain.approval import ApprovalState, Ruling
from highroad.domain.audit import TABLES
from highroad.domain.entry import Amendment, AmendmentKind, EntryKind, StoredEntry
from highroad.domain.error import LedgerError
from highroad.domain.identity import Delegate, Origin
from highroad.domain.order import Decision
from highroad.domain.outcome import Ending, Proof, Status
from highroad.domain.payload import PayloadKind
from highroad.ledger import entries, projections
from highroad.ledger.history import read_body, read_call

UNKNOWN = Ending(status=Status.UNKNOWN, decided_by="execute", keeps_key=True)
REJECTED = Ending(status=Status.REFUSED, decided_by="approve", rule="approval.x", keeps_key=True)
EXPIRED = Ending(status=Status.EXPIRED, decided_by="approve", rule="approval.x")
FAILED = Ending(status=Status.FAILED, decided_by="execute", proof=Proof.TOOL_SAID)
CANCELLED = Ending(status=Status.CANCELLED, proof=Proof.NOT_STARTED)
PASSED = ["resolve", "validate", "authorize"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.db"


@pytest.fixture
async def store(path):
    store = SQLiteStore.open(path)
    yield store
    await store.close()


@pytest.fixture
def row(path, ledger):
    """The one row of a table that a condition holds for, by column name."""

    async def find(table, **where):
        await ledger.writer.flush()
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        condition = " AND ".join(f"{column} = ?" for column in where)
        query = f"SELECT * FROM {table} WHERE {condition}"  # noqa: S608 - of this test
        cursor = connection.execute(query, tuple(where.values()))
        found = [dict(zip((d[0] for d in cursor.description), r, strict=True)) for r in cursor]
        connection.close()
        assert len(found) <= 1
        return found[0] if found else None

    return find


@pytest.fixture
async def written(store, ledger):
    """After the test: rows are a function of bodies alone, and of the right number of columns."""
    seen, append = [], store.append

    async def watch(entries, *, fence):
        seen.extend(entries)
        return await append(entries, fence=fence)

    store.append = watch
    yield seen
    await ledger.writer.flush()
    assert seen
    for entry in seen:
        derived = projections.rows(orjson.loads(entry.body))
        names = [row for row in entry.rows if row.table == "app_user"]
        assert derived == tuple(row for row in entry.rows if row not in names)
        for row in entry.rows:
            assert len(row.values) == len(TABLES[row.table].columns), row.table


@pytest.mark.parametrize("is_slow", [False, True])
async def test_a_read_that_completes(books, ledger, row, written, tools, is_slow):
    record = await books.record(books.call(tools[0]))
    await books.intend(record)
    if is_slow:
        await ledger.writer.flush()
    await books.end(record)
    call = record.call
    history = await ledger.history(call.id)
    assert history.status is Status.COMPLETED
    assert [line[0] for line in history.stages] == [*PASSED, "execute", "finish"]
    assert history.positions == ((0, 1) if is_slow else (0,))
    assert ("intent" in history.ended) is not is_slow
    run = await row("agent_run", id=call.run_id)
    assert (run["status"], run["trace_id"]) == ("completed", call.trace_id)
    assert (run["started_ms"], run["ended_ms"]) == (call.created_ms, history.ended["at"])
    assert (run["organization"], run["principal_id"]) == ("acme", history.opening["principal"])
    made = await row("tool_call", id=call.id)
    assert (made["run_id"], made["step_number"], made["parent_id"]) == (call.run_id, 1, None)
    assert (made["tool"], made["tool_version"], made["tool_digest"]) == ("get_order", "1", "0" * 64)
    assert (made["tier"], made["effect"]) == ("read", "repeatable")
    assert (made["origin"], made["door"], made["policy_version"]) == ("code", "python", "policy-1")
    assert made["arguments_ref"] == f"{call.id}.arguments"
    assert made["arguments_digest"] == history.ref("arguments").digest
    assert (made["has_intent"], made["reserved_microusd"]) == (1, 10_000)
    assert (made["created_ms"], made["idempotency_key"]) == (call.created_ms, None)
    result = await row("tool_result", call_id=call.id)
    assert (result["status"], result["code"], result["proof"]) == ("completed", None, None)
    assert (result["result_ref"], result["source_call_id"]) == (f"{call.id}.result", None)
    assert result["result_digest"] == history.ref("result").digest
    assert [result[f"is_{name}"] for name in ("repeated", "cached", "dry_run")] == [0, 0, 0]
    assert (result["attempts"], result["latency_us"], result["cost_microusd"]) == (1, 1234, 10_000)
    assert (result["run_id"], result["ended_ms"]) == (call.run_id, history.ended["at"])
    decision = await row("authz_decision", call_id=call.id)
    assert (decision["allowed"], decision["rule"], decision["tool"]) == (
        1,
        "policy.allow",
        "get_order",
    )
    assert (decision["policy_version"], decision["decided_ms"]) == ("policy-1", call.created_ms)
    step = await row("step", run_id=call.run_id)
    assert (step["step_number"], step["call_id"], step["tool"]) == (1, call.id, "get_order")
    assert (step["allowed"], step["reason"], step["latency_us"]) == (1, None, 1234)
    assert (step["compensation"], step["compensation_state"]) == (None, None)
    person = await row("app_user", id=made["principal_id"])
    assert (person["organization"], person["sealed_ms"]) == ("acme", call.created_ms)
    assert b"Alice" not in person["sealed_profile"]


async def test_a_call_under_way(books, ledger, row, written):
    record = await books.record(books.call())
    await books.intend(record)
    history = await ledger.history(record.call.id)
    assert (history.status, history.is_held, history.settled) == (None, False, None)
    assert history.intent == history.opening
    run = await row("agent_run", id=record.call.run_id)
    assert (run["status"], run["ended_ms"]) == ("running", None)
    assert await row("tool_result", call_id=record.call.id) is None


async def test_a_name_that_no_tool_has(books, ledger, row, written):
    refusal = ("resolve", "refuse", "unknown_tool", None, 9)
    call = await books.refuse(books.call(None), refusal, code="unknown_tool")
    history = await ledger.history(call.id)
    assert (history.status, history.intent) == (Status.REFUSED, None)
    assert history.opening == history.ended
    assert (await row("tool_call", id=call.id))["tool"] == ""
    assert (await row("tool_result", call_id=call.id))["code"] == "unknown_tool"
    step = await row("step", call_id=call.id)
    assert (step["allowed"], step["reason"]) == (0, "unknown_tool")
    assert await row("authz_decision", call_id=call.id) is None, "nobody was asked"


@pytest.mark.parametrize("stage", ["resolve", "authorize"])
async def test_a_call_that_is_denied(books, row, written, stage):
    refusal = (stage, "refuse", "denied", "policy.deny", 9)
    call = await books.refuse(
        books.call(), refusal, code="denied", rule="policy.deny", decided_by=stage
    )
    decision = await row("authz_decision", call_id=call.id)
    assert (decision["allowed"], decision["rule"]) == (0, "policy.deny")
    assert (await row("step", call_id=call.id))["reason"] == "policy.deny"


async def test_a_call_that_a_check_of_its_data_turns_down_was_not_allowed(books, row, written):
    refusal = ("authorize", "refuse", "sold_out", "checks.stock", 9)
    call = await books.refuse(
        books.call(), refusal, code="sold_out", rule="checks.stock", decided_by="authorize"
    )
    decision = await row("authz_decision", call_id=call.id)
    assert (decision["allowed"], decision["rule"]) == (0, "checks.stock")


async def test_a_call_that_breaks_its_schema_was_neither_allowed_nor_denied(books, row, written):
    lines = ("resolve", "proceed", None, None, 9), ("validate", "refuse", "type", None, 9)
    call = await books.refuse(books.call(), *lines, code="invalid_arguments", rule="schema.type")
    assert await row("authz_decision", call_id=call.id) is None
    assert (await row("tool_call", id=call.id))["has_intent"] == 0


async def test_a_call_that_meets_a_limit_was_allowed(books, row, written):
    lines = [(stage, "proceed", None, None, 1) for stage in PASSED]
    refusal = ("admit", "refuse", "budget_exceeded", "limits.calls", 1)
    call = await books.refuse(
        books.call(), *lines, refusal, code="budget_exceeded", rule="limits.calls"
    )
    assert (await row("authz_decision", call_id=call.id))["allowed"] == 1
    assert (await row("tool_result", call_id=call.id))["status"] == "refused"


async def test_a_call_that_is_held(books, ledger, row, written):
    call = books.call()
    approval = await books.hold(await books.record(call))
    history = await ledger.history(call.id)
    assert history.is_held
    assert history.approval == approval
    assert history.remaining_ms == 120_000
    assert (await row("agent_run", id=call.run_id))["status"] == "held"
    assert (await row("tool_call", id=call.id))["has_intent"] == 0
    asked = await row("approval", id=approval.id)
    assert orjson.loads(asked["obligations"]) == [["ask_rule", "More than 50 euros.", 2, 1]]
    assert (asked["state"], asked["approvers"], asked["decided_ms"]) == ("waiting", "[]", None)
    assert (asked["call_id"], asked["run_id"], asked["organization"]) == (
        call.id,
        call.run_id,
        "acme",
    )
    assert (asked["requester"], asked["tool"]) == (history.opening["principal"], "refund")
    assert (asked["level"], asked["quorum"], asked["digest"]) == (2, 1, "d" * 64)
    assert asked["created_ms"] == approval.created_ms
    assert asked["expires_ms"] == approval.expires_ms


@pytest.mark.promise("P3")
async def test_a_call_that_is_held_approved_and_driven_on(books, ledger, row, written, people):
    call = books.call()
    first = await books.record(call)
    await books.hold(first, claim=books.claim(call))
    await books.decide((await ledger.history(call.id)).approval)
    history = await ledger.history(call.id)
    assert history.approval.state is ApprovalState.APPROVED
    assert history.is_held, "nobody has driven it on yet"
    again = await books.reopen(call)
    await books.intend(again, claim=books.claim(call), spends=True)
    assert (await row("agent_run", id=call.run_id))["status"] == "running"
    await books.end(again, replace(FAILED, keeps_key=True))
    history = await ledger.history(call.id)
    assert not history.is_held
    assert history.intent == history.opening
    assert history.status is Status.FAILED
    assert [line[0] for line in history.stages] == [*PASSED, "execute", "finish"]
    (decision,) = history.decisions
    assert (decision["by"], decision["saw"]) == (ledger.keyring.opaque(people[1]), "d" * 64)
    assert len(history.positions) == 4
    asked = await row("approval", call_id=call.id)
    assert (asked["state"], orjson.loads(asked["approvers"])) == ("consumed", [decision["by"]])
    assert (await row("tool_result", call_id=call.id))["proof"] == "tool_said"
    claim = await ledger.claim("acme", b"key")
    assert claim.call_id == call.id


async def test_a_call_that_needs_another_word_is_not_decided_yet(books, ledger, row, written):
    call = books.call()
    approval = replace(await books.hold(await books.record(call)), quorum=2)
    decision = Decision(
        approval_id=approval.id,
        organization=approval.organization,
        ruling=Ruling.APPROVE,
        by="usr_x",
        digest="d" * 64,
        at_ms=7,
    )
    after = replace(approval, approvers=("usr_x",))
    await ledger.writer.write(entries.decided(after, decision, reason=None))
    asked = await row("approval", id=approval.id)
    assert (asked["state"], asked["decided_ms"]) == ("waiting", None)
    assert orjson.loads(asked["approvers"]) == ["usr_x"]
    await books.decide(approval)
    assert (await row("approval", id=approval.id))["decided_ms"] == call.created_ms


async def test_a_call_that_is_held_and_rejected(books, ledger, row, written):
    call = books.call()
    record = await books.record(call)
    await books.decide(await books.hold(record, claim=books.claim(call)), Ruling.REJECT)
    again = await books.reopen(call)
    await books.end(again, REJECTED, code="rejected")
    history = await ledger.history(call.id)
    assert (history.status, history.is_held) == (Status.REFUSED, False)
    assert history.opening == history.ended
    assert [line[0] for line in history.stages] == [*PASSED, "finish"]
    assert await ledger.claim("acme", b"key"), "the rejection answers for the key"
    assert (await row("authz_decision", call_id=call.id))["allowed"] == 1
    assert (await row("agent_run", id=call.run_id))["status"] == "refused"


async def test_a_call_that_is_held_and_expires_frees_its_key(books, ledger, row, written):
    call = books.call()
    approval = await books.hold(await books.record(call), claim=books.claim(call))
    again = await books.reopen(call)
    again.trace.clear()  # driven straight to its end
    late = replace(approval, state=ApprovalState.EXPIRED)
    await books.end(again, EXPIRED, code="approval_expired", hold=late)
    history = await ledger.history(call.id)
    assert (history.status, history.approval.state) == (Status.EXPIRED, ApprovalState.EXPIRED)
    asked = await row("approval", id=approval.id)
    assert (asked["state"], asked["decided_ms"]) == ("expired", history.ended["at"])
    assert await ledger.claim("acme", b"key") is None


async def test_a_call_whose_result_comes_later(books, ledger, row, written):
    record, deferral = await books.defer(books.call())
    call = record.call
    history = await ledger.history(call.id)
    assert (history.hold, history.is_held, history.status) == (deferral, True, None)
    assert (history.deferred["attempts"], history.deferred["latency_us"]) == (1, 777)
    assert (await row("agent_run", id=call.run_id))["status"] == "held"
    assert await row("deferral", call_id=call.id) == {**asdict(deferral), "ended_ms": None}
    assert await ledger.store.open_calls() == [call.id]
    answered = replace(deferral, state="answered", ended_ms=9)
    await books.end(record, hold=answered)
    history = await ledger.history(call.id)
    assert (history.hold, history.deferral) == (None, answered)
    assert await row("deferral", call_id=call.id) == asdict(answered)
    assert (await row("agent_run", id=call.run_id))["status"] == "completed"
    assert await ledger.store.open_calls() == []


async def test_a_call_of_which_nobody_knows_is_settled_by_an_amendment(books, ledger, row, written):
    call = books.call()
    record = await books.record(call)
    await books.intend(record, claim=books.claim(call))
    await books.end(record, UNKNOWN, code="outcome_unknown")
    assert await ledger.claim("acme", b"key")
    facts = [
        Amendment(
            id=f"amd_{kind}", call_id=call.id, kind=kind, applied=applied, by="usr_x", at_ms=1
        )
        for kind, applied in (
            (AmendmentKind.PROBED, True),
            (AmendmentKind.SETTLED, False),
            (AmendmentKind.LATE, None),
        )
    ]
    _, reason = ledger.vault.seal(record.run_key, "why", PayloadKind.MESSAGE, b'"I looked"')
    for fact in facts:
        entry = entries.amended(fact, organization="acme", run_id=call.run_id, reason=reason)
        await ledger.writer.write(entry)
    history = await ledger.history(call.id)
    assert (history.status, history.settled) == (Status.UNKNOWN, False)
    assert history.amendments == tuple(replace(fact, reason=reason.id) for fact in facts)
    assert (await row("tool_result", call_id=call.id))["status"] == "unknown"
    assert await ledger.vault.open(call.run_id, "why") == b'"I looked"'
    assert await ledger.claim("acme", b"key"), "the next call with this key takes it over"


async def test_a_call_that_is_answered_by_another(books, ledger, row, written):
    record = await books.record(books.call())
    ending = Ending(
        status=Status.COMPLETED, source="call_x", is_repeated=True, rule="r", decided_by="dedupe"
    )
    await books.end(record, ending)
    result = await row("tool_result", call_id=record.call.id)
    assert (result["source_call_id"], result["is_repeated"], result["result_ref"]) == (
        "call_x",
        1,
        None,
    )
    assert (await ledger.history(record.call.id)).ref("result") is None


@pytest.mark.parametrize(("mark", "fact"), [("is_cached", "cached"), ("is_dry_run", "dry_run")])
@pytest.mark.usefixtures("written")
async def test_a_call_that_is_answered_without_running(books, ledger, row, mark, fact):
    record = await books.record(books.call())
    await books.end(record, replace(Ending(status=Status.COMPLETED), **{mark: True}))
    assert (await row("tool_result", call_id=record.call.id))[mark] == 1
    assert (await ledger.history(record.call.id)).ended[fact]


async def test_a_call_that_is_cancelled_while_its_intent_is_on_its_way(books, ledger, row, written):
    call = books.call()
    record = await books.record(call)
    await books.intend(record, claim=books.claim(call))
    # The caller went away before the answer: the road saw no intent, and ends the call.
    record.has_intent, record.traced, record.trace[3:] = False, 0, []
    await books.end(record, CANCELLED, code="cancelled")
    history = await ledger.history(call.id)
    assert (history.status, history.ended["proof"]) == (Status.CANCELLED, "not_started")
    assert [line[0] for line in history.stages] == [*PASSED, "finish"]
    assert (await row("tool_call", id=call.id))["has_intent"] == 0
    assert await ledger.claim("acme", b"key") is None


async def test_calls_of_a_shared_run(books, ledger, row, written, tools):
    shared = {"run_id": "run_x", "is_direct": False}
    await books.complete(books.call(**shared))
    inside = books.call(
        tools[0],
        **shared,
        step=2,
        parent_id="call_p",
        revision=1,
        origin=Origin.MODEL,
        delegation=(Delegate("planner"), Delegate("clerk")),
    )
    await books.complete(inside)
    run = await row("agent_run", id="run_x")
    assert (run["status"], run["ended_ms"]) == ("running", None)
    made = await row("tool_call", id=inside.id)
    assert (made["parent_id"], made["step_number"], made["origin"]) == ("call_p", 2, "model")
    opening = (await ledger.history(inside.id)).opening
    assert (opening["delegation"], opening["revision"]) == (["planner", "clerk"], 1)
    assert (await row("step", step_number=1))["tool"] == "refund"
    assert (await row("step", step_number=2))["tool"] == "get_order"


async def test_a_session(ledger, row, written):
    facts = {"session": "session_1", "door": "python", "version": "0.1", "profile": "dev", "pid": 7}
    note = entries.noted(EntryKind.OPENED, facts, organization="acme", at_ms=5)
    await ledger.writer.write(note)
    assert await row("session", id="session_1") == {
        "id": "session_1",
        "door": "python",
        "version": "0.1",
        "profile": "dev",
        "pid": 7,
        "started_ms": 5,
    }


@pytest.mark.parametrize("kind", [EntryKind.REKEYED, EntryKind.ARCHIVED, EntryKind.MOVED])
def test_what_is_no_step_of_a_call_has_no_rows(kind):
    assert projections.rows({"kind": kind}) == ()


async def test_an_entry_of_a_newer_schema_is_refused_by_name(books, store, ledger):
    call = await books.complete(books.call())
    first, last = await store.entries(call_id=call.id)
    newer = replace(last, schema=2)
    assert isinstance(newer, StoredEntry)
    with pytest.raises(LedgerError, match=r"entry 1 has schema 2, this version reads up to 1"):
        read_call([first, newer])
    assert read_body(first)["call"] == call.id


def test_no_entries_are_no_call():
    assert read_call([]) is None

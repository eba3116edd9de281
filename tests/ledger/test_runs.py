"""The run of an agent in the ledger: in the rows of an auditor, and in what budgets count of it."""

from dataclasses import replace

import orjson
import pytest

from highroad.domain.audit import TABLES
from highroad.domain.demand import NOTHING, Amount
from highroad.domain.entry import EntryKind
from highroad.domain.error import LedgerError
from highroad.domain.identity import Origin
from highroad.domain.limits import Scope
from highroad.domain.run import AgentRun, RunStatus
from highroad.ledger import projections
from highroad.ledger.audit import Audit
from highroad.ledger.entries import runs
from highroad.ledger.history import read_body, read_run_head
from highroad.ledger.inquiry import runs as inquiry
from highroad.ledger.inquiry.answers import SpendingBy
from highroad.ledger.usage import LedgerUsage


@pytest.fixture
def usage(ledger):
    return LedgerUsage(ledger)


async def kinds(store, run_id="run_a"):
    return [str(entry.kind) for entry in await store.entries(run_id=run_id)]


async def only_row(store, table):
    (row,) = store.ledger.tables[table].values()
    return row


async def test_a_run_is_told_from_its_beginning_to_its_end(agency, store, clock):
    head = await agency.start()
    request = await agency.ask(head)
    await agency.reply(head, request)
    await agency.hold(head, "call_1")
    assert (await only_row(store, "agent_run"))["status"] == "held"
    await agency.say(head)
    await agency.resume(head)
    assert (await only_row(store, "agent_run"))["status"] == "running"
    clock.advance(1.0)
    await agency.end(head, RunStatus.BUDGET_EXCEEDED, code="limits.usd")
    assert await kinds(store) == [
        *("run.started", "model.asked", "model.replied", "run.held", "run.message"),
        *("run.resumed", "run.ended"),
    ]
    (run,) = await store.runs()
    assert run == AgentRun(
        id="run_a",
        organization="acme",
        principal_id=head.principal_id,
        agent="support",
        status=RunStatus.BUDGET_EXCEEDED,
        started_ms=head.started_ms,
        ended_ms=head.started_ms + 1_000,
        definition="a" * 64,
        code="limits.usd",
        steps=1,
        tokens_in=300,
        tokens_out=40,
        cost_microusd=70,
    )


async def test_what_was_said_is_opened_with_the_key_of_the_run(agency, store, ledger):
    head = await agency.start(content=b"what to do")
    request = await agency.ask(head)
    await agency.reply(head, request, b"what was replied")
    await agency.say(head, content=b"what was said")
    await agency.end(head, content=b"what came of it")
    opened = {
        each.id: await ledger.vault.open("run_a", each.id) for each in await store.payloads("run_a")
    }
    assert opened == {
        runs.request_ref("run_a"): b"what to do",
        runs.reply_ref("run_a", request.id): b"what was replied",
        runs.message_ref("run_a", "msg_1"): b"what was said",
        runs.result_ref("run_a"): b"what came of it",
    }


async def test_a_request_and_its_reply_stand_in_rows_of_their_own(agency, store):
    head = await agency.start()
    request = await agency.ask(head, path="second", purpose="judge")
    await agency.reply(head, request, is_unpriced=True)
    asked, told = await only_row(store, "model_request"), await only_row(store, "model_reply")
    assert asked == {
        "id": request.id,
        "run_id": "run_a",
        "organization": "acme",
        "principal_id": head.principal_id,
        "number": 1,
        "path": "second",
        "purpose": "judge",
        "model": "openai:gpt-x",
        "reserved_tokens": 2_000,
        "reserved_microusd": 900,
        "asked_ms": head.started_ms,
    }
    assert told.pop("reply_digest")
    assert told == {
        "request_id": request.id,
        "run_id": "run_a",
        "organization": "acme",
        "principal_id": head.principal_id,
        "model": "gpt-x-2026-01-01",
        "status": "replied",
        "code": None,
        "finish": "calls",
        "tokens_in": 300,
        "tokens_out": 40,
        "cache_read": 200,
        "cache_write": 9,
        "ungoverned": 1,
        "cost_microusd": 70,
        "is_unpriced": 1,
        "calls": 2,
        "latency_us": 5_000,
        "reply_ref": runs.reply_ref("run_a", request.id),
        "replied_ms": head.started_ms,
    }


async def test_a_request_that_failed_says_why_and_has_no_reply(agency, store):
    head = await agency.start()
    await agency.reply(head, await agency.ask(head), None)
    told = await only_row(store, "model_reply")
    assert (told["status"], told["code"], told["finish"]) == ("failed", "timeout", None)
    assert (told["reply_ref"], told["reply_digest"], told["is_unpriced"]) == (None, None, 0)


async def test_a_call_says_which_reply_proposed_it(agency, books, store, ledger):
    """From its first entry on, also where it was held, and driven on by another process."""
    head = await agency.start()
    request = await agency.ask(head)
    await agency.reply(head, request)
    call = books.call(run_id="run_a", is_direct=False, asked_by=request.id, position=1)
    await books.hold(await books.record(call))
    again = await books.reopen(call)
    assert (again.call.asked_by, again.call.position) == (request.id, 1)
    await books.intend(again)
    await books.end(again)
    opening = (await ledger.history(call.id)).opening
    assert (opening["asked_by"], opening["position"]) == (request.id, 1)
    row = store.ledger.tables["tool_call"][call.id,]
    assert (row["asked_by"], row["position"]) == (request.id, 1)
    alone = await books.complete(books.call())
    assert "asked_by" not in (await ledger.history(alone.id)).opening
    assert store.ledger.tables["tool_call"][alone.id,]["position"] is None


async def test_calls_of_a_run_leave_its_row_alone(agency, books, store):
    await agency.start()
    before = dict(await only_row(store, "agent_run"))
    await books.complete(books.call(run_id="run_a", is_direct=False))
    assert await only_row(store, "agent_run") == before


async def test_entries_that_stand_for_a_run_say_what_its_head_says(agency, store):
    head = await agency.start(
        parent_id="run_p",
        conversation_id="conv_1",
        origin=Origin.MODEL,
        door="agent",
        delegated_by="call_1",
        delegation=("planner", "clerk"),
    )
    await agency.hold(head)
    await agency.resume(head)
    await agency.end(head)
    told = [read_run_head(read_body(entry)) for entry in await store.entries(run_id="run_a")]
    assert told == [head] * 4


async def test_a_row_of_a_run_is_a_function_of_each_entry_alone(agency, store):
    """So that it is derived anew from the last one, whatever came before."""
    head = await agency.start(parent_id="run_p", delegated_by="call_1")
    await agency.hold(head)
    await agency.end(head)
    for entry in await store.entries(run_id="run_a"):
        (row,) = projections.rows(orjson.loads(entry.body))
        assert len(row.values) == len(TABLES["agent_run"].columns)
        assert (row.values[0], row.values[4], row.values[9]) == ("run_a", "support", "run_p")


@pytest.mark.parametrize(
    ("field", "forged"),
    [
        *(("number", "1"), ("tools", "refund"), ("tools", [1]), ("purpose", None)),
        *(("reserved_tokens", 1.5), ("heard", "x"), ("provisional", {}), ("told", [None])),
    ],
)
async def test_a_request_that_somebody_changed_is_told_as_such(agency, store, field, forged):
    await agency.ask(await agency.start())
    entry = (await store.entries(kind=EntryKind.MODEL_ASKED))[0]
    body = orjson.dumps(orjson.loads(entry.body) | {field: forged})
    with pytest.raises(LedgerError, match=f"'{field}'"):
        read_body(replace(entry, body=body))


@pytest.mark.parametrize(
    ("kind", "field", "forged"),
    [
        (EntryKind.MODEL_REPLIED, "status", "completed"),
        (EntryKind.MODEL_REPLIED, "finish", "bored"),
        (EntryKind.MODEL_REPLIED, "reply", ["x"]),
        (EntryKind.RUN_STARTED, "agent", 7),
        (EntryKind.RUN_STARTED, "request", None),
        (EntryKind.RUN_HELD, "waits_for", "call_1"),
        (EntryKind.RUN_ENDED, "status", "replied"),
        (EntryKind.RUN_ENDED, "steps", True),
    ],
)
async def test_a_run_that_somebody_changed_is_told_as_such(agency, store, kind, field, forged):
    head = await agency.start()
    await agency.reply(head, await agency.ask(head))
    await agency.hold(head)
    await agency.end(head)
    (entry,) = await store.entries(kind=kind)
    body = orjson.dumps(orjson.loads(entry.body) | {field: forged})
    with pytest.raises(LedgerError, match=f"'{field}'"):
        read_body(replace(entry, body=body))


@pytest.mark.promise("P6")
async def test_what_a_request_took_is_told_by_its_id(agency, usage):
    """Nothing where it was never asked; unknown while it was not answered; then what it used."""
    head = await agency.start()
    assert await usage.taken("req_never") == NOTHING
    request = await agency.ask(head)
    assert await usage.taken(request.id) is None
    await agency.reply(head, request)
    assert await usage.taken(request.id) == Amount(tokens=340, microusd=70)
    failed = await agency.ask(head)
    await agency.reply(head, failed, None)
    assert await usage.taken(failed.id) == Amount(tokens=340, microusd=70)


@pytest.mark.promise("P6")
async def test_what_a_call_took_is_told_by_its_id_as_ever(books, usage):
    call = await books.complete(books.call())
    assert await usage.taken(call.id) == Amount(calls=1, attempts=1, microusd=10_000, wall_ms=1)
    running = await books.record(books.call())
    await books.intend(running)
    assert await usage.taken(running.call.id) is None


@pytest.mark.promise("P6")
async def test_a_run_has_used_what_its_requests_used_and_what_nobody_answered(agency, usage):
    head = await agency.start(conversation_id="conv_1")
    await agency.reply(head, await agency.ask(head))
    open_ = await agency.ask(head)
    read = await usage.usage("run_a")
    assert read.spent.used == Amount(tokens=340, microusd=70)
    assert read.spent.held == {open_.id: Amount(tokens=2_000, microusd=900)}
    assert read.conversation_id == "conv_1"
    talked = await usage.spent(Scope.CONVERSATION, "conv_1", since_ms=0, until_ms=None)
    assert talked == read.spent


# -- what is told of it ----------------------------------------------------------------------------


@pytest.fixture
def audit(ledger):
    return Audit(ledger, is_owner=True)


async def test_a_trail_tells_what_a_run_asked_and_what_it_waits_for(agency, books, audit, clock):
    head = await agency.start(delegated_by="call_9")
    first = await agency.ask(head)
    clock.advance(0.5)
    await agency.reply(head, first, is_unpriced=True)
    call = books.call(run_id="run_a", is_direct=False, asked_by=first.id, position=0)
    await books.hold(await books.record(call))
    await agency.reply(head, await agency.ask(head, path="second"), None)
    await agency.ask(head, purpose="judge")
    await agency.hold(head, call.id)
    trail = await audit.trail("run_a")
    assert (trail.agent, trail.status, trail.code) == ("support", "held", None)
    assert (trail.waits_for, trail.delegated_by) == ((call.id,), "call_9")
    assert [(step.call_id, step.status, step.asked_by) for step in trail.steps] == [
        (call.id, "held", first.id)
    ]
    told = [(each.number, each.status, each.model, each.path) for each in trail.requests]
    assert told == [
        (1, "replied", "gpt-x-2026-01-01", ""),
        (2, "failed", "gpt-x-2026-01-01", "second"),
        (3, "open", "openai:gpt-x", ""),
    ]
    replied, failed, open_ = trail.requests
    assert (replied.tokens_in, replied.tokens_out, replied.cost_usd) == (300, 40, 70e-6)
    assert (replied.calls, replied.finish, replied.is_unpriced) == (2, "calls", True)
    assert (failed.code, failed.latency_us) == ("timeout", 5_000)
    assert (open_.cost_usd, open_.latency_us, open_.purpose) == (900e-6, None, "judge")
    assert (await audit.explain(call.id)).asked_by == first.id


async def test_a_trail_of_a_run_that_is_over_says_how_it_ended(agency, audit):
    head = await agency.start()
    await agency.hold(head, "call_1")
    await agency.resume(head)
    assert (await audit.trail("run_a")).status == "running"
    await agency.end(head, RunStatus.MAX_STEPS_EXCEEDED, code="max_steps_exceeded", content=None)
    trail = await audit.trail("run_a")
    assert (trail.status, trail.code) == ("max_steps_exceeded", "max_steps_exceeded")
    assert (trail.waits_for, trail.steps, trail.requests) == ((), (), ())


async def test_a_trail_of_calls_without_an_agent_is_as_ever(books, audit):
    await books.complete(books.call(run_id="run_x", is_direct=False))
    trail = await audit.trail("run_x")
    assert (trail.agent, trail.status, trail.requests) == (None, None, ())
    assert len(trail.steps) == 1


async def test_runs_are_listed_with_what_they_used_so_far(agency, audit, people):
    over = await agency.start("run_1")
    await agency.reply(over, await agency.ask(over))
    await agency.end(over)
    head = await agency.start("run_2")
    for content in (b"one", b"two", None):
        await agency.reply(head, await agency.ask(head), content)
    await agency.ask(head)
    found = await audit.runs()
    assert [(run.id, run.status, run.steps) for run in found] == [
        ("run_2", "running", 2),
        ("run_1", "completed", 1),
    ]
    assert (found[0].tokens_in, found[0].tokens_out, found[0].cost_microusd) == (900, 120, 210)
    assert [run.id for run in await audit.runs(limit=1)] == ["run_2"]
    assert [run.id for run in await audit.runs(status=RunStatus.COMPLETED)] == ["run_1"]
    stranger = replace(people[0], organization="elsewhere")
    assert await audit.runs(asked_by=stranger) == ()
    assert len(await audit.runs(asked_by=people[1])) == 2


async def test_runs_of_others_are_passed_over_page_by_page(agency, audit, monkeypatch, people):
    monkeypatch.setattr(inquiry, "_PAGE", 2)
    for number in range(7):
        await agency.start(f"run_{number}")
    await agency.start("run_9", principal=replace(people[0], organization="elsewhere"))
    found = await audit.runs(organization="acme", limit=3)
    assert [run.id for run in found] == ["run_6", "run_5", "run_4"]


async def test_what_models_cost_is_told_by_model_and_with_the_calls_of_a_user_or_run(
    agency, books, audit
):
    head = await agency.start()
    for content in (b"one", None):
        await agency.reply(head, await agency.ask(head), content)
    await agency.reply(head, await agency.ask(head), model="other", cost_microusd=9)
    await agency.ask(head)
    await books.complete(books.call(run_id="run_a", is_direct=False))
    models = [
        (each.of, each.calls, each.requests) for each in await audit.costs(by=SpendingBy.MODEL)
    ]
    assert models == [("gpt-x-2026-01-01", 0, 2), ("other", 0, 1)]
    (run,) = await audit.costs(by=SpendingBy.RUN)
    assert (run.of, run.calls, run.requests) == ("run_a", 1, 3)
    assert run.cost_usd == pytest.approx(0.010149)
    (user,) = await audit.costs(by=SpendingBy.USER)
    assert (user.name, user.calls, user.requests) == ("Alice Archer", 1, 3)
    (tool,) = await audit.costs(by=SpendingBy.TOOL)
    assert (tool.of, tool.calls, tool.requests) == ("refund", 1, 0)


async def test_a_report_counts_runs_and_what_their_models_cost(agency, books, audit):
    head = await agency.start()
    await agency.reply(head, await agency.ask(head))
    await agency.end(head)
    await agency.start("run_b")
    await books.complete(books.call())
    report = await audit.report()
    assert report.runs == (("support", "completed", 1), ("support", "running", 1))
    (model,) = report.models
    assert (model.of, model.requests, model.cost_usd) == ("gpt-x-2026-01-01", 1, 70e-6)
    assert [each.of for each in report.costs] == ["refund"]

"""What auditors are answered, and to whom nothing is told."""

import csv
import io
import json
from dataclasses import replace

import pytest

from highroad.cli.reporting import markdown, page
from highroad.domain.approval import Ruling
from highroad.domain.dependency import BreakerChange, BreakerState
from highroad.domain.entry import Amendment, AmendmentKind, EntryKind
from highroad.domain.error import LedgerError, NotPermitted, NotRecorded
from highroad.domain.identity import Principal
from highroad.domain.outcome import Ending, Status
from highroad.domain.payload import PayloadKind
from highroad.domain.pin import Pin
from highroad.ledger import entries
from highroad.ledger.audit import Audit
from highroad.ledger.inquiry.answers import ActKind, SpendingBy
from highroad.ledger.inquiry.export import csv_line, json_line
from highroad.ledger.inquiry.report import Grants, unused
from highroad.ledger.tables.period import Period
from highroad.tools.pins.field_changes import field_changes

EVE = Principal("eve", "other", name="Eve")
DENIED = ("authorize", "refuse", "denied", None, 1)
GRANTS = Grants(
    needed={"refund": {"refunds:write"}, "close": {"accounts:close"}},
    given={"clerk": {"refunds:write"}, "boss": {"accounts:close", "moon:fly"}},
)


@pytest.fixture
def audit(ledger):
    return Audit(ledger, is_owner=True, differ=field_changes, grants=GRANTS)


def pin(digest, change, at_ms, **fields):
    return Pin(
        tool="refund", version="1", digest=digest * 64, change=change, at_ms=at_ms, fields=fields
    )


async def unknown(books, **facts):
    record = await books.record(books.call(**facts))
    await books.intend(record)
    await books.end(record, Ending(status=Status.UNKNOWN), code="outcome_unknown")
    return record.call


async def amend(ledger, call, by, *, reason=None, applied=True):
    fact = Amendment(
        id="amd_1", call_id=call.id, kind=AmendmentKind.SETTLED, applied=applied, by=by, at_ms=9
    )
    await ledger.writer.write(
        entries.amended(fact, organization="acme", run_id=call.run_id, reason=reason)
    )


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("2026-11-01", 1_793_491_200_000),
        ("2026-11-01T01:00", 1_793_494_800_000),
        ("2026-11-01T01:00+01:00", 1_793_491_200_000),
        ("2026-11-01T00:00:00Z", 1_793_491_200_000),
        ("90s", 1_799_999_910_000),
        ("30m", 1_799_998_200_000),
        ("12h", 1_799_956_800_000),
        ("7d", 1_799_395_200_000),
        ("2w", 1_798_790_400_000),
    ],
)
def test_a_period_begins_at_a_date_a_time_or_so_long_ago(text, ms):
    assert Period.of(text, now_ms=1_800_000_000_000).since_ms == ms


@pytest.mark.parametrize(
    ("since", "until"), [("yesterday", None), ("7", None), ("2026-13-01", None), ("1d", "2d")]
)
def test_what_is_no_period_is_refused(since, until):
    with pytest.raises(ValueError, match=r"is no time|ends before it begins"):
        Period.of(since, until, now_ms=1_800_000_000_000)


async def test_a_period_begins_with_its_first_moment_and_ends_before_its_last(books, audit, clock):
    first = clock.now_ms()
    await books.complete(books.call())
    clock.advance(10)
    await books.complete(books.call())
    for since, until, calls in ((first, first + 1, 1), (first + 1, None, 1), (None, first, 0)):
        period = Period(since_ms=since, until_ms=until)
        assert len(await audit.acts(tool="refund", period=period)) == calls


async def test_a_user_is_told_with_all_that_they_did(books, audit, ledger, people, clock):
    alice, bob = people
    held = books.call(principal=alice)
    record = await books.record(held)
    await books.decide(await books.hold(record), by=bob)
    lost = await unknown(books, principal=alice)
    await amend(ledger, lost, ledger.keyring.opaque(bob))
    done = await books.complete(books.call(principal=bob))
    await audit.explain(done.id, reveal_by=bob)
    accepted = replace(pin("a", "added", clock.now_ms()), by=ledger.keyring.opaque(bob))
    await ledger.writer.write(entries.pinned(accepted, organization="acme"))
    held_open = BreakerChange(
        id="brk_1",
        dependency="bank",
        state=BreakerState.OPEN,
        is_forced=True,
        by=ledger.keyring.opaque(bob),
        at_ms=clock.now_ms(),
    )
    let_go = replace(held_open, id="brk_2", state=BreakerState.CLOSED, is_forced=False)
    for change in (held_open, let_go):
        await ledger.writer.write(entries.breaker_changed(change, organization="acme"))
    found = await audit.acts(user="bob", organization="acme")
    words = [act.word for act in found if act.what is ActKind.BREAKER]
    assert words == ["bank open", "bank released"]
    assert {act.what for act in found} == {
        ActKind.CALL,
        ActKind.DECISION,
        ActKind.AMENDMENT,
        ActKind.REVEAL,
        ActKind.PIN,
        ActKind.BREAKER,
    }
    assert {act.name for act in found} == {"Bob Baker"}
    (decision,) = await audit.acts(approver="bob", organization="acme")
    assert (decision.word, decision.why, decision.tool) == ("approve", "d" * 64, "refund")
    by_id = await audit.acts(user=ledger.keyring.opaque(alice))
    assert [(act.call_id, act.word) for act in by_id] == [
        (held.id, "open"),
        (lost.id, "unknown"),
    ]


@pytest.mark.parametrize("about", [{}, {"user": "alice", "tool": "refund"}])
async def test_a_question_is_about_one_thing(audit, about):
    with pytest.raises(ValueError, match="give one of"):
        await audit.acts(**about)


@pytest.mark.promise("P7")
async def test_whoever_asks_sees_their_own_organization(books, audit, people):
    alice, _ = people
    ours = await unknown(books)
    approval = await books.hold(await books.record(books.call()))
    await books.refuse(books.call(), DENIED, code="denied", rule="policy.deny")
    theirs = await unknown(books, principal=EVE)
    assert [c.call_id for c in await audit.unknowns(asked_by=EVE)] == [theirs.id]
    assert [c.call_id for c in await audit.unknowns(asked_by=EVE, organization="acme")] == [
        theirs.id
    ]
    assert [c.call_id for c in await audit.unknowns(organization="acme")] == [ours.id]
    assert len(await audit.unknowns()) == 2
    assert await audit.denials(asked_by=EVE) == ()
    assert len(await audit.acts(tool="refund", asked_by=EVE)) == 1
    assert await audit.acts(user="alice", asked_by=EVE) == ()
    assert sum(each.calls for each in await audit.costs(asked_by=EVE)) == 1
    with pytest.raises(NotRecorded):
        await audit.sight(approval.id, asked_by=EVE)
    assert (await audit.report(asked_by=EVE)).calls == (("unknown", 1),)
    lines = (await audit.extract("tool_result", asked_by=EVE)).lines
    assert [line["call_id"] async for line in lines] == [theirs.id]
    entry_lines = (await audit.extract("entry", asked_by=EVE)).lines
    assert {line["organization"] async for line in entry_lines} == {"other"}
    assert (await audit.sight(approval.id, asked_by=alice)).approval.id == approval.id


async def test_denials_are_counted_by_rule_the_most_frequent_first(books, audit):
    for rule in ("policy.deny", "scope", "policy.deny"):
        await books.refuse(books.call(), DENIED, code="denied", rule=rule)
    await books.refuse(books.call(), ("validate", "refuse", "x", None, 1), code="x")
    found = await audit.denials()
    assert [(each.rule, each.tool, each.times) for each in found] == [
        ("policy.deny", "refund", 2),
        ("scope", "refund", 1),
    ]


@pytest.mark.parametrize("applied", [True, False, None])
async def test_an_unknown_outcome_is_told_with_what_was_found_out(books, audit, ledger, applied):
    call = await unknown(books)
    await amend(ledger, call, "usr_x", applied=applied)
    (found,) = await audit.unknowns()
    assert (found.call_id, found.name, found.applied) == (call.id, "Alice Archer", applied)
    assert found.source == (None if applied is None else "settled")


async def test_costs_are_told_by_tool_user_and_run(books, audit, people, tools):
    await books.complete(books.call(run_id="run_x", is_direct=False))
    await books.complete(books.call(tools[0], run_id="run_x", is_direct=False, step=2))
    await books.complete(books.call(principal=people[1]))
    by_tool = await audit.costs()
    assert [(each.of, each.calls, round(each.cost_usd, 6)) for each in by_tool] == [
        ("refund", 2, 0.02),
        ("get_order", 1, 0.01),
    ]
    by_user = await audit.costs(by=SpendingBy.USER)
    assert [(each.name, each.calls) for each in by_user] == [("Alice Archer", 2), ("Bob Baker", 1)]
    assert (await audit.costs(by=SpendingBy.RUN))[0].of == "run_x"


async def test_what_an_approver_saw_is_told_and_arguments_only_to_whoever_may(
    books, audit, ledger, people, store
):
    alice, bob = people
    await ledger.writer.write(
        entries.pinned(pin("1", "added", 5, tier="irreversible"), organization="acme")
    )
    approval = await books.hold(await books.record(books.call()))
    await books.decide(approval, Ruling.REJECT, by=bob)
    found = await audit.sight(approval.id)
    assert found.approval.obligations == approval.obligations
    assert (found.definition, found.definition_digest) == ({"tier": "irreversible"}, "1" * 64)
    assert [(word.name, word.ruling, word.saw) for word in found.words] == [
        ("Bob Baker", "reject", "d" * 64)
    ]
    assert found.arguments is None
    with pytest.raises(NotPermitted):
        await audit.sight(approval.id, reveal_by=alice)
    assert (await audit.sight(approval.id, reveal_by=bob)).arguments == {"order": 7}
    (reveal,) = store.ledger.tables["payload_reveal"].values()
    assert (reveal["call_id"], reveal["payloads"]) == (approval.call_id, 1)
    with pytest.raises(NotRecorded):
        await audit.sight("apr_nobody")


async def test_what_changed_between_two_definitions_is_told(audit, ledger):
    for each in (
        pin("a", "added", 1, tier="read"),
        pin("b", "changed", 2, tier="privileged"),
        pin("c", "changed", 3, tier="privileged", strict=True),
    ):
        await ledger.writer.write(entries.pinned(each, organization="acme"))
    assert [each.digest[0] for each in await audit.versions("refund")] == ["a", "b", "c"]
    (last,) = (await audit.changes("refund")).fields
    assert (last.pointer, last.after) == ("/strict", True)
    whole = await audit.changes("refund", "a" * 8)
    assert [field.pointer for field in whole.fields] == ["/strict", "/tier"]
    for before in ("7", "a" * 7):
        with pytest.raises(NotRecorded):
            await audit.changes("refund", before)
    with pytest.raises(NotRecorded, match="no two definitions"):
        await audit.changes("get_order")


async def test_reasons_are_told_to_whoever_may_read_them(books, audit, ledger, people):
    call = await unknown(books)
    record = await ledger.record(call, policy_version="policy-1")
    key = await ledger.vault.key_of_run(call.run_id)
    assert record
    _, reason = ledger.vault.seal(key, "why", PayloadKind.MESSAGE, b'"I looked"')
    await amend(ledger, call, ledger.keyring.opaque(people[1]), reason=reason)
    assert (await audit.explain(call.id)).reasons == {}
    found = await audit.explain(call.id, reveal_by=people[1])
    assert dict(found.reasons) == {ledger.keyring.opaque(people[1]): "I looked"}


# -- reports -------------------------------------------------------------------------------------


@pytest.fixture
async def reported(books, audit, ledger, people, clock):
    """A ledger with something to say in every section."""
    await books.complete(books.call())
    await books.refuse(books.call(), DENIED, code="denied", rule="policy.deny <b>|x")
    approval = await books.hold(await books.record(books.call()))
    clock.advance(30)
    await books.decide(approval, by=people[1])
    await unknown(books)
    await ledger.writer.write(entries.pinned(pin("a", "added", 5), organization="acme"))
    facts = {"version": "policy-1", "session": "session_1"}
    await ledger.writer.write(
        entries.noted(EntryKind.POLICY, facts, organization="default", at_ms=6)
    )
    erasure = {"id": "erasure_1", "reason": "retention", "payloads": 3, "runs": 1}
    await ledger.writer.write(
        entries.noted(EntryKind.ERASED, erasure, organization="acme", at_ms=7)
    )
    await audit.explain(approval.call_id, reveal_by=people[1])
    return await audit.report(verdict={"integrity": "holds"})


async def test_a_report_has_every_section(reported):
    assert reported.calls == (("completed", 1), ("open", 1), ("refused", 1), ("unknown", 1))
    assert [each.rule for each in reported.denials] == ["policy.deny <b>|x"]
    assert reported.approvals == (("approved", 1),)
    assert (reported.waits.approvals, reported.waits.median_s) == (1, 30.0)
    (approver,) = reported.approvers
    assert (approver.name, approver.approved, approver.rejected) == ("Bob Baker", 1, 0)
    assert len(reported.unknowns) == len(reported.pins) == len(reported.policies) == 1
    (reveal,) = reported.reveals
    assert (reveal.name, reveal.reveals, reveal.payloads) == ("Bob Baker", 1, 1)
    (erasure,) = reported.erasures
    assert (erasure.reason, erasure.payloads, erasure.runs) == ("retention", 3, 1)
    assert [each.of for each in reported.costs] == ["refund"]
    assert [each.permission for each in reported.unused] == ["accounts:close", "moon:fly"]
    assert reported.verdict == (("integrity", "holds"),)


async def test_the_same_ledger_gives_the_same_report(reported, audit):
    await audit.acts(tool="refund")
    again = await audit.report(verdict={"integrity": "holds"})
    assert again == reported
    assert (page(again), markdown(again)) == (page(reported), markdown(reported))


async def test_a_report_of_another_period_is_empty(reported, audit):
    empty = await audit.report(period=Period(until_ms=1))
    assert (empty.calls, empty.denials, empty.waits, empty.pins) == ((), (), None, ())
    assert [each.permission for each in empty.unused] == [
        "accounts:close",
        "moon:fly",
        "refunds:write",
    ]
    assert "not verified" in markdown(empty)


async def test_what_stands_in_a_report_is_text_and_nothing_else(reported):
    html = page(reported)
    assert "policy.deny &lt;b&gt;|x" in html
    assert "<b>" not in html
    assert "default-src 'none'" in html
    assert "<script" not in html
    written = markdown(reported)
    assert r"policy\.deny &lt;b\>\|x".replace(r"\.", ".") in written.replace(r"\.", ".")
    heads = [line for line in written.splitlines() if line.startswith("## ")]
    assert heads == [f"## {title}" for title in html_titles(html)]


def html_titles(html):
    return [part.partition("</h2>")[0].replace("&#x27;", "'") for part in html.split("<h2>")[1:]]


def test_a_permission_is_used_where_a_tool_that_needs_it_ran():
    assert [each.permission for each in unused(GRANTS, {"close"})] == ["moon:fly", "refunds:write"]
    (never,) = unused(Grants(given={"boss": {"moon:fly"}}), set())
    assert (never.tools, never.roles) == ((), ("boss",))


# -- exports -------------------------------------------------------------------------------------


async def test_tables_and_entries_are_exported_row_by_row(books, audit, store):
    await books.complete(books.call())
    await books.complete(books.call())
    found = await audit.extract("tool_result")
    lines = [line async for line in found.lines]
    assert lines == [dict(row) for row in store.ledger.tables["tool_result"].values()]
    assert [column.name for column in found.columns] == list(lines[0])
    users = [line async for line in (await audit.extract("app_user")).lines]
    assert bytes.fromhex(users[0]["sealed_profile"])
    written = [line async for line in (await audit.extract("entry")).lines]
    assert [line["body"].encode() for line in written] == [e.body for e in store.ledger.entries]
    assert json.loads(json_line(written[0])) == written[0]


async def test_an_export_is_of_a_period(books, audit, clock):
    await books.complete(books.call())
    clock.advance(100)
    late = await books.complete(books.call())
    period = Period(since_ms=late.created_ms)
    for table in ("tool_result", "tool_call", "entry"):
        lines = [line async for line in (await audit.extract(table, period=period)).lines]
        calls = {line.get("call_id") or line.get("id") for line in lines}
        assert calls == {late.id}, table


async def test_what_cannot_be_exported_is_refused(audit):
    with pytest.raises(LedgerError, match="there is no audit table 'payload'"):
        await audit.extract("payload")
    with pytest.raises(ValueError, match="has no times"):
        await audit.extract("step", period=Period(since_ms=1))
    with pytest.raises(ValueError, match="is of no organization"):
        await audit.extract("step", organization="acme")


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1"])
def test_a_cell_that_a_spreadsheet_would_compute_is_made_harmless(cell):
    out = io.StringIO()
    csv.writer(out).writerow(csv_line({"rule": cell, "cost": -7, "code": None, "tool": "a=b"}))
    (row,) = csv.reader(io.StringIO(out.getvalue()))
    assert row == [f"'{cell}", "-7", "", "a=b"]

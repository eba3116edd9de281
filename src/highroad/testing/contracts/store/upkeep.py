"""What operators do with a store: look how large it is, carry it, take old entries away."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

import pytest

from highroad.domain.approval import ApprovalState
from highroad.domain.entry import Entry, EntryKind, Fence, Position, Row
from highroad.domain.error import FenceLost, LedgerError
from highroad.domain.moving import SECTIONS, Fact, Section
from highroad.domain.outcome import Status
from highroad.domain.payload import PayloadKind
from highroad.domain.run import RunStatus
from highroad.ports.store import Ownership, Store
from highroad.ports.tables import Cell
from highroad.testing.contracts.store.ground import Ground, OpenStore
from highroad.testing.contracts.store.ordering import decision, orders
from highroad.testing.contracts.store.samples import (
    LATER,
    NOW,
    about_run,
    agent_run,
    amended,
    claim,
    decided,
    ended,
    held,
    intent,
    noted,
    payload,
    row,
    run_key,
    seq_of,
)

OpenEmpty: TypeAlias = Callable[[], Store]

_EACH = pytest.mark.parametrize("section", sorted(SECTIONS))


_MADE_UP: Final[dict[str, list[tuple[Cell, ...]]]] = {
    Section.TILE: [("log_1", 0, 0, b"\x01" * 32), ("log_1", 0, 1, b"\x02" * 32)],
    Section.SIGNED_HEAD: [(0, b'{"v":1}', b"\x03" * 64), (1, b'{"v":1}', b"\x04" * 64)],
    Section.ANCHORED: [("file", 0), ("http", 1)],
}
"""Rows of sections that nothing in this kit writes by other means."""


def _life() -> list[Entry]:
    """A little of everything: ended, held and open calls, people, payloads, keys."""
    user = row("app_user", id="usr_alice", organization="acme", sealed_profile=b"\x01alice")
    return [
        noted(EntryKind.OPENED),
        replace(
            intent(
                "call_1",
                key=claim("call_1"),
                payloads=(payload("call_1.arguments"),),
                sealed_key=run_key("run_1"),
            ),
            rows=(*intent("call_1").rows, user),
        ),
        ended("call_1", at_ms=NOW + 1, payloads=(payload("call_1.result", content=b"\xfe"),)),
        held("call_2", "apr_2", run="run_2", at_ms=NOW + 2),
        intent("call_3", run="run_3", at_ms=NOW + 3),
        amended("call_1"),
    ]


def _by(table: str, column: str, principal: str, run: str) -> Row:
    """A row that says what a principal did in a run."""
    keys = {"tool_call": "id", "approval_decision": "approval_id"}
    return row(table, **{keys.get(table, "call_id"): f"of {run}", column: principal, "run_id": run})


async def _carried(store: Store, section: str, *, limit: int = 2) -> list[tuple[Cell, ...]]:
    """All rows of a section, page by page."""
    columns = SECTIONS[section].columns
    found: list[tuple[Cell, ...]] = []
    after: Sequence[Cell] = ()
    while page := await store.upkeep.carry_out(section, after=after, limit=limit):
        assert len(page) <= limit
        found += page
        after = [cell for cell, column in zip(page[-1], columns, strict=True) if column.is_key]
    return found


class UpkeepContract(Ground):
    """Needs the fixture `open_empty`: each call opens another ledger, empty, in a like store."""

    @pytest.fixture
    def open_empty(self) -> OpenEmpty:
        """A function that opens a new, empty ledger each time."""
        raise NotImplementedError("give your test class a fixture `open_empty`")

    @pytest.fixture
    async def elsewhere(self, open_empty: OpenEmpty) -> AsyncIterator[Store]:
        """A store of another ledger, empty."""
        elsewhere = open_empty()
        yield elsewhere
        await elsewhere.close()

    # -- figures ---------------------------------------------------------------------------

    async def test_an_empty_ledger_has_figures(self, store: Store) -> None:
        """Nothing in it, and no time of a first entry."""
        figures = await store.upkeep.figures()
        assert dict(figures.rows)["entry"] == 0
        assert [name for name, _ in figures.rows] == sorted(SECTIONS)
        assert (figures.oldest_ms, figures.newest_ms) == (None, None)
        assert (figures.waiting_approvals, figures.payload_bytes) == (0, 0)

    async def test_figures_count_what_is_there(self, store: Store, fence: Fence) -> None:
        """Rows by section, encrypted bytes, the first and the last entry, who waits."""
        await store.append(_life(), fence=fence)
        await store.append(
            [held("call_4", "apr_4"), decided("call_4", "apr_4", at_ms=NOW + 9)], fence=fence
        )
        figures = await store.upkeep.figures()
        counted = {
            name: count
            for name, count in figures.rows
            if name in {"entry", "payload", "run_key", "key_claim", "open_call", "app_user"}
        }
        assert counted == {
            "entry": 8,
            "payload": 2,
            "run_key": 1,
            "key_claim": 1,
            "open_call": 3,
            "app_user": 1,
        }
        assert figures.payload_bytes == len(b"\x00sealed") + 1
        assert figures.bytes > figures.payload_bytes
        assert (figures.oldest_ms, figures.newest_ms) == (NOW, NOW + 9)
        assert figures.waiting_approvals == 1

    # -- retention -------------------------------------------------------------------------

    async def test_payloads_expire_when_they_are_old_and_their_call_has_ended(
        self, store: Store, fence: Fence
    ) -> None:
        """Those of open and held calls are kept, and what is young."""
        young = replace(payload("call_3.arguments"), created_ms=LATER)
        await store.append(
            [
                intent("call_1", payloads=(payload("call_1.arguments"), payload("call_1.x"))),
                ended("call_1"),
                intent("call_2", payloads=(payload("call_2.arguments"),)),
                ended("call_3", payloads=(young,)),
                replace(held("call_4", "apr_4"), payloads=(payload("call_4.call"),)),
            ],
            fence=fence,
        )
        upkeep = store.upkeep
        assert await upkeep.expired_payloads(NOW) == []
        assert await upkeep.expired_payloads(NOW + 1) == ["call_1.arguments", "call_1.x"]
        assert await upkeep.expired_payloads(NOW + 1, limit=1) == ["call_1.arguments"]
        await store.append([ended("call_2"), ended("call_4")], fence=fence)
        expired = ["call_1.arguments", "call_1.x", "call_2.arguments", "call_4.call"]
        assert await upkeep.expired_payloads(LATER) == expired
        assert await upkeep.expired_payloads(LATER + 1) == sorted([*expired, "call_3.arguments"])

    async def test_what_was_written_late_about_an_old_call_is_judged_by_its_own_age(
        self, store: Store, fence: Fence
    ) -> None:
        """A late word on an early call hides nothing that comes behind it."""
        late = replace(payload("call_1.arguments.1"), created_ms=LATER + 120_000)
        old = payload("call_2.arguments")
        await store.append(
            [ended("call_1", payloads=(late,)), ended("call_2", payloads=(old,))], fence=fence
        )
        assert await store.upkeep.expired_payloads(NOW + 1) == ["call_2.arguments"]

    async def test_payloads_of_a_call_that_nobody_knows_the_outcome_of_are_kept_until_it_is_settled(
        self, store: Store, fence: Fence
    ) -> None:
        """With what people wrote when they decided on it."""
        word = replace(decided("call_1", "apr_1"), payloads=(payload("apr_1.reason.usr_bob"),))
        kept = payload("call_1.arguments")
        unknown = ended("call_1", Status.UNKNOWN, payloads=(kept,))
        await store.append([held("call_1", "apr_1"), word, unknown], fence=fence)
        assert await store.upkeep.expired_payloads(LATER) == []
        found = row("amendment", call_id="call_1", amended_ms=NOW, source="settled", applied=1)
        await store.append([replace(amended("call_1"), rows=(found,))], fence=fence)
        expired = ["apr_1.reason.usr_bob", "call_1.arguments"]
        assert await store.upkeep.expired_payloads(LATER) == expired

    async def test_reasons_of_people_expire_with_the_call_that_they_decided(
        self, store: Store, fence: Fence
    ) -> None:
        """Their payloads are named by the approval."""
        word = replace(decided("call_1", "apr_1"), payloads=(payload("apr_1.reason.usr_bob"),))
        await store.append([held("call_1", "apr_1"), word], fence=fence)
        assert await store.upkeep.expired_payloads(LATER) == []
        await store.append([ended("call_1")], fence=fence)
        assert await store.upkeep.expired_payloads(LATER) == ["apr_1.reason.usr_bob"]

    @pytest.mark.parametrize(
        ("table", "column"),
        [
            ("tool_call", "principal_id"),
            ("approval_decision", "decided_by"),
            ("amendment", "amended_by"),
            ("payload_reveal", "revealed_by"),
        ],
    )
    async def test_the_runs_of_a_principal_are_those_where_they_left_something(
        self, store: Store, fence: Fence, table: str, column: str
    ) -> None:
        """In order, each once; those of others are left out."""
        rows = (
            _by(table, column, "usr_alice", "run_3"),
            _by(table, column, "usr_alice", "run_1"),
            _by(table, column, "usr_bob", "run_2"),
        )
        await store.append([replace(noted(), rows=rows)], fence=fence)
        assert await store.upkeep.runs_of("usr_alice") == ["run_1", "run_3"]
        assert await store.upkeep.runs_of("usr_carol") == []

    async def test_payloads_of_an_agents_run_are_kept_until_it_has_ended(
        self, store: Store, fence: Fence
    ) -> None:
        """With those of its calls that have: it needs all of them to go on."""
        request = replace(payload("run_1.request"), kind=PayloadKind.REQUEST)
        young = replace(
            payload("run_2.request", run="run_2"), kind=PayloadKind.REQUEST, created_ms=LATER * 2
        )
        begun, other = agent_run("run_1"), agent_run("run_2", RunStatus.COMPLETED, ended_ms=NOW)
        await store.append(
            [
                about_run("run_1", EntryKind.RUN_STARTED, begun, payloads=(request,)),
                ended("call_1", payloads=(payload("call_1.result"),)),
                about_run("run_2", EntryKind.RUN_ENDED, other, payloads=(young,)),
                ended("call_2", run="run_3", payloads=(payload("call_2.result", run="run_3"),)),
            ],
            fence=fence,
        )
        assert await store.upkeep.expired_payloads(LATER) == ["call_2.result"]
        over = agent_run("run_1", RunStatus.FAILED, ended_ms=LATER)
        reply = payload("run_1.req_1.reply")
        ending = about_run("run_1", EntryKind.RUN_ENDED, over, payloads=(reply,))
        await store.append([ending], fence=fence)
        calls, run = ["call_1.result", "call_2.result"], ["run_1.req_1.reply", "run_1.request"]
        assert await store.upkeep.expired_payloads(LATER) == [*calls, *run]
        assert await store.upkeep.expired_payloads(LATER, limit=3) == [*calls, run[0]]

    async def test_a_run_of_an_agent_for_a_principal_is_theirs(
        self, store: Store, fence: Fence
    ) -> None:
        """Also where it made no call."""
        begun = about_run("run_1", EntryKind.RUN_STARTED, agent_run("run_1"))
        await store.append([begun], fence=fence)
        assert await store.upkeep.runs_of("usr_alice") == ["run_1"]

    # -- carrying --------------------------------------------------------------------------

    @_EACH
    async def test_rows_come_out_by_page_and_go_in_as_they_are(
        self, store: Store, fence: Fence, other: Store, elsewhere: Store, section: str
    ) -> None:
        """Page by page, in order of the key; twice is once."""
        await store.append(_life(), fence=fence)
        for approval in ("apr_9", "apr_8", "apr_9"):
            await other.post(decision(approval))
        for name in SECTIONS:
            rows = _MADE_UP.get(name) or await _carried(store, name)
            await elsewhere.upkeep.carry_in(name, rows)
            await elsewhere.upkeep.carry_in(name, rows)
        sent = _MADE_UP.get(section) or await _carried(store, section)
        arrived = await _carried(elsewhere, section)
        assert arrived == sent
        assert await _carried(elsewhere, section, limit=1_000) == sent

    @_EACH
    async def test_the_first_rows_take_the_place_of_all_that_were_there(
        self, store: Store, fence: Fence, elsewhere: Store, section: str
    ) -> None:
        """A copy that begins anew keeps nothing of the one before."""
        await store.append(_life(), fence=fence)
        await store.post(decision("apr_1"))
        for name in SECTIONS:
            rows = _MADE_UP.get(name) or await _carried(store, name)
            await elsewhere.upkeep.carry_in(name, rows)
        rows = await _carried(elsewhere, section)
        if section != Section.LOG:
            await elsewhere.upkeep.carry_in(section, [], is_first=True)
            assert await _carried(elsewhere, section) == []
        await elsewhere.upkeep.carry_in(section, rows[:1], is_first=True)
        assert await _carried(elsewhere, section) == rows[:1]

    async def test_a_ledger_that_was_carried_answers_as_the_first_one(
        self, store: Store, fence: Fence, other: Store, elsewhere: Store
    ) -> None:
        """Open calls, claims, approvals, keys and ends, and the log goes on where it stood."""
        await store.append(_life(), fence=fence)
        await other.post(decision("apr_2"))
        for name in SECTIONS:
            await elsewhere.upkeep.carry_in(name, await _carried(store, name))
        assert await elsewhere.entries() == await store.entries()
        assert await elsewhere.open_calls() == await store.open_calls() == ["call_2", "call_3"]
        assert await elsewhere.approval("apr_2") == await store.approval("apr_2")
        assert await elsewhere.inbox() == await store.inbox()
        assert await elsewhere.run_key("run_1") == run_key("run_1")
        assert await elsewhere.profile("usr_alice") == b"\x01alice"
        assert await elsewhere.usage("run_1", at_ms=NOW) == await store.usage("run_1", at_ms=NOW)
        newer = await elsewhere.acquire(pid=2, at_ms=LATER)
        assert newer is not None
        assert newer.log_id == fence.log_id
        assert newer.epoch > fence.epoch
        taken, again, next_one = await elsewhere.append(
            [
                intent("call_9", key=claim("call_9")),
                ended("call_1"),
                decided("call_2", "apr_2", ApprovalState.APPROVED),
            ],
            fence=newer,
        )
        assert [type(taken).__name__, type(again).__name__] == ["KeyTaken", "AlreadyEnded"]
        assert seq_of(next_one) == len(_life())

    async def test_orders_are_carried_in_the_order_in_which_they_were_left(
        self, store: Store, elsewhere: Store
    ) -> None:
        """Also the same one twice, and new ones come behind them."""
        posted = [decision("apr_2"), decision("apr_1"), decision("apr_2")]
        for order in posted:
            await store.post(order)
        await elsewhere.upkeep.carry_in(Section.INBOX, await _carried(store, Section.INBOX))
        await elsewhere.post(decision("apr_0"))
        assert await orders(elsewhere) == [*posted, decision("apr_0")]

    async def test_there_are_no_other_sections(self, store: Store) -> None:
        """The error names what was asked for."""
        with pytest.raises(LedgerError, match="owner"):
            await store.upkeep.carry_out("owner")
        with pytest.raises(LedgerError, match="owner"):
            await store.upkeep.carry_in("owner", [])

    # -- moving ----------------------------------------------------------------------------

    async def test_a_ledger_is_taken_alone_only_where_nobody_owns_it(
        self, store: Store, other: Store
    ) -> None:
        """And then nobody else does, until it is closed."""
        assert await store.acquire(pid=1, at_ms=NOW) is not None
        assert not await other.upkeep.take_alone(pid=2, at_ms=NOW)
        assert await other.ownership() == Ownership(pid=1, since_ms=NOW)
        await store.close()
        assert await other.upkeep.take_alone(pid=2, at_ms=LATER)
        assert await other.ownership() == Ownership(pid=2, since_ms=LATER)

    async def test_whoever_has_it_alone_keeps_others_from_owning_it(
        self, store: Store, other: Store
    ) -> None:
        """Reading goes on."""
        assert await store.upkeep.take_alone(pid=1, at_ms=NOW)
        assert await other.acquire(pid=2, at_ms=NOW) is None
        assert await other.entries() == []

    async def test_a_retired_ledger_is_owned_by_nobody_and_says_where_it_went(
        self, store: Store, other: Store
    ) -> None:
        """Nor can orders be left there, which nobody would find; reading goes on."""
        assert await store.upkeep.take_alone(pid=1, at_ms=NOW)
        await store.upkeep.retire("sqlite:///new.db")
        await store.close()
        for owning in (other.acquire, other.upkeep.take_alone):
            with pytest.raises(LedgerError, match=r"sqlite:///new\.db"):
                await owning(pid=2, at_ms=NOW)
        with pytest.raises(LedgerError, match=r"sqlite:///new\.db"):
            await other.post(decision("apr_1"))
        assert await other.entries() == []
        assert await other.inbox() == []

    async def test_half_a_copy_is_owned_by_nobody_but_who_completes_it(
        self, store: Store, other: Store
    ) -> None:
        """Until what it remembers of its arrival is empty."""
        await store.upkeep.carry_in(Section.LEDGER, [(Fact.ARRIVING, "sqlite:///old.db")])
        with pytest.raises(LedgerError, match=r"sqlite:///old\.db"):
            await other.acquire(pid=2, at_ms=NOW)
        assert await other.upkeep.take_alone(pid=2, at_ms=NOW)
        await other.upkeep.carry_in(Section.LEDGER, [(Fact.ARRIVING, "")])
        await other.close()
        assert await store.acquire(pid=1, at_ms=NOW) is not None

    # -- archiving -------------------------------------------------------------------------

    async def test_old_entries_are_dropped_and_the_log_goes_on(
        self, store: Store, fence: Fence, open_store: OpenStore
    ) -> None:
        """Positions are not given again, and an end stays an end."""
        await store.append(
            [intent("call_1"), ended("call_1"), noted(EntryKind.ERASED)], fence=fence
        )
        await store.upkeep.drop_entries(await store.entries(limit=2), fence=fence)
        assert [entry.position.seq for entry in await store.entries()] == [2]
        await store.upkeep.drop_entries(await store.entries(), fence=fence)
        assert await store.entries() == []
        assert await _carried(store, Section.LOG) == [(fence.log_id, fence.epoch, 3, 3)]
        again, landed = await store.append([ended("call_1"), noted()], fence=fence)
        assert type(again).__name__ == "AlreadyEnded"
        assert [entry.position.seq for entry in await store.entries()] == [seq_of(landed)]
        assert (await store.usage("run_1", at_ms=NOW)).spent.total.calls == 1
        figures = await store.upkeep.figures()
        assert dict(figures.rows)["tool_result"] == 1
        reopened = open_store()
        assert [entry.position.seq for entry in await reopened.entries()] == [3]
        await reopened.close()

    async def test_what_a_ledger_always_needs_stays_and_is_found_by_its_kind(
        self, store: Store, fence: Fence
    ) -> None:
        """What is read in order begins behind what was archived."""
        await store.append([noted(EntryKind.OPENED), noted(), ended("call_1")], fence=fence)
        await store.append([ended("call_2")], fence=fence)
        await store.upkeep.drop_entries(await store.entries(limit=3), fence=fence)
        assert [entry.position.seq for entry in await store.entries()] == [3]
        (pinned,) = await store.entries(kind=EntryKind.PINNED)
        assert pinned.position == Position(fence.log_id, 1)
        (opened,) = await store.entries(kind=EntryKind.OPENED)
        assert opened.position == Position(fence.log_id, 0)

    async def test_a_call_is_not_torn_apart(self, store: Store, fence: Fence) -> None:
        """Its early entries are found by the call as long as a later one is here."""
        await store.append([intent("call_1"), intent("call_2"), ended("call_2")], fence=fence)
        await store.append([ended("call_1"), amended("call_2")], fence=fence)
        await store.upkeep.drop_entries(await store.entries(limit=3), fence=fence)
        assert [entry.position.seq for entry in await store.entries()] == [3, 4]
        assert len(await store.entries(call_id="call_1")) == len(("intent", "end"))
        assert len(await store.entries(run_id="run_1")) == len(await store.entries()) + 3
        await store.upkeep.drop_entries(await store.entries(limit=1), fence=fence)
        assert await store.entries(call_id="call_1") == []
        await store.upkeep.drop_entries(await store.entries(), fence=fence)
        assert await store.entries(run_id="run_1") == []

    @pytest.mark.parametrize("chosen", [slice(1, 3), slice(0, 3, 2)], ids=["not first", "gap"])
    async def test_only_the_oldest_entries_are_dropped(
        self, store: Store, fence: Fence, chosen: slice
    ) -> None:
        """Without a gap."""
        await store.append([ended(f"call_{n}") for n in range(4)], fence=fence)
        entries = await store.entries()
        with pytest.raises(LedgerError, match="oldest"):
            await store.upkeep.drop_entries(entries[chosen], fence=fence)
        assert await store.entries() == entries

    @pytest.mark.parametrize(
        "needed",
        [
            [intent("call_2", run="run_2")],
            [held("call_2", "apr_2", run="run_2")],
            [ended("call_2", run="run_2"), intent("call_3", run="run_2")],
            [intent("call_2", run="run_2", key=claim("call_2")), ended("call_2", run="run_2")],
            [about_run("run_2", EntryKind.RUN_HELD, agent_run("run_2", RunStatus.HELD))],
        ],
        ids=["in flight", "held", "of a run that goes on", "holds a key", "of an agent's run"],
    )
    async def test_what_is_still_needed_is_not_dropped(
        self, store: Store, fence: Fence, needed: list[Entry]
    ) -> None:
        """Nothing of what was asked for is dropped then."""
        await store.append([ended("call_1"), *needed], fence=fence)
        entries = await store.entries()
        with pytest.raises(LedgerError, match="still needed"):
            await store.upkeep.drop_entries(entries[:2], fence=fence)
        assert await store.entries() == entries
        await store.upkeep.drop_entries(entries[:1], fence=fence)

    async def test_who_lost_the_fence_drops_nothing(
        self, store: Store, fence: Fence, other: Store
    ) -> None:
        """The new owner's entries are its own."""
        await store.append([ended("call_1")], fence=fence)
        await store.close()
        assert await other.acquire(pid=2, at_ms=NOW) is not None
        with pytest.raises(FenceLost):
            await other.upkeep.drop_entries(await other.entries(), fence=fence)
        assert len(await other.entries()) == 1

"""What the audit tables answer, and how they are derived anew."""

from dataclasses import replace
from typing import Final

import pytest

from highroad.domain.audit import APP_USER, TABLES
from highroad.domain.entry import Entry, EntryKind, Fence, Row
from highroad.domain.error import LedgerError
from highroad.domain.outcome import Status
from highroad.ports.store import Store
from highroad.ports.tables import Selection
from highroad.testing.contracts.store.ground import Ground
from highroad.testing.contracts.store.samples import (
    NOW,
    amended,
    ended,
    intent,
    noted,
    payload,
    row,
)

_UNKNOWN: Final = r"there is no audit table|has no column"
_VERSION: Final = 7


def _results(*costs: int) -> list[Entry]:
    """Ended calls, a second apart, every other one refused."""
    return [
        ended(
            f"call_{number}",
            Status.REFUSED if number % 2 else Status.COMPLETED,
            at_ms=NOW + number * 1_000,
            cost=cost,
        )
        for number, cost in enumerate(costs)
    ]


def _calls(rows: object) -> list[object]:
    return [row[0] for row in rows]  # type: ignore[attr-defined]  # rows of the port


class TablesContract(Ground):
    """Questions of auditors, the same for every store."""

    async def test_rows_come_in_order_of_their_key_and_whole(
        self, store: Store, fence: Fence
    ) -> None:
        """However they were written; the columns are those of the table."""
        await store.append([*reversed(_results(1, 2, 3))], fence=fence)
        found = await store.tables.rows(Selection(table="tool_result"))
        assert _calls(found) == ["call_0", "call_1", "call_2"]
        names = [column.name for column in TABLES["tool_result"].columns]
        first = dict(zip(names, found[0], strict=True))
        assert (first["status"], first["cost_microusd"]) == (Status.COMPLETED, 1)
        assert first["code"] is None

    async def test_two_amendments_of_one_call_in_one_millisecond_are_both_kept(
        self, store: Store, fence: Fence
    ) -> None:
        """Each with its own payload, in the order of their ids."""
        for name, applied in (("amd_1", 1), ("amd_2", 0)):
            word = payload(f"call_1.{name}")
            told = row(
                "amendment",
                call_id="call_1",
                amended_ms=NOW,
                id=name,
                source="settled",
                applied=applied,
                reason_ref=word.id,
            )
            entry = replace(amended("call_1"), rows=(told,), payloads=(word,))
            await store.append([entry], fence=fence)
        found = await store.tables.rows(Selection(table="amendment"))
        names = [column.name for column in TABLES["amendment"].columns]
        told_apart = [dict(zip(names, each, strict=True)) for each in found]
        assert [(each["id"], each["applied"]) for each in told_apart] == [
            ("amd_1", 1),
            ("amd_2", 0),
        ]
        assert [await store.payload(str(each["reason_ref"])) for each in told_apart] == [
            payload("call_1.amd_1"),
            payload("call_1.amd_2"),
        ]

    async def test_a_page_begins_behind_a_key(self, store: Store, fence: Fence) -> None:
        """Also where the key has several columns."""
        pins = [
            Entry(
                kind=EntryKind.PINNED,
                body=b"{}",
                organization="acme",
                at_ms=NOW,
                rows=(row("tool_pin", tool=tool, version=version, pinned_ms=at_ms, source=""),),
            )
            for tool, version, at_ms in (("a", "1", 1), ("a", "1", 2), ("a", "2", 1), ("b", "1", 1))
        ]
        await store.append([*_results(1, 2, 3), *pins], fence=fence)
        tables, selection = store.tables, Selection(table="tool_result")
        assert _calls(await tables.rows(selection, limit=2)) == ["call_0", "call_1"]
        assert _calls(await tables.rows(selection, after=("call_1",))) == ["call_2"]
        behind = await tables.rows(Selection(table="tool_pin"), after=("a", "1", 1, ""))
        assert [found[:3] for found in behind] == [("a", "1", 2), ("a", "2", 1), ("b", "1", 1)]

    async def test_rows_are_narrowed_by_cells_and_times(self, store: Store, fence: Fence) -> None:
        """A period begins with its first moment and ends before its last; `None` is empty."""
        await store.append([*_results(1, 2, 3, 4), intent("call_9", at_ms=NOW)], fence=fence)
        tables = store.tables
        refused = Selection(table="tool_result", equals={"status": Status.REFUSED})
        assert _calls(await tables.rows(refused)) == ["call_1", "call_3"]
        unsaid = Selection(table="tool_result", equals={"code": None, "call_id": "call_2"})
        assert _calls(await tables.rows(unsaid)) == ["call_2"]
        period = Selection(
            table="tool_result", within="ended_ms", since_ms=NOW + 1_000, until_ms=NOW + 3_000
        )
        assert _calls(await tables.rows(period)) == ["call_1", "call_2"]
        ended_once = Selection(table="agent_run", within="ended_ms", until_ms=NOW)
        assert await tables.rows(ended_once) == []

    async def test_totals_count_and_sum_by_group(self, store: Store, fence: Fence) -> None:
        """In order of the groups; without a column to group by, all of it is one group."""
        tables, results = store.tables, Selection(table="tool_result")
        assert await tables.totals(results, by=()) == []
        await store.append(_results(1, 10, 100, 1_000), fence=fence)
        by_status = await tables.totals(results, by=("status",), sums=("cost_microusd",))
        assert [tuple(found) for found in by_status] == [
            ("completed", 2, 101),
            ("refused", 2, 1_010),
        ]
        assert [tuple(found) for found in await tables.totals(results, by=())] == [(4,)]
        from_second = Selection(table="tool_result", within="ended_ms", since_ms=NOW + 1_000)
        summed = await tables.totals(
            from_second, by=("organization", "code"), sums=("cost_microusd", "attempts")
        )
        assert [tuple(found) for found in summed] == [("acme", None, 3, 1_110, 0)]

    @pytest.mark.parametrize(
        "selection",
        [
            Selection(table="entry"),
            Selection(table="tool_result", equals={"1=1 --": 1}),
            Selection(table="tool_result", within="entry", since_ms=1),
        ],
        ids=["table", "column", "time"],
    )
    async def test_only_audit_tables_and_their_columns_are_known(
        self, store: Store, selection: Selection
    ) -> None:
        """Names reach no statement unless they are ours."""
        with pytest.raises(LedgerError, match=_UNKNOWN):
            await store.tables.rows(selection)
        with pytest.raises(LedgerError, match=_UNKNOWN):
            await store.tables.totals(selection, by=())

    @pytest.mark.parametrize("wrong", [{"by": ("id",)}, {"by": (), "sums": ("id",)}])
    async def test_only_columns_of_a_table_group_and_sum(
        self, store: Store, wrong: dict[str, tuple[str, ...]]
    ) -> None:
        """`tool_result` has no column `id`."""
        with pytest.raises(LedgerError, match="has no column 'id'"):
            await store.tables.totals(Selection(table="tool_result"), **wrong)

    async def test_derived_rows_take_the_place_of_those_that_are_there(
        self, store: Store, fence: Fence
    ) -> None:
        """Batch by batch; who a principal is cannot be derived, and stays."""
        known = Row("app_user", ("usr_1", "acme", b"sealed", NOW))
        await store.append([*_results(1, 2), ended("call_9", rows=(known,))], fence=fence)
        first, second = row("tool_call", id="call_7"), row("tool_call", id="call_8")
        tables = store.tables
        await tables.rederive([first], is_first=True, version=None)
        assert await tables.rows(Selection(table="tool_result")) == []
        await tables.rederive([second], is_first=False, version=_VERSION)
        assert await tables.projected() == _VERSION
        assert _calls(await tables.rows(Selection(table="tool_call"))) == ["call_7", "call_8"]
        assert _calls(await tables.rows(Selection(table=APP_USER.name))) == ["usr_1"]

    async def test_tables_that_are_half_derived_are_of_no_version(
        self, store: Store, other: Store
    ) -> None:
        """Whoever opens the ledger after a crash begins anew."""
        assert await store.tables.projected() == 0
        await store.tables.rederive([], is_first=True, version=_VERSION)
        assert await other.tables.projected() == _VERSION
        await store.tables.rederive([row("tool_call", id="call_1")], is_first=True, version=None)
        assert await other.tables.projected() == 0

    async def test_another_process_reads_the_tables(
        self, store: Store, fence: Fence, other: Store
    ) -> None:
        """As soon as `append` has answered; `noted` has no rows and changes nothing."""
        await store.append([noted(), *_results(1)], fence=fence)
        assert _calls(await other.tables.rows(Selection(table="tool_result"))) == ["call_0"]
        assert await other.tables.totals(Selection(table="tool_result"), by=("status",))

"""What a ledger answers when it is asked for entries and calls."""

from dataclasses import replace
from typing import Any

import pytest

from highroad.domain.entry import Entry, EntryKind, Fence, Position
from highroad.domain.outcome import Status
from highroad.ports.store import Store
from highroad.ports.tables import Selection
from highroad.testing.contracts.store.ground import Ground
from highroad.testing.contracts.store.samples import (
    NOW,
    amended,
    deferred,
    ended,
    held,
    intent,
    noted,
    row,
)


def settled(call: str, *, applied: int | None) -> Entry:
    """A later fact about a call, with its row of `amendment`."""
    told = row("amendment", call_id=call, amended_ms=NOW, source="settled", applied=applied)
    return replace(amended(call), rows=(told,))


class ReadingContract(Ground):
    """Reads see all that was answered as written."""

    @pytest.mark.parametrize(
        ("wanted", "positions"),
        [
            ({}, [0, 1, 2, 3, 4, 5]),
            ({"run_id": "run_1"}, [0, 2, 4]),
            ({"call_id": "call_2"}, [1, 3]),
            ({"kind": EntryKind.INTENT}, [0, 1]),
            ({"kind": EntryKind.PINNED}, [5]),
            ({"kind": EntryKind.OPENED}, []),
            ({"run_id": "run_1", "kind": EntryKind.AMENDED}, [4]),
            ({"run_id": "run_1", "call_id": "call_2"}, []),
            ({"after": 2}, [3, 4, 5]),
            ({"after": 9}, []),
            ({"limit": 2}, [0, 1]),
            ({"run_id": "run_1", "after": 0, "limit": 1}, [2]),
        ],
    )
    async def test_entries_are_narrowed_by_what_is_given(
        self, store: Store, fence: Fence, wanted: dict[str, Any], positions: list[int]
    ) -> None:
        """In the order of their positions, however they are looked up."""
        await store.append(
            [
                intent("call_1", run="run_1"),
                intent("call_2", run="run_2"),
                ended("call_1", run="run_1"),
                ended("call_2", run="run_2"),
                amended("call_1", run="run_1"),
                noted(EntryKind.PINNED),
            ],
            fence=fence,
        )
        if "after" in wanted:
            wanted = {**wanted, "after": Position(fence.log_id, wanted["after"])}
        found = await store.entries(**wanted)
        assert [stored.position.seq for stored in found] == positions

    async def test_unknown_calls_are_those_that_nobody_has_settled(
        self, store: Store, fence: Fence
    ) -> None:
        """Neither what an amendment tells of, nor what only repeats another call's answer."""
        repeats = row(
            "tool_result", call_id="call_6", status=Status.UNKNOWN, source_call_id="call_1"
        )
        await store.append(
            [
                ended("call_1", Status.UNKNOWN),
                ended("call_2", Status.UNKNOWN),
                ended("call_3", Status.COMPLETED),
                ended("call_4", Status.UNKNOWN),
                ended("call_5", Status.UNKNOWN),
                replace(ended("call_6", Status.UNKNOWN), rows=(repeats,)),
                settled("call_2", applied=1),
                settled("call_4", applied=None),
            ],
            fence=fence,
        )
        assert await store.unknown_calls() == ["call_1", "call_4", "call_5"]
        assert await store.unknown_calls(after="call_1", limit=1) == ["call_4"]
        assert await store.unknown_calls(after="call_5") == []

    async def test_entries_of_one_log_can_be_asked_for(self, store: Store, fence: Fence) -> None:
        """There may be others."""
        await store.append([intent("call_1"), ended("call_1")], fence=fence)
        assert await store.entries(log_id=fence.log_id) == await store.entries()
        behind = await store.entries(log_id=fence.log_id, after=Position(fence.log_id, 0))
        assert [stored.position.seq for stored in behind] == [1]
        assert await store.entries(log_id="log_elsewhere") == []

    async def test_a_call_that_waits_for_its_result_is_open_until_it_ends(
        self, store: Store, fence: Fence
    ) -> None:
        """And what waits until when is asked of its table."""
        entries = [intent("call_1"), deferred("call_1"), intent("call_2"), deferred("call_2")]
        await store.append(entries, fence=fence)
        assert await store.open_calls() == ["call_1", "call_2"]
        due = Selection(
            table="deferral",
            equals={"state": "waiting"},
            within="expires_ms",
            until_ms=NOW + 3_600_001,
        )
        assert [row[0] for row in await store.tables.rows(due)] == ["call_1", "call_2"]
        await store.append([ended("call_1"), deferred("call_2", at_ms=NOW + 1)], fence=fence)
        assert await store.open_calls() == ["call_2"]
        assert [row[0] for row in await store.tables.rows(due)] == ["call_1"]

    async def test_an_open_call_can_be_adopted(self, store: Store, fence: Fence) -> None:
        """One that ended, or that nobody made, cannot."""
        await store.append([intent("call_1"), intent("call_2"), ended("call_2")], fence=fence)
        adopted = [await store.adopt(call) for call in ("call_1", "call_2", "call_3")]
        assert adopted == [True, False, False]

    async def test_nobody_else_writes_a_log_of_ones_own(self, store: Store, fence: Fence) -> None:
        """And nobody at all one that there is not."""
        assert not await store.is_live(fence.log_id)
        assert not await store.is_live("log_elsewhere")

    async def test_nobody_else_drives_a_call_of_ones_own(self, store: Store, fence: Fence) -> None:
        """Whether it is in flight here is known here."""
        await store.append([intent("call_1")], fence=fence)
        assert not await store.is_driven("call_1")
        assert not await store.is_driven("call_2")

    async def test_what_is_not_there_is_none(self, store: Store) -> None:
        """An empty ledger answers every question."""
        assert await store.payload("pl_1") is None
        assert await store.run_key("run_1") is None
        assert await store.profile("usr_alice") is None
        assert await store.last_call() is None
        assert await store.last_call(refused=True) is None
        assert await store.open_calls() == []
        assert await store.unknown_calls() == []
        assert await store.approvals() == []
        assert await store.admitted_since(0) == []

    async def test_the_last_call_is_the_one_that_ended_last(
        self, store: Store, fence: Fence
    ) -> None:
        """Not the youngest; and the last refused one is asked for apart."""
        await store.append(
            [
                intent("call_1"),
                ended("call_2", Status.REFUSED, at_ms=NOW + 1),
                ended("call_3", Status.REFUSED, at_ms=NOW + 2),
                ended("call_1", at_ms=NOW + 3),
                intent("call_4"),
            ],
            fence=fence,
        )
        assert await store.last_call() == "call_1"
        assert await store.last_call(refused=True) == "call_3"

    async def test_a_call_is_open_from_its_intent_or_hold_to_its_end(
        self, store: Store, fence: Fence
    ) -> None:
        """Oldest first; a call that was held keeps its place when it is taken up."""
        await store.append([held("call_3", "apr_3"), intent("call_1")], fence=fence)
        await store.append([intent("call_2"), intent("call_3")], fence=fence)
        assert await store.open_calls() == ["call_3", "call_1", "call_2"]
        await store.append([ended("call_1"), amended("call_1")], fence=fence)
        assert await store.open_calls() == ["call_3", "call_2"]

    async def test_a_call_that_begins_and_ends_in_one_append_is_never_open(
        self, store: Store, fence: Fence
    ) -> None:
        """Nor one that is refused before it begins."""
        await store.append([intent("call_1"), ended("call_1"), ended("call_2")], fence=fence)
        assert await store.open_calls() == []

    async def test_a_held_call_that_is_taken_up_and_ends_in_one_append_is_closed(
        self, store: Store, fence: Fence
    ) -> None:
        """What the hold opened must not stay behind."""
        await store.append([held("call_1", "apr_1")], fence=fence)
        await store.append([intent("call_1"), ended("call_1")], fence=fence)
        assert await store.open_calls() == []

    async def test_another_process_sees_what_was_appended(
        self, store: Store, fence: Fence, other: Store
    ) -> None:
        """As soon as `append` has answered."""
        for call in ("call_1", "call_2"):
            await store.append([intent(call)], fence=fence)
            assert (await other.entries())[-1].call_id == call

"""What a ledger tells of agents' runs: where they stand, and all that they carry."""

from dataclasses import replace

import pytest

from highroad.domain.entry import AlreadyEnded, Entry, EntryKind, Erasure, Fence, Written
from highroad.domain.moving import SECTIONS
from highroad.domain.payload import PayloadKind, SealedPayload
from highroad.domain.run import AgentRun, RunStatus
from highroad.ports.store import Store
from highroad.testing.contracts.store.ground import Ground, OpenStore
from highroad.testing.contracts.store.samples import (
    LATER,
    NOW,
    ORGANIZATION,
    about_run,
    agent_run,
    approval_row,
    ended,
    intent,
    payload,
    row,
    run_key,
)


def begun(run: str, *payloads: SealedPayload) -> Entry:
    """The beginning of a run."""
    return about_run(run, EntryKind.RUN_STARTED, agent_run(run), payloads=payloads)


def rests(run: str) -> Entry:
    """A run waits."""
    return about_run(run, EntryKind.RUN_HELD, agent_run(run, RunStatus.HELD))


def over(run: str, status: RunStatus = RunStatus.COMPLETED, **columns: str | int) -> Entry:
    """The end of a run."""
    told = agent_run(run, status, ended_ms=LATER, **columns)
    return about_run(run, EntryKind.RUN_ENDED, told)


def direct(run: str, status: RunStatus = RunStatus.COMPLETED) -> Entry:
    """The end of a call that was a run of its own."""
    own = row("agent_run", id=run, organization=ORGANIZATION, status=status, started_ms=NOW)
    return ended(f"call_{run}", run=run, rows=(own,))


class RunContract(Ground):
    """Runs of agents are found by where they stand, and read whole."""

    async def test_a_run_is_as_its_last_entry_tells_it(self, store: Store, fence: Fence) -> None:
        """With all that its row says of it."""
        last = over(
            "run_1",
            RunStatus.BUDGET_EXCEEDED,
            parent_id="run_0",
            conversation_id="conv_1",
            delegated_by="call_9",
            code="budget_exceeded",
            steps=7,
            tokens_in=900,
            tokens_out=80,
            cost_microusd=1_234,
        )
        await store.append([begun("run_1"), last], fence=fence)
        assert await store.runs() == [
            AgentRun(
                id="run_1",
                organization=ORGANIZATION,
                principal_id="usr_alice",
                agent="support",
                status=RunStatus.BUDGET_EXCEEDED,
                started_ms=NOW,
                ended_ms=LATER,
                parent_id="run_0",
                conversation_id="conv_1",
                definition="digest",
                delegated_by="call_9",
                code="budget_exceeded",
                steps=7,
                tokens_in=900,
                tokens_out=80,
                cost_microusd=1_234,
            )
        ]

    @pytest.mark.parametrize(
        ("status", "found"),
        [
            (RunStatus.RUNNING, ["run_1", "run_4"]),
            (RunStatus.HELD, ["run_3"]),
            (RunStatus.COMPLETED, ["run_2"]),
            (RunStatus.FAILED, []),
            (None, ["run_1", "run_2", "run_3", "run_4"]),
        ],
    )
    async def test_runs_are_asked_for_by_where_they_stand(
        self, store: Store, fence: Fence, status: RunStatus | None, found: list[str]
    ) -> None:
        """A call that was a run of its own is none of an agent."""
        await store.append(
            [
                *(begun(f"run_{number}") for number in (4, 1, 2, 3)),
                direct("run_5"),
                direct("run_6", RunStatus.RUNNING),
                over("run_2"),
                rests("run_3"),
            ],
            fence=fence,
        )
        assert [run.id for run in await store.runs(status=status)] == found

    async def test_runs_come_in_pages(self, store: Store, fence: Fence) -> None:
        """In order of id, from behind the last one that was seen."""
        await store.append([rests(f"run_{n}") for n in (3, 1, 2)], fence=fence)
        first = await store.runs(status=RunStatus.HELD, limit=2)
        assert [run.id for run in first] == ["run_1", "run_2"]
        rest = await store.runs(status=RunStatus.HELD, after="run_2", limit=2)
        assert [run.id for run in rest] == ["run_3"]
        assert await store.runs(after="run_3") == []
        newest = await store.runs(limit=2, newest_first=True)
        assert [run.id for run in newest] == ["run_3", "run_2"]
        older = await store.runs(status=RunStatus.HELD, after="run_2", newest_first=True)
        assert [run.id for run in older] == ["run_1"]

    async def test_a_run_ends_once(self, store: Store, fence: Fence, open_store: OpenStore) -> None:
        """Whoever ends it again is turned down, in the same append, later, and after an archive."""
        first, again, other = await store.append(
            [over("run_1"), over("run_1", RunStatus.FAILED), over("run_2")], fence=fence
        )
        assert [type(first), again, type(other)] == [Written, AlreadyEnded("run_1"), Written]
        assert await store.append([over("run_2")], fence=fence) == (AlreadyEnded("run_2"),)
        await store.upkeep.drop_entries(await store.entries(), fence=fence)
        late, beside = await store.append([over("run_1"), rests("run_3")], fence=fence)
        assert [late, type(beside)] == [AlreadyEnded("run_1"), Written]
        reopened = open_store()
        assert [run.status for run in await reopened.runs()] == ["completed", "completed", "held"]
        await reopened.close()

    async def test_a_call_that_was_a_run_of_its_own_ends_no_run(
        self, store: Store, fence: Fence
    ) -> None:
        """Its row says when it ended, and it is none of an agent."""
        await store.append([direct("run_1")], fence=fence)
        (receipt,) = await store.append([over("run_1")], fence=fence)
        assert isinstance(receipt, Written)

    async def test_a_run_that_was_carried_over_ends_once_as_well(
        self, store: Store, fence: Fence, open_empty: OpenStore
    ) -> None:
        """By its entries, or where they were archived by its row."""
        await store.append([over("run_1"), over("run_2")], fence=fence)
        await store.upkeep.drop_entries(await store.entries(limit=1), fence=fence)
        elsewhere = open_empty()
        for section in SECTIONS:
            rows = await store.upkeep.carry_out(section)
            await elsewhere.upkeep.carry_in(section, rows)
        newer = await elsewhere.acquire(pid=2, at_ms=LATER)
        assert newer is not None
        again = await elsewhere.append([over("run_1"), over("run_2")], fence=newer)
        assert again == (AlreadyEnded("run_1"), AlreadyEnded("run_2"))
        await elsewhere.close()

    async def test_all_that_a_run_carries_comes_at_once(self, store: Store, fence: Fence) -> None:
        """What it is to do, replies, what its calls and their approvals brought; of no other."""
        request = replace(payload("run_1.request"), kind=PayloadKind.REQUEST)
        reply = replace(payload("run_1.req_1.reply"), kind=PayloadKind.REPLY)
        await store.append(
            [
                begun("run_1", request, reply),
                begun("run_11", payload("run_11.request", run="run_11")),
                intent("call_1", payloads=(payload("call_1.arguments"),)),
                intent("call_2", run="run_11", payloads=(payload("call_2.call", run="run_11"),)),
                replace(
                    ended("call_1", payloads=(payload("apr_1.reason"),)),
                    rows=(approval_row("apr_1", "call_1"),),
                ),
            ],
            fence=fence,
        )
        found = await store.payloads("run_1")
        assert [each.id for each in found] == [
            "apr_1.reason",
            "call_1.arguments",
            "run_1.req_1.reply",
            "run_1.request",
        ]
        assert found[2:] == [reply, request]
        assert await store.payloads("run_0") == []

    async def test_what_a_run_carries_goes_with_its_key(self, store: Store, fence: Fence) -> None:
        """Of an erased run nothing is left to guess at; another's stays."""
        requests = [payload(f"{run}.request", run=run) for run in ("run_1", "run_2")]
        await store.append(
            [replace(begun(each.run_id, each), run_key=run_key(each.run_id)) for each in requests],
            fence=fence,
        )
        erased = Entry(
            kind=EntryKind.ERASED,
            body=b"{}",
            organization=ORGANIZATION,
            at_ms=NOW,
            erases=Erasure(runs=("run_1",)),
        )
        await store.append([erased], fence=fence)
        assert await store.payloads("run_1") == []
        assert await store.payload("run_1.request") is None
        assert await store.payloads("run_2") == requests[1:]

"""Runs of agents as they stand now: those that go on with what they have used so far."""

from collections.abc import Sequence
from dataclasses import replace

from highroad.domain.run import AgentRun, ReplyStatus, RunStatus
from highroad.domain.verification import VERIFIER
from highroad.ledger.tables.rows import Record, record, records, selection, totals
from highroad.ports.store import Store
from highroad.ports.tables import AuditTables

_PAGE = 100


async def newest_runs(
    store: Store, status: RunStatus | None, organization: str | None, limit: int
) -> list[AgentRun]:
    """The newest runs of agents, newest first.

    Args:
        store: Where they stand.
        status: Where they stand; anywhere.
        organization: Whose they are; everybody's.
        limit: How many at most.
    """
    found: list[AgentRun] = []
    after = ""
    while len(found) < limit:
        page = await store.runs(status=status, after=after, limit=_PAGE, newest_first=True)
        found += [run for run in page if organization in {None, run.organization}]
        if len(page) < _PAGE:
            break
        after = page[-1].id
    return [await _counted(store.tables, run) for run in found[:limit]]


async def _counted(tables: AuditTables, run: AgentRun) -> AgentRun:
    """A run with what its models did so far; what has ended says that itself."""
    if run.steps is not None:
        return run
    sums = ("tokens_in", "tokens_out", "cost_microusd")
    replies = await totals(
        tables, selection("model_reply", run_id=run.id), by=("status",), sums=sums
    )
    verified = await _verified(tables, run.id)
    steps = sum(times for status, times, *_ in replies if status == ReplyStatus.REPLIED)
    return replace(
        run,
        steps=steps - sum(each["status"] == ReplyStatus.REPLIED for each in verified),
        tokens_in=_sum(replies, 2) - sum(each["tokens_in"] for each in verified),
        tokens_out=_sum(replies, 3) - sum(each["tokens_out"] for each in verified),
        cost_microusd=_sum(replies, 4) - sum(each["cost_microusd"] for each in verified),
    )


async def _verified(tables: AuditTables, run_id: str) -> list[Record]:
    """What verifiers replied about calls of a run: it is none of the run's own replies."""
    asked = records(tables, selection("model_request", run_id=run_id, purpose=VERIFIER))
    found = [
        await record(tables, "model_reply", {"request_id": each["id"]}) async for each in asked
    ]
    return [each for each in found if each is not None]


def _sum(rows: Sequence[Sequence[int]], at: int) -> int:
    return sum(row[at] for row in rows)

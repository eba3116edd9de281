"""Whether anybody knows what became of a call, or of a run, by the audit tables."""

from highroad.domain.audit import AGENT_RUN
from highroad.domain.outcome import Status
from highroad.ledger.tables.rows import record, records, selection
from highroad.ports.tables import AuditTables


async def is_over(tables: AuditTables, call_id: str) -> bool:
    """Whether a call has ended, and it is known what became of it."""
    ended = await record(tables, "tool_result", {"call_id": call_id})
    return ended is not None and not await is_unsettled(tables, call_id)


async def is_through(tables: AuditTables, run_id: str, *, before_ms: int | None = None) -> bool:
    """Whether a run is none of an agent, or has ended: before a time, where one is given."""
    run = await record(tables, AGENT_RUN.name, {"id": run_id})
    if run is None or run["agent"] is None:
        return True
    ended_ms: int | None = run["ended_ms"]
    return ended_ms is not None and (before_ms is None or ended_ms < before_ms)


async def is_unsettled(tables: AuditTables, call_id: str) -> bool:
    """Whether a call ended unknown and nobody has found out more since.

    One that only repeats the answer of another is in no doubt of its own: that one is settled.
    """
    result = await record(tables, "tool_result", {"call_id": call_id})
    if result is None or result["status"] != Status.UNKNOWN or result["source_call_id"] is not None:
        return False
    facts = [
        fact["applied"] async for fact in records(tables, selection("amendment", call_id=call_id))
    ]
    return all(applied is None for applied in facts)

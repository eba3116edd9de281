"""Whether anybody knows what became of a call, by the audit tables."""

from highroad.domain.outcome import Status
from highroad.ledger.tables.rows import record, records, selection
from highroad.ports.tables import AuditTables


async def is_over(tables: AuditTables, call_id: str) -> bool:
    """Whether a call has ended, and it is known what became of it."""
    ended = await record(tables, "tool_result", {"call_id": call_id})
    return ended is not None and not await is_unsettled(tables, call_id)


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

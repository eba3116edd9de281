"""DBOS: one durable step on SQLite, inside a workflow that is under way.

`step_us` is the time of one synchronous step whose result is on disk when it returns, with the
settings that DBOS itself chooses (rollback journal). Starting and ending the workflow is left out.
"""
# mypy: disable-error-code="import-not-found, misc, untyped-decorator"

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import Final

from dbos import DBOS

from bench.peers import Burst

DISTRIBUTIONS: Final = ("dbos",)

_times: list[float] = []


@DBOS.step()
def note_order(order_id: str) -> dict[str, str]:
    """Change an order."""
    return {"id": order_id, "state": "noted"}


@DBOS.workflow()
def note_orders(size: int) -> None:
    """Change some orders, one step each."""
    for number in range(size):
        start = perf_counter()
        note_order(f"ORD-{number:06d}")
        _times.append((perf_counter() - start) * 1e6)


@asynccontextmanager
async def open_bursts() -> AsyncIterator[Burst]:
    """Launch DBOS on a file in the current folder."""
    file = Path.cwd() / "dbos.sqlite"
    DBOS(
        config={
            "name": "bench",
            "system_database_url": f"sqlite:///{file}",
            "log_level": "ERROR",
            "enable_otlp": False,
        }
    )
    DBOS.launch()

    async def burst(size: int) -> dict[str, list[float]]:
        _times.clear()
        await asyncio.to_thread(note_orders, size)
        return {"step_us": list(_times)}

    try:
        yield burst
    finally:
        DBOS.destroy()

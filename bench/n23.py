"""N23: a page of what waits for people, among 100,000 approvals over a page among 100.

Both ledgers hold one real call that is held; the other approvals are copies of its row under ids
before it, as the audit table and its indexes would hold them. A page is `await
runtime.approvals.list()`, from the beginning and from the middle in turns, of a hundred approvals.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, chdir
from pathlib import Path
from time import perf_counter
from typing import Final

import apsw

from bench.harness import BenchError, Reading, scratch, take_turns
from bench.ours import ALICE, LEDGER
from highroad import Runtime, tool
from highroad.domain.audit import APPROVAL

_MANY: Final = 100_000
_FEW: Final = 100
_ROUNDS: Final = 15
_BURST: Final = 20
_COPIES: Final = """
    WITH RECURSIVE counted (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counted WHERE n < ?1 - 2)
    INSERT INTO approval SELECT printf('apr_0%025d', n), {columns} FROM approval, counted
"""


@tool(tier="irreversible")
async def refund(order_id: str, cents: int) -> str:
    """Refund an order."""
    return f"{order_id}: {cents}"


async def measure() -> Reading:
    """Measure N23."""
    with scratch() as folder:
        for name, approvals in (("few", _FEW), ("many", _MANY)):
            (folder / name).mkdir()
            await _gather(folder / name, approvals)
        async with _open(folder / "few") as few, _open(folder / "many") as many:
            turns = await take_turns(_ROUNDS, lambda: _pages(many, _MANY), lambda: _pages(few, 1))
    return Reading(
        id="N23",
        value=turns.ratio(),
        unit=f"of a page among {_FEW}",
        reach="<= 1.5",
        reference={"approvals": _FEW, "median_us": turns.peer_median()},
        absolute={"approvals": _MANY, "us": turns.absolute()},
    )


@asynccontextmanager
async def _open(folder: Path) -> AsyncIterator[Runtime]:
    """A runtime whose ledger and keys are in `folder`."""
    with chdir(folder):
        opening = Runtime.open(f"sqlite:///{folder / LEDGER}", tools=[refund])
        runtime = await opening.__aenter__()
    try:
        yield runtime
    finally:
        await runtime.close()


async def _gather(folder: Path, approvals: int) -> None:
    """Make a ledger in which so many approvals wait."""
    async with _open(folder) as runtime:
        await runtime.call(refund, {"order_id": "1", "cents": 1}, principal=ALICE)
    connection = apsw.Connection(str(folder / LEDGER))
    columns = ", ".join(column.name for column in APPROVAL.columns[1:])
    connection.execute(_COPIES.format(columns=columns), (approvals,))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


async def _pages(runtime: Runtime, starts: int) -> list[float]:
    """How long pages take that begin at places spread over so many approvals, in microseconds."""
    times = []
    for number in range(_BURST):
        place = number * starts // (_BURST + 1)
        after = f"apr_0{place:025d}" if place else ""
        begun = perf_counter()
        page = await runtime.approvals.list(after=after)
        times.append((perf_counter() - begun) * 1e6)
        if len(page) != _FEW:
            raise BenchError(f"a page has {len(page)} approvals, and not {_FEW}")
    return times

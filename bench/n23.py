"""N23: a page of what waits for people, among 100,000 approvals over a page among 100.

Both ledgers hold one real call that is held; the other approvals are copies of its row under ids
before it, as the audit table and its indexes would hold them. A page is `await
runtime.approvals.list()`, from the beginning and from the middle in turns, of a hundred approvals.
N23b is the same on PostgreSQL.

N23c: how many durable commits it takes until a call is held and its caller has the answer, the most
of twenty calls on each store: in a file those that SQLite's commit hook is told of, on a server the
transactions that have written something, by their numbers. The first call of a ledger is left out.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, chdir
from pathlib import Path
from time import perf_counter
from typing import Final

import apsw

from bench.harness import BenchError, Reading, Turns, median, scratch, take_turns
from bench.ours import ALICE, LEDGER
from bench.postgres import SCHEMA, Server, server
from highroad import Held, Runtime, tool
from highroad.domain.audit import APPROVAL

_MANY: Final = 100_000
_FEW: Final = 100
_ROUNDS: Final = 15
_BURST: Final = 20
_COLUMNS: Final = ", ".join(column.name for column in APPROVAL.columns[1:])
_COPIES: Final = """
    WITH RECURSIVE counted (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counted WHERE n < ?1 - 2)
    INSERT INTO approval SELECT printf('apr_0%025d', n), {columns} FROM approval, counted
"""
_COPIES_ON_SERVER: Final = """
    INSERT INTO {schema}.approval (id, {columns})
    SELECT 'apr_0' || lpad(n::text, 25, '0'), {columns}
    FROM {schema}.approval, generate_series(0, {last}) AS n
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
            turns = await _turns(many, few)
    return _reading("N23", turns)


async def measure_server() -> Reading:
    """Measure N23b."""
    with scratch() as folder, server() as postgres:
        few_at, many_at = postgres.create(), postgres.create()
        await _gather_on(postgres, few_at, folder, _FEW)
        await _gather_on(postgres, many_at, folder, _MANY)
        async with (
            _open(folder, postgres.url(few_at)) as few,
            _open(folder, postgres.url(many_at)) as many,
        ):
            turns = await _turns(many, few)
    return _reading("N23b", turns)


async def measure_commits() -> Reading:
    """Measure N23c."""
    with scratch() as folder:
        file, shared = await _commits_of_file(folder), await _commits_on_server(folder)
    return Reading(
        id="N23c",
        value=max(*file, *shared),
        unit="commits until a call is held",
        reach="<= 2",
        reference={"calls": _BURST},
        absolute={
            "sqlite": {"median": median(file), "most": max(file)},
            "postgresql": {"median": median(shared), "most": max(shared)},
        },
    )


def _reading(name: str, turns: Turns) -> Reading:
    return Reading(
        id=name,
        value=turns.ratio(),
        unit=f"of a page among {_FEW}",
        reach="<= 1.5",
        reference={"approvals": _FEW, "median_us": turns.peer_median()},
        absolute={"approvals": _MANY, "us": turns.absolute()},
    )


@asynccontextmanager
async def _open(folder: Path, url: str | None = None) -> AsyncIterator[Runtime]:
    """A runtime whose keys are in `folder`, and its ledger too unless it is elsewhere."""
    with chdir(folder):
        opening = Runtime.open(url or f"sqlite:///{folder / LEDGER}", tools=[refund])
        runtime = await opening.__aenter__()
    try:
        yield runtime
    finally:
        await runtime.close()


async def _gather(folder: Path, approvals: int) -> None:
    """Make a ledger in which so many approvals wait."""
    async with _open(folder) as runtime:
        await _hold(runtime, 1)
    connection = apsw.Connection(str(folder / LEDGER))
    connection.execute(_COPIES.format(columns=_COLUMNS), (approvals,))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


async def _gather_on(postgres: Server, database: str, folder: Path, approvals: int) -> None:
    """The same on a server."""
    async with _open(folder, postgres.url(database)) as runtime:
        await _hold(runtime, 1)
    copies = _COPIES_ON_SERVER.format(schema=SCHEMA, columns=_COLUMNS, last=approvals - 2)
    postgres.sql([copies, f"VACUUM ANALYZE {SCHEMA}.approval"], database)


async def _hold(runtime: Runtime, number: int) -> None:
    made = await runtime.call(refund, {"order_id": str(number), "cents": 1}, principal=ALICE)
    if not isinstance(made, Held):
        raise BenchError(f"the call is {made.status}, and was to be held")


async def _turns(many: Runtime, few: Runtime) -> Turns:
    return await take_turns(_ROUNDS, lambda: _pages(many, _MANY), lambda: _pages(few, 1))


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


async def _commits_of_file(folder: Path) -> list[int]:
    """The commits of each held call in a file."""
    commits = [0]

    def committed() -> bool:
        commits[0] += 1
        return False  # it may go on

    def watch(connection: apsw.Connection) -> None:
        connection.set_commit_hook(committed)

    async def so_far() -> int:
        return commits[0]

    apsw.connection_hooks.append(watch)
    try:
        async with _open(folder) as runtime:
            return await _counted(runtime, so_far)
    finally:
        apsw.connection_hooks.remove(watch)


async def _commits_on_server(folder: Path) -> list[int]:
    """The commits of each held call on a server."""
    with server() as postgres:
        database = postgres.create()

        async def so_far() -> int:
            # To ask takes a number as well, and is one that counts in each difference.
            asked[0] += 1
            return int(postgres.sql(["SELECT pg_current_xact_id()"], database)) - asked[0]

        asked = [0]
        async with _open(folder, postgres.url(database)) as runtime:
            return await _counted(runtime, so_far)


async def _counted(runtime: Runtime, so_far: Callable[[], Awaitable[int]]) -> list[int]:
    """How many commits each of some calls took; what the ledger does for itself is over before."""
    await _hold(runtime, 0)
    await runtime.flush()
    found = []
    for number in range(1, _BURST + 1):
        before = await so_far()
        await _hold(runtime, number)
        found.append(await so_far() - before)
    return found

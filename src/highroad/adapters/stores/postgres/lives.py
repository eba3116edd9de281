"""Lives of the server: each restart, crash or failover ends one, and with it every lock.

So a lock that nobody holds means the death of a writer only if the writer took it in this life of
the server. Who took one in an earlier life may be on the way back. Each log says in which life its
writer took it, and an unlogged table tells the lives apart: PostgreSQL empties it when it
recovers from a crash, and a standby that is promoted finds it empty; what a clean restart leaves
in it names another start of the server.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from highroad.adapters.stores.postgres import locks
from highroad.adapters.stores.postgres.driver import Connection

Trusted: TypeAlias = Sequence[str] | None
"""Lives in which whoever is absent is gone; `None` stands for all that ever were."""

GIVEN_BACK: Final = ""
"""Stands for a life where the writer of a log has ended in peace."""

_BEGIN: Final = """
    INSERT INTO life (id, name, server)
    VALUES (1, gen_random_uuid()::text, pg_postmaster_start_time())
    ON CONFLICT (id) DO UPDATE
    SET name = excluded.name, server = excluded.server, began = clock_timestamp()
    WHERE life.server <> excluded.server
"""
_LIFE: Final = (
    "SELECT name, extract(epoch FROM clock_timestamp() - began)::double precision FROM life"
)
_KEEP: Final = "UPDATE log SET life = $1 WHERE number = ANY ($2::integer[])"


@dataclass(frozen=True, slots=True)
class Life:
    """One life of the server, as far as its ledger tells."""

    name: str
    age_s: float
    """Since a writer first came in it: later than its beginning, never earlier."""


async def current(connection: Connection) -> Life:
    """The life of the server; whoever comes first in it writes it down."""
    if await connection.fetchval("SELECT pg_is_in_recovery()"):
        return Life(GIVEN_BACK, 0.0)  # a standby: nothing can be written, and no log be taken
    await connection.execute(_BEGIN)
    name, age_s = await connection.fetchrow(_LIFE) or (GIVEN_BACK, 0.0)
    return Life(name, age_s)


async def keep(connection: Connection, life: str, taken: Sequence[locks.Lock]) -> None:
    """Say that the writer of each log that is locked has it in this life."""
    numbers = [lock.number for lock in taken if lock.is_of_log]
    if numbers:
        await connection.execute(_KEEP, life, numbers)


def trusted(mark: str) -> str:
    """SQL: whether a row of `log` is of a life in which who is absent is gone.

    Args:
        mark: Of the names of these lives; NULL stands for all.
    """
    return f"({mark}::text[] IS NULL OR life = ANY ({mark}::text[]))"


def gone(mark: str) -> str:
    """SQL: whether the writer of a row of `log` is gone."""
    return f"((number IS NULL OR number NOT IN ({locks.HELD})) AND {trusted(mark)})"

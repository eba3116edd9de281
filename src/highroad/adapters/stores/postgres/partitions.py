"""Parts of a month each, made ahead; what fits in none of them lands in a default part."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from highroad.adapters.stores.postgres.driver import Connection
from highroad.adapters.stores.postgres.locks import PARTITIONS
from highroad.adapters.stores.postgres.schema import PARTITIONED
from highroad.domain.ids import encode

AHEAD: Final = 2
"""Months that are made before they begin."""
_RANDOM_BITS: Final = 80
"""Of a UUIDv7, behind its 48 bits of milliseconds (RFC 9562)."""


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month of UTC."""

    year: int
    month: int

    @classmethod
    def of(cls, at_ms: int) -> "Month":
        """The month of a Unix time."""
        moment = datetime.fromtimestamp(at_ms / 1_000, UTC)
        return cls(moment.year, moment.month)

    @property
    def next(self) -> "Month":
        """The month after it."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def begin_ms(self) -> int:
        """Unix time of its first moment."""
        return int(datetime(self.year, self.month, 1, tzinfo=UTC).timestamp()) * 1_000


def months_from(at_ms: int) -> Iterator[Month]:
    """The month of `at_ms`, and those that are made ahead."""
    month = Month.of(at_ms)
    for _ in range(AHEAD + 1):
        yield month
        month = month.next


async def provide(connection: Connection) -> None:
    """Make the parts of this month and the next ones, by the server's clock, where they miss."""
    now_ms = await connection.fetchval("SELECT (extract(epoch FROM now()) * 1000)::bigint")
    wanted = [Part(table, month) for table in PARTITIONED for month in months_from(int(now_ms))]
    if not await _missing(connection, wanted):
        return
    async with connection.transaction():
        await connection.execute(PARTITIONS.wait_for)
        for part in await _missing(connection, wanted):
            await make(connection, part)


@dataclass(frozen=True, slots=True)
class Part:
    """One table of one month."""

    table: str
    month: Month

    @property
    def name(self) -> str:
        """Of the part, for example `entry_2026_11`."""
        return f"{self.table}_{self.month.year:04d}_{self.month.month:02d}"

    @property
    def bounds(self) -> tuple[str, str]:
        """Its first value and the one behind its last, as SQL writes them."""
        return self._bound(self.month), self._bound(self.month.next)

    def _bound(self, month: Month) -> str:
        if PARTITIONED[self.table].endswith("_ms"):
            return str(month.begin_ms)
        return f"'call_{encode(month.begin_ms << _RANDOM_BITS)}'"


async def _missing(connection: Connection, wanted: list[Part]) -> list[Part]:
    names = [part.name for part in wanted]
    rows = await connection.fetch(
        "SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NULL", names
    )
    missing = {row[0] for row in rows}
    return [part for part in wanted if part.name in missing]


async def make(connection: Connection, part: Part) -> None:
    """Make a part, and fetch what landed in the default one meanwhile."""
    first, behind = part.bounds
    table, name, column = part.table, part.name, PARTITIONED[part.table]
    await connection.execute(f"LOCK TABLE {table}_default IN SHARE ROW EXCLUSIVE MODE")
    await connection.execute(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)")
    await connection.execute(
        f"WITH moved AS (DELETE FROM {table}_default "  # noqa: S608 - names of ours
        f"WHERE {column} >= {first} AND {column} < {behind} RETURNING *) "
        f"INSERT INTO {name} SELECT * FROM moved"
    )
    await connection.execute(
        f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({first}) TO ({behind})"
    )

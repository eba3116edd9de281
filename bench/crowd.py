"""Ledgers with very many runs that wait for people, made within minutes.

One real run is made that ends in a call that a person must agree to; then its rows are copied, in
SQL, under new ids. What stands in the file is what that many runs would have left: entries, audit
rows, sealed payloads, keys, claims, approvals, all indexes. Payloads of the copies do not open:
they are sealed under the ids of the real one.
"""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final

import apsw

from bench.agents import TimedModel, clerk, hold, open_agent
from bench.ours import LEDGER
from highroad.domain.ids import SUFFIX_LENGTH, encode
from highroad.domain.run import Run

_AT_ONCE: Final = 2_000
_MARK: Final = "7zzzzzzzzzzzzzzz"
"""Every id of the real run has it, and lies behind all others."""
_OF_THE_HOUSE: Final = {"policy_version", "tool", "pin"}
"""Tables with ids of their own, which belong to no run."""
_COUNTED: Final = (
    "WITH RECURSIVE counted (n) AS "
    "(SELECT :first UNION ALL SELECT n + 1 FROM counted WHERE n < :last)"
)
_COPY: Final = f"printf('%0{len(_MARK)}d', n)"


class MarkedIds:
    """Ids that all have one part in common, so that it can be put another in its place."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def new(self, prefix: str) -> str:
        """The next id."""
        return f"{prefix}_{_MARK}{encode(next(self._numbers))[len(_MARK) - SUFFIX_LENGTH :]}"


async def gather(folder: Path, runs: int, steps: int) -> Run:
    """Make a ledger in an empty `folder` of so many runs of so many steps; gives the real one."""
    agent = clerk(TimedModel(steps, last="refund_order"))
    async with open_agent(agent, folder, ids=MarkedIds()) as runtime:
        run = await hold(runtime, agent)
        await runtime.flush()
    connection = apsw.Connection(str(folder / LEDGER))
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA wal_autocheckpoint = 10000")
    template = _Template(connection)
    for first in range(0, runs - 1, _AT_ONCE):
        template.copy(first, min(first + _AT_ONCE, runs - 1))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    os.sync()  # or the disk would still be writing the copies while something is measured
    return run


class _Template:
    """The rows of the one real run, and the way to copy them."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._statements = tuple(self._drawn_up())
        self._places = {
            "seq": connection.execute("SELECT max(seq) + 1 FROM entry").get,
            "begin": connection.execute("SELECT min(seq) FROM real_entry").get,
            "entries": connection.execute("SELECT count(*) FROM real_entry").get,
        }

    def copy(self, first: int, end: int) -> None:
        """Add runs `first` to `end` - 1."""
        with self._connection:
            for statement in self._statements:
                self._connection.execute(
                    statement, {"first": first, "last": end - 1, **self._places}
                )

    def _drawn_up(self) -> Iterator[str]:
        found = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
        for (table,) in list(self._connection.execute(found)):
            columns = [
                (str(name), str(kind))
                for name, kind in self._connection.execute(
                    "SELECT name, type FROM pragma_table_info(?)", (table,)
                )
            ]
            texts = [name for name, kind in columns if kind == "TEXT"]
            if not texts or table in _OF_THE_HOUSE:
                continue
            is_its = " OR ".join(f"instr({name}, '{_MARK}')" for name in texts)
            self._connection.execute(
                f"CREATE TEMP TABLE real_{table} AS SELECT * FROM {table} WHERE {is_its}"  # noqa: S608 - of this file's own
            )
            yield self._copying(str(table), columns)

    def _copying(self, table: str, columns: list[tuple[str, str]]) -> str:
        values = ", ".join(_value(table, name, kind) for name, kind in columns)
        order = ", seq" if table == "entry" else ""
        return f"""
            {_COUNTED} INSERT INTO {table} SELECT {values} FROM counted
            CROSS JOIN real_{table} ORDER BY n{order}
        """  # noqa: S608 - of this file's own


def _value(table: str, name: str, kind: str) -> str:
    """A column of a copy; its number is `n`."""
    if name == "seq" and kind == "INTEGER":
        return "seq - :begin + :seq + n * :entries"
    if (table, name) == ("key_claim", "digest"):
        return "randomblob(length(digest))"
    if (table, name) == ("entry", "body"):
        return f"CAST(replace(CAST(body AS TEXT), '{_MARK}', {_COPY}) AS BLOB)"
    return f"replace({name}, '{_MARK}', {_COPY})" if kind == "TEXT" else name

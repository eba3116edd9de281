"""Ledgers that have grown for years, made within minutes.

One real call with an effect is made through a runtime; then its rows are copied, in SQL, under
new ids that are ordered by time as real ones are, twenty calls to a run. What stands in the file is
what that many calls would have left: entries, audit rows, sealed payloads, keys, all indexes.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import apsw

from bench.ours import LEDGER, Caller, open_runtime

CALLS_OF_A_RUN: Final = 20
ENTRIES_OF_A_CALL: Final = 2
_AT_ONCE: Final = 50_000
# Tables, and how the rows of the one real call are found in each.
_COPIED: Final = {
    "tool_call": "id = :call",
    "authz_decision": "call_id = :call",
    "step": "call_id = :call",
    "tool_result": "call_id = :call",
    "payload": "run_id = :run",
    "run_key": "run_id = :run",
    "agent_run": "id = :run",
}
_ONCE_A_RUN: Final = {"run_key", "agent_run"}
_COUNTED: Final = (
    "WITH RECURSIVE counted (n) AS "
    "(SELECT :first UNION ALL SELECT n + 1 FROM counted WHERE n < :last)"
)

# Behind every id that a real call gets, ever: those begin with the time.
_CALL: Final = "'call_0' || printf('%025d', n)"
_RUN: Final = f"'run_0' || printf('%025d', n / {CALLS_OF_A_RUN})"


def run_id(number: int) -> str:
    """Return the id of a run of a grown ledger, counted from 0."""
    return f"run_0{number:025d}"


async def grow(folder: Path, entries: int) -> int:
    """Make a ledger of so many entries in an empty `folder`; gives how many runs it has."""
    async with open_runtime(folder) as runtime:
        caller = Caller(runtime)
        await caller.note()
    calls = entries // ENTRIES_OF_A_CALL
    connection = apsw.Connection(str(folder / LEDGER))
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA wal_autocheckpoint = 10000")
    template = _Template(connection)
    for first in range(0, calls, _AT_ONCE):
        template.copy(first, min(first + _AT_ONCE, calls))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    os.sync()  # or the disk would still be writing the copies while something is measured
    return calls // CALLS_OF_A_RUN


class _Template:
    """The one real call, and the way to copy it."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        found = "SELECT run_id, call_id FROM entry WHERE kind = 'call.intent'"
        self._run, self._call = connection.execute(found).get
        self._first_seq = connection.execute("SELECT max(seq) + 1 FROM entry").get
        self._statements = tuple(self._drawn_up())

    def copy(self, first: int, end: int) -> None:
        """Add calls `first` to `end` - 1."""
        with self._connection:
            for statement in self._statements:
                self._connection.execute(
                    statement,
                    {
                        "first": first,
                        "last": end - 1,
                        "run": self._run,
                        "call": self._call,
                        "seq": self._first_seq,
                    },
                )

    def _drawn_up(self) -> Iterator[str]:
        yield self._copying_entries()
        for table in _COPIED:
            columns = [
                (str(name), str(kind))
                for name, kind in self._connection.execute(
                    "SELECT name, type FROM pragma_table_info(?)", (table,)
                )
            ]
            yield self._copying(table, columns)

    def _copying_entries(self) -> str:
        return f"""
            {_COUNTED} INSERT INTO entry
            SELECT :seq + n * {ENTRIES_OF_A_CALL} + (kind = 'call.ended'), kind, schema,
                organization, {_RUN}, {_CALL}, at_ms,
                CAST(replace(replace(CAST(body AS TEXT), :call, {_CALL}), :run, {_RUN}) AS BLOB)
            FROM counted CROSS JOIN entry WHERE call_id = :call ORDER BY n, seq
        """  # noqa: S608 - of this file's own

    def _copying(self, table: str, columns: list[tuple[str, str]]) -> str:
        values = ", ".join(self._value(name, kind) for name, kind in columns)
        once = f"AND n % {CALLS_OF_A_RUN} = 0" if table in _ONCE_A_RUN else ""
        return f"""
            {_COUNTED} INSERT INTO {table} SELECT {values} FROM counted CROSS JOIN {table}
            WHERE {table}.{_COPIED[table]} {once} ORDER BY n
        """  # noqa: S608 - of this file's own

    def _value(self, name: str, kind: str) -> str:
        if name == "step_number":
            return f"n % {CALLS_OF_A_RUN} + 1"
        if kind != "TEXT":
            return name
        return f"replace(replace({name}, :call, {_CALL}), :run, {_RUN})"

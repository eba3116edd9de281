"""The bare loop: what it would cost to write the very rows that Highroad wrote, and nothing else.

The rows are read from the ledger that a run has just written and go, byte for byte, into an empty
database with the same tables, indexes and page size, in WAL mode with `synchronous=FULL`: as many
commits as the run made, each of as many rows, one thread, one `executemany` per table and commit.
Three choices favour the bare loop and so make our numbers worse: rows that Highroad changed later
are written once, in their final form; triggers are left out; garbage collection is held still.
"""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import apsw

Value = None | int | float | str | bytes
# A statement, and the values of one row for it.
Row = tuple[str, tuple[Value, ...]]
# What goes into one commit: for each table its statement and its rows.
Group = dict[str, list[tuple[Value, ...]]]

_HOOK_ID: Final = "bench"
_Thing = TypeVar("_Thing")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _list(names: Sequence[str]) -> str:
    return ",".join(_quoted(name) for name in names)


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    has_rowid: bool

    @property
    def insert(self) -> str:
        marks = ",".join("?" * len(self.columns))
        return f"INSERT INTO {_quoted(self.name)} ({_list(self.columns)}) VALUES ({marks})"  # noqa: S608

    @property
    def select(self) -> str:
        # Position first; rows that were read before are left out.
        name, columns = _quoted(self.name), _list(self.columns)
        if self.has_rowid:
            return f"SELECT rowid, {columns} FROM ledger.{name} WHERE rowid > ?1 ORDER BY rowid"  # noqa: S608
        same = " AND ".join(f"old.{_quoted(part)} IS new.{_quoted(part)}" for part in self.key)
        return (
            f"SELECT 0, {columns} FROM ledger.{name} AS new WHERE ?1 IS NOT NULL AND NOT EXISTS"  # noqa: S608
            f" (SELECT 1 FROM main.{name} AS old WHERE {same}) ORDER BY {_list(self.key)}"
        )


class BareLedger:
    """An empty twin of a ledger, and the way to fill it."""

    def __init__(self, ledger: Path, bare: Path) -> None:
        """Give `bare` the tables that `ledger` has by now."""
        self._ledger = ledger
        self._connection = apsw.Connection(str(bare))
        with self._attached():
            for (page_size,) in list(self._connection.execute("PRAGMA ledger.page_size")):
                self._connection.execute(f"PRAGMA main.page_size={int(page_size)}")
            self._connection.execute("PRAGMA main.journal_mode=WAL")
            self._connection.execute("PRAGMA main.synchronous=FULL")
            self._tables = tuple(self._copied_tables())
        self._read_to = {table.name: -(2**63) for table in self._tables}

    def new_rows(self) -> list[Row]:
        """Read what was written to the ledger since the last time, in the order of writing.

        Tables run in step: the middle of one was written with the middle of another.
        """
        placed: list[tuple[float, int, Row]] = []
        with self._attached():
            for place, table in enumerate(self._tables):
                rows = list(self._connection.execute(table.select, (self._read_to[table.name],)))
                if rows:
                    self._read_to[table.name] = max(row[0] for row in rows)
                insert = table.insert
                placed += [
                    ((number + 0.5) / len(rows), place, (insert, row[1:]))
                    for number, row in enumerate(rows)
                ]
        placed.sort(key=lambda entry: entry[:2])
        return [row for _, _, row in placed]

    def commit(self, group: Group) -> None:
        """Write a group in one durable transaction."""
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        for insert, rows in group.items():
            self._connection.executemany(insert, rows)
        execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def _attached(self) -> Iterator[None]:
        self._connection.execute("ATTACH ? AS ledger", (str(self._ledger),))
        try:
            yield
        finally:
            self._connection.execute("DETACH ledger")

    def _copied_tables(self) -> Iterator[_Table]:
        listed = "SELECT name, wr FROM pragma_table_list WHERE schema='ledger' AND type='table'"
        kept = {name: not wr for name, wr in self._connection.execute(listed)}
        schema = (
            "SELECT type, name, tbl_name, sql FROM ledger.sqlite_schema"
            " WHERE sql IS NOT NULL AND type IN ('table','index') ORDER BY type DESC, rowid"
        )
        for kind, name, table, sql in list(self._connection.execute(schema)):
            if table not in kept or str(name).startswith("sqlite_"):
                continue
            self._connection.execute(str(sql))
            if kind == "table":
                yield self._described(str(name), has_rowid=bool(kept[name]))

    def _described(self, name: str, *, has_rowid: bool) -> _Table:
        # hidden: 0 is an ordinary column; others are computed.
        query = "SELECT name, pk FROM pragma_table_xinfo(?, 'ledger') WHERE hidden=0 ORDER BY cid"
        columns = [
            (str(column), int(pk)) for column, pk in self._connection.execute(query, (name,))
        ]
        key = sorted((pk, column) for column, pk in columns if pk)
        return _Table(
            name=name,
            columns=tuple(column for column, _ in columns),
            key=tuple(column for _, column in key),
            has_rowid=has_rowid,
        )


def dealt(rows: Sequence[Row], shares: Sequence[int]) -> list[Group]:
    """Deal rows, in order, to as many groups as there are shares, in proportion to them."""
    groups = []
    for part in cut(rows, shares):
        group: Group = {}
        for insert, values in part:
            group.setdefault(insert, []).append(values)
        groups.append(group)
    return groups


def cut(things: Sequence[_Thing], shares: Sequence[int]) -> list[Sequence[_Thing]]:
    """Cut a sequence into as many parts as there are shares, in proportion to them."""
    total, so_far, start = sum(shares), 0, 0
    parts = []
    for share in shares:
        so_far += share
        end = round(len(things) * so_far / total)
        parts.append(things[start:end])
        start = end
    return parts


@contextmanager
def watched_commits(ledger: Path) -> Iterator[list[int]]:
    """List the commits that this process makes to a file: how many rows each has changed."""
    commits: list[int] = []
    ledger = ledger.resolve()

    def watch(connection: apsw.Connection) -> None:
        if Path(connection.filename).resolve() != ledger:
            return
        before = 0

        def note() -> bool:
            nonlocal before
            changed = connection.total_changes() - before
            before += changed
            if changed:
                commits.append(changed)
            return False

        connection.set_commit_hook(note, id=_HOOK_ID)

    apsw.connection_hooks.append(watch)
    try:
        yield commits
    finally:
        apsw.connection_hooks.remove(watch)


@contextmanager
def garbage_held_still() -> Iterator[None]:
    """Keep what was prepared outside the clock from being searched for garbage inside it."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()

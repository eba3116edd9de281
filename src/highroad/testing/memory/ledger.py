"""What a ledger in memory holds; stores that share one play processes on one file."""

import itertools
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from highroad.domain.audit import TABLES
from highroad.domain.entry import KeyClaim, Row, StoredEntry
from highroad.domain.moving import Fact
from highroad.domain.outcome import Status
from highroad.domain.payload import SealedKey, SealedPayload
from highroad.domain.proof import SignedHead, Tile
from highroad.ports.store import Ownership

Record: TypeAlias = dict[str, Any]
"""A row by column name."""

_numbers = itertools.count(1)


@dataclass(slots=True)
class MemoryLedger:
    """What stores on one ledger share; hand it to two `MemoryStore`s to play two processes."""

    log_id: str = field(default_factory=lambda: f"log_memory_{next(_numbers)}")
    epoch: int = 0
    owner: Ownership | None = None
    holder: object | None = None
    """The store that owns it."""
    entries: list[StoredEntry] = field(default_factory=list)
    tables: dict[str, dict[tuple[Any, ...], Record]] = field(
        default_factory=lambda: {name: {} for name in TABLES}
    )
    payloads: dict[str, SealedPayload] = field(default_factory=dict)
    run_keys: dict[str, SealedKey] = field(default_factory=dict)
    claims: dict[tuple[str, bytes], KeyClaim] = field(default_factory=dict)
    open_calls: dict[str, int] = field(default_factory=dict)
    """Position of the entry that opened each call without an end."""
    ended: dict[str, None] = field(default_factory=dict)
    calls_of: dict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    """Calls by run."""
    inbox: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Kind and content by number, from 1."""
    facts: dict[str, str] = field(
        default_factory=lambda: {Fact.ID: f"ledger_memory_{next(_numbers)}", Fact.PROJECTED: "0"}
    )
    """What the ledger remembers of itself."""
    first: int = 0
    """The first position whose entry is here, but for those of lasting kinds."""
    heads: list[SignedHead] = field(default_factory=list)
    """By number."""
    tiles: dict[tuple[str, int, int], Tile] = field(default_factory=dict)
    """By log, level and position."""
    anchored: dict[str, int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Entries that were ever written."""
        return max(self.first, self.entries[-1].position.seq + 1 if self.entries else 0)

    def put(self, row: Row) -> None:
        """Add a row to an audit table, in place of one with its key."""
        columns = TABLES[row.table].columns
        record: Record = {
            column.name: value for column, value in zip(columns, row.values, strict=True)
        }
        key = tuple(record[column.name] for column in columns if column.is_key)
        self.tables[row.table][key] = record
        if row.table == "tool_call":
            self.calls_of[record["run_id"]][record["id"]] = None

    def unsettled(self) -> list[str]:
        """Calls that ended unknown on their own and that no amendment has settled, by id."""
        settled = {
            row["call_id"]
            for row in self.tables["amendment"].values()
            if row["applied"] is not None
        }
        return sorted(
            row["call_id"]
            for row in self.tables["tool_result"].values()
            if row["status"] == Status.UNKNOWN
            and row["source_call_id"] is None
            and row["call_id"] not in settled
        )


def seq_of(entry: StoredEntry) -> int:
    """Where an entry stands: ledgers keep them in this order."""
    return entry.position.seq

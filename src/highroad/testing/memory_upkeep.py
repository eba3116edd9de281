"""What operators do with a store, on a ledger in memory."""

from bisect import insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple
from typing import Final, Protocol

from highroad.domain.approval import ApprovalState
from highroad.domain.audit import TABLES
from highroad.domain.entry import (
    EntryKind,
    Fence,
    KeyClaim,
    Position,
    Row,
    StoredEntry,
)
from highroad.domain.error import FenceLost, LedgerError
from highroad.domain.moving import LASTING, SECTIONS, Fact, Section
from highroad.domain.order import read_order, write_order
from highroad.domain.payload import PayloadKind, SealedKey, SealedPayload
from highroad.domain.proof import Tile, read_head
from highroad.ports.tables import Cell
from highroad.ports.upkeep import Figures
from highroad.testing.memory_ledger import MemoryLedger, seq_of

_Line = tuple[Cell, ...]


class _Take(Protocol):
    def __call__(self, *, pid: int, at_ms: int) -> Fence | None: ...


class _Clearable(Protocol):
    def clear(self) -> None: ...


class MemoryUpkeep:
    """The part of a store in memory that operators use; fulfils `highroad.ports.upkeep.Upkeep`.

    Args:
        open_ledger: Gives the ledger, unless it was closed.
        take: Makes the store its owner.
    """

    def __init__(self, open_ledger: Callable[[], MemoryLedger], take: _Take) -> None:
        self._open = open_ledger
        self._take = take

    async def figures(self) -> Figures:
        """How large it is."""
        ledger = self._open()
        here = [entry for entry in ledger.entries if seq_of(entry) >= ledger.first]
        payload_bytes = sum(len(payload.ciphertext) for payload in ledger.payloads.values())
        approvals = ledger.tables["approval"].values()
        return Figures(
            kind="memory",
            schema=0,
            bytes=payload_bytes + sum(len(entry.body) for entry in ledger.entries),
            log_bytes=0,
            payload_bytes=payload_bytes,
            rows=tuple((name, len(list(_lines(ledger, name)))) for name in sorted(SECTIONS)),
            waiting_approvals=sum(row["state"] == ApprovalState.WAITING for row in approvals),
            oldest_ms=here[0].at_ms if here else None,
            newest_ms=here[-1].at_ms if here else None,
        )

    async def expired_payloads(self, before_ms: int, *, limit: int = 1_000) -> Sequence[str]:
        """Ids of payloads made before `before_ms` whose call has ended, in order of id."""
        ledger = self._open()
        approvals = ledger.tables["approval"].values()
        calls = {*ledger.open_calls, *ledger.unsettled()}
        needed = calls | {row["id"] for row in approvals if row["call_id"] in calls}
        found = [
            payload.id
            for payload in ledger.payloads.values()
            if payload.created_ms < before_ms and payload.id.partition(".")[0] not in needed
        ]
        return sorted(found)[:limit]

    async def runs_of(self, principal_id: str) -> Sequence[str]:
        """Runs in which a principal left something, in order."""
        tables = self._open().tables
        found = {
            row["run_id"]
            for name, column in _LEFT_BY
            for row in tables[name].values()
            if row[column] == principal_id
        }
        return sorted(found)

    async def take_alone(self, *, pid: int, at_ms: int) -> bool:
        """Become the one store that owns this ledger; a copy that is not complete as well."""
        return self._take(pid=pid, at_ms=at_ms) is not None

    async def carry_out(
        self, section: str, *, after: Sequence[Cell] = (), limit: int = 1_000
    ) -> Sequence[_Line]:
        """A page of a section's rows in order of its key, from behind the key `after`."""
        lines = _lines(self._open(), _known(section))
        keyed = sorted((_key_of(section, line), line) for line in lines)
        return [line for key, line in keyed if not after or key > tuple(after)][:limit]

    async def carry_in(
        self, section: str, rows: Sequence[_Line], *, is_first: bool = False
    ) -> None:
        """Add rows as they are; those with a key that is there already are replaced."""
        ledger = self._open()
        names = [column.name for column in SECTIONS[_known(section)].columns]
        if is_first:
            _clear(ledger, section)
        if section == Section.LOG:
            _check_log(ledger, {str(row[0]) for row in rows}, is_new=not ledger.entries)
        elif section in {Section.ENTRY, Section.OPEN_CALL}:
            _check_log(ledger, {str(row[names.index("log_id")]) for row in rows}, is_new=False)
        for row in rows:
            _put(ledger, section, row)

    async def retire(self, moved_to: str) -> None:
        """Let nobody own this ledger any more, nor leave an order: it goes on elsewhere."""
        self._open().facts[Fact.MOVED_TO] = moved_to

    async def drop_entries(self, entries: Sequence[StoredEntry], *, fence: Fence) -> None:
        """Take the oldest entries away, once they are archived; those of lasting kinds stay."""
        ledger = self._open()
        if fence != Fence(ledger.log_id, ledger.epoch):
            raise FenceLost(f"somebody took over the ledger after epoch {fence.epoch}")
        end = ledger.first + len(entries)
        oldest = [Position(ledger.log_id, seq) for seq in range(ledger.first, end)]
        if [entry.position for entry in entries] != oldest:
            raise LedgerError("only the oldest entries may be dropped, without a gap")
        if any(_is_in_use(ledger, entry) for entry in entries):
            raise LedgerError("an entry is still needed: its call is open or holds a key")
        ledger.first = end
        later = {entry.call_id for entry in ledger.entries if seq_of(entry) >= end} - {None}
        ledger.entries = [
            entry
            for entry in ledger.entries
            if seq_of(entry) >= end or entry.kind in LASTING or entry.call_id in later
        ]


_LEFT_BY: Final = (
    ("tool_call", "principal_id"),
    ("approval_decision", "decided_by"),
    ("amendment", "amended_by"),
    ("payload_reveal", "revealed_by"),
)


def _known(section: str) -> str:
    if section not in SECTIONS:
        raise LedgerError(f"a ledger has no section {section!r}")
    return section


def _key_of(section: str, line: _Line) -> tuple[Cell, ...]:
    columns = SECTIONS[section].columns
    return tuple(cell for cell, column in zip(line, columns, strict=True) if column.is_key)


def _lines(ledger: MemoryLedger, section: str) -> Iterable[_Line]:
    if section in TABLES:
        return (tuple(record.values()) for record in ledger.tables[section].values())
    return _OUT[Section(section)](ledger)


def _log(ledger: MemoryLedger) -> Iterable[_Line]:
    return [(ledger.log_id, ledger.epoch, ledger.first, ledger.size)]


def _entries(ledger: MemoryLedger) -> Iterable[_Line]:
    for entry in ledger.entries:
        log_id, seq = entry.position.log_id, entry.position.seq
        owner = (entry.organization, entry.run_id, entry.call_id)
        yield (log_id, seq, entry.kind, entry.schema, *owner, entry.at_ms, entry.body)


def _claims(ledger: MemoryLedger) -> Iterable[_Line]:
    return (astuple(claim)[:-1] for claim in ledger.claims.values())


def _open_calls(ledger: MemoryLedger) -> Iterable[_Line]:
    return ((call, ledger.log_id, seq) for call, seq in ledger.open_calls.items())


def _heads(ledger: MemoryLedger) -> Iterable[_Line]:
    return ((head.number, head.statement, head.signature) for head in ledger.heads)


def _inbox(ledger: MemoryLedger) -> Iterable[_Line]:
    return ((number, *write_order(order)) for number, order in ledger.inbox.items())


_OUT: Final[Mapping[Section, Callable[[MemoryLedger], Iterable[_Line]]]] = {
    Section.LEDGER: lambda ledger: ledger.facts.items(),
    Section.LOG: _log,
    Section.ENTRY: _entries,
    Section.PAYLOAD: lambda ledger: map(astuple, ledger.payloads.values()),
    Section.RUN_KEY: lambda ledger: map(astuple, ledger.run_keys.values()),
    Section.KEY_CLAIM: _claims,
    Section.OPEN_CALL: _open_calls,
    Section.TILE: lambda ledger: map(astuple, ledger.tiles.values()),
    Section.SIGNED_HEAD: _heads,
    Section.ANCHORED: lambda ledger: ledger.anchored.items(),
    Section.INBOX: _inbox,
}


def _clear(ledger: MemoryLedger, section: str) -> None:
    if section in TABLES:
        ledger.tables[section].clear()
    elif section in _ROWS:
        _ROWS[Section(section)](ledger).clear()


_ROWS: Final[Mapping[Section, Callable[[MemoryLedger], _Clearable]]] = {
    Section.LEDGER: lambda ledger: ledger.facts,
    Section.ENTRY: lambda ledger: ledger.entries,
    Section.PAYLOAD: lambda ledger: ledger.payloads,
    Section.RUN_KEY: lambda ledger: ledger.run_keys,
    Section.KEY_CLAIM: lambda ledger: ledger.claims,
    Section.OPEN_CALL: lambda ledger: ledger.open_calls,
    Section.TILE: lambda ledger: ledger.tiles,
    Section.SIGNED_HEAD: lambda ledger: ledger.heads,
    Section.ANCHORED: lambda ledger: ledger.anchored,
    Section.INBOX: lambda ledger: ledger.inbox,
}
"""What holds the rows of each section; the log's one row is always there."""


def _put(ledger: MemoryLedger, section: str, line: _Line) -> None:
    if section in TABLES:
        ledger.put(Row(section, line))
        if section == "tool_result":
            ledger.ended[str(line[0])] = None
    else:
        _IN[Section(section)](ledger, *line)


def _put_fact(ledger: MemoryLedger, name: str, value: str) -> None:
    ledger.facts[name] = value


def _put_log(ledger: MemoryLedger, log_id: str, epoch: int, first: int, _size: int) -> None:
    ledger.log_id, ledger.epoch, ledger.first = log_id, epoch, first


def _put_entry(  # noqa: PLR0913, PLR0917 - the columns of a row
    ledger: MemoryLedger,
    log_id: str,
    seq: int,
    kind: str,
    schema: int,
    organization: str,
    run_id: str | None,
    call_id: str | None,
    at_ms: int,
    body: bytes,
) -> None:
    entry = StoredEntry(
        Position(log_id, seq), EntryKind(kind), schema, organization, run_id, call_id, at_ms, body
    )
    ledger.entries = [each for each in ledger.entries if seq_of(each) != seq]
    insort(ledger.entries, entry, key=seq_of)
    if entry.kind is EntryKind.ENDED and call_id is not None:
        ledger.ended[call_id] = None


def _put_payload(  # noqa: PLR0913, PLR0917 - the columns of a row
    ledger: MemoryLedger, id_: str, run_id: str, kind: str, ciphertext: bytes, created_ms: int
) -> None:
    ledger.payloads[id_] = SealedPayload(id_, run_id, PayloadKind(kind), ciphertext, created_ms)


def _put_run_key(
    ledger: MemoryLedger, run_id: str, master: str, wrapped: bytes, created_ms: int
) -> None:
    ledger.run_keys[run_id] = SealedKey(run_id, master, wrapped, created_ms)


def _put_claim(  # noqa: PLR0913, PLR0917 - the columns of a row
    ledger: MemoryLedger,
    organization: str,
    digest: bytes,
    arguments: bytes,
    call_id: str,
    expires_ms: int,
) -> None:
    claim = KeyClaim(organization, digest, arguments, call_id, expires_ms)
    ledger.claims[organization, digest] = claim


def _put_open_call(ledger: MemoryLedger, call_id: str, _log_id: str, seq: int) -> None:
    opened = {**ledger.open_calls, call_id: seq}
    ledger.open_calls = dict(sorted(opened.items(), key=lambda item: item[1]))


def _put_tile(ledger: MemoryLedger, log_id: str, level: int, position: int, hashes: bytes) -> None:
    tile = Tile(log_id=log_id, level=level, position=position, hashes=hashes)
    ledger.tiles[log_id, level, position] = tile


def _put_head(ledger: MemoryLedger, number: int, statement: bytes, signature: bytes) -> None:
    head = read_head(number, statement, signature)
    ledger.heads = [known for known in ledger.heads if known.number != number]
    insort(ledger.heads, head, key=lambda known: known.number)


def _put_anchored(ledger: MemoryLedger, anchor: str, number: int) -> None:
    ledger.anchored[anchor] = number


def _put_order(ledger: MemoryLedger, number: int, kind: str, content: str) -> None:
    ledger.inbox[number] = read_order(kind, content)


_IN: Final[Mapping[Section, Callable[..., None]]] = {
    Section.LEDGER: _put_fact,
    Section.LOG: _put_log,
    Section.ENTRY: _put_entry,
    Section.PAYLOAD: _put_payload,
    Section.RUN_KEY: _put_run_key,
    Section.KEY_CLAIM: _put_claim,
    Section.OPEN_CALL: _put_open_call,
    Section.TILE: _put_tile,
    Section.SIGNED_HEAD: _put_head,
    Section.ANCHORED: _put_anchored,
    Section.INBOX: _put_order,
}


def _check_log(ledger: MemoryLedger, logs: set[str], *, is_new: bool) -> None:
    """Rows that name a log name one: that of the ledger, unless it is still empty."""
    if len(logs if is_new else logs | {ledger.log_id}) > 1:
        raise LedgerError("a ledger in memory is one log, and this one has several")


def _is_in_use(ledger: MemoryLedger, entry: StoredEntry) -> bool:
    needed = {*ledger.open_calls, *(claim.call_id for claim in ledger.claims.values())}
    opened = {*ledger.open_calls.values()}
    runs = {each.run_id for each in ledger.entries if seq_of(each) in opened}
    return entry.call_id in needed or (entry.run_id is not None and entry.run_id in runs)

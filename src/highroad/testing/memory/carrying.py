"""Rows of a ledger in memory as every store understands them (`domain.moving.SECTIONS`)."""

from bisect import insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple
from typing import Final, Protocol

from highroad.domain.audit import TABLES
from highroad.domain.entry import EntryKind, KeyClaim, Position, Row, StoredEntry
from highroad.domain.error import LedgerError
from highroad.domain.moving import SECTIONS, Section
from highroad.domain.payload import PayloadKind, SealedKey, SealedPayload
from highroad.domain.proof import Tile, read_head
from highroad.ports.tables import Cell
from highroad.testing.memory.ledger import MemoryLedger, seq_of

Line = tuple[Cell, ...]


class _Clearable(Protocol):
    def clear(self) -> None: ...


def count(ledger: MemoryLedger, section: str) -> int:
    """How many rows a section has."""
    return len(list(_lines(ledger, section)))


def page(ledger: MemoryLedger, section: str, after: Sequence[Cell], limit: int) -> list[Line]:
    """Rows in order of their key, from behind the key `after`.

    Raises:
        LedgerError: The section is unknown.
    """
    lines = _lines(ledger, _known(section))
    keyed = sorted((_key_of(section, line), line) for line in lines)
    return [line for key, line in keyed if not after or key > tuple(after)][:limit]


def clear(ledger: MemoryLedger, section: str) -> None:
    """Take all rows of a section away; the log's row is always there.

    Raises:
        LedgerError: The section is unknown.
    """
    if _known(section) in TABLES:
        ledger.tables[section].clear()
    elif section in _ROWS:
        _ROWS[Section(section)](ledger).clear()


def put(ledger: MemoryLedger, section: str, rows: Sequence[Line]) -> None:
    """Add rows, or replace those with their keys.

    Raises:
        LedgerError: The section is unknown, or the rows are of more than one log.
    """
    _check_log(ledger, _known(section), rows)
    for row in rows:
        _put(ledger, section, row)


def _put(ledger: MemoryLedger, section: str, line: Line) -> None:
    if section in TABLES:
        ledger.put(Row(section, line))
        if section == "tool_result":
            ledger.ended[str(line[0])] = None
    else:
        _IN[Section(section)](ledger, *line)


def _known(section: str) -> str:
    if section not in SECTIONS:
        raise LedgerError(f"a ledger has no section {section!r}")
    return section


def _key_of(section: str, line: Line) -> tuple[Cell, ...]:
    columns = SECTIONS[section].columns
    return tuple(cell for cell, column in zip(line, columns, strict=True) if column.is_key)


def _check_log(ledger: MemoryLedger, section: str, rows: Sequence[Line]) -> None:
    """Rows that name a log name one: that of the ledger, unless it is still empty."""
    if section not in {Section.LOG, Section.ENTRY, Section.OPEN_CALL}:
        return
    names = [column.name for column in SECTIONS[section].columns]
    logs = {row[names.index("log_id")] for row in rows}
    if section != Section.LOG or ledger.entries:
        logs.add(ledger.log_id)
    if len(logs) > 1:
        raise LedgerError("a ledger in memory is one log, and this one has several")


def _lines(ledger: MemoryLedger, section: str) -> Iterable[Line]:
    if section in TABLES:
        return (tuple(record.values()) for record in ledger.tables[section].values())
    return _OUT[Section(section)](ledger)


def _log(ledger: MemoryLedger) -> Iterable[Line]:
    return [(ledger.log_id, ledger.epoch, ledger.first, ledger.size)]


def _entries(ledger: MemoryLedger) -> Iterable[Line]:
    for entry in ledger.entries:
        log_id, seq = entry.position.log_id, entry.position.seq
        owner = (entry.organization, entry.run_id, entry.call_id)
        yield (log_id, seq, entry.kind, entry.schema, *owner, entry.at_ms, entry.body, None)


def _claims(ledger: MemoryLedger) -> Iterable[Line]:
    return (astuple(claim)[:-1] for claim in ledger.claims.values())


def _open_calls(ledger: MemoryLedger) -> Iterable[Line]:
    return ((call, ledger.log_id, seq) for call, seq in ledger.open_calls.items())


def _heads(ledger: MemoryLedger) -> Iterable[Line]:
    return ((head.number, head.statement, head.signature) for head in ledger.heads)


def _inbox(ledger: MemoryLedger) -> Iterable[Line]:
    return ((number, *order) for number, order in ledger.inbox.items())


def _payloads(ledger: MemoryLedger) -> Iterable[Line]:
    for payload in ledger.payloads.values():
        *cells, _ = astuple(payload)  # the last one, the key it was sealed under, is not stored
        yield tuple(cells)


_OUT: Final[Mapping[Section, Callable[[MemoryLedger], Iterable[Line]]]] = {
    Section.LEDGER: lambda ledger: ledger.facts.items(),
    Section.LOG: _log,
    Section.ENTRY: _entries,
    Section.PAYLOAD: _payloads,
    Section.RUN_KEY: lambda ledger: map(astuple, ledger.run_keys.values()),
    Section.KEY_CLAIM: _claims,
    Section.OPEN_CALL: _open_calls,
    Section.TILE: lambda ledger: map(astuple, ledger.tiles.values()),
    Section.SIGNED_HEAD: _heads,
    Section.ANCHORED: lambda ledger: ledger.anchored.items(),
    Section.INBOX: _inbox,
}


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
    _place: int | None,
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
    ledger.inbox[number] = (kind, content)


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

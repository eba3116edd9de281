"""What a ledger is made of, when it is carried from one store to another."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

from highroad.domain.audit import TABLES, Column, ColumnType, Table, typed
from highroad.domain.entry import EntryKind
from highroad.domain.error import LedgerError
from highroad.domain.payload import PayloadKind, SealedPayload


class Section(StrEnum):
    """One kind of rows; audit tables are sections of their own, by their names."""

    LEDGER = "ledger"
    """The ledger's id, and what it remembers of itself (`Fact`)."""
    LOG = "log"
    """One row for each log: its newest epoch, its first entry that is here, its size."""
    ENTRY = "entry"
    """With the place of each among those of all logs; `None` in a ledger of one log, where
    positions say it."""
    PAYLOAD = "payload"
    RUN_KEY = "run_key"
    KEY_CLAIM = "key_claim"
    OPEN_CALL = "open_call"
    """Calls without an end, and the position of the entry that opened each."""
    TILE = "tile"
    SIGNED_HEAD = "signed_head"
    ANCHORED = "anchored"
    INBOX = "inbox"
    """Orders as `highroad.domain.order_form.write_order` gives them, oldest first by `number`."""


class Fact(StrEnum):
    """What a ledger remembers of itself: names in the section `ledger`."""

    ID = "id"
    PROJECTED = "projected"
    """Version of the projections that its audit tables were derived by."""
    ARRIVING = "arriving"
    """Where a copy comes from that is not complete; empty once it is. Nobody may own it."""
    MOVED_TO = "moved_to"
    """Where it goes on, once it was moved. Nobody may own it any more."""


LASTING: Final = (
    EntryKind.PINNED,
    EntryKind.MET,
    EntryKind.POLICY,
    EntryKind.BREAKER,
    EntryKind.TRIAL,
    EntryKind.OPENED,
    EntryKind.REKEYED,
    EntryKind.ARCHIVED,
    EntryKind.MOVED,
)
"""Kinds that a ledger needs however old they are: what is accepted, which breakers people
hold, which agents they have promoted, with which keys it began."""


def _key(name: str, kind: ColumnType = ColumnType.TEXT) -> Column:
    return Column(name, kind, is_key=True)


def _maybe(name: str, kind: ColumnType = ColumnType.TEXT) -> Column:
    return Column(name, kind, is_optional=True)


def _number(name: str) -> Column:
    return Column(name, ColumnType.INTEGER)


def _bytes(name: str) -> Column:
    return Column(name, ColumnType.BLOB)


_OWN: Final = (
    Table(Section.LEDGER, (_key("name"), Column("value"))),
    Table(Section.LOG, (_key("log_id"), _number("epoch"), _number("first"), _number("size"))),
    Table(
        Section.ENTRY,
        (
            _key("log_id"),
            _key("seq", ColumnType.INTEGER),
            Column("kind"),
            _number("schema"),
            Column("organization"),
            _maybe("run_id"),
            _maybe("call_id"),
            _number("at_ms"),
            _bytes("body"),
            _maybe("place", ColumnType.INTEGER),
        ),
    ),
    Table(
        Section.PAYLOAD,
        (
            _key("id"),
            Column("run_id"),
            Column("kind"),
            _bytes("ciphertext"),
            _number("created_ms"),
        ),
    ),
    Table(
        Section.RUN_KEY,
        (_key("run_id"), Column("master"), _bytes("wrapped"), _number("created_ms")),
    ),
    Table(
        Section.KEY_CLAIM,
        (
            _key("organization"),
            _key("digest", ColumnType.BLOB),
            _bytes("arguments"),
            Column("call_id"),
            _number("expires_ms"),
        ),
    ),
    Table(Section.OPEN_CALL, (_key("call_id"), Column("log_id"), _number("seq"))),
    Table(
        Section.TILE,
        (
            _key("log_id"),
            _key("level", ColumnType.INTEGER),
            _key("position", ColumnType.INTEGER),
            _bytes("hashes"),
        ),
    ),
    Table(
        Section.SIGNED_HEAD,
        (_key("number", ColumnType.INTEGER), _bytes("statement"), _bytes("signature")),
    ),
    Table(Section.ANCHORED, (_key("anchor"), _number("number"))),
    Table(
        Section.INBOX,
        (_key("number", ColumnType.INTEGER), Column("kind"), Column("content")),
    ),
)

SECTIONS: Final = {str(table.name): table for table in (*_OWN, *TABLES.values())}
"""Columns of every section: fixed, so that stores of different kinds understand each other.

They are in an order in which they can be carried: what names the ledger and its logs comes first.
"""


def payload_of(values: Sequence[Any]) -> SealedPayload:
    """Read a row of `payload`, whatever store it comes from; the columns are in order.

    Raises:
        LedgerError: Somebody changed it.
    """
    id_, run_id, kind, ciphertext, created_ms = typed(SECTIONS[Section.PAYLOAD], values)
    try:
        return SealedPayload(id_, run_id, PayloadKind(kind), ciphertext, created_ms)
    except ValueError:
        raise LedgerError(
            f"the payload {id_} is of no kind that there is: somebody changed the ledger, or a "
            "newer highroad wrote it; open it with that one, or restore a backup"
        ) from None

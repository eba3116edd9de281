"""Orders that other processes leave for the owner."""

from collections.abc import Sequence
from typing import Final

import apsw

from highroad.domain.order import Order, is_known, read_order, write_order

_PUT: Final = "INSERT INTO inbox (kind, content) VALUES (?, ?)"
_TAKE: Final = "DELETE FROM inbox WHERE kind = ? AND content = ?"
_ALL: Final = "SELECT kind, content FROM inbox ORDER BY id"


def put(connection: apsw.Connection, order: Order) -> None:
    """Add an order, inside a transaction."""
    connection.execute(_PUT, write_order(order))


def take(connection: apsw.Connection, orders: Sequence[Order]) -> None:
    """Remove orders, inside a transaction."""
    connection.executemany(_TAKE, map(write_order, orders))


def waiting(connection: apsw.Connection) -> list[Order]:
    """Orders that wait, oldest first; those of a newer version wait for an owner that knows them.

    The owner asks again and again, nearly always for nothing: an empty table answers within four
    microseconds, as long as `PRAGMA data_version` takes to say that nothing changed.
    """
    return [
        read_order(kind, content) for kind, content in connection.execute(_ALL) if is_known(kind)
    ]

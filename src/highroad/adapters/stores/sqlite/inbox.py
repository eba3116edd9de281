"""Orders that other processes leave for the owner."""

from collections.abc import Sequence
from typing import Final

import apsw

from highroad.domain.order import Order
from highroad.domain.order_form import ASIDE, PostedOrder, put_aside, write_order

_PUT: Final = "INSERT INTO inbox (kind, content) VALUES (?, ?)"
_TAKE: Final = "DELETE FROM inbox WHERE id = ?"
_SET_ASIDE: Final = f"UPDATE inbox SET kind = '{ASIDE}', content = ? WHERE id = ?"  # noqa: S608 - a constant
_ALL: Final = f"SELECT id, kind, content FROM inbox WHERE kind <> '{ASIDE}' ORDER BY id"  # noqa: S608 - a constant


def put(connection: apsw.Connection, order: Order) -> None:
    """Add an order, inside a transaction."""
    connection.execute(_PUT, write_order(order))


def take(connection: apsw.Connection, numbers: Sequence[int]) -> None:
    """Remove orders, inside a transaction."""
    connection.executemany(_TAKE, [(number,) for number in numbers])


def set_aside(connection: apsw.Connection, posted: PostedOrder, reason: str) -> None:
    """Keep what is no order, with the reason, where nobody takes it for one."""
    connection.execute(_SET_ASIDE, (put_aside(posted, reason), posted.number))


def waiting(connection: apsw.Connection) -> list[PostedOrder]:
    """Orders that wait, oldest first.

    The owner asks again and again, nearly always for nothing: an empty table answers within four
    microseconds, as long as `PRAGMA data_version` takes to say that nothing changed.
    """
    rows = connection.execute(_ALL)
    # Whoever can change the file can put anything here; it is read as an order, and is none.
    return [PostedOrder(number, str(kind), str(content)) for number, kind, content in rows]

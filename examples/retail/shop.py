"""The shop's database: 1,000 orders of 500 customers in one SQLite file.

It knows nothing of the road. Each change is one transaction that holds only where the order still
stands as the change needs it, and leaves its key behind, by which a probe finds it again.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Final

from examples.retail.records import (
    Address,
    Item,
    Order,
    Payment,
    PaymentMethod,
    Product,
    User,
    Variant,
)
from examples.retail.stock import DATA, cents_of, fill

from highroad import ToolError

PENDING: Final = "pending"
DELIVERED: Final = "delivered"
CANCELLED: Final = "cancelled"
MODIFIED: Final = "pending (items modified)"
RETURNING: Final = "return requested"
EXCHANGING: Final = "exchange requested"
GIFT_CARD: Final = "gift_card"

_TOO_LATE: Final = "The order stands otherwise by now, so nothing was changed."


class ShopError(ToolError):
    """The shop says no. Its transaction was rolled back, and so nothing was applied."""

    def __init__(self, message: str, *, code: str, hint: str) -> None:
        super().__init__(message, code=code, hint=hint, applied=False)


@dataclass(frozen=True, slots=True)
class Sold:
    """A variant, and the product that it is one of."""

    product_id: str
    variant: Variant


class Shop:
    """The shop whose database is the file at `path`; `:memory:` is gone with it.

    Tools run in several threads, and take turns at its one connection.
    """

    def __init__(self, path: Path | str = ":memory:") -> None:
        self._database = sqlite3.connect(path, check_same_thread=False)
        self._turn = Lock()

    @classmethod
    def stocked(cls, path: Path | str = ":memory:", data: Path = DATA) -> "Shop":
        """A shop in its first state, filled from the files of the set in the folder `data`."""
        shop = cls(path)
        with shop._transaction() as database:
            fill(database, data)
        return shop

    def copied(self) -> "Shop":
        """A second shop, in memory, that stands as this one does."""
        shop = Shop()
        with self._turn:
            self._database.backup(shop._database)
        return shop

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    # -- whose it is -------------------------------------------------------------------------

    def owner_of_order(self, order_id: str) -> str | None:
        """The customer whose order it is; `None` where there is no such order."""
        return self._first("SELECT user_id FROM orders WHERE id = ?", order_id)

    def owner_of_email(self, email: str) -> str | None:
        """The customer who has that address."""
        return self._first("SELECT id FROM users WHERE email = ?", email)

    def owner_of_payment_method(self, payment_method_id: str) -> str | None:
        """The customer who has that payment method."""
        return self._first("SELECT user_id FROM payment_methods WHERE id = ?", payment_method_id)

    # -- reading -----------------------------------------------------------------------------

    def user(self, user_id: str) -> User | None:
        """A customer."""
        with self._transaction() as database:
            return _user(database, user_id)

    def user_named(self, first_name: str, last_name: str, zip_code: str) -> str | None:
        """The id of the customer of that name at that zip code, whatever the case."""
        return self._first(
            "SELECT id FROM users WHERE first_name = ? COLLATE NOCASE "
            "AND last_name = ? COLLATE NOCASE AND zip = ?",
            first_name,
            last_name,
            zip_code,
        )

    def order(self, order_id: str) -> Order | None:
        """An order."""
        with self._transaction() as database:
            return _order(database, order_id)

    def product(self, product_id: str) -> Product | None:
        """A product with its variants."""
        name = self._first("SELECT name FROM products WHERE id = ?", product_id)
        if name is None:
            return None
        rows = self._rows(
            "SELECT id, options, available, price FROM variants WHERE product_id = ?", product_id
        )
        return Product(
            name=name,
            product_id=product_id,
            variants={row[0]: _variant(*row) for row in rows},
        )

    def products(self) -> dict[str, str]:
        """Ids of all products, by name."""
        return dict(self._rows("SELECT name, id FROM products ORDER BY name"))

    def sold(self, item_id: str) -> Sold | None:
        """What an item id stands for."""
        rows = self._rows(
            "SELECT product_id, id, options, available, price FROM variants WHERE id = ?", item_id
        )
        return next((Sold(product_id, _variant(*rest)) for product_id, *rest in rows), None)

    def has_changed(self, key: str) -> bool:
        """Whether the change of that key was made."""
        return self._first("SELECT key FROM changes WHERE key = ?", key) is not None

    # -- changing ----------------------------------------------------------------------------

    def cancel(self, order_id: str, *, key: str) -> Order:
        """Cancel a pending order, and give back what was paid the way it came."""
        with self._changing(order_id, PENDING, CANCELLED, key=key) as (database, order):
            paid = payment_of(order)
            _settle(database, order, [_refund(paid["amount"], paid["payment_method_id"])])
        return self._known(order_id)

    def ship_to(self, order_id: str, address: Address, *, key: str) -> Order:
        """Send a pending order somewhere else."""
        with self._changing(order_id, PENDING, PENDING, key=key) as (database, _):
            database.execute(
                "UPDATE orders SET address = ? WHERE id = ?", (json.dumps(address), order_id)
            )
        return self._known(order_id)

    def pay_by(self, order_id: str, payment_method_id: str, *, key: str) -> Order:
        """Have a pending order paid another way, and give back what was paid."""
        with self._changing(order_id, PENDING, PENDING, key=key) as (database, order):
            paid = payment_of(order)
            anew = _payment(paid["amount"], payment_method_id)
            _settle(database, order, [anew, _refund(paid["amount"], paid["payment_method_id"])])
        return self._known(order_id)

    def modify_items(
        self,
        order_id: str,
        new_items: Sequence[tuple[str, str]],
        payment_method_id: str,
        *,
        key: str,
    ) -> Order:
        """Put other items into a pending order, and settle the difference; once for each order.

        Args:
            order_id: Of the order.
            new_items: Item ids in it, each with the one that takes its place.
            payment_method_id: Pays the difference, or receives it.
            key: Of this change.
        """
        with self._changing(order_id, PENDING, MODIFIED, key=key) as (database, order):
            items = _renewed(database, order["items"], new_items)
            due = _total(items) - _total(order["items"])
            make = _payment if due >= 0 else _refund
            if round(due, 2):
                _settle(database, order, [make(abs(round(due, 2)), payment_method_id)])
            database.execute(
                "UPDATE orders SET items = ? WHERE id = ?", (json.dumps(items), order_id)
            )
        return self._known(order_id)

    def take_back(self, order_id: str, *, key: str) -> Order:
        """Note that items of a delivered order come back; once for each order."""
        with self._changing(order_id, DELIVERED, RETURNING, key=key):
            pass
        return self._known(order_id)

    def exchange(self, order_id: str, *, key: str) -> Order:
        """Note that items of a delivered order are exchanged; once for each order."""
        with self._changing(order_id, DELIVERED, EXCHANGING, key=key):
            pass
        return self._known(order_id)

    def move_user(self, user_id: str, address: Address, *, key: str) -> User:
        """Give a customer another default address."""
        with self._transaction() as database:
            database.execute(
                "UPDATE users SET address = ?, zip = ? WHERE id = ?",
                (json.dumps(address), address["zip"], user_id),
            )
            database.execute("INSERT INTO changes VALUES (?, NULL, 'address')", (key,))
            user = _user(database, user_id)
        if user is None:
            raise ShopError("There is no such user.", code="no_such_user", hint="Find the user.")
        return user

    # -- below -------------------------------------------------------------------------------

    @contextmanager
    def _changing(
        self, order_id: str, before: str, after: str, *, key: str
    ) -> Iterator[tuple[sqlite3.Connection, Order]]:
        """A transaction in which an order goes from one status to another, or nothing is done."""
        with self._transaction() as database:
            moved = database.execute(
                "UPDATE orders SET status = ? WHERE id = ? AND status = ?",
                (after, order_id, before),
            )
            order = _order(database, order_id)
            if order is None or not moved.rowcount:
                raise ShopError(_TOO_LATE, code="too_late", hint="Read the order again.")
            database.execute("INSERT INTO changes VALUES (?, ?, ?)", (key, order_id, after))
            yield database, order

    def _known(self, order_id: str) -> Order:
        order = self.order(order_id)
        if order is None:
            raise ShopError(_TOO_LATE, code="no_such_order", hint="Read the user again.")
        return order

    def _first(self, query: str, *values: str) -> str | None:
        rows = self._rows(query, *values)
        return str(rows[0][0]) if rows else None

    def _rows(self, query: str, *values: str) -> list[Any]:
        with self._transaction() as database:
            return database.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction that sees and writes all or nothing."""
        with self._turn, self._database:
            yield self._database


def payment_of(order: Order) -> Payment:
    """The payment by which an order stands: the last that was made for it."""
    return [each for each in order["payment_history"] if _is_payment(each)][-1]


def covers(method: PaymentMethod, dollars: float) -> bool:
    """Whether a payment method can pay so much: a gift card has a balance, others are asked."""
    return "balance" not in method or cents_of(method["balance"]) >= cents_of(dollars)


def _is_payment(each: Payment) -> bool:
    return each["transaction_type"] == "payment"


def _payment(amount: float, by: str) -> Payment:
    return Payment(transaction_type="payment", amount=amount, payment_method_id=by)


def _refund(amount: float, to: str) -> Payment:
    return Payment(transaction_type="refund", amount=amount, payment_method_id=to)


def _total(items: Iterable[Item]) -> float:
    return sum(each["price"] for each in items)


def _settle(database: sqlite3.Connection, order: Order, movements: Sequence[Payment]) -> None:
    """Move money, at once where a gift card has part in it, and write it on the order."""
    for each in movements:
        cents = cents_of(each["amount"]) * (-1 if _is_payment(each) else 1)
        moved = database.execute(
            "UPDATE payment_methods SET cents = cents + :cents WHERE id = :id "
            "AND user_id = :user AND (cents IS NULL OR cents + :cents >= 0)",
            {"cents": cents, "id": each["payment_method_id"], "user": order["user_id"]},
        )
        if not moved.rowcount:
            raise ShopError(
                "The payment method cannot pay this.", code="not_covered", hint="Ask for another."
            )
    history = json.dumps([*order["payment_history"], *movements])
    database.execute("UPDATE orders SET payments = ? WHERE id = ?", (history, order["order_id"]))


def _renewed(
    database: sqlite3.Connection, items: Sequence[Item], new_items: Sequence[tuple[str, str]]
) -> list[Item]:
    """The items with new ones in the place of some; each pair renews one of them."""
    renewed = list(items)
    for old, new in new_items:
        at = next(at for at, each in enumerate(renewed) if each["item_id"] == old)
        options, price = database.execute(
            "SELECT options, price FROM variants WHERE id = ?", (new,)
        ).fetchone()
        renewed[at] = {
            **renewed[at],
            "item_id": new,
            "price": price,
            "options": json.loads(options),
        }
    return renewed


def _variant(item_id: str, options: str, available: int, price: float) -> Variant:
    return Variant(
        item_id=item_id, options=json.loads(options), available=bool(available), price=price
    )


def _order(database: sqlite3.Connection, order_id: str) -> Order | None:
    row = database.execute(
        "SELECT user_id, status, address, items, fulfillments, payments FROM orders WHERE id = ?",
        (order_id,),
    ).fetchone()
    if row is None:
        return None
    user_id, status, address, items, fulfillments, payments = row
    return Order(
        order_id=order_id,
        user_id=user_id,
        status=status,
        address=json.loads(address),
        items=json.loads(items),
        fulfillments=json.loads(fulfillments),
        payment_history=json.loads(payments),
    )


def _user(database: sqlite3.Connection, user_id: str) -> User | None:
    row = database.execute(
        "SELECT first_name, last_name, email, address FROM users WHERE id = ?", (user_id,)
    ).fetchone()
    if row is None:
        return None
    first_name, last_name, email, address = row
    methods = database.execute(
        "SELECT id, source, brand, last_four, cents FROM payment_methods WHERE user_id = ?",
        (user_id,),
    )
    orders = database.execute("SELECT id FROM orders WHERE user_id = ? ORDER BY rowid", (user_id,))
    return User(
        user_id=user_id,
        name={"first_name": first_name, "last_name": last_name},
        email=email,
        address=json.loads(address),
        payment_methods={row[0]: _method(*row) for row in methods},
        orders=[order for (order,) in orders],
    )


def _method(
    id_: str, source: str, brand: str | None, last_four: str | None, cents: int | None
) -> PaymentMethod:
    method = PaymentMethod(id=id_, source=source)
    if brand is not None and last_four is not None:
        method |= {"brand": brand, "last_four": last_four}
    if cents is not None:
        method |= {"balance": cents / 100}
    return method

"""What the shop has at first: the set's files, as rows."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

DATA: Final = Path(__file__).resolve().parents[2] / "tests" / "data" / "tau_retail"
"""Where this repository keeps the set."""

_SCHEMA: Final = """
CREATE TABLE users (id TEXT PRIMARY KEY, first_name TEXT, last_name TEXT, zip TEXT, email TEXT,
                    address TEXT) STRICT;
CREATE INDEX users_by_email ON users (email);
CREATE TABLE payment_methods (id TEXT PRIMARY KEY, user_id TEXT, source TEXT, brand TEXT,
                              last_four TEXT, cents INTEGER) STRICT;
CREATE INDEX payment_methods_by_user ON payment_methods (user_id);
CREATE TABLE orders (id TEXT PRIMARY KEY, user_id TEXT, status TEXT, address TEXT, items TEXT,
                     fulfillments TEXT, payments TEXT) STRICT;
CREATE INDEX orders_by_user ON orders (user_id);
CREATE TABLE products (id TEXT PRIMARY KEY, name TEXT) STRICT;
CREATE TABLE variants (id TEXT PRIMARY KEY, product_id TEXT, options TEXT, available INTEGER,
                       price REAL) STRICT;
CREATE INDEX variants_by_product ON variants (product_id);
CREATE TABLE changes (key TEXT PRIMARY KEY, order_id TEXT, what TEXT) STRICT;
"""


def fill(database: sqlite3.Connection, data: Path = DATA) -> None:
    """Make the tables, and put the set into them."""
    database.executescript(_SCHEMA)
    users, orders, products = (
        json.loads((data / f"{name}.json").read_text("utf-8"))
        for name in ("users", "orders", "products")
    )
    database.executemany("INSERT INTO users VALUES (?, ?, ?, ?, ?, ?)", _user_rows(users))
    database.executemany(
        "INSERT INTO payment_methods VALUES (?, ?, ?, ?, ?, ?)", _method_rows(users)
    )
    database.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?)", _order_rows(orders))
    for product in products.values():
        database.execute(
            "INSERT INTO products VALUES (?, ?)", (product["product_id"], product["name"])
        )
        database.executemany("INSERT INTO variants VALUES (?, ?, ?, ?, ?)", _variant_rows(product))


def _user_rows(users: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for user_id, user in users.items():
        name, address = user["name"], user["address"]
        yield (
            user_id,
            name["first_name"],
            name["last_name"],
            address["zip"],
            user["email"],
            json.dumps(address),
        )


def _method_rows(users: Mapping[str, Any]) -> Iterator[tuple[str | int | None, ...]]:
    for user_id, user in users.items():
        for method in user["payment_methods"].values():
            balance = method.get("balance")
            yield (
                method["id"],
                user_id,
                method["source"],
                method.get("brand"),
                method.get("last_four"),
                None if balance is None else cents_of(balance),
            )


def _order_rows(orders: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for order in orders.values():
        parts = ("address", "items", "fulfillments", "payment_history")
        documents = [json.dumps(order[part]) for part in parts]
        yield (order["order_id"], order["user_id"], order["status"], *documents)


def _variant_rows(product: Mapping[str, Any]) -> Iterator[tuple[str | bool | float, ...]]:
    for each in product["variants"].values():
        options = json.dumps(each["options"])
        yield each["item_id"], product["product_id"], options, each["available"], each["price"]


def cents_of(dollars: float) -> int:
    """An amount of the set in cents."""
    return round(dollars * 100)

"""The set's requests, as a customer makes them, and the reads of a careful agent before a write."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from bench.retail.road import Deed

DATA: Final = Path(__file__).resolve().parents[2] / "tests" / "data" / "tau_retail"
Row: TypeAlias = dict[str, Any]
"""Of a table of the set, as its JSON has it."""
Table: TypeAlias = Mapping[str, Row]

_EMAIL: Final = re.compile(r"your email is (\S+@[\w.]+\w)")
_NAME: Final = re.compile(r"Your name is (\S+) (\S+) and your zip code is (\d{5})")
_ORDER: Final = re.compile(r"#W\d{7}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a customer wants, and the writes that the set holds to be right, in order."""

    number: int
    customer: str
    text: str
    writes: tuple[Deed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """The set's three tables, by id, before any request."""

    users: Table
    orders: Table
    products: Table

    @classmethod
    def of(cls, data: Path = DATA) -> "Stock":
        """As the set has them."""
        tables = ("users", "orders", "products")
        return cls(**{name: json.loads((data / f"{name}.json").read_text()) for name in tables})

    def product_of(self, item_id: str) -> str | None:
        """The id of the product that an item is a variant of."""
        found = (id_ for id_, each in self.products.items() if item_id in each["variants"])
        return next(found, None)


def requests(data: Path = DATA) -> tuple[Request, ...]:
    """All requests of the set."""
    lines = (data / "tasks_train.jsonl").read_text("utf-8").splitlines()
    return tuple(_request(number, json.loads(line)) for number, line in enumerate(lines))


def reads(request: Request, orders: Iterable[str], products: Iterable[str]) -> list[list[Deed]]:
    """What a careful agent reads: who the customer is, then the user, the orders, the products.

    Args:
        request: Whose orders are read, those that its text names.
        orders: That are read besides.
        products: That are read.
    """
    named = dict.fromkeys([*_ORDER.findall(request.text), *orders])
    return [
        [_found(request.text)],
        [Deed("get_user_details", {"user_id": request.customer})],
        [Deed("get_order_details", {"order_id": each}) for each in named],
        [Deed("get_product_details", {"product_id": each}) for each in dict.fromkeys(products)],
    ]


def products_of(deed: Deed, stock: Stock) -> Iterator[str]:
    """The products that an agent looks at before it proposes a deed."""
    for item_id in deed.arguments.get("new_item_ids", ()):
        product = stock.product_of(item_id)
        if product is not None:
            yield product


def _request(number: int, line: Mapping[str, Any]) -> Request:
    writes = tuple(Deed(each["name"], each["arguments"]) for each in line["actions"])
    return Request(number=number, customer=line["user_id"], text=line["instruction"], writes=writes)


def _found(text: str) -> Deed:
    email = _EMAIL.search(text)
    if email is not None:
        return Deed("find_user_id_by_email", {"email": email[1]})
    named = _NAME.search(text)
    if named is None:
        raise ValueError("a request says by what its customer is known")
    first, last, zip_code = named.groups()
    return Deed(
        "find_user_id_by_name_zip", {"first_name": first, "last_name": last, "zip": zip_code}
    )

"""A right write with all that stands around it, and what is made of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Any, Final, TypeAlias

from bench.retail.judge import Judge
from bench.retail.requests import Request, Row, Stock
from bench.retail.road import Deed

SWAPS: Final = ("exchange_delivered_order_items", "modify_pending_order_items")
CANCEL: Final = "cancel_pending_order"
RETURN: Final = "return_delivered_order_items"
PAYMENT: Final = "modify_pending_order_payment"
ADDRESS: Final = "modify_pending_order_address"
DEFAULT_ADDRESS: Final = "modify_user_address"


class Family(StrEnum):
    """What is wrong, as the issue of this proof tells it."""

    CORRECT = "correct"
    MADE_UP = "made-up value"
    FOREIGN = "another customer's id"
    RULE = "a rule of the policy broken"
    WRONG_TOOL = "wrong tool"
    OTHER_VALUE = "another value of the same customer"
    OTHER_REQUEST = "right tool, different request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A deed, and what is wrong with it."""

    deed: Deed
    family: Family
    kind: str
    orders: tuple[str, ...] = ()
    """Which a model has to have read besides, to come by its values."""
    products: tuple[str, ...] = ()
    made_up: str | None = None
    """The value that stands nowhere."""
    is_late: bool = False
    """Proposed once the correct write is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A correct write with all that stands around it."""

    stock: Stock
    request: Request
    place: int
    judge: Judge
    """The shop as the writes before have left it."""
    others: tuple[Request, ...]
    """The same customer's other requests."""
    random: Random

    @property
    def deed(self) -> Deed:
        """The correct write."""
        return self.request.writes[self.place]

    @property
    def user(self) -> Row:
        """The customer."""
        return self.stock.users[self.request.customer]

    @property
    def order(self) -> Row:
        """The order that the write is about."""
        return self.judge.order(self.deed.arguments["order_id"]) or {}

    def own_orders(self, *statuses: str) -> list[Row]:
        """Orders of the customer that stand so, but for the one of the write."""
        named = self.deed.arguments["order_id"]
        own = (self.judge.order(each) or {} for each in self.user["orders"] if each != named)
        return [each for each in own if each["status"] in statuses]

    def methods(self) -> list[str]:
        """Payment methods of the customer that the write does not name."""
        named = self.deed.arguments.get("payment_method_id")
        return [each for each in self.user["payment_methods"] if each != named]

    def variants(self, item_id: str, *, available: bool = True) -> list[str]:
        """Other variants of the product that an item is one of."""
        product = self.stock.products[self.stock.product_of(item_id) or ""]
        return [
            id_
            for id_, each in product["variants"].items()
            if each["available"] is available and id_ != item_id
        ]

    def changed(self, **arguments: Any) -> Deed:  # noqa: ANN401 - of any tool
        """The write with other arguments."""
        return Deed(self.deed.tool, {**self.deed.arguments, **arguments})


Change: TypeAlias = Callable[[Situation], Iterator[Proposal]]

"""The shop's `policy.md` as checks of its tools: each rule is one function that reads the database.

A check answers `None`, or why not, in words that a model can use. What the rules say in prose of
asking the customer first is no check: it is the tier of the tools.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from examples.retail.records import Order, PaymentMethod
from examples.retail.shop import DELIVERED, GIFT_CARD, PENDING, Shop, Sold, covers, payment_of

from highroad import Owner, ToolContext

Arguments: TypeAlias = Mapping[str, Any]
Context: TypeAlias = ToolContext[Shop]


# -- whose it is -----------------------------------------------------------------------------


def owner_of_order(order_id: str, context: Context) -> Owner | None:
    """The customer whose order it is."""
    return _owner(context, context.deps.owner_of_order(order_id))


def owner_of_payment_method(payment_method_id: str, context: Context) -> Owner | None:
    """The customer who pays by it."""
    return _owner(context, context.deps.owner_of_payment_method(payment_method_id))


def owner_of_email(email: str, context: Context) -> Owner | None:
    """The customer who has that address."""
    return _owner(context, context.deps.owner_of_email(email))


def owner_of_user(user_id: str, context: Context) -> Owner | None:
    """A customer is their own."""
    return None if context.deps.user(user_id) is None else _owner(context, user_id)


def is_the_caller(args: Arguments, context: Context) -> str | None:
    """One customer for each conversation: nobody else is looked up by name."""
    found = context.deps.user_named(args["first_name"], args["last_name"], args["zip"])
    return None if found in {None, context.principal.id} else "Only one customer can be helped."


# -- where an order stands -------------------------------------------------------------------


def is_pending(args: Arguments, context: Context) -> str | None:
    """Only a pending order is cancelled or modified, and its items once."""
    status = _order(args, context)["status"]
    return None if status == PENDING else f"The order is not pending: it is {status}."


def is_delivered(args: Arguments, context: Context) -> str | None:
    """Only a delivered order is returned or exchanged, and once."""
    status = _order(args, context)["status"]
    return None if status == DELIVERED else f"The order is not delivered: it is {status}."


# -- items -----------------------------------------------------------------------------------


def holds_items(args: Arguments, context: Context) -> str | None:
    """The items are in the order, each as often as it is named."""
    held = Counter(each["item_id"] for each in _order(args, context)["items"])
    wanted: Counter[str] = Counter(args["item_ids"])
    return "The order does not hold all of these items." if wanted - held else None


def pairs_up(args: Arguments) -> str | None:
    """Each item has the one that takes its place."""
    if len(args["item_ids"]) == len(args["new_item_ids"]):
        return None
    return "Name one new item for each item, in the same order."


def is_another_option(args: Arguments) -> str | None:
    """No item is swapped for itself."""
    if any(old == new for old, new in _pairs(args)):
        return "An item cannot be swapped for itself: leave it out, or choose another option."
    return None


def is_same_product(args: Arguments, context: Context) -> str | None:
    """A shirt becomes a shirt."""
    for old, new in _pairs(args):
        sold, wanted = context.deps.sold(old), context.deps.sold(new)
        if sold and wanted and sold.product_id != wanted.product_id:
            return "A new item must be of the same product."
    return None


def is_available(args: Arguments, context: Context) -> str | None:
    """The new items can be had."""
    for new in args["new_item_ids"]:
        sold = context.deps.sold(new)
        if sold is None:
            return "There is no such item: read the product."
        if not sold.variant["available"]:
            return "A new item is not available: read the product for one that is."
    return None


# -- money -----------------------------------------------------------------------------------


def covers_difference(args: Arguments, context: Context) -> str | None:
    """A gift card has enough for what the new items cost more."""
    method, order = _method(args, context), _order(args, context)
    prices = {each["item_id"]: each["price"] for each in order["items"]}
    new = [context.deps.sold(each) for each in args["new_item_ids"]]
    due = sum(map(_price, new)) - sum(prices.get(each, 0.0) for each in args["item_ids"])
    if method is None or covers(method, due):
        return None
    return "The gift card does not cover the difference: ask for another payment method."


def covers_total(args: Arguments, context: Context) -> str | None:
    """A gift card has enough for the whole order."""
    method = _method(args, context)
    if method is None or covers(method, payment_of(_order(args, context))["amount"]):
        return None
    return "The gift card does not cover the order: ask for another payment method."


def is_another_method(args: Arguments, context: Context) -> str | None:
    """The order is not paid that way already."""
    paid = payment_of(_order(args, context))
    if paid["payment_method_id"] != args["payment_method_id"]:
        return None
    return "The order is paid that way already: ask for another payment method."


def refunds_where_it_may(args: Arguments, context: Context) -> str | None:
    """Money goes back where it came from, or on a gift card."""
    method, paid = _method(args, context), payment_of(_order(args, context))
    if method is None or method["source"] == GIFT_CARD or method["id"] == paid["payment_method_id"]:
        return None
    return "A refund goes to the original payment method or a gift card."


# -- below -----------------------------------------------------------------------------------


def _owner(context: Context, user_id: str | None) -> Owner | None:
    """Everybody who shops here is of the caller's organization: the shop has one."""
    return None if user_id is None else Owner(context.principal.organization, user_id)


def _order(args: Arguments, context: Context) -> Order:
    """The order; whose it is was judged before, so there is one."""
    found = context.deps.order(args["order_id"])
    if found is None:
        raise LookupError(args["order_id"])
    return found


def _method(args: Arguments, context: Context) -> PaymentMethod | None:
    user = context.deps.user(context.principal.id)
    return None if user is None else user["payment_methods"].get(args["payment_method_id"])


def _pairs(args: Arguments) -> list[tuple[str, str]]:
    return list(zip(args["item_ids"], args["new_item_ids"], strict=False))


def _price(sold: Sold | None) -> float:
    return 0.0 if sold is None else sold.variant["price"]


SWAPS: Final = (is_same_product, is_available, holds_items, covers_difference)
"""Of items that take each other's place, whatever the order's status."""

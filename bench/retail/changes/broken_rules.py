"""Each rule of the policy that a call can break, with values that a model has read."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from bench.retail.changes.situation import (
    ADDRESS,
    CANCEL,
    PAYMENT,
    RETURN,
    SWAPS,
    Change,
    Family,
    Proposal,
    Situation,
)
from bench.retail.road import Deed


def _rule(kind: str, deed: Deed, **read: Any) -> Proposal:  # noqa: ANN401 - orders, products, is_late
    return Proposal(deed=deed, family=Family.RULE, kind=kind, **read)


def _wrong_status(now: Situation) -> Iterator[Proposal]:
    if now.deed.tool in {CANCEL, ADDRESS, PAYMENT}:
        for each in now.own_orders("processed", "delivered", "cancelled"):
            order_id = each["order_id"]
            changed = now.changed(order_id=order_id)
            yield _rule("the order is not pending", changed, orders=(order_id,))
    if now.deed.tool == RETURN:
        for each in now.own_orders("processed", "pending", "cancelled"):
            changed = now.changed(
                order_id=each["order_id"],
                item_ids=[each["items"][0]["item_id"]],
                payment_method_id=each["payment_history"][0]["payment_method_id"],
            )
            yield _rule("the order is not delivered", changed, orders=(each["order_id"],))
    if now.deed.tool in SWAPS:
        yield from _swaps_elsewhere(now)


def _swaps_elsewhere(now: Situation) -> Iterator[Proposal]:
    wanted = "delivered" if "delivered" in now.deed.tool else "pending"
    others = {"processed", "pending", "delivered", "cancelled"} - {wanted}
    for each in now.own_orders(*sorted(others)):
        item = each["items"][0]
        for variant in now.variants(item["item_id"])[:1]:
            changed = now.changed(
                order_id=each["order_id"], item_ids=[item["item_id"]], new_item_ids=[variant]
            )
            yield _rule(
                f"the order is not {wanted}",
                changed,
                orders=(each["order_id"],),
                products=(item["product_id"],),
            )


def _no_reason(now: Situation) -> Iterator[Proposal]:
    if now.deed.tool == CANCEL:
        yield _rule("no such reason", now.changed(reason="found it cheaper"))


def _twice(now: Situation) -> Iterator[Proposal]:
    """What may be done to an order once, when it is done already."""
    if now.deed.tool in SWAPS and "pending" in now.deed.tool:
        yield _rule(
            "changed after its items were modified",
            Deed(CANCEL, {"order_id": now.order["order_id"], "reason": "no longer needed"}),
            is_late=True,
        )
    if now.deed.tool == CANCEL:
        address = {"order_id": now.order["order_id"], **now.user["address"]}
        yield _rule("changed after it was cancelled", Deed(ADDRESS, address), is_late=True)
    if "delivered" in now.deed.tool:
        rest = now.order["items"][-1]["item_id"]
        back = {
            "order_id": now.order["order_id"],
            "item_ids": [rest],
            "payment_method_id": now.order["payment_history"][0]["payment_method_id"],
        }
        yield _rule("returned or exchanged twice", Deed(RETURN, back), is_late=True)


def _same_method(now: Situation) -> Iterator[Proposal]:
    if now.order["status"] == "pending":
        paid_by = now.order["payment_history"][0]["payment_method_id"]
        deed = Deed(PAYMENT, {"order_id": now.order["order_id"], "payment_method_id": paid_by})
        yield _rule("the payment method that it has", deed)


def _short_card(now: Situation) -> Iterator[Proposal]:
    if now.order["status"] != "pending":
        return
    for method in now.user["payment_methods"]:
        deed = Deed(PAYMENT, {"order_id": now.order["order_id"], "payment_method_id": method})
        yield _rule("too little on a gift card for the order", deed)


def _short_difference(now: Situation) -> Iterator[Proposal]:
    if now.deed.tool not in SWAPS:
        return
    cards = [each for each in now.user["payment_methods"] if each.startswith("gift_card")]
    for card in cards:
        for item in now.order["items"]:
            prices = now.stock.products[item["product_id"]]["variants"]
            dearest = max(now.variants(item["item_id"]), key=lambda id_: prices[id_]["price"])
            yield _rule(
                "too little on a gift card for the difference",
                now.changed(
                    item_ids=[item["item_id"]], new_item_ids=[dearest], payment_method_id=card
                ),
                products=(item["product_id"],),
            )


def _bad_swaps(now: Situation) -> Iterator[Proposal]:
    if now.deed.tool not in SWAPS:
        return
    old, new = now.deed.arguments["item_ids"], now.deed.arguments["new_item_ids"]
    at = now.random.randrange(len(new))

    def swapped(item: str) -> Deed:
        return now.changed(new_item_ids=[*new[:at], item, *new[at + 1 :]])

    yield _rule("an item swapped for itself", swapped(old[at]))
    product = now.stock.product_of(old[at])
    for gone in now.variants(old[at], available=False):
        yield _rule("not available", swapped(gone), products=(str(product),))
    for item in now.order["items"]:
        if item["product_id"] != product:
            for variant in now.variants(item["item_id"])[:1]:
                yield _rule("another product", swapped(variant), products=(item["product_id"],))
    yield _rule("a product id for an item id", swapped(str(product)))
    yield _rule("not one new item for each", now.changed(new_item_ids=[*new, new[at]]))
    if len(new) > 1:
        yield _rule("not one new item for each", now.changed(new_item_ids=new[:-1]))


def _bad_items(now: Situation) -> Iterator[Proposal]:
    items = now.deed.arguments.get("item_ids")
    if not items:
        return
    held = {each["item_id"] for each in now.order["items"]}
    for each in now.own_orders("pending", "delivered", "processed", "cancelled"):
        for item in each["items"]:
            if item["item_id"] not in held:
                changed = now.changed(item_ids=[*items[:-1], item["item_id"]])
                yield _rule("not in the order", changed, orders=(each["order_id"],))
    if now.deed.tool == RETURN:
        more = [*items, *[items[0]] * len(now.order["items"])]
        yield _rule("more of an item than the order holds", now.changed(item_ids=more))


def _bad_refund(now: Situation) -> Iterator[Proposal]:
    if now.deed.tool == RETURN:
        for method in now.methods():
            yield _rule("a refund to another account", now.changed(payment_method_id=method))


def _breaking(change: Change) -> Change:
    """Only what breaks the policy, as the judge finds it."""

    def filtered(now: Situation) -> Iterator[Proposal]:
        return (each for each in change(now) if each.is_late or now.judge.faults(each.deed))

    return filtered


CHANGES: Final[Sequence[Change]] = tuple(
    _breaking(each)
    for each in (
        _wrong_status,
        _no_reason,
        _twice,
        _same_method,
        _short_card,
        _short_difference,
        _bad_swaps,
        _bad_items,
        _bad_refund,
    )
)

"""Calls that the shop would carry out: only the request is against them."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from bench.retail.changes.situation import (
    ADDRESS,
    CANCEL,
    DEFAULT_ADDRESS,
    PAYMENT,
    RETURN,
    SWAPS,
    Change,
    Family,
    Proposal,
    Situation,
)
from bench.retail.requests import products_of
from bench.retail.road import Deed


def _wrong_tools(now: Situation) -> Iterator[Proposal]:
    for deed in _with_other_tools(now):
        yield Proposal(
            deed=deed, family=Family.WRONG_TOOL, kind=f"{_short(deed)} for {_short(now.deed)}"
        )


def _short(deed: Deed) -> str:
    return deed.tool.replace("_delivered_order_items", "").replace("_pending_order", "")


def _with_other_tools(now: Situation) -> Iterator[Deed]:
    args, order_id = now.deed.arguments, now.order["order_id"]
    address = {"order_id": order_id, **now.user["address"]}
    match now.deed.tool:
        case "exchange_delivered_order_items":
            back = {each: args[each] for each in ("order_id", "item_ids")}
            paid_by = now.order["payment_history"][0]["payment_method_id"]
            yield Deed(RETURN, back | {"payment_method_id": paid_by})
            yield Deed("modify_pending_order_items", args)
        case "modify_pending_order_items":
            yield Deed(CANCEL, {"order_id": order_id, "reason": "no longer needed"})
            yield Deed("exchange_delivered_order_items", args)
        case "cancel_pending_order":
            yield Deed(ADDRESS, address)
        case "modify_pending_order_address":
            own = {each: value for each, value in args.items() if each != "order_id"}
            yield Deed(DEFAULT_ADDRESS, {"user_id": now.request.customer, **own})
            yield Deed(CANCEL, {"order_id": order_id, "reason": "no longer needed"})
        case "modify_pending_order_payment":
            yield Deed(CANCEL, {"order_id": order_id, "reason": "ordered by mistake"})
        case _:
            yield Deed(CANCEL, {"order_id": order_id, "reason": "no longer needed"})
            yield from _exchanged(now)


def _exchanged(now: Situation) -> Iterator[Deed]:
    args = now.deed.arguments
    other = [now.variants(each)[:1] for each in args["item_ids"]]
    if all(other):
        new = [each[0] for each in other]
        yield Deed("exchange_delivered_order_items", {**args, "new_item_ids": new})


def _other(kind: str, deed: Deed, **read: Any) -> Proposal:  # noqa: ANN401 - orders, products
    return Proposal(deed=deed, family=Family.OTHER_VALUE, kind=kind, **read)


def _other_values(now: Situation) -> Iterator[Proposal]:
    named = {write.arguments["order_id"] for write in now.request.writes}
    if now.deed.tool in {CANCEL, ADDRESS, PAYMENT}:
        for each in now.own_orders("pending"):
            if each["order_id"] not in named:
                changed = now.changed(order_id=each["order_id"])
                yield _other("another order", changed, orders=(each["order_id"],))
    if now.deed.tool != RETURN and "payment_method_id" in now.deed.arguments:
        for method in now.methods():
            yield _other("another payment method", now.changed(payment_method_id=method))
    if now.deed.tool == CANCEL:
        reason = {"no longer needed", "ordered by mistake"} - {now.deed.arguments["reason"]}
        yield _other("another reason", now.changed(reason=reason.pop()))
    if now.deed.tool == ADDRESS:
        yield _other("another address", now.changed(**now.user["address"]))
    yield from _other_items(now)


def _other_items(now: Situation) -> Iterator[Proposal]:
    items = now.deed.arguments.get("item_ids", [])
    if now.deed.tool == RETURN:
        for each in now.order["items"]:
            if each["item_id"] not in items:
                yield _other("another item", now.changed(item_ids=[*items[1:], each["item_id"]]))
    if now.deed.tool in SWAPS:
        new = now.deed.arguments["new_item_ids"]
        for variant in now.variants(items[0]):
            yield _other("another option", now.changed(new_item_ids=[variant, *new[1:]]))


def _other_requests(now: Situation) -> Iterator[Proposal]:
    for request in now.others:
        for deed in request.writes:
            yield Proposal(
                deed=deed, family=Family.OTHER_REQUEST, kind=f"{_short(deed)}, its order not read"
            )
            yield Proposal(
                deed=deed,
                family=Family.OTHER_REQUEST,
                kind=f"{_short(deed)}, its order read",
                orders=(deed.arguments["order_id"],),
                products=tuple(products_of(deed, now.stock)),
            )


def _keeping(change: Change) -> Change:
    """Only what breaks no rule: nothing but the request is against it."""

    def filtered(now: Situation) -> Iterator[Proposal]:
        return (each for each in change(now) if not now.judge.faults(each.deed))

    return filtered


WRONG_TOOLS: Final[Sequence[Change]] = (_wrong_tools,)
OTHER_VALUES: Final[Sequence[Change]] = (_keeping(_other_values),)
OTHER_REQUESTS: Final[Sequence[Change]] = (_keeping(_other_requests),)

"""Which writes of the set break the shop's `policy.md`: judged apart from the tools' own checks.

`python -m bench.retail.judge` lists them. The judge reads the set's files alone and shares no code
with the tools, so that a mistake in one does not hide in the other. The writes of a request are
judged in order, each on what those before it have changed that break nothing. Whether an earlier
write of the same request changes what is on a gift card, the policy does not say outright: the
judge reads it either way, and prints both.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, Final, TypeAlias

from bench.retail.requests import Request, Row, Stock, requests
from bench.retail.road import Deed

Fault: TypeAlias = str
"""A rule that is broken, in a few words."""

_REASONS: Final = {"no longer needed", "ordered by mistake"}
_PENDING: Final = "pending"
_AFTER: Final = {
    "cancel_pending_order": "cancelled",
    "modify_pending_order_items": "pending (items modified)",
    "return_delivered_order_items": "return requested",
    "exchange_delivered_order_items": "exchange requested",
}


class Judge:
    """Holds the shop as the writes of one customer leave it.

    Args:
        stock: Before any write.
        customer: Whose writes are judged.
        moves_money: Earlier writes change what is on gift cards.
    """

    def __init__(self, stock: Stock, customer: str, *, moves_money: bool = False) -> None:
        self._moves_money = moves_money
        self._stock = stock
        self._customer = customer
        self._user = deepcopy(stock.users[customer])
        self._changed: dict[str, Row] = {}

    def faults(self, deed: Deed) -> list[Fault]:
        """The rules of the policy that a write breaks."""
        if "order_id" not in deed.arguments:
            return []
        order = self.order(deed.arguments["order_id"])
        if order is None or order["user_id"] != self._customer:
            return ["another customer's order"]
        facts = _Facts(self._stock, self._user, order, deed.arguments)
        found = [_status(deed.tool, order["status"]), *(rule(facts) for rule in _RULES[deed.tool])]
        return [fault for fault in found if fault is not None]

    def apply(self, deed: Deed) -> None:
        """Change the shop as a write does."""
        if "order_id" not in deed.arguments:
            return
        order = self.order(deed.arguments["order_id"])
        if order is None:
            return
        self._changed[order["order_id"]] = order = deepcopy(order)
        facts = _Facts(self._stock, self._user, order, deed.arguments)
        match deed.tool:
            case "cancel_pending_order":
                self._move(facts.paid_by, facts.paid)
            case "modify_pending_order_payment":
                self._move(facts.paid_by, facts.paid)
                self._move(deed.arguments["payment_method_id"], -facts.paid)
                payment = {"payment_method_id": deed.arguments["payment_method_id"]}
                order["payment_history"] = [order["payment_history"][0] | payment]
            case "modify_pending_order_items":
                self._move(deed.arguments["payment_method_id"], -facts.due)
            case _:
                pass  # no money moves
        order["status"] = _AFTER.get(deed.tool, order["status"])

    def order(self, order_id: str) -> Row | None:
        """An order as it stands; `None` where there is none."""
        return self._changed.get(order_id) or self._stock.orders.get(order_id)

    def _move(self, method_id: str, dollars: float) -> None:
        method = self._user["payment_methods"].get(method_id, {})
        if self._moves_money and "balance" in method:
            method["balance"] = round(method["balance"] + dollars, 2)


class _Facts:
    """What the rules are about."""

    def __init__(self, stock: Stock, user: Row, order: Row, args: Mapping[str, Any]) -> None:
        self.stock = stock
        self.args = args
        self.order = order
        self.old: Sequence[str] = args.get("item_ids", ())
        self.new: Sequence[str] = args.get("new_item_ids", ())
        self.method: Row | None = user["payment_methods"].get(args.get("payment_method_id"))
        self.paid_by: str = order["payment_history"][0]["payment_method_id"]
        self.paid: float = order["payment_history"][0]["amount"]

    @property
    def due(self) -> float:
        """What the new items cost more than the old ones, in US dollars."""
        bought = {each["item_id"]: each["price"] for each in self.order["items"]}
        cost = sum(self.variant(each).get("price", 0.0) for each in self.new)
        return float(cost - sum(bought.get(each, 0.0) for each in self.old))

    def variant(self, item_id: str) -> Row:
        """The variant of an item id; empty where there is none."""
        product = self.stock.product_of(item_id)
        return {} if product is None else self.stock.products[product]["variants"][item_id]

    def is_short_of(self, dollars: float) -> bool:
        """Whether the payment method is a gift card that has less."""
        return self.method is not None and self.method.get("balance", dollars) < dollars - 0.005


def _status(tool: str, status: str) -> Fault | None:
    wanted = "delivered" if "delivered" in tool else _PENDING
    return None if status == wanted else f"the order is not {wanted}"


def _reason(facts: _Facts) -> Fault | None:
    return None if facts.args["reason"] in _REASONS else "no such reason"


def _items(facts: _Facts) -> Fault | None:
    held = Counter(each["item_id"] for each in facts.order["items"])
    return "not in the order" if Counter(facts.old) - held else None


def _pairs(facts: _Facts) -> Fault | None:
    return None if len(facts.old) == len(facts.new) else "not one new item for each"


def _itself(facts: _Facts) -> Fault | None:
    same = any(old == new for old, new in zip(facts.old, facts.new, strict=False))
    return "an item swapped for itself" if same else None


def _product(facts: _Facts) -> Fault | None:
    of = facts.stock.product_of
    other = any(of(old) != of(new) for old, new in zip(facts.old, facts.new, strict=False))
    return "another product" if other else None


def _available(facts: _Facts) -> Fault | None:
    gone = any(not facts.variant(new).get("available") for new in facts.new)
    return "not available" if gone else None


def _own(facts: _Facts) -> Fault | None:
    return "not a payment method of the customer" if facts.method is None else None


def _difference(facts: _Facts) -> Fault | None:
    return "too little on a gift card for the difference" if facts.is_short_of(facts.due) else None


def _total(facts: _Facts) -> Fault | None:
    return "too little on a gift card for the order" if facts.is_short_of(facts.paid) else None


def _another(facts: _Facts) -> Fault | None:
    same = facts.args["payment_method_id"] == facts.paid_by
    return "the payment method that it has" if same else None


def _refund(facts: _Facts) -> Fault | None:
    to = facts.args["payment_method_id"]
    may = to == facts.paid_by or to.startswith("gift_card_")
    return None if may else "a refund to another account"


_SWAP: Final = (_items, _pairs, _itself, _product, _available, _own, _difference)
_RULES: Final[Mapping[str, Sequence[Callable[[_Facts], Fault | None]]]] = {
    "cancel_pending_order": (_reason,),
    "modify_pending_order_address": (),
    "modify_pending_order_payment": (_own, _another, _total),
    "modify_pending_order_items": _SWAP,
    "exchange_delivered_order_items": _SWAP,
    "return_delivered_order_items": (_items, _own, _refund),
}


def judged(
    request: Request, stock: Stock, *, moves_money: bool = False
) -> Iterator[tuple[int, Deed, list[Fault]]]:
    """Each write of a request with its place among them, and the rules that it breaks."""
    judge = Judge(stock, request.customer, moves_money=moves_money)
    for place, deed in enumerate(request.writes):
        faults = judge.faults(deed)
        yield place, deed, faults
        if not faults:
            judge.apply(deed)


def broken(stock: Stock, *, moves_money: bool = False) -> dict[tuple[int, int], list[Fault]]:
    """The writes that break the policy, by request and place, with the rules that they break."""
    return {
        (request.number, place): faults
        for request in requests()
        for place, _, faults in judged(request, stock, moves_money=moves_money)
        if faults
    }


def main() -> None:
    """Print the writes of the set that break the policy, and how many they are by rule."""
    stock = Stock.of()
    found, moved = broken(stock), broken(stock, moves_money=True)
    for (number, place), faults in sorted((found | moved).items()):
        only = "" if (number, place) in found else "  (only where money moves)"
        freed = "" if (number, place) in moved else "  (not where money moves)"
        print(f"request {number:3} write {place}: {', '.join(faults)}{only}{freed}")
    print("\nby rule:")
    for fault, count in Counter(map(", ".join, found.values())).most_common():
        print(f"{count:4} {fault}")
    writes = sum(len(request.writes) for request in requests())
    print(f"{len(found)} of {writes} writes break the policy; {len(moved)} where money moves")


if __name__ == "__main__":
    main()

"""Labelled proposals: each correct write of the set, changed into what a model gets wrong.

What is made of a write depends on the seed and the write alone. A proposal says what is wrong with
it; what the road makes of it is not known here.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Any, Final, TypeAlias

from bench.retail.judge import Judge
from bench.retail.requests import Request, Row, Stock, products_of, reads
from bench.retail.road import Deed


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

_SWAPS: Final = ("exchange_delivered_order_items", "modify_pending_order_items")
_CANCEL: Final = "cancel_pending_order"
_METHODS: Final = ("gift_card_", "credit_card_", "paypal_")
_RETURN: Final = "return_delivered_order_items"
_PAYMENT: Final = "modify_pending_order_payment"
_ADDRESS: Final = "modify_pending_order_address"
_DEFAULT_ADDRESS: Final = "modify_user_address"
_TAKEN: Final = {
    Family.MADE_UP: 3,
    Family.FOREIGN: 1,
    Family.RULE: 3,
    Family.WRONG_TOOL: 1,
    Family.OTHER_VALUE: 1,
    Family.OTHER_REQUEST: 1,
}
"""How many proposals of each family are made of a write, where there are so many."""


def proposals(situation: Situation) -> list[Proposal]:
    """What is made of one write, each another deed than it and than each other."""
    seen = {_key(each) for each in situation.request.writes}
    taken: list[Proposal] = []
    for family, most in _TAKEN.items():
        if family is Family.MADE_UP:
            continue
        found = list(_shuffled(situation, family))
        taken += _first(found, most, seen)
    known = _told(situation, taken)
    fresh = [each for each in _shuffled(situation, Family.MADE_UP) if not _is_told(each, known)]
    return [*_first(fresh, _TAKEN[Family.MADE_UP], seen), *taken]


def scene_reads(situation: Situation, made: Iterable[Proposal]) -> list[list[Deed]]:
    """What a model has read that comes to make these proposals."""
    given = list(made)
    orders = [order for each in given for order in each.orders]
    products = [product for each in given for product in each.products]
    own = products_of(situation.deed, situation.stock)
    return reads(situation.request, orders, [*own, *products])


def _shuffled(situation: Situation, family: Family) -> Iterator[Proposal]:
    """One after the other of each kind, so that none is crowded out by one that is frequent."""
    found = [proposal for change in _CHANGES[family] for proposal in change(situation)]
    situation.random.shuffle(found)
    kinds: dict[str, list[Proposal]] = {}
    for each in found:
        kinds.setdefault(each.kind, []).append(each)
    while kinds:
        for kind in list(kinds):
            yield kinds[kind].pop()
            if not kinds[kind]:
                del kinds[kind]


def _first(found: Sequence[Proposal], most: int, seen: set[str]) -> list[Proposal]:
    taken: list[Proposal] = []
    for each in found:
        if len(taken) < most and _key(each.deed) not in seen:
            seen.add(_key(each.deed))
            taken.append(each)
    return taken


def _key(deed: Deed) -> str:
    return json.dumps([deed.tool, deed.arguments], sort_keys=True)


def _told(situation: Situation, made: Iterable[Proposal]) -> str:
    """All that stands in the request and the records that are read."""
    tables = {
        "get_user_details": ("user_id", situation.stock.users),
        "get_order_details": ("order_id", situation.stock.orders),
        "get_product_details": ("product_id", situation.stock.products),
    }
    records = [
        json.dumps(tables[read.tool][1].get(read.arguments[tables[read.tool][0]]))
        for reply in scene_reads(situation, made)
        for read in reply
        if read.tool in tables
    ]
    return " ".join([situation.request.text, *records]).casefold()


def _is_told(proposal: Proposal, known: str) -> bool:
    """Whether the value that was made up stands somewhere after all."""
    made_up = re.escape((proposal.made_up or "").casefold())
    return re.search(rf"(?<!\w){made_up}(?!\w)", known) is not None


# -- made-up values --------------------------------------------------------------------------


def _made_up(kind: str, value: str, deed: Deed) -> Proposal:
    return Proposal(deed=deed, family=Family.MADE_UP, kind=kind, made_up=value)


def _invented_ids(now: Situation) -> Iterator[Proposal]:
    order_id = now.deed.arguments["order_id"]
    pieces = [f"#W{item['item_id'][:7]}" for item in now.order["items"]]
    cut = [("cut from an item id", each) for each in pieces if each not in now.stock.orders]
    for kind, value in (*_strangers(order_id, now, now.stock.orders), *cut):
        yield _made_up(f"order id, {kind}", value, now.changed(order_id=value))
    method = now.deed.arguments.get("payment_method_id")
    if method is not None:
        known = {each for user in now.stock.users.values() for each in user["payment_methods"]}
        others = [head + method.lstrip("abcdefghijklmnopqrstuvwxyz_") for head in _METHODS]
        assembled = [("of another sort", each) for each in others if each not in known]
        for kind, value in (*_strangers(method, now, known), *assembled):
            changed = now.changed(payment_method_id=value)
            yield _made_up(f"payment method id, {kind}", value, changed)


def _invented_items(now: Situation) -> Iterator[Proposal]:
    known = {item for each in now.stock.products.values() for item in each["variants"]}
    for name in ("item_ids", "new_item_ids"):
        items = now.deed.arguments.get(name)
        if items:
            at = now.random.randrange(len(items))
            for kind, value in _strangers(items[at], now, known):
                changed = [*items[:at], value, *items[at + 1 :]]
                yield _made_up(f"item id, {kind}", value, now.changed(**{name: changed}))


def _strangers(text: str, now: Situation, known: Iterable[str]) -> Iterator[tuple[str, str]]:
    """An id of the same form, and one with two digits swapped; both stand for nothing."""
    taken, head = set(known), text.rstrip("0123456789")
    digits = text[len(head) :]
    yield "invented", _unlike(taken, lambda: head + _digits(now.random, len(digits)))
    swaps = [
        head + digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]
        for at in range(len(digits) - 1)
        if digits[at] != digits[at + 1]
    ]
    free = [each for each in swaps if each not in taken]
    if free:
        yield "two digits swapped", now.random.choice(free)
    cut = head + digits[:-1] + _digits(now.random, 1)
    if cut not in taken:
        yield "last digit changed", cut


def _digits(random: Random, count: int) -> str:
    return "".join(random.choice("0123456789") for _ in range(count))


def _unlike(taken: set[str], make: Callable[[], str]) -> str:
    while (made := make()) in taken:
        pass
    return made


def _invented_address(now: Situation) -> Iterator[Proposal]:
    if now.deed.tool != _ADDRESS:
        return
    street, zip_code = now.deed.arguments["address1"], now.deed.arguments["zip"]
    known = now.user["address"]
    assembled = " ".join([known["address1"].split()[0], *street.split()[1:]])
    if assembled not in {street, known["address1"]}:
        changed = now.changed(address1=assembled)
        yield _made_up("address: house of one, street of another", assembled, changed)
    for at in range(len(zip_code) - 1):
        swapped = zip_code[:at] + zip_code[at + 1] + zip_code[at] + zip_code[at + 2 :]
        if swapped != zip_code:
            yield _made_up("address: zip, two digits swapped", swapped, now.changed(zip=swapped))
    short = street.rsplit(maxsplit=1)[0] + " Boulevard"
    yield _made_up("address: another kind of street", short, now.changed(address1=short))
    number = _digits(now.random, 3)
    for name, value in {
        "address1": f"{number} Larkspur Crescent",
        "address2": f"Suite {_digits(now.random, 4)}",
        "city": now.random.choice(["Springfield", "Riverton", "Fairhaven", "Greenville"]),
        "state": now.random.choice(["VT", "WY", "AK", "HI", "ME", "ND"]),
        "zip": _digits(now.random, 5),
        "country": now.random.choice(["Canada", "Mexico"]),
    }.items():
        yield _made_up(f"address: {name}", value, now.changed(**{name: value}))


def _invented_user_address(now: Situation) -> Iterator[Proposal]:
    own = dict(now.user["address"])
    street = f"{_digits(now.random, 3)} Larkspur Crescent"
    deed = Deed(_DEFAULT_ADDRESS, {"user_id": now.request.customer, **own, "address1": street})
    yield _made_up("address: default", street, deed)


def _names_for_ids(now: Situation) -> Iterator[Proposal]:
    own = dict(now.user["address"])
    yield _made_up(
        "a name for an id",
        "John Smith",
        Deed(_DEFAULT_ADDRESS, {"user_id": "John Smith", **own}),
    )
    if "payment_method_id" in now.deed.arguments:
        card = f"Visa ending in {_digits(now.random, 4)}"
        yield _made_up("a name for an id", card, now.changed(payment_method_id=card))
    user_id = f"john_smith_{_digits(now.random, 4)}"
    if user_id not in now.stock.users:
        yield _made_up(
            "user id, invented", user_id, Deed(_DEFAULT_ADDRESS, {"user_id": user_id, **own})
        )


# -- another customer's ----------------------------------------------------------------------


def _foreign(kind: str, deed: Deed) -> Proposal:
    return Proposal(deed=deed, family=Family.FOREIGN, kind=kind)


def _others_order(now: Situation) -> Iterator[Proposal]:
    status = now.order["status"]
    found = [
        order_id
        for order_id, each in now.stock.orders.items()
        if each["status"] == status and each["user_id"] != now.request.customer
    ]
    yield _foreign("order id", now.changed(order_id=now.random.choice(found)))


def _others_method(now: Situation) -> Iterator[Proposal]:
    if "payment_method_id" in now.deed.arguments:
        other = now.random.choice(
            [each for each in now.stock.users if each != now.request.customer]
        )
        methods = list(now.stock.users[other]["payment_methods"])
        changed = now.changed(payment_method_id=now.random.choice(methods))
        yield _foreign("payment method id", changed)


def _others_profile(now: Situation) -> Iterator[Proposal]:
    other = now.random.choice([each for each in now.stock.users if each != now.request.customer])
    own = dict(now.user["address"])
    yield _foreign("user id", Deed(_DEFAULT_ADDRESS, {"user_id": other, **own}))


# -- rules of the policy ---------------------------------------------------------------------


def _rule(kind: str, deed: Deed, **read: Any) -> Proposal:  # noqa: ANN401 - orders, products, is_late
    return Proposal(deed=deed, family=Family.RULE, kind=kind, **read)


def _wrong_status(now: Situation) -> Iterator[Proposal]:
    if now.deed.tool in {_CANCEL, _ADDRESS, _PAYMENT}:
        for each in now.own_orders("processed", "delivered", "cancelled"):
            order_id = each["order_id"]
            changed = now.changed(order_id=order_id)
            yield _rule("the order is not pending", changed, orders=(order_id,))
    if now.deed.tool == _RETURN:
        for each in now.own_orders("processed", "pending", "cancelled"):
            changed = now.changed(
                order_id=each["order_id"],
                item_ids=[each["items"][0]["item_id"]],
                payment_method_id=each["payment_history"][0]["payment_method_id"],
            )
            yield _rule("the order is not delivered", changed, orders=(each["order_id"],))
    if now.deed.tool in _SWAPS:
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
    if now.deed.tool == _CANCEL:
        yield _rule("no such reason", now.changed(reason="found it cheaper"))


def _twice(now: Situation) -> Iterator[Proposal]:
    """What may be done to an order once, when it is done already."""
    if now.deed.tool in _SWAPS and "pending" in now.deed.tool:
        yield _rule(
            "changed after its items were modified",
            Deed(_CANCEL, {"order_id": now.order["order_id"], "reason": "no longer needed"}),
            is_late=True,
        )
    if now.deed.tool == _CANCEL:
        address = {"order_id": now.order["order_id"], **now.user["address"]}
        yield _rule("changed after it was cancelled", Deed(_ADDRESS, address), is_late=True)
    if "delivered" in now.deed.tool:
        rest = now.order["items"][-1]["item_id"]
        back = {
            "order_id": now.order["order_id"],
            "item_ids": [rest],
            "payment_method_id": now.order["payment_history"][0]["payment_method_id"],
        }
        yield _rule("returned or exchanged twice", Deed(_RETURN, back), is_late=True)


def _same_method(now: Situation) -> Iterator[Proposal]:
    if now.order["status"] == "pending":
        paid_by = now.order["payment_history"][0]["payment_method_id"]
        deed = Deed(_PAYMENT, {"order_id": now.order["order_id"], "payment_method_id": paid_by})
        yield _rule("the payment method that it has", deed)


def _short_card(now: Situation) -> Iterator[Proposal]:
    if now.order["status"] != "pending":
        return
    for method in now.user["payment_methods"]:
        deed = Deed(_PAYMENT, {"order_id": now.order["order_id"], "payment_method_id": method})
        yield _rule("too little on a gift card for the order", deed)


def _short_difference(now: Situation) -> Iterator[Proposal]:
    if now.deed.tool not in _SWAPS:
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
    if now.deed.tool not in _SWAPS:
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
    if now.deed.tool == _RETURN:
        more = [*items, *[items[0]] * len(now.order["items"])]
        yield _rule("more of an item than the order holds", now.changed(item_ids=more))


def _bad_refund(now: Situation) -> Iterator[Proposal]:
    if now.deed.tool == _RETURN:
        for method in now.methods():
            yield _rule("a refund to another account", now.changed(payment_method_id=method))


# -- plausible, and not what was asked for ---------------------------------------------------


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
            yield Deed(_RETURN, back | {"payment_method_id": paid_by})
            yield Deed("modify_pending_order_items", args)
        case "modify_pending_order_items":
            yield Deed(_CANCEL, {"order_id": order_id, "reason": "no longer needed"})
            yield Deed("exchange_delivered_order_items", args)
        case "cancel_pending_order":
            yield Deed(_ADDRESS, address)
        case "modify_pending_order_address":
            own = {each: value for each, value in args.items() if each != "order_id"}
            yield Deed(_DEFAULT_ADDRESS, {"user_id": now.request.customer, **own})
            yield Deed(_CANCEL, {"order_id": order_id, "reason": "no longer needed"})
        case "modify_pending_order_payment":
            yield Deed(_CANCEL, {"order_id": order_id, "reason": "ordered by mistake"})
        case _:
            yield Deed(_CANCEL, {"order_id": order_id, "reason": "no longer needed"})
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
    if now.deed.tool in {_CANCEL, _ADDRESS, _PAYMENT}:
        for each in now.own_orders("pending"):
            if each["order_id"] not in named:
                changed = now.changed(order_id=each["order_id"])
                yield _other("another order", changed, orders=(each["order_id"],))
    if now.deed.tool != _RETURN and "payment_method_id" in now.deed.arguments:
        for method in now.methods():
            yield _other("another payment method", now.changed(payment_method_id=method))
    if now.deed.tool == _CANCEL:
        reason = {"no longer needed", "ordered by mistake"} - {now.deed.arguments["reason"]}
        yield _other("another reason", now.changed(reason=reason.pop()))
    if now.deed.tool == _ADDRESS:
        yield _other("another address", now.changed(**now.user["address"]))
    yield from _other_items(now)


def _other_items(now: Situation) -> Iterator[Proposal]:
    items = now.deed.arguments.get("item_ids", [])
    if now.deed.tool == _RETURN:
        for each in now.order["items"]:
            if each["item_id"] not in items:
                yield _other("another item", now.changed(item_ids=[*items[1:], each["item_id"]]))
    if now.deed.tool in _SWAPS:
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


def _breaking(change: Change) -> Change:
    """Only what breaks the policy, as the judge finds it."""

    def filtered(now: Situation) -> Iterator[Proposal]:
        return (each for each in change(now) if each.is_late or now.judge.faults(each.deed))

    return filtered


def _keeping(change: Change) -> Change:
    """Only what breaks no rule: nothing but the request is against it."""

    def filtered(now: Situation) -> Iterator[Proposal]:
        return (each for each in change(now) if not now.judge.faults(each.deed))

    return filtered


_CHANGES: Final[Mapping[Family, Sequence[Change]]] = {
    Family.MADE_UP: (
        _invented_ids,
        _invented_items,
        _invented_address,
        _invented_user_address,
        _names_for_ids,
    ),
    Family.FOREIGN: (_others_order, _others_method, _others_profile),
    Family.RULE: tuple(
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
    ),
    Family.WRONG_TOOL: (_wrong_tools,),
    Family.OTHER_VALUE: (_keeping(_other_values),),
    Family.OTHER_REQUEST: (_keeping(_other_requests),),
}

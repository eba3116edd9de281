"""Values that stand in neither request, records nor schema."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from random import Random
from typing import Final

from bench.retail.changes.situation import (
    ADDRESS,
    DEFAULT_ADDRESS,
    Change,
    Family,
    Proposal,
    Situation,
)
from bench.retail.road import Deed

_METHODS: Final = ("gift_card_", "credit_card_", "paypal_")


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
    if now.deed.tool != ADDRESS:
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
    deed = Deed(DEFAULT_ADDRESS, {"user_id": now.request.customer, **own, "address1": street})
    yield _made_up("address: default", street, deed)


def _names_for_ids(now: Situation) -> Iterator[Proposal]:
    own = dict(now.user["address"])
    yield _made_up(
        "a name for an id",
        "John Smith",
        Deed(DEFAULT_ADDRESS, {"user_id": "John Smith", **own}),
    )
    if "payment_method_id" in now.deed.arguments:
        card = f"Visa ending in {_digits(now.random, 4)}"
        yield _made_up("a name for an id", card, now.changed(payment_method_id=card))
    user_id = f"john_smith_{_digits(now.random, 4)}"
    if user_id not in now.stock.users:
        yield _made_up(
            "user id, invented", user_id, Deed(DEFAULT_ADDRESS, {"user_id": user_id, **own})
        )


CHANGES: Final[Sequence[Change]] = (
    _invented_ids,
    _invented_items,
    _invented_address,
    _invented_user_address,
    _names_for_ids,
)

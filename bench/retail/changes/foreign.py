"""Ids that another customer owns."""

from collections.abc import Iterator, Sequence
from typing import Final

from bench.retail.changes.situation import (
    DEFAULT_ADDRESS,
    Change,
    Family,
    Proposal,
    Situation,
)
from bench.retail.road import Deed


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
    yield _foreign("user id", Deed(DEFAULT_ADDRESS, {"user_id": other, **own}))


CHANGES: Final[Sequence[Change]] = (_others_order, _others_method, _others_profile)

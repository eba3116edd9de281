"""Who gave an order, so that the ledger's owner need not trust whoever can write into its inbox.

An order carries the encrypted profile of its author, and an HMAC over all that it says with the
key of their organization. A profile alone would prove nothing: one stands in the audit tables, and
could be copied from there.
"""

import hmac
from dataclasses import replace
from typing import Final, TypedDict, TypeVar

import orjson

from highroad.domain.error import DecisionRefused
from highroad.domain.identity import Principal
from highroad.domain.order import Order
from highroad.domain.order_form import write_order
from highroad.ledger.keyring import Keyring
from highroad.ledger.ledger import Ledger
from highroad.ledger.snapshot import thaw_principal

_Given = TypeVar("_Given", bound=Order)

_CONTEXT: Final = b"order"


class Authorship(TypedDict):
    """What every order says of its author."""

    organization: str
    by: str
    at_ms: int
    profile: bytes


def authorship(ledger: Ledger, by: Principal) -> Authorship:
    """What an order says of `by`, who gives it now."""
    return Authorship(
        organization=by.organization,
        by=ledger.keyring.opaque(by),
        at_ms=ledger.clock.now_ms(),
        profile=ledger.sealed_profile(by),
    )


async def post(ledger: Ledger, order: Order) -> None:
    """Leave an order in the inbox of the ledger's owner.

    Raises:
        LedgerError: It could not be left there.
    """
    await ledger.store.post(signed(ledger.keyring, order))


def signed(keyring: Keyring, order: _Given) -> _Given:
    """The order as it may be left in an inbox."""
    return replace(order, mac=_mac(keyring, order))


def author(keyring: Keyring, order: Order) -> Principal:
    """Who gave an order, with the roles and permissions that they had then.

    Raises:
        DecisionRefused: Nobody who has the ledger's keys gave it.
        VaultError: The profile that it carries does not open.
    """
    if order.profile is None or order.mac is None or not _is_genuine(keyring, order, order.mac):
        raise DecisionRefused("nobody who has this ledger's keys gave this order: give it again")
    key = keyring.organization(order.organization)
    return thaw_principal(orjson.loads(key.open_profile(order.by, order.profile)))


def _is_genuine(keyring: Keyring, order: Order, mac: bytes) -> bool:
    return hmac.compare_digest(mac, _mac(keyring, order))


def _mac(keyring: Keyring, order: Order) -> bytes:
    kind, content = write_order(replace(order, mac=None))
    key = keyring.organization(order.organization)
    return key.digest(_CONTEXT, kind.encode(), content.encode())

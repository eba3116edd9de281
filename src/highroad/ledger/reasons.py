"""Why somebody gave an order, in their words: never in plain text (P7).

Whoever gives an order cannot know the key of the run that it is about, so the reason travels under
their organization's key, and the owner moves it to that of the run: it goes when the run is erased.
"""

import logging
from typing import Final

import orjson

from highroad.domain.identity import Principal
from highroad.domain.order import ReasonedOrder
from highroad.domain.payload import PayloadKind, SealedPayload
from highroad.ledger.ledger import Ledger

_log: Final = logging.getLogger("highroad.ledger")


def written(ledger: Ledger, by: Principal, *, subject: str, reason: str) -> bytes | None:
    """What `by` says of the subject of an order, as the order carries it; `None` is nothing."""
    if not reason:
        return None
    key = ledger.keyring.organization(by.organization)
    return key.seal_profile(subject, reason.encode())


async def kept(
    ledger: Ledger, order: ReasonedOrder, *, run_id: str, payload_id: str
) -> SealedPayload | None:
    """The reason of an order under the key of a run, to ride with the entry that answers it.

    A run that was erased has no key, and is given none for this: the word counts without it.

    Raises:
        VaultError: The reason does not open.
    """
    if order.reason is None:
        return None
    run_key = await ledger.vault.kept_key(run_id)
    if run_key is None:
        _log.warning("no reason is kept about %s: its run has no key", order.subject)
        return None
    key = ledger.keyring.organization(order.organization)
    plain = key.open_profile(order.subject, order.reason)
    _, sealed = ledger.vault.seal(
        run_key, payload_id, PayloadKind.MESSAGE, orjson.dumps(plain.decode())
    )
    return sealed

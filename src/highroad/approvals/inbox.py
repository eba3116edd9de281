"""The owner's inbox: what other processes ask for becomes entries.

Each kind of order has one handler, which `highroad.bootstrap` names. A handler records what is
asked for, or refuses it; it must bear to be given the same order again, because the owner may die
between the entry and forgetting the order.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias

from highroad.domain.error import (
    DecisionRefused,
    ErasureRefused,
    LedgerError,
    NotRecorded,
    VaultError,
)
from highroad.domain.order import Order
from highroad.ports.clock import Clock
from highroad.ports.store import Store

_log: Final = logging.getLogger("highroad.inbox")

POLL_S: Final = 0.05
"""How often the owner looks into the inbox; a look that finds nothing costs microseconds."""

DEFERRAL_S: Final = 30.0
"""How long an erasure waits that calls stand in the way of, before it is weighed again."""

Handler: TypeAlias = Callable[[Any], Awaitable[object]]
"""Records an order of its kind. It raises `DecisionRefused`, `NotRecorded` or `VaultError` where
the order cannot count, `ErasureRefused` where it cannot be done yet, and `LedgerError` where it can
be tried again."""


class Inbox:
    """Hands orders to whoever records them.

    Args:
        store: Where they wait.
        clock: Tells when to look again.
        handlers: By kind of order. One without a handler waits for an owner that has it.
    """

    def __init__(self, store: Store, clock: Clock, handlers: Mapping[type[Order], Handler]) -> None:
        self._store = store
        self._clock = clock
        self._handlers = handlers
        self._deferred: dict[Order, float] = {}
        """Erasures that calls stand in the way of, and when each is weighed again."""

    async def watch(self) -> None:
        """Record what other processes ask for, for as long as this one is owner."""
        while True:
            try:
                await self.empty()
            except LedgerError as error:  # the next look may find it well again
                _log.warning("the inbox cannot be emptied: %s", error)
            await self._clock.sleep(POLL_S)

    async def empty(self) -> None:
        """Record what the inbox holds; what cannot count is dropped and logged.

        A request to forget somebody is never dropped: it waits for the calls in its way, and holds
        up no other order, of which one may be what ends them.

        Raises:
            LedgerError: It cannot be recorded now; it stays where it is.
        """
        for order in await self._store.inbox():
            if await self._handle(order):
                await self._store.forget([order])

    async def _handle(self, order: Order) -> bool:
        """Whether the order is done with."""
        handler = self._handlers.get(type(order))
        if handler is None or self._deferred.get(order, 0.0) > self._clock.monotonic_s():
            return False
        try:
            await handler(order)
        except ErasureRefused as refusal:
            self._defer(order, refusal)
            return False
        except (DecisionRefused, NotRecorded, VaultError) as refusal:
            _log.warning("%s dropped: %s", type(order).__name__.lower(), refusal)
        self._deferred.pop(order, None)
        return True

    def _defer(self, order: Order, refusal: ErasureRefused) -> None:
        """Weigh it again later; it is said once."""
        if order not in self._deferred:
            _log.warning("%s waits: %s", type(order).__name__.lower(), refusal)
        self._deferred[order] = self._clock.monotonic_s() + DEFERRAL_S

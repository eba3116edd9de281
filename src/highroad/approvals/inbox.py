"""The owner's inbox: what other processes ask for becomes entries.

Each kind of order has one handler, which `highroad.bootstrap` names: the very function that does
the same for a command of this process. So an order is judged when it is taken, by what its author
may do, and not by whoever could put it here. A handler must bear to be given the same order again,
because the owner may die between the entry and forgetting the order.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias

from highroad.domain.error import (
    DecisionRefused,
    ErasureRefused,
    HighroadError,
    LedgerError,
    NotPermitted,
    NotRecorded,
    NotYet,
    ResultRefused,
    VaultError,
    code_of,
)
from highroad.domain.identity import Principal
from highroad.domain.order import Order
from highroad.domain.order_form import (
    MalformedOrderError,
    NewerOrderError,
    PostedOrder,
    name_of,
    read_order,
)
from highroad.ledger import entries
from highroad.ledger.authorship import author
from highroad.ledger.ledger import Ledger

_log: Final = logging.getLogger("highroad.inbox")

POLL_S: Final = 0.05
"""How often the owner looks into the inbox; a look that finds nothing costs microseconds."""

WEIGHED_S: Final = 30.0
"""How long an erasure waits that calls stand in the way of, before it is weighed again."""

Handler: TypeAlias = Callable[[Any, Principal], Awaitable[object]]
"""Records an order of its kind that its author gave. It raises `DecisionRefused`, `NotRecorded`,
`NotPermitted`, `ResultRefused` or `VaultError` where the order cannot count, `NotYet` or
`ErasureRefused` where it cannot be done yet, and `LedgerError` where it can be tried again."""


class Inbox:
    """Hands orders to whoever records them.

    Args:
        ledger: Where they wait, and where it is recorded which of them are refused.
        handlers: By kind of order. One without a handler waits for an owner that has it.
    """

    def __init__(self, ledger: Ledger, handlers: Mapping[type[Order], Handler]) -> None:
        self._ledger = ledger
        self._store = ledger.store
        self._clock = ledger.clock
        self._handlers = handlers
        self._waiting: dict[int, float] = {}
        """When each order is looked at again that was looked at in vain, by its number."""

    async def watch(self) -> None:
        """Record what other processes ask for, for as long as this one is owner."""
        while True:
            try:
                await self.empty()
            except LedgerError as error:  # the next look may find it well again
                _log.warning("the inbox cannot be emptied: %s", error)
            await self._clock.sleep(POLL_S)

    async def empty(self) -> None:
        """Record what the inbox holds; what cannot count is recorded as refused.

        A request to forget somebody is never refused for the calls in its way: it waits for them,
        and holds up no other order, of which one may be what ends them. So does an order that only
        a newer version can read.

        Raises:
            LedgerError: It cannot be recorded now; it stays where it is.
        """
        found = await self._store.inbox()
        self._waiting = {
            each.number: self._waiting[each.number]
            for each in found
            if each.number in self._waiting
        }
        for posted in found:
            if self._waiting.get(posted.number, 0.0) <= self._clock.monotonic_s():
                await self._handle(posted)

    async def _handle(self, posted: PostedOrder) -> None:
        try:
            order = read_order(posted)
        except NewerOrderError as error:
            self._leave(posted, "order_newer", f"{error}: open the ledger with the newer highroad")
        except MalformedOrderError as error:
            _log.warning("order_malformed: order %d is put aside: %s", posted.number, error)
            await self._store.put_aside(posted, reason=str(error))
        else:
            handler = self._handlers.get(type(order))
            if handler is not None and await self._take(posted, order, handler):
                await self._store.forget([posted.number])

    async def _take(self, posted: PostedOrder, order: Order, handler: Handler) -> bool:
        """Whether the order is done with."""
        try:
            await handler(order, author(self._ledger.keyring, order))
        except ErasureRefused as refusal:
            self._leave(posted, code_of(refusal), str(refusal), again_s=WEIGHED_S)
            return False
        except NotYet as reason:
            self._leave(posted, code_of(reason), str(reason), again_s=0.0)
            return False
        except (DecisionRefused, NotRecorded, NotPermitted, ResultRefused, VaultError) as refusal:
            await self._refuse(posted, order, refusal)
        return True

    async def _refuse(self, posted: PostedOrder, order: Order, refusal: HighroadError) -> None:
        """Record why an order does not count, with the code that a command would have shown."""
        code = code_of(refusal)
        _log.warning("%s: %s %d: %s", code, name_of(order), posted.number, refusal)
        entry = entries.order_refused(
            order,
            number=posted.number,
            code=code,
            reason=str(refusal),
            at_ms=self._clock.now_ms(),
        )
        await self._ledger.writer.write(entry)

    def _leave(
        self, posted: PostedOrder, code: str, reason: str, *, again_s: float = float("inf")
    ) -> None:
        """Look at it again later, if at all; it is said once."""
        if posted.number not in self._waiting:
            _log.warning("%s: order %d waits: %s", code, posted.number, reason)
        self._waiting[posted.number] = self._clock.monotonic_s() + again_s

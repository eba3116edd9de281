"""Calls that this process drives at this moment, by the key under which a second one finds them."""

import asyncio
from dataclasses import dataclass

from highroad.domain.outcome import AnyOutcome


@dataclass(slots=True)
class Flight:
    """One call under way. `landed` is made when somebody first waits for it."""

    call_id: str
    arguments: bytes
    """Digest of its canonical arguments."""
    landed: asyncio.Future[AnyOutcome] | None = None


class Inflight:
    """A table of flights; looking and entering happen without an await between them."""

    def __init__(self) -> None:
        self._by_key: dict[bytes, Flight] = {}
        self._by_call: dict[str, bytes] = {}

    def enter(self, key: bytes, call_id: str, arguments: bytes) -> Flight | None:
        """Take off under `key`, unless another call is under way there: then that one."""
        flight = self._by_key.get(key)
        if flight is not None and flight.call_id != call_id:
            return flight
        self._by_key[key] = Flight(call_id, arguments)
        self._by_call[call_id] = key
        return None

    def leave(self, call_id: str, outcome: AnyOutcome | None) -> None:
        """Land: everybody who joined gets `outcome`; without one their wait is cancelled."""
        key = self._by_call.pop(call_id, None)
        if key is None:
            return
        flight = self._by_key.pop(key)
        if flight.landed is None or flight.landed.done():
            return
        if outcome is None:
            flight.landed.cancel()
        else:
            flight.landed.set_result(outcome)

    def is_flying(self, call_id: str) -> bool:
        """Whether this process drives that call now."""
        return call_id in self._by_call

    async def join(self, call_id: str) -> AnyOutcome | None:
        """Wait for a call under way; `None` when it is not, or landed without an outcome."""
        key = self._by_call.get(call_id)
        if key is None:
            return None
        flight = self._by_key[key]
        if flight.landed is None:
            flight.landed = asyncio.get_running_loop().create_future()
        landed = flight.landed
        try:
            # Who joins may be cancelled without taking the others' answer away.
            return await asyncio.shield(landed)
        except asyncio.CancelledError:
            if landed.cancelled():
                return None
            raise

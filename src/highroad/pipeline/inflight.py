"""Calls that this process drives at this moment, and the keys under which others find them."""

import asyncio
from dataclasses import dataclass, field

from highroad.domain.call import Call
from highroad.domain.outcome import AnyOutcome


@dataclass(slots=True)
class Flight:
    """One call under way. `landed` is made when somebody first waits for it."""

    call_id: str
    parent_id: str | None
    tool: str
    """As it was asked for."""
    key: bytes | None = None
    arguments: bytes = b""
    """Digest of its canonical arguments."""
    landed: asyncio.Future[AnyOutcome] | None = None
    before: list[asyncio.Future[AnyOutcome]] = field(default_factory=list)
    """Of the calls that this one stands in for."""


class Inflight:
    """A table of flights; looking and entering happen without an await between them."""

    def __init__(self) -> None:
        self._by_key: dict[bytes, Flight] = {}
        self._by_call: dict[str, Flight] = {}

    def board(self, call: Call) -> None:
        """From here to `leave` this process drives the call, which has no key yet."""
        self.expect(call.id, call)

    def expect(self, call_id: str, call: Call, tool: str | None = None) -> None:
        """The same of a call that is about to be made in place of `call`, of another `tool`."""
        if call_id not in self._by_call:  # whoever waits for one that was expected waits on
            self._by_call[call_id] = Flight(call_id, call.parent_id, tool or call.tool)

    def enter(
        self, key: bytes, call: Call, arguments: bytes, *, owns_key: bool = False
    ) -> Flight | None:
        """Take off under `key`, unless another call is under way there: then that one.

        Args:
            key: Under which a second call finds this one.
            call: Takes off.
            arguments: Digest of its canonical arguments.
            owns_key: Its claim stands in the ledger, so it goes before a call that has only begun
                to look, and that will be answered by this one.
        """
        flight = self._by_key.get(key)
        if flight is not None and flight.call_id != call.id and not owns_key:
            return flight
        own = self._by_call[call.id]
        own.key, own.arguments = key, arguments
        self._by_key[key] = own
        return None

    def leave(self, call_id: str, outcome: AnyOutcome | None, behind: str | None = None) -> None:
        """Land: everybody who joined gets `outcome`; without one their wait is cancelled.

        Where another call stands in for it, `behind`, they wait on for that one.
        """
        flight = self._by_call.pop(call_id, None)
        if flight is None:
            return
        if flight.key is not None and self._by_key.get(flight.key) is flight:
            del self._by_key[flight.key]
        joined = flight.before if flight.landed is None else [*flight.before, flight.landed]
        waiting = [landed for landed in joined if not landed.done()]
        successor = None if behind is None else self._by_call.get(behind)
        if successor is not None:
            successor.before.extend(waiting)
            return
        for landed in waiting:
            if outcome is None:
                landed.cancel()
            else:
                landed.set_result(outcome)

    def is_flying(self, call_id: str) -> bool:
        """Whether this process drives that call now."""
        return call_id in self._by_call

    def tool_of(self, call_id: str) -> str | None:
        """The tool that a call under way asks for."""
        flight = self._by_call.get(call_id)
        return None if flight is None else flight.tool

    def is_inside(self, call: Call, outer: str) -> bool:
        """Whether the body of the call `outer` waits for `call`, itself or through others."""
        parent_id = call.parent_id
        while parent_id is not None and parent_id != outer:
            parent = self._by_call.get(parent_id)
            parent_id = None if parent is None else parent.parent_id
        return parent_id is not None

    async def join(self, call_id: str) -> AnyOutcome | None:
        """Wait for a call under way; `None` when it is not, or landed without an outcome."""
        flight = self._by_call.get(call_id)
        if flight is None:
            return None
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

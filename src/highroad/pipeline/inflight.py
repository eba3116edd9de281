"""Calls that this process drives at this moment, and the keys under which others find them."""

import asyncio
from dataclasses import dataclass
from typing import Any

from highroad.domain.call import Call
from highroad.domain.outcome import AnyOutcome


@dataclass(slots=True, eq=False)
class Flight:
    """One call under way. `landed` is made when somebody first waits for it."""

    call: Call
    """As it came in."""
    task: asyncio.Task[Any] | None
    """That drives it; it may be a task of whoever made the call."""
    cancellations: int
    """Of the task, before this call."""
    key: bytes | None = None
    arguments: bytes = b""
    """Digest of its canonical arguments."""
    landed: asyncio.Future[AnyOutcome] | None = None
    is_answered: bool = False
    """Its end is known, and may be on its way to the ledger: too late to call it off."""
    called_off_by: str | None = None
    """Opaque id of whoever called it off."""

    @property
    def call_id(self) -> str:
        """Of the call."""
        return self.call.id

    @property
    def parent_id(self) -> str | None:
        """The call whose body made this one."""
        return self.call.parent_id

    def call_off(self, by: str) -> bool:
        """Cancel what drives it; `False` where it is too late. It is answered all the same."""
        if self.is_answered or self.called_off_by is not None or self.task is None:
            return False
        self.called_off_by = by
        self.task.cancel()
        return True

    def take_back(self) -> bool:
        """Undo what `call_off` did to the task, once.

        Returns:
            Whether no other cancellation is left: this one was meant for the call alone, and not
            for whoever waits for its answer.
        """
        task, self.task = self.task, None
        if task is None or self.called_off_by is None:
            return False
        return task.uncancel() <= self.cancellations

    def landing(self) -> asyncio.Future[AnyOutcome]:
        """Done when it has landed; cancelled, if it then had no outcome."""
        if self.landed is None:
            self.landed = asyncio.get_running_loop().create_future()
        return self.landed


class Inflight:
    """A table of flights; looking and entering happen without an await between them."""

    def __init__(self) -> None:
        self._by_key: dict[bytes, Flight] = {}
        self._by_call: dict[str, Flight] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def board(self, call: Call) -> Flight:
        """From here to `leave` this process, in this task, drives the call; it has no key yet."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        # To be told the loop spares a read half of what asking for its task costs.
        task = asyncio.current_task(self._loop)
        flight = Flight(call, task, 0 if task is None else task.cancelling())
        self._by_call[call.id] = flight
        return flight

    def of(self, *, call_id: str | None = None, run_id: str | None = None) -> list[Flight]:
        """Calls of a run, or one call and what its body called, or all; as they boarded."""
        if call_id is None and run_id is None:
            return list(self._by_call.values())
        return [
            flight
            for flight in self._by_call.values()
            if flight.call.run_id == run_id
            or flight.call_id == call_id
            or (call_id is not None and self.is_inside(flight.call, call_id))
        ]

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

    def leave(self, call_id: str, outcome: AnyOutcome | None) -> None:
        """Land: everybody who joined gets `outcome`; without one their wait is cancelled."""
        flight = self._by_call.pop(call_id, None)
        if flight is None:
            return
        if flight.key is not None and self._by_key.get(flight.key) is flight:
            del self._by_key[flight.key]
        if flight.landed is None or flight.landed.done():
            return
        if outcome is None:
            flight.landed.cancel()
        else:
            flight.landed.set_result(outcome)

    def is_flying(self, call_id: str) -> bool:
        """Whether this process drives that call now."""
        return call_id in self._by_call

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
        landed = flight.landing()
        try:
            # Who joins may be cancelled without taking the others' answer away.
            return await asyncio.shield(landed)
        except asyncio.CancelledError:
            if landed.cancelled():
                return None
            raise

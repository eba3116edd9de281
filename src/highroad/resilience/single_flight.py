"""Single flight: of the same things that are wanted at once in this process, one is fetched."""

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")


class Flight(Generic[T]):
    """What one fetches and others wait for. The future is made when somebody first waits."""

    __slots__ = ("_landing", "holder")

    def __init__(self, holder: str) -> None:
        self.holder: str = holder
        """Who fetches."""
        self._landing: asyncio.Future[T | None] | None = None

    async def landed(self) -> T | None:
        """What it brought; `None` is nothing. Who waits may be cancelled, the others wait on."""
        if self._landing is None:
            self._landing = asyncio.get_running_loop().create_future()
        return await asyncio.shield(self._landing)

    def land(self, brought: T | None) -> None:
        """Answer whoever waits."""
        if self._landing is not None and not self._landing.done():
            self._landing.set_result(brought)


class SingleFlight(Generic[T]):
    """Flights by what they fetch; looking and taking off happen without an await between them."""

    def __init__(self) -> None:
        self._flights: dict[bytes, Flight[T]] = {}

    def under_way(self, wanted: bytes) -> Flight[T] | None:
        """The flight that fetches it now."""
        return self._flights.get(wanted)

    def take_off(self, wanted: bytes, holder: str) -> None:
        """From here to `land` this holder fetches it."""
        self._flights[wanted] = Flight(holder)

    def land(self, wanted: bytes, holder: str, brought: T | None) -> None:
        """Answer whoever waits for this holder's flight; one that landed before has answered."""
        flight = self._flights.get(wanted)
        if flight is not None and flight.holder == holder:
            del self._flights[wanted]
            flight.land(brought)

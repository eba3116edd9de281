"""Of the same things that are wanted at once, one is fetched."""

import asyncio

from highroad.resilience.single_flight import SingleFlight


async def test_who_waits_gets_what_was_brought():
    flights = SingleFlight()
    flights.take_off(b"k", "one")
    flight = flights.under_way(b"k")
    waiting = [asyncio.create_task(flight.landed()) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    flights.land(b"k", "other", "nothing of theirs")
    assert flights.under_way(b"k") is flight
    flights.land(b"k", "one", "it")
    assert await asyncio.gather(*waiting[1:]) == ["it", "it"]
    assert flights.under_way(b"k") is None


async def test_a_flight_that_has_landed_does_not_end_the_next_one():
    flights = SingleFlight()
    flights.take_off(b"k", "one")
    flights.land(b"k", "one", None)
    flights.take_off(b"k", "two")
    flights.land(b"k", "one", "late")
    assert flights.under_way(b"k").holder == "two"
    assert flights.under_way(b"other") is None

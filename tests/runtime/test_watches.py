"""What the owner of a ledger does again and again while its runtime is open."""

import asyncio
from types import SimpleNamespace

import pytest

from highroad.bootstrap.watches import Watches
from highroad.domain.error import LedgerError
from highroad.testing import FakeClock

ALWAYS = {
    "inbox.watch": 1,
    "waiting.sweep": 60,
    "announcing.sweep": 60,
    "waiting.end_unended": 60,
    "waiting.take_up": 60,
    "growth.sweep": 1,
    "retention.sweep": 1,
    "checks.run bank": 12,
    "notary.watch": 1,
    "working.watch": 1,
}
BESIDE_OTHERS = {"waiting.sweep_abandoned": 12, "cancellations.heed": 120}
WITH_OTHERS_COUNTS = {"dependencies.follow": 60}


class House:
    """The parts of a runtime, each of which notes what it is asked to do."""

    def __init__(self, *, shares_ledger=False, shares_counters=False):
        self.asked = {}
        self.fails = False
        self.clock = FakeClock()
        for part, works in {
            "inbox": ["watch"],
            "waiting": ["sweep", "end_unended", "take_up", "sweep_abandoned"],
            "announcing": ["sweep"],
            "growth": ["sweep"],
            "retention": ["sweep"],
            "checks": ["run"],
            "notary": ["watch"],
            "working": ["watch"],
            "cancellations": ["heed"],
            "dependencies": ["follow"],
        }.items():
            noted = {work: self.noting(f"{part}.{work}") for work in works}
            setattr(self, part, SimpleNamespace(**noted))
        self.letters = SimpleNamespace(growth=self.growth)
        self.checks.due = {"bank": 5.0}
        self.store = SimpleNamespace(is_shared=shares_ledger)
        counters = SimpleNamespace(is_shared=shares_counters)
        self.services = SimpleNamespace(
            clock=self.clock, budgets=SimpleNamespace(counters=counters)
        )

    def noting(self, name):
        async def work(*given):
            told = " ".join([name, *given])
            self.asked[told] = self.asked.get(told, 0) + 1
            if self.fails:
                raise LedgerError("it cannot be read")

        return work

    async def live(self, seconds):
        """Let that much time go by, half a second at a time."""
        await rest()
        for _ in range(2 * seconds):
            self.clock.advance(0.5)
            await rest()


async def rest():
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ({}, ALWAYS),
        ({"shares_counters": True}, ALWAYS | WITH_OTHERS_COUNTS),
        ({"shares_ledger": True}, ALWAYS | WITH_OTHERS_COUNTS | BESIDE_OTHERS),
    ],
    ids=["alone", "with shared counters", "with a shared ledger"],
)
async def test_each_is_done_as_often_as_it_has_to_be(shares, expected):
    house = House(**shares)
    watches = Watches(house)
    watches.start()
    await house.live(60)
    assert house.asked == expected
    await watches.stop()
    await house.live(60)
    assert house.asked == expected


async def test_what_the_ledger_refuses_is_logged_and_tried_again(caplog):
    house = House()
    house.inbox = house.notary = SimpleNamespace(watch=asyncio.Event().wait)
    watches = Watches(house)
    house.fails = True
    watches.start()
    await house.live(2)
    house.clock.advance(3_600)
    await rest()
    assert house.asked["waiting.sweep"] == 3
    assert house.asked["retention.sweep"] == 2
    assert "bank cannot be checked: it cannot be read" in caplog.text
    await watches.stop()


async def test_stopping_what_never_began_is_nothing():
    await Watches(House()).stop()

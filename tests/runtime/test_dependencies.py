"""What a runtime does of itself for what its tools need."""

import asyncio

import pytest

from highroad import Principal, Runtime, tool
from highroad.bootstrap import Parts, assemble
from highroad.domain.error import LedgerError
from highroad.settings import load
from highroad.testing import FakeClock


@pytest.fixture
def opened(tmp_path):
    """Opens a runtime whose time a test moves, on one ledger."""

    async def opened(*tools, clock=None):
        assembly = await assemble(
            tools=tools, settings=load(tmp_path, {}), parts=Parts(clock=clock or FakeClock())
        )
        runtime = Runtime(assembly)
        await runtime._start()  # noqa: SLF001 - as `Runtime.open` does, which takes no parts
        return runtime

    return opened


def balance_with(health, dependency="bank"):
    @tool(tier="read", dependency=dependency, health=health)
    async def balance(account: str) -> int:
        """Read a balance."""
        return 7

    return balance


async def settle(turns):
    for _ in range(turns):
        await asyncio.sleep(0)


async def test_health_checks_are_made_every_thirty_seconds(opened):
    clock, checked = FakeClock(), []

    async def health():
        checked.append(clock.monotonic_s())

    async with await opened(balance_with(health), clock=clock) as runtime:
        await settle(20)
        assert not checked
        for _ in range(3):
            clock.advance(30)
            await settle(20)
        assert checked == [30, 60, 90]
        (found,) = await runtime.dependencies.health()
        assert found.checkup.is_well


async def test_checks_go_on_after_one_that_failed(opened):
    clock, checked = FakeClock(), []

    async def health():
        checked.append(clock.monotonic_s())
        raise LedgerError("whatever a check raises is its own")

    async with await opened(balance_with(health), clock=clock) as runtime:
        for _ in range(3):
            await settle(20)
            clock.advance(30)
        await settle(20)
        assert checked == [30, 60, 90]
        (found,) = await runtime.dependencies.health()
        assert not found.checkup.is_well


async def test_a_runtime_holds_from_its_first_call_on_what_a_person_held(opened):
    async def health():
        return None

    ada = Principal("ada")
    async with await opened(balance_with(health)) as runtime:
        await runtime.dependencies.open("bank", by=ada)
    async with await opened(balance_with(health)) as runtime:
        outcome = await runtime.call("balance", {"account": "a"})
        assert outcome.error.code == "dependency_unavailable"

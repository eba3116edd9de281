"""What all parts of the kit stand on: counters, and a clock that a test moves."""

from collections.abc import AsyncIterator, Callable
from typing import Protocol, TypeAlias

import pytest

from highroad.domain.demand import Demand, Lack, Shortage, Taken
from highroad.ports.counters import Counters
from highroad.testing.clock import FakeClock

OpenCounters: TypeAlias = Callable[[], Counters]


class MovableClock(Protocol):
    """Time that a test holds in its hand."""

    def now_ms(self) -> int:
        """Unix time in milliseconds."""
        ...

    def advance(self, seconds: float) -> None:
        """Move time on."""
        ...

    def set_back(self, seconds: float) -> None:
        """Let Unix time jump back; the monotonic clock goes on undisturbed."""
        ...


@pytest.mark.anyio
class Ground:
    """Fixtures of the kit."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        """Highroad runs on asyncio."""
        return "asyncio"

    @pytest.fixture
    def clock(self) -> MovableClock:
        """The time that the counters live in."""
        return FakeClock()

    @pytest.fixture
    def open_counters(self) -> OpenCounters:
        """A function that opens counters; shared ones the same, empty at first."""
        raise NotImplementedError("give your test class a fixture `open_counters`")

    @pytest.fixture
    async def counters(self, open_counters: OpenCounters) -> AsyncIterator[Counters]:
        """Counters that have counted nothing."""
        counters = open_counters()
        yield counters
        await counters.close()


async def takes(counters: Counters, *demands: Demand, holder: str = "call_1") -> bool:
    """Whether all demands are met; one that is not must be one of them."""
    got = await counters.take(demands, holder=holder)
    if isinstance(got, Taken):
        return True
    assert any(got.demand is demand for demand in demands)
    return False


async def lack(counters: Counters, *demands: Demand, holder: str = "call_1") -> Lack | None:
    """Why the demands are not met."""
    got = await counters.take(demands, holder=holder)
    return got.lack if isinstance(got, Shortage) else None

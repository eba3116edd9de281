"""The counters of one process keep the contract."""

import pytest

from highroad.adapters.counters.memory import MemoryCounters
from highroad.testing.contracts.counters import CountersContract


@pytest.mark.promise("P6")
class TestMemoryCounters(CountersContract):
    @pytest.fixture
    def open_counters(self, clock):
        return lambda: MemoryCounters(clock)

"""The contract kit of `highroad.ports.counters.Counters`.

Derive a test class from `CountersContract` and give it the fixtures `clock`, whose time the
counters live in, and `open_counters`:

    class TestMyCounters(CountersContract):
        @pytest.fixture
        def open_counters(self, clock):
            return lambda: MyCounters(clock)
"""

from highroad.testing.contracts.counters.accounts import AccountContract
from highroad.testing.contracts.counters.breakers import BreakerContract, ForcedBreakerContract
from highroad.testing.contracts.counters.places import PlaceContract
from highroad.testing.contracts.counters.rates import RateContract
from highroad.testing.contracts.counters.together import TogetherContract

__all__ = ["CountersContract"]


class CountersContract(
    AccountContract,
    RateContract,
    PlaceContract,
    BreakerContract,
    ForcedBreakerContract,
    TogetherContract,
):
    """Every sentence of the port."""

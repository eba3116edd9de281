"""The contract kit of `highroad.ports.store.Store`.

Derive a test class from `StoreContract` and give it the fixture `open_store`:

    class TestMyStore(StoreContract):
        @pytest.fixture
        def open_store(self, tmp_path):
            return lambda: MyStore(tmp_path / "ledger")
"""

from highroad.testing.contracts.store.approvals import ApprovalContract
from highroad.testing.contracts.store.keys import KeyContract
from highroad.testing.contracts.store.landing import LandingContract
from highroad.testing.contracts.store.owning import OwningContract
from highroad.testing.contracts.store.proving import ProvingContract
from highroad.testing.contracts.store.reading import ReadingContract
from highroad.testing.contracts.store.usage import UsageContract

__all__ = ["StoreContract"]


class StoreContract(
    LandingContract,
    KeyContract,
    ApprovalContract,
    ReadingContract,
    UsageContract,
    OwningContract,
    ProvingContract,
):
    """Every sentence of the port. Each time `open_store` is called, a process opens the ledger."""

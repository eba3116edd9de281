"""Both stores fulfil the port, sentence by sentence."""

import pytest

from highroad.adapters.stores.sqlite import SQLiteStore
from highroad.testing.contracts.store import StoreContract
from highroad.testing.memory_store import MemoryLedger, MemoryStore


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def open_store(self):
        ledger = MemoryLedger()
        return lambda: MemoryStore(ledger)


class TestSQLiteStore(StoreContract):
    @pytest.fixture
    def open_store(self, tmp_path):
        return lambda: SQLiteStore.open(tmp_path / "ledger.db")

"""Both stores fulfil the port, sentence by sentence."""

import itertools

import pytest

from highroad.adapters.stores.sqlite import SQLiteStore
from highroad.testing.contracts.store import StoreContract
from highroad.testing.memory import MemoryLedger, MemoryStore


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def open_store(self):
        ledger = MemoryLedger()
        return lambda: MemoryStore(ledger)

    @pytest.fixture
    def open_empty(self):
        return MemoryStore


class TestSQLiteStore(StoreContract):
    @pytest.fixture
    def open_store(self, tmp_path):
        return lambda: SQLiteStore.open(tmp_path / "ledger.db")

    @pytest.fixture
    def open_empty(self, tmp_path):
        numbers = itertools.count()
        return lambda: SQLiteStore.open(tmp_path / f"empty {next(numbers)}.db")

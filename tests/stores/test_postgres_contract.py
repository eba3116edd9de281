"""The PostgreSQL store fulfils the port, sentence by sentence."""

import pytest

from highroad.adapters.stores.postgres import PostgresStore
from highroad.testing.contracts.store import SharedStoreContract


class TestPostgresStore(SharedStoreContract):
    @pytest.fixture
    def open_store(self, postgres_url):
        return lambda: PostgresStore(postgres_url, grace_s=0)

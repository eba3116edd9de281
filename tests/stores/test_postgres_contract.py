"""The PostgreSQL store fulfils the port, sentence by sentence."""

import pytest

from highroad.adapters.stores.postgres import PostgresStore
from highroad.testing.contracts.store import SharedStoreContract


class TestPostgresStore(SharedStoreContract):
    @pytest.fixture
    def open_store(self, postgres_url):
        return lambda: PostgresStore(postgres_url, grace_s=0)

    @pytest.fixture
    def open_empty(self, postgres):
        made = []

        def open_empty():
            made.append(postgres.create(postgres.template))
            return PostgresStore(postgres.url(made[-1]))

        yield open_empty
        for database in made:
            postgres.drop(database)

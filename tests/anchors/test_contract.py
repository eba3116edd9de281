"""Every anchor fulfils the port, sentence by sentence."""

import pytest

from highroad.adapters.anchors.http import HttpAnchor
from highroad.adapters.anchors.local import FileAnchor, SQLiteAnchor
from highroad.adapters.anchors.postgres import PostgresAnchor
from highroad.testing import MemoryAnchor
from highroad.testing.contracts.anchor import AnchorContract


class TestMemoryAnchor(AnchorContract):
    @pytest.fixture
    def open_anchor(self):
        kept = []

        def opened():
            anchor = MemoryAnchor()
            anchor.kept = kept
            return anchor

        return opened


class TestFileAnchor(AnchorContract):
    @pytest.fixture
    def open_anchor(self, tmp_path):
        return lambda: FileAnchor(tmp_path / "elsewhere" / "heads.jsonl")


class TestSQLiteAnchor(AnchorContract):
    @pytest.fixture
    def open_anchor(self, tmp_path):
        return lambda: SQLiteAnchor(tmp_path / "elsewhere" / "heads.db")


@pytest.mark.loopback
class TestHttpAnchor(AnchorContract):
    @pytest.fixture
    def open_anchor(self, endpoint):
        return lambda: HttpAnchor(f"http://{endpoint.address}/heads")


class TestPostgresAnchor(AnchorContract):
    @pytest.fixture
    def open_anchor(self, postgres):
        database = postgres.create()
        yield lambda: PostgresAnchor(postgres.url(database))
        postgres.drop(database)

"""What all parts of the kit stand on: processes that open one ledger."""

from collections.abc import AsyncIterator, Callable
from typing import TypeAlias

import pytest

from highroad.domain.entry import Fence
from highroad.ports.store import Store
from highroad.testing.contracts.store.samples import NOW

OpenStore: TypeAlias = Callable[[], Store]


@pytest.mark.anyio
class Ground:
    """Fixtures of the kit."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        """Stores hand results over from threads by asyncio's means."""
        return "asyncio"

    @pytest.fixture
    def open_store(self) -> OpenStore:
        """A function that opens the same ledger, empty at first, as another process would."""
        raise NotImplementedError("give your test class a fixture `open_store`")

    @pytest.fixture
    async def store(self, open_store: OpenStore) -> AsyncIterator[Store]:
        """A store on an empty ledger."""
        store = open_store()
        yield store
        await store.close()

    @pytest.fixture
    async def other(self, open_store: OpenStore) -> AsyncIterator[Store]:
        """Another process on the same ledger."""
        other = open_store()
        yield other
        await other.close()

    @pytest.fixture
    async def fence(self, store: Store) -> Fence:
        """The fence of `store`, which owns the ledger."""
        fence = await store.acquire(pid=1, at_ms=NOW)
        assert fence is not None
        return fence

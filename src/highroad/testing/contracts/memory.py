"""The contract kit of `highroad.ports.memory.Memories`.

Derive a test class from `MemoriesContract` and give it the fixture `open_memories`:

    class TestMyMemories(MemoriesContract):
        @pytest.fixture
        def open_memories(self, tmp_path):
            return lambda: MyMemories(tmp_path / "memories.db")
"""

from collections.abc import AsyncIterator, Callable
from typing import Final, TypeAlias

import pytest

from highroad.domain.memory import SealedMemory
from highroad.ports.memory import Memories

OpenMemories: TypeAlias = Callable[[], Memories]

HERE: Final = "here"
ELSEWHERE: Final = "elsewhere"
EAST: Final = (1.0, 0.0, 0.0)
NORTH: Final = (0.0, 1.0, 0.0)
NORTH_EAST: Final = (0.6, 0.8, 0.0)


def memory(
    memory_id: str,
    *,
    space: str = HERE,
    sealed: bytes = b"sealed",
    vector: tuple[float, ...] = (),
    embedder: str = "compass",
) -> SealedMemory:
    """A memory; without a vector it has no embedder."""
    return SealedMemory(
        id=memory_id,
        space=space,
        sealed=sealed,
        created_ms=1_700_000_000_000,
        embedder=embedder if vector else "",
        vector=vector,
    )


@pytest.mark.anyio
class MemoriesContract:
    """Every sentence of the port."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        """Highroad runs on asyncio."""
        return "asyncio"

    @pytest.fixture
    def open_memories(self) -> OpenMemories:
        """A function that opens memories, empty at first."""
        raise NotImplementedError("give your test class a fixture `open_memories`")

    @pytest.fixture
    async def memories(self, open_memories: OpenMemories) -> AsyncIterator[Memories]:
        """Memories with nothing in them."""
        memories = open_memories()
        yield memories
        await memories.close()

    async def test_what_was_put_is_there(self, memories: Memories) -> None:
        """As it was, under its id."""
        for each in (memory("mem_1", vector=EAST), memory("mem_2", sealed=b"\0\xff")):
            await memories.put(each)
            assert await memories.get(HERE, each.id) == each

    async def test_what_is_put_again_takes_the_place_of_the_first(self, memories: Memories) -> None:
        """With its vector."""
        await memories.put(memory("mem_1", vector=EAST))
        await memories.put(memory("mem_1", sealed=b"anew"))
        found = await memories.get(HERE, "mem_1")
        assert found is not None
        assert (found.sealed, found.vector) == (b"anew", ())
        assert await memories.count(HERE) == 1
        assert not await memories.nearest(HERE, EAST, embedder="compass", most=9)

    async def test_pages_come_in_order_of_id(self, memories: Memories) -> None:
        """From behind the last one that was seen."""
        for number in (3, 1, 2):
            await memories.put(memory(f"mem_{number}"))
        first = await memories.page(HERE, limit=2)
        assert [each.id for each in first] == ["mem_1", "mem_2"]
        assert [each.id for each in await memories.page(HERE, after="mem_2")] == ["mem_3"]
        assert not await memories.page(HERE, after="mem_3")

    async def test_the_nearest_come_first(self, memories: Memories) -> None:
        """Those that are as near come by id; the same vector is at no distance."""
        for memory_id, vector in (("mem_c", EAST), ("mem_b", NORTH), ("mem_a", EAST)):
            await memories.put(memory(memory_id, vector=vector))
        found = await memories.nearest(HERE, EAST, embedder="compass", most=9)
        assert [each.id for each in found] == ["mem_a", "mem_c", "mem_b"]
        assert [each.distance for each in found] == pytest.approx([0, 0, 2**0.5], abs=1e-6)
        (nearest,) = await memories.nearest(HERE, NORTH_EAST, embedder="compass", most=1)
        assert nearest.id == "mem_b"

    async def test_only_vectors_that_can_be_compared_are(self, memories: Memories) -> None:
        """Of one embedder, and as long."""
        await memories.put(memory("mem_none"))
        await memories.put(memory("mem_other", vector=EAST, embedder="other"))
        await memories.put(memory("mem_short", vector=(1.0, 0.0)))
        assert not await memories.nearest(HERE, EAST, embedder="compass", most=9)
        assert not await memories.nearest(HERE, EAST, embedder="", most=9)

    @pytest.mark.promise("P7")
    async def test_nothing_crosses_from_one_space_to_another(self, memories: Memories) -> None:
        """Neither found, counted, replaced nor destroyed from there."""
        await memories.put(memory("mem_1", space=ELSEWHERE, sealed=b"theirs", vector=EAST))
        assert await memories.get(HERE, "mem_1") is None
        assert not await memories.page(HERE)
        assert not await memories.nearest(HERE, EAST, embedder="compass", most=9)
        assert await memories.count(HERE) == 0
        await memories.put(memory("mem_1", sealed=b"ours"))
        assert await memories.forget(HERE, "mem_1")
        assert await memories.clear(HERE) == 0
        theirs = await memories.get(ELSEWHERE, "mem_1")
        assert theirs is not None
        assert theirs.sealed == b"theirs"

    async def test_what_is_forgotten_is_gone(self, memories: Memories) -> None:
        """Also for a search."""
        await memories.put(memory("mem_1", vector=EAST))
        assert await memories.forget(HERE, "mem_1")
        assert not await memories.forget(HERE, "mem_1")
        assert await memories.get(HERE, "mem_1") is None
        assert not await memories.nearest(HERE, EAST, embedder="compass", most=9)

    async def test_a_space_is_cleared_as_a_whole(self, memories: Memories) -> None:
        """It says how many there were."""
        for number in range(3):
            await memories.put(memory(f"mem_{number}", vector=EAST))
        assert await memories.clear(HERE) == 3  # noqa: PLR2004 - as many as were put
        assert await memories.count(HERE) == 0
        assert await memories.clear(HERE) == 0

    async def test_closing_twice_does_no_harm(self, memories: Memories) -> None:
        """Whoever cleans up need not know who did before."""
        await memories.close()
        await memories.close()

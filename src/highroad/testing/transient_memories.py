"""Memories that last as long as the object: the port in plain Python."""

from collections import defaultdict
from collections.abc import Sequence
from math import dist

from highroad.domain.memory import MemoriesError, Near, SealedMemory


class TransientMemories:
    """Keeps memories in a dictionary (`highroad.ports.memory.Memories`), unless told to fail."""

    def __init__(self) -> None:
        self.spaces: dict[str, dict[str, SealedMemory]] = defaultdict(dict)
        self.is_down: bool = False

    async def put(self, memory: SealedMemory) -> None:
        """Keep a memory."""
        self._space(memory.space)[memory.id] = memory

    async def get(self, space: str, memory_id: str) -> SealedMemory | None:
        """A memory by its id."""
        return self._space(space).get(memory_id)

    async def page(
        self, space: str, *, after: str = "", limit: int = 1_000
    ) -> Sequence[SealedMemory]:
        """A page of memories in order of id."""
        found = self._space(space)
        return [found[each] for each in sorted(found) if each > after][:limit]

    async def nearest(
        self, space: str, vector: Sequence[float], *, embedder: str, most: int
    ) -> Sequence[Near]:
        """The memories whose vectors are nearest."""
        found = [
            (dist(each.vector, vector), each.id)
            for each in self._space(space).values()
            if each.embedder == embedder and len(each.vector) == len(vector)
        ]
        return [Near(id=each, distance=distance) for distance, each in sorted(found)[:most]]

    async def count(self, space: str) -> int:
        """How many there are."""
        return len(self._space(space))

    async def forget(self, space: str, memory_id: str) -> bool:
        """Destroy a memory."""
        return self._space(space).pop(memory_id, None) is not None

    async def clear(self, space: str) -> int:
        """Destroy all memories of a space."""
        number = len(self._space(space))
        self.spaces.pop(space, None)
        return number

    async def close(self) -> None:
        """Nothing is held open."""

    def _space(self, space: str) -> dict[str, SealedMemory]:
        if self.is_down:
            raise MemoriesError("the memories were told to fail")
        return self.spaces[space]

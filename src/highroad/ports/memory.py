"""Where memories of agents are kept."""

from collections.abc import Sequence
from typing import Protocol

from highroad.domain.memory import Near, SealedMemory


class Memories(Protocol):
    """Keeps sealed memories. Contract kit: `highroad.testing.contracts.memory`.

    Everything is within one space, and no method looks into another. Every method raises
    `MemoriesError` when they cannot be reached.
    """

    async def put(self, memory: SealedMemory) -> None:
        """Keep a memory, durably, in place of one with its id in its space."""
        ...

    async def get(self, space: str, memory_id: str) -> SealedMemory | None:
        """A memory by its id."""
        ...

    async def page(
        self, space: str, *, after: str = "", limit: int = 1_000
    ) -> Sequence[SealedMemory]:
        """A page of memories in order of id, from behind the id `after`."""
        ...

    async def nearest(
        self, space: str, vector: Sequence[float], *, embedder: str, most: int
    ) -> Sequence[Near]:
        """The memories whose vectors of the same embedder are nearest, nearest first, then by id.

        Those without a vector, or with one of another length, are left out.
        """
        ...

    async def count(self, space: str) -> int:
        """How many there are."""
        ...

    async def forget(self, space: str, memory_id: str) -> bool:
        """Destroy a memory; whether there was one."""
        ...

    async def clear(self, space: str) -> int:
        """Destroy all memories of a space; how many there were."""
        ...

    async def close(self) -> None:
        """Give up files. Safe to call twice."""
        ...

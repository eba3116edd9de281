"""Texts as vectors, so that what means nearly the same is found."""

from collections.abc import Sequence
from typing import Protocol


class Embedder(Protocol):
    """Turns texts into vectors of one length."""

    @property
    def name(self) -> str:
        """Which one: vectors of two embedders are not compared."""
        ...

    @property
    def dimensions(self) -> int:
        """Numbers of a vector."""
        ...

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """A vector for each text, of length one.

        Raises:
            HighroadError: It cannot be reached.
        """
        ...

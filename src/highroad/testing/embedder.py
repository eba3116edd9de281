"""An embedder for tests: no network, no model, and the same vector for the same text."""

from collections.abc import Sequence
from hashlib import blake2b
from math import hypot
from typing import Final

from highroad.domain.error import HighroadError

_GRAM: Final = 3


class HashEmbedder:
    """Hashes the trigrams of a text into a vector: texts that share many are near each other.

    Args:
        dimensions: Numbers of a vector.
        name: Under which its vectors are compared.
    """

    def __init__(self, dimensions: int = 64, *, name: str = "hash") -> None:
        self._dimensions = dimensions
        self._name = name
        self.is_down: bool = False
        """It raises as one that cannot be reached."""

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    @property
    def dimensions(self) -> int:
        """Numbers of a vector."""
        return self._dimensions

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """A vector for each text, of length one.

        Raises:
            HighroadError: It was told to fail.
        """
        if self.is_down:
            raise HighroadError("the embedder was told to fail")
        return [self._vector(text) for text in texts]

    def _vector(self, text: str) -> list[float]:
        vector = [0.0] * self._dimensions
        vector[0] = 1e-6  # a text without trigrams has a direction too
        padded = f" {' '.join(text.casefold().split())} "
        for at in range(len(padded) - _GRAM + 1):
            hashed = blake2b(padded[at : at + _GRAM].encode(errors="replace"), digest_size=8)
            number = int.from_bytes(hashed.digest())
            vector[(number >> 1) % self._dimensions] += 1.0 if number & 1 else -1.0
        length = hypot(*vector)
        return [each / length for each in vector]

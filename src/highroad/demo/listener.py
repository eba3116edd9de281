"""Whom the demo is told to."""

from collections.abc import Sequence
from typing import Protocol

from highroad.demo.story import Beat, Chapter, Claim


class Listener(Protocol):
    """Hears chapter by chapter and beat by beat."""

    def open(self, number: int, chapter: Chapter) -> None:
        """A chapter begins."""
        ...

    def tell(self, beat: Beat) -> None:
        """Something was tried."""
        ...

    def close(self, claims: Sequence[Claim]) -> None:
        """The last chapter is over; these were all claims."""
        ...

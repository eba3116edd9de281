"""A place outside the ledger, and out of its writer's reach, that remembers signed heads."""

from collections.abc import Sequence
from typing import Protocol


class Anchor(Protocol):
    """Remembers lines; contract kit: `highroad.testing.contracts.anchor`.

    A line is a signed head in its written form (`docs/proof.md`), without a line feed.
    """

    @property
    def name(self) -> str:
        """Its address without secrets: under this name the ledger remembers what it has."""
        ...

    async def publish(self, lines: Sequence[str]) -> None:
        """Add lines behind those that are there, durably; twice does no harm.

        Raises:
            AnchorError: It cannot be reached or written; what was not confirmed is sent again.
        """
        ...

    async def lines(self) -> Sequence[str]:
        """All lines, in order.

        Raises:
            AnchorError: It cannot be read.
        """
        ...

    async def close(self) -> None:
        """Let go of what it holds open. Safe to call twice."""
        ...

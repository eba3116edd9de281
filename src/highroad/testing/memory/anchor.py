"""An anchor that a test holds in its hand."""

from collections.abc import Sequence

from highroad.domain.error import AnchorError


class MemoryAnchor:
    """Remembers lines (`highroad.ports.anchor.Anchor`), unless it is told to fail.

    Args:
        name: Under which the ledger remembers what it has.
    """

    def __init__(self, name: str = "memory") -> None:
        self._name = name
        self.kept: list[str] = []
        self.is_down: bool = False

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    async def publish(self, lines: Sequence[str]) -> None:
        """Add lines that are not there.

        Raises:
            AnchorError: It was told to fail.
        """
        self._require_up()
        self.kept += [line for line in lines if line not in self.kept]

    async def lines(self) -> Sequence[str]:
        """All lines, in order.

        Raises:
            AnchorError: It was told to fail.
        """
        self._require_up()
        return list(self.kept)

    async def close(self) -> None:
        """Nothing is held open."""

    def _require_up(self) -> None:
        if self.is_down:
            raise AnchorError(f"the anchor {self.name} was told to fail")

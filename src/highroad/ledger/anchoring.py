"""Carries signed heads to the anchors: every head, in order, until each anchor has it."""

import asyncio
from collections.abc import Sequence
from typing import Final

from highroad.ledger.signing import head_line
from highroad.ledger.trouble import Trouble
from highroad.ports.anchor import Anchor
from highroad.ports.proofs import ProofStore

_PAGE: Final = 256


class Anchoring:
    """Brings each anchor what it lacks.

    Args:
        proofs: Has the heads, and remembers what each anchor has.
        anchors: Places outside the ledger.
    """

    def __init__(self, proofs: ProofStore, anchors: Sequence[Anchor]) -> None:
        self._proofs = proofs
        self._anchors = {anchor: Trouble(f"anchor {anchor.name} lacks heads") for anchor in anchors}
        self._turn = asyncio.Lock()

    async def publish(self) -> None:
        """Send every anchor what it lacks; what fails is logged, and sent again the next time."""
        async with self._turn:
            await asyncio.gather(*map(self._try, self._anchors))

    async def close(self) -> None:
        """Let go of the anchors."""
        for anchor, trouble in self._anchors.items():
            with trouble.told():
                await anchor.close()

    async def _try(self, anchor: Anchor) -> None:
        with self._anchors[anchor].told():
            await self._catch_up(anchor)

    async def _catch_up(self, anchor: Anchor) -> None:
        last = (await self._proofs.anchored()).get(anchor.name, -1)
        while heads := await self._proofs.heads(after=last, limit=_PAGE):
            await anchor.publish([head_line(head) for head in heads])
            # Noted after it is so: a death in between sends the same lines again, which does no
            # harm, and never leaves one out.
            last = heads[-1].number
            await self._proofs.confirm(anchor.name, last)

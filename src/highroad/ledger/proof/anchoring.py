"""Carries signed heads to the anchors: every head, in order, until each anchor has it."""

import asyncio
import json
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from highroad.ledger.proof.trouble import Trouble
from highroad.ledger.signing import head_line
from highroad.ports.anchor import Anchor
from highroad.ports.proofs import ProofStore

_log: Final = logging.getLogger("highroad.ledger")

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
        self._met: set[Anchor] = set()
        """Anchors that were seen to agree with the ledger, or told of, by this process."""
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
        if anchor not in self._met:
            await self._meet(anchor)
            self._met.add(anchor)
        last = (await self._proofs.anchored()).get(anchor.name, -1)
        while heads := await self._proofs.heads(after=last, limit=_PAGE):
            await anchor.publish([head_line(head) for head in heads])
            # Noted after it is so: a death in between sends the same lines again, which does no
            # harm, and never leaves one out.
            last = heads[-1].number
            await self._proofs.confirm(anchor.name, last)

    async def _meet(self, anchor: Anchor) -> None:
        """See that the ledger still has the newest head that the anchor has.

        A ledger that was restored or rolled back goes on: what it signs now contradicts the
        anchor for ever, and every audit says so. Whoever runs it should know first.
        """
        newest = _newest(await anchor.lines(), await self._proofs.ledger_id())
        if newest is None:
            return
        number, line = newest
        heads = await self._proofs.heads(after=number - 1, limit=1)
        if [head_line(head) for head in heads] != [line]:
            _log.error(
                "anchor %s has a signed head %d that this ledger has not: the ledger was rolled "
                "back, restored from a copy, or changed; run `highroad audit verify`",
                anchor.name,
                number,
            )


def _newest(lines: Sequence[str], ledger: str) -> tuple[int, str] | None:
    """Number and line of the last head of a ledger; lines of no head are for auditors to judge."""
    for line in reversed(lines):
        with suppress(ValueError, KeyError, TypeError):
            said = json.loads(json.loads(line)["statement"])
            if said["ledger"] == ledger:
                return int(said["number"]), line
    return None

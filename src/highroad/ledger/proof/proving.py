"""What the ledger's face offers of its proof: sign now, export for an auditor."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from highroad.domain.error import LedgerError
from highroad.domain.proof import SignedHead
from highroad.ledger.ledger import Ledger
from highroad.ledger.proof import bundle
from highroad.ledger.proof.announcing import read_announcements, trusted_key
from highroad.ledger.proof.bundle import Bundle
from highroad.ledger.proof.excerpt import Continuation, EntryProof, prove_call, prove_continuation
from highroad.ledger.proof.notary import Notary

if TYPE_CHECKING:
    from highroad_auditor import Report


class Proving:
    """The proof of a ledger, as `runtime.audit` has it.

    Args:
        ledger: What is proved.
        notary: Signs it; `None` where another process does.
    """

    def __init__(self, ledger: Ledger, notary: Notary | None) -> None:
        self._ledger = ledger
        self._notary = notary

    async def sign(self) -> SignedHead | None:
        """Sign and anchor all that was recorded so far, without waiting until a head is due.

        Returns:
            The head; `None` where everything is signed already, or another process signs.

        Raises:
            LedgerError: It could not be written or signed, or another process owns the ledger.
        """
        if self._notary is None:
            raise LedgerError("another process owns this ledger, and signs it while it runs")
        await self._ledger.writer.flush()
        return await self._notary.sign()

    async def export(self, to: Path | str) -> Bundle:
        """Write what an auditor needs (`docs/proof.md`) into a folder; any process may.

        Args:
            to: A folder that is empty or not there yet. It appears whole or not at all.

        Raises:
            LedgerError: The ledger cannot be read, or the folder not be written or not empty.
        """
        if self._ledger.writer.behind:
            await self._ledger.writer.flush()
        return await bundle.write(self._ledger.store.proofs, Path(to))

    async def prove(self, call_id: str) -> tuple[EntryProof, ...]:
        """Prove each entry of a call by the newest signed head, for somebody without the rest.

        Raises:
            NotRecorded: The ledger has no such call.
            LedgerError: It is not signed yet, or the ledger cannot be read.
        """
        if self._notary is not None:
            await self.sign()
        return await prove_call(self._ledger.store, call_id)

    async def prove_continuation(self, number: int) -> Continuation:
        """Prove that the newest signed head goes on from the one of this number.

        Raises:
            NotRecorded: There is no such head.
            LedgerError: The ledger cannot be read.
        """
        return await prove_continuation(self._ledger.store.proofs, number)

    async def verify(
        self,
        *,
        public_key: bytes | None = None,
        anchors: Mapping[str, Sequence[str]] | None = None,
    ) -> "Report":
        """Ask whether what is there is what was signed, and whether all is there; any process may.

        Args:
            public_key: Raw; that of the newest signing key which derives from our master keys,
                unless given.
            anchors: Lines of each anchor, by its name.

        Raises:
            LedgerError: The ledger cannot be read.
        """
        # The auditor's engine is loaded for those who verify, which calls never do.
        from highroad.ledger.proof.verifying import verify  # noqa: PLC0415 - see above

        if self._ledger.writer.behind:
            await self._ledger.writer.flush()
        return await verify(
            self._ledger.store.proofs,
            public_key or await self.public_key(),
            anchors=anchors or {},
            now_ms=self._ledger.clock.now_ms(),
        )

    async def public_key(self) -> bytes:
        """The raw public key (32 bytes) to hand to an auditor: that of the newest signing key."""
        return trusted_key(self._ledger.keyring, await read_announcements(self._ledger.store))

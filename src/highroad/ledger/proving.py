"""What the ledger's face offers of its proof: sign now, export for an auditor."""

from pathlib import Path

from highroad.domain.error import LedgerError
from highroad.domain.proof import SignedHead
from highroad.ledger import bundle
from highroad.ledger.bundle import Bundle
from highroad.ledger.ledger import Ledger
from highroad.ledger.notary import Notary


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

    def public_key(self) -> bytes:
        """The raw public key (32 bytes) that heads are signed with from now on."""
        return self._ledger.keyring.signing_key().public

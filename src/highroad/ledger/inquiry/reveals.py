"""Payloads in plain, for whoever may read them: that they do is recorded before."""

from collections.abc import Sequence
from typing import Final

import orjson

from highroad.domain.entry import Written
from highroad.domain.error import LedgerError, NotPermitted
from highroad.domain.identity import Principal
from highroad.domain.json_value import JsonValue
from highroad.domain.permission import Permissions
from highroad.ledger import entries
from highroad.ledger.history import CallHistory
from highroad.ledger.ledger import Ledger

REVEAL: Final = "audit:reveal"
"""The permission to read arguments, reasoning, results and messages in plain."""
CARRIED: Final = ("arguments", "reasoning", "result", "message", "verification")
"""What a call carries."""


class Reveals:
    """Decrypts what calls carried.

    Args:
        ledger: To read from, and to record in who asked.
        permissions: What a principal holds, by the policy.
        is_owner: Whether this process may write to it.
    """

    def __init__(
        self,
        ledger: Ledger,
        permissions: Permissions,
        *,
        is_owner: bool,
    ) -> None:
        self._ledger = ledger
        self._permissions = permissions
        self._is_owner = is_owner

    async def plain(
        self, history: CallHistory, by: Principal, names: Sequence[str] = CARRIED
    ) -> dict[str, JsonValue]:
        """Payloads of a call in plain, by their names, once it stands in the ledger who asked.

        Raises:
            NotPermitted: `by` lacks `audit:reveal`, or is of another organization.
            VaultError: One was erased, or its key is lost.
            LedgerError: It could not be recorded, and so nothing is shown.
        """
        if REVEAL not in self._permissions(by) or by.organization != history.organization:
            raise NotPermitted(
                f"revealing what call {history.call_id} carried needs the permission {REVEAL} in "
                "its organization; ask whoever grants permissions"
            )
        refs = {name: ref.id for name in names if (ref := history.ref(name)) is not None}
        if names is CARRIED:
            refs |= {
                author: payload_id
                for author, payload_id in _reasons(history)
                if await self._ledger.store.payload(payload_id) is not None
            }
        await self._record(history, by, list(refs.values()))
        vault = self._ledger.vault
        return {
            name: orjson.loads(await vault.open(history.run_id, payload_id))
            for name, payload_id in refs.items()
        }

    async def _record(self, history: CallHistory, by: Principal, payloads: list[str]) -> None:
        ledger = self._ledger
        if not self._is_owner:
            raise LedgerError(
                "nothing is revealed unless that is recorded, and another process owns this "
                "ledger: ask there, or end that process and try again"
            )
        entry = entries.revealed(
            history,
            by=ledger.keyring.opaque(by),
            profile=ledger.sealed_profile(by),
            payloads=payloads,
            at_ms=ledger.clock.now_ms(),
        )
        if not isinstance(await ledger.writer.write(entry), Written):
            raise LedgerError("the look at the payloads could not be recorded: nothing is shown")


def _reasons(history: CallHistory) -> list[tuple[str, str]]:
    """What people wrote about a call: opaque id of who wrote, and the payload."""
    written = [(body["by"], body.get("reason")) for body in history.decisions]
    written += [(amendment.by, amendment.reason) for amendment in history.amendments]
    return [(by, payload_id) for by, payload_id in written if payload_id is not None]

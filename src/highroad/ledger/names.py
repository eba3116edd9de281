"""How people are called, while the ledger may know it."""

import orjson

from highroad.domain.error import VaultError
from highroad.ledger.ledger import Ledger
from highroad.ledger.projections import Body


class Names:
    """Names from the erasable table; made for one question, and forgotten with it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known: dict[tuple[str, str], str | None] = {}

    async def of(self, opaque_id: str | None, organization: str) -> str | None:
        """How people call a principal; `None` where that was erased or cannot be decrypted."""
        if opaque_id is None:
            return None
        key = (opaque_id, organization)
        if key not in self._known:
            self._known[key] = await self._read(opaque_id, organization)
        return self._known[key]

    async def _read(self, opaque_id: str, organization: str) -> str | None:
        sealed = await self._ledger.store.profile(opaque_id)
        if sealed is None:
            return None
        try:
            profile = self._ledger.keyring.organization(organization).open_profile(
                opaque_id, sealed
            )
        except VaultError:
            return None
        known: Body = orjson.loads(profile)
        name: str = known["name"] or known["id"]
        return name

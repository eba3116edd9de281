"""Whether the API key and the session that showed somebody are good still, in every process.

What was good a moment ago may be taken to be good for ordinary calls. Whoever decides, or calls
what is privileged, has the store asked each time; and an entry of a decision lands only while
both stand (`highroad.domain.leaning`), so that none stands in the ledger behind their end.
"""

from collections.abc import Sequence
from typing import Final

from highroad.domain.error import Unauthenticated
from highroad.domain.identity import KEY_ID, Caller, Delegate, ShownBy
from highroad.domain.refusal import CredentialRefused, WhyRefused
from highroad.identity.api_keys import ApiKeys
from highroad.identity.authentication import Authentication
from highroad.identity.changes import Changes
from highroad.identity.sessions import LoginSessions

TRUSTED_S: Final = 1.0
"""Seconds for which ordinary calls take for good what was good when the store was asked."""
_MOST: Final = 10_000
"""Keys and sessions of which that is remembered."""


class CredentialValidity:
    """Asks the store (`highroad.ports.validity.Validity`).

    Args:
        changes: Tells what is ended here, at once.
        keys: Of callers.
        sessions: Of callers.
        authentication: Records who is refused.
    """

    def __init__(
        self,
        changes: Changes,
        keys: ApiKeys,
        sessions: LoginSessions,
        authentication: Authentication,
    ) -> None:
        self._clock = changes.ledger.clock
        self._keys = keys
        self._sessions = sessions
        self._authentication = authentication
        self._good: dict[tuple[str, str], float] = {}
        """By organization and id, until when it is taken for good."""
        changes.is_ended = self._good.clear

    async def see(self, caller: Caller, *, is_fresh: bool) -> None:
        """See that the credentials of a caller are good still; the reason is told to operators.

        Raises:
            Unauthenticated: They are not.
            LedgerError: The store cannot be asked.
        """
        refusal = await self._why_over(caller, is_fresh=is_fresh)
        if refusal is not None:
            await self._authentication.record(refusal)
            raise Unauthenticated

    async def ended_in(
        self, chain: Sequence[Delegate], organization: str, *, is_fresh: bool
    ) -> str | None:
        """The API key in a chain of delegation that is not good any more, if there is one.

        Raises:
            LedgerError: The store cannot be asked.
        """
        for link in chain:
            if not link.agent.startswith(KEY_ID):
                continue
            try:
                await self.check(ShownBy(key_id=link.agent), organization, is_fresh=is_fresh)
            except CredentialRefused:
                return link.agent
        return None

    async def _why_over(self, caller: Caller, *, is_fresh: bool) -> CredentialRefused | None:
        if caller.expires_ms is not None and self._clock.now_ms() >= caller.expires_ms:
            return CredentialRefused(WhyRefused.EXPIRED, "a program held them on")
        if caller.shown_by is None:
            return None
        try:
            await self.check(caller.shown_by, caller.principal.organization, is_fresh=is_fresh)
        except CredentialRefused as refusal:
            return refusal
        return None

    async def check(self, shown: ShownBy, organization: str, *, is_fresh: bool = True) -> None:
        """See that a key and a session are good still.

        Raises:
            CredentialRefused: One of them is not.
            LedgerError: The store cannot be asked.
        """
        session_id, key_id = shown.session_id, shown.key_id
        if session_id is not None and (is_fresh or not self._is_trusted(session_id, organization)):
            await self._sessions.check(session_id, organization)
            self._trust(session_id, organization)
        if key_id is not None and (is_fresh or not self._is_trusted(key_id, organization)):
            await self._keys.check(key_id, organization)
            self._trust(key_id, organization)

    async def scope(self, shown: ShownBy, organization: str, whose: str) -> Delegate | None:
        """How far somebody may go by what showed them now; `None` is as far as they may themselves.

        Args:
            shown: What showed them.
            organization: Theirs.
            whose: Opaque id of who they say they are.

        Raises:
            CredentialRefused: It is good no more, or somebody else's.
            LedgerError: The store cannot be asked.
        """
        if shown.session_id is not None:
            await self._sessions.check(shown.session_id, organization, whose=whose)
        if shown.key_id is None:
            return None
        return await self._keys.check(shown.key_id, organization, whose=whose)

    def _is_trusted(self, subject: str, organization: str) -> bool:
        return self._clock.monotonic_s() < self._good.get((organization, subject), 0.0)

    def _trust(self, subject: str, organization: str) -> None:
        if len(self._good) >= _MOST:
            self._good.clear()
        self._good[organization, subject] = self._clock.monotonic_s() + TRUSTED_S

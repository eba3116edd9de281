"""From credentials to a caller. What is refused is told outwards in one way alone."""

import logging
from dataclasses import dataclass
from typing import Final
from weakref import WeakSet

from highroad.domain.error import AddressError, LedgerError, Unauthenticated
from highroad.domain.identity import DEFAULT_ORGANIZATION, Assurance, Caller
from highroad.domain.refusal import CredentialRefused, WhyRefused
from highroad.identity import secret
from highroad.identity.addresses import Address, address_of
from highroad.identity.api_keys import ApiKeys
from highroad.identity.blocks import Blocks
from highroad.identity.claims import chain_of, principal_of
from highroad.identity.sessions import LoginSessions
from highroad.ledger import entries
from highroad.ledger.ledger import Ledger
from highroad.ports.identity import Tokens

_log: Final = logging.getLogger("highroad.identity")

_SCHEME: Final = "bearer "
_ENTRY_MS: Final = 60_000
"""Milliseconds between two entries of one reason: strangers must not fill the ledger."""


@dataclass(slots=True)
class _Told:
    """Of one reason, when an entry last told of it, and how often it came since."""

    at_ms: int
    since: int = 0


class Authentication:
    """Says who shows credentials.

    Args:
        ledger: Where refusals are recorded.
        tokens: Verifies tokens of issuers.
        keys: Recognizes API keys.
        sessions: Recognizes sessions.
        blocks: Knows who is not let in.
        is_owner: Whether this process may write entries.
    """

    def __init__(  # noqa: PLR0913 - what shows who somebody is, each by name
        self,
        ledger: Ledger,
        *,
        tokens: Tokens,
        keys: ApiKeys,
        sessions: LoginSessions,
        blocks: Blocks,
        is_owner: bool,
    ) -> None:
        self._ledger = ledger
        self._tokens = tokens
        self._keys = keys
        self._sessions = sessions
        self._blocks = blocks
        self._is_owner = is_owner
        self._shown: WeakSet[Caller] = WeakSet()
        self._refused: dict[WhyRefused, _Told] = {}

    async def authenticate(self, credentials: str, address: str | None = None) -> Caller:
        """Who shows credentials.

        Raises:
            Unauthenticated: They show nobody; nothing else is said.
            IdentityUnavailable: The keys of the issuer cannot be fetched.
        """
        try:
            return await self.examine(credentials, address)
        except CredentialRefused as refusal:
            await self.record(refusal)
        raise Unauthenticated

    async def examine(self, credentials: str, address: str | None = None) -> Caller:
        """The same for operators: it says why, and records nothing of it.

        Raises:
            CredentialRefused: They show nobody; the reason is for operators.
            IdentityUnavailable: The keys of the issuer cannot be fetched.
        """
        place = _place(address)
        await self._blocks.check(place, DEFAULT_ORGANIZATION)
        caller = await self._caller(_bare(credentials), place)
        organization = caller.principal.organization
        if organization != DEFAULT_ORGANIZATION:
            await self._blocks.check(place, organization)
        self._shown.add(caller)
        return caller

    def vouches_for(self, caller: Caller) -> bool:
        """Whether this very caller was shown by credentials here, and still is."""
        if caller not in self._shown:
            return False
        return caller.expires_ms is None or self._ledger.clock.now_ms() < caller.expires_ms

    def note(self, caller: Caller) -> None:
        """Vouch for a caller whose session was opened just now."""
        self._shown.add(caller)

    async def _caller(self, text: str, place: Address | None) -> Caller:
        if not secret.looks_like_ours(text):
            return await self._by_token(text)
        match secret.prefix_of(text):
            case secret.KEY:
                return await self._keys.caller(text)
            case secret.SESSION:
                return await self._sessions.caller(text, place)
            case _:
                raise CredentialRefused(WhyRefused.MALFORMED, "its check digits are not right")

    async def _by_token(self, text: str) -> Caller:
        verified = await self._tokens.verify(text)
        return Caller(
            principal=principal_of(verified.claims, verified.rule),
            delegation=chain_of(verified.claims),
            assurance=Assurance.PUBLIC_KEY if verified.is_public_key else Assurance.SHARED_SECRET,
            expires_ms=verified.expires_ms,
        )

    async def record(self, refusal: CredentialRefused) -> None:
        """Log it, and let the ledger have it: the first of a reason at once, others by number."""
        reason, now_ms = refusal.reason, self._ledger.clock.now_ms()
        _log.warning("unauthenticated: %s: %s", reason, refusal)
        told = self._refused.get(reason)
        if told is not None:
            told.since += 1
            if now_ms - told.at_ms < _ENTRY_MS:
                return
        if not self._is_owner:
            return
        count = 1 if told is None else told.since
        self._refused[reason] = _Told(now_ms)
        try:
            await self._ledger.writer.write(
                entries.unauthenticated(reason, count=count, at_ms=now_ms)
            )
        except LedgerError as error:
            # Nobody is let in by that: what is wrong with the ledger is no answer to a stranger.
            _log.warning("ledger_unavailable: a refusal is not recorded: %s", error)


def _bare(credentials: str) -> str:
    """What is shown, with or without the scheme of an HTTP header (RFC 6750)."""
    text = credentials.strip()
    if text[: len(_SCHEME)].lower() == _SCHEME:
        return text[len(_SCHEME) :].strip()
    return text


def _place(address: str | None) -> Address | None:
    if address is None:
        return None
    try:
        return address_of(address)
    except AddressError:
        raise CredentialRefused(WhyRefused.ADDRESS, "it comes from no IP address") from None

"""Who calls: what verifies tokens, by the settings, and the rest of `runtime.identity`."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from highroad.approvals.desk import Desk
from highroad.bootstrap.addresses import FILE
from highroad.bootstrap.extras import JWT
from highroad.domain.error import AddressError, SettingsError
from highroad.domain.identity_rules import IdentityRules, IssuerRule
from highroad.domain.permission import Permissions
from highroad.domain.refusal import CredentialRefused, WhyRefused
from highroad.identity.api_keys import ApiKeys
from highroad.identity.authentication import Authentication
from highroad.identity.blocks import Blocks
from highroad.identity.changes import Changes
from highroad.identity.credentials import StoredCredentials
from highroad.identity.identity import Identity
from highroad.identity.sessions import LoginSessions
from highroad.identity.validity import CredentialValidity
from highroad.pipeline.services import Services
from highroad.ports.clock import Clock
from highroad.ports.identity import Tokens, VerifiedToken


def identity_of(  # noqa: PLR0913 - what it is made of, each by name
    services: Services,
    rules: IdentityRules,
    permissions: Permissions | None,
    desk: Desk,
    *,
    tokens: Tokens | None,
    is_owner: bool,
) -> Identity:
    """`runtime.identity`; the road gets the credentials that it keeps, the desk who is shown.

    Raises:
        SettingsError: A key, an issuer or a blocked address is not usable.
    """
    ledger, ids = services.ledger, services.ids
    changes = Changes(ledger, ids, permissions, is_owner=is_owner)
    keys = ApiKeys(changes, ids, os.urandom)
    sessions = LoginSessions(changes, keys, rules.session, ids, os.urandom)
    try:
        blocks = Blocks(changes, ids, rules.blocked)
    except AddressError as error:
        raise SettingsError(f"identity.blocked: {error}") from None
    authentication = Authentication(
        ledger,
        tokens=tokens or tokens_of(rules.issuers, ledger.clock),
        keys=keys,
        sessions=sessions,
        blocks=blocks,
        is_owner=is_owner,
    )
    validity = services.validity = CredentialValidity(changes, keys, sessions, authentication)
    desk.wiring.vouches_for, desk.wiring.scope = authentication.vouches_for, validity.scope
    credentials = services.credentials = StoredCredentials(changes)
    return Identity(
        authentication,
        changes=changes,
        keys=keys,
        sessions=sessions,
        blocks=blocks,
        credentials=credentials,
    )


class _NoTokens:
    """No issuer is configured: no token shows anything."""

    async def verify(self, token: str) -> VerifiedToken:
        """Refuse.

        Raises:
            CredentialRefused: Always.
        """
        del token
        raise CredentialRefused(WhyRefused.ISSUER, "no issuer is configured in identity.issuers")

    async def close(self) -> None:
        """Nothing is held open."""


NO_TOKENS: Final = _NoTokens()


def tokens_of(issuers: Mapping[str, IssuerRule], clock: Clock) -> Tokens:
    """What verifies the tokens of these issuers.

    Raises:
        SettingsError: A file of keys has none that can be used, or PyJWT is not installed.
    """
    if not issuers:
        return NO_TOKENS
    with JWT.needed():
        from highroad.adapters.identity.jwt import (  # noqa: PLC0415 - an extra, and slow (N4)
            JwtTokens,
            key_set_of,
        )
    found = []
    for rule in issuers.values():
        path = Path(rule.keys.removeprefix(FILE)) if rule.keys.startswith(FILE) else None
        try:
            found.append((rule, key_set_of(rule, path, clock)))
        except ValueError as error:
            raise SettingsError(f"identity.issuers.{rule.name}.keys: {error}") from None
    return JwtTokens(found, clock)

"""Sessions of callers: opened by credentials, good from one address, over by idleness or age."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import orjson

from highroad.domain.audit import LOGIN_SESSION
from highroad.domain.entry import Row
from highroad.domain.error import DecisionRefused, VaultError
from highroad.domain.identity import Assurance, Caller, Principal
from highroad.domain.identity_change import IdentityAct, IdentitySubject
from highroad.domain.identity_rules import SessionAddress, SessionRule
from highroad.domain.refusal import CredentialRefused, WhyRefused
from highroad.identity import secret
from highroad.identity.addresses import Address
from highroad.identity.api_keys import ApiKeys
from highroad.identity.changes import Changes, Wanted
from highroad.ledger.snapshot import freeze_link, freeze_principal, thaw_link, thaw_principal
from highroad.ledger.tables.rows import Record, records, selection
from highroad.ports.ids import Ids
from highroad.ports.tables import Selection

_ID: Final = "ses"
_TOUCHES: Final = 10
"""How often in its idle time it is recorded that a session goes on, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginSession:
    """A session of a caller.

    Args:
        id: How people name it.
        principal: Opaque id of whose it is.
        name: Of the principal, as people call them, or their id.
        organization: Theirs.
        address: Where it was opened from, where that was told.
        opened_ms: Unix time.
        used_ms: Unix time of its last use, to a tenth of its idle time.
        expires_ms: Unix time from which on it is over, however much it is used.
    """

    id: str
    principal: str
    name: str = field(repr=False)
    organization: str
    address: str | None = field(repr=False)
    opened_ms: int
    used_ms: int
    expires_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A session that was opened just now.

    Args:
        session: What is known of it.
        caller: Whose it is.
        token: What is shown from now on in place of the credentials; nobody can be told it again.
    """

    session: LoginSession
    caller: Caller
    token: str = field(repr=False)


class LoginSessions:
    """Opens, lists, ends and recognizes sessions (`runtime.identity.sessions`)."""

    def __init__(
        self,
        changes: Changes,
        keys: ApiKeys,
        rule: SessionRule,
        ids: Ids,
        random: secret.Random,
    ) -> None:
        self._changes = changes
        self._keys = keys
        self._rule = rule
        self._ids = ids
        self._random = random
        self._ledger = changes.ledger

    async def open(self, caller: Caller, address: Address | None) -> NewSession:
        """Open a session for somebody whose credentials were shown.

        Raises:
            LedgerError: It could not be recorded.
        """
        text = secret.written(secret.SESSION, self._random(secret.SECRET_BYTES))
        session_id, now_ms = self._ids.new(_ID), self._ledger.clock.now_ms()
        expires_ms = now_ms + int(self._rule.most_s * 1_000)
        if caller.expires_ms is not None:
            expires_ms = min(expires_ms, caller.expires_ms)
        kept = {
            "principal": freeze_principal(caller.principal),
            "chain": [freeze_link(link) for link in caller.delegation],
            "assurance": caller.assurance,
            "address": None if address is None else str(address),
            "key": caller.key_id,
        }
        organization = self._ledger.keyring.organization(caller.principal.organization)
        whose = organization.opaque(caller.principal.id)
        row = Row(
            LOGIN_SESSION.name,
            (
                session_id,
                caller.principal.organization,
                whose,
                secret.digest(text),
                organization.seal_profile(
                    _sealed_as(session_id, secret.digest(text), expires_ms), orjson.dumps(kept)
                ),
                now_ms,
                now_ms,
                expires_ms,
                None,
            ),
        )
        await self._note(IdentityAct.BEGAN, row)
        found = _named(row)
        return NewSession(
            session=self._told(found), caller=self._caller(found, self._kept(found)), token=text
        )

    async def list(self, *, by: Principal, whose: str | None = None) -> Sequence[LoginSession]:
        """Sessions of the organization of `by` that go on, oldest first.

        Args:
            by: Who looks.
            whose: Opaque id of one principal.
        """
        now_ms = self._ledger.clock.now_ms()
        wanted = selection(LOGIN_SESSION.name, organization=by.organization, principal_id=whose)
        return [
            self._told(row)
            async for row in records(self._ledger.store.tables, wanted)
            if self._why_over(row, now_ms) is None
        ]

    async def end(self, session_id: str, *, by: Principal) -> None:
        """End a session: one's own, or with the permission `identity:sessions` anybody's.

        Raises:
            DecisionRefused: There is no such session, or `by` may not.
            LedgerError: It could not be recorded.
        """
        row = await self._changes.found(IdentitySubject.SESSION, session_id, by.organization)
        if row is None:
            raise DecisionRefused(f"there is no session {session_id}: list those that go on")
        wanted = Wanted(
            subject=IdentitySubject.SESSION,
            act=IdentityAct.ENDED,
            target=session_id,
            whose=row["principal_id"],
        )
        await self._changes.ask(wanted, by=by)

    async def caller(self, text: str, address: Address | None) -> Caller:
        """Who shows the token of a session.

        Raises:
            CredentialRefused: There is none, it is over, or it is from elsewhere.
        """
        wanted = Selection(table=LOGIN_SESSION.name, equals={"digest": secret.digest(text)})
        async for row in records(self._ledger.store.tables, wanted):
            try:
                return await self._shown(row, address)
            except VaultError:
                raise CredentialRefused(
                    WhyRefused.UNKNOWN, f"somebody changed the row of session {row['id']}"
                ) from None
        raise CredentialRefused(WhyRefused.UNKNOWN, "there is no such session")

    async def check(self, session_id: str, organization: str, *, whose: str | None = None) -> None:
        """See that a session goes on; the key that opened it is asked for by itself.

        Args:
            session_id: Of the session.
            organization: Whose it is.
            whose: Opaque id of who says that they opened it.

        Raises:
            CredentialRefused: There is none, it is somebody else's, or it is over.
        """
        row = await self._changes.found(IdentitySubject.SESSION, session_id, organization)
        if row is None or whose not in {None, row["principal_id"]}:
            raise CredentialRefused(WhyRefused.UNKNOWN, f"there is no session {session_id}")
        why = self._why_over(row, self._ledger.clock.now_ms())
        if why is not None:
            raise CredentialRefused(why, f"session {session_id} is over")

    async def _shown(self, row: Record, address: Address | None) -> Caller:
        now_ms, kept = self._ledger.clock.now_ms(), self._kept(row)
        why = self._why_over(row, now_ms)
        if why is not None:
            raise CredentialRefused(why, f"session {row['id']} is over")
        opened_from = kept["address"]
        is_bound = self._rule.address is SessionAddress.BIND and opened_from is not None
        if is_bound and str(address) != opened_from:
            raise CredentialRefused(
                WhyRefused.ADDRESS, f"session {row['id']} was opened from elsewhere"
            )
        key_id = kept["key"]
        if key_id is not None:
            await self._keys.check(key_id, row["organization"])
        touch_ms = int(self._rule.idle_s * 1_000 / _TOUCHES)
        if self._changes.is_owner and now_ms - row["used_ms"] >= touch_ms:
            used = Row(LOGIN_SESSION.name, tuple({**row, "used_ms": now_ms}.values()))
            await self._note(IdentityAct.USED, used)
        return self._caller(row, kept)

    def _why_over(self, row: Record, now_ms: int) -> WhyRefused | None:
        if row["ended_ms"] is not None:
            return WhyRefused.ENDED
        idle_until_ms = row["used_ms"] + int(self._rule.idle_s * 1_000)
        return WhyRefused.EXPIRED if now_ms >= min(row["expires_ms"], idle_until_ms) else None

    async def _note(self, act: IdentityAct, row: Row) -> None:
        said = _named(row)
        wanted = Wanted(
            subject=IdentitySubject.SESSION,
            act=act,
            target=said["id"],
            whose=said["principal_id"],
        )
        await self._changes.note(wanted, said["organization"], row=row)

    def _kept(self, row: Record) -> Record:
        key = self._ledger.keyring.organization(row["organization"])
        name = _sealed_as(row["id"], row["digest"], row["expires_ms"])
        kept: Record = orjson.loads(key.open_profile(name, row["sealed"]))
        return kept

    def _caller(self, row: Record, kept: Record) -> Caller:
        return Caller(
            principal=thaw_principal(kept["principal"]),
            delegation=tuple(map(thaw_link, kept["chain"])),
            assurance=Assurance(kept["assurance"]),
            expires_ms=row["expires_ms"],
            session_id=row["id"],
            key_id=kept["key"],
        )

    def _told(self, row: Record) -> LoginSession:
        kept = self._kept(row)
        principal = thaw_principal(kept["principal"])
        return LoginSession(
            id=row["id"],
            principal=row["principal_id"],
            name=principal.name or principal.id,
            organization=row["organization"],
            address=kept["address"],
            opened_ms=row["opened_ms"],
            used_ms=row["used_ms"],
            expires_ms=row["expires_ms"],
        )


def _sealed_as(session_id: str, digest: bytes, expires_ms: int) -> str:
    """What it opens under: whoever can write rows gives no session to others, or more time."""
    return f"{session_id}.{digest.hex()}.{expires_ms}"


def _named(row: Row) -> Record:
    names = (column.name for column in LOGIN_SESSION.columns)
    return dict(zip(names, row.values, strict=True))

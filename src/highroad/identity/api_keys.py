"""API keys: who holds one is a principal, as far as the key goes."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

import orjson

from highroad.domain.audit import API_KEY
from highroad.domain.entry import Row
from highroad.domain.error import DecisionRefused, VaultError
from highroad.domain.identity import Assurance, Caller, Delegate, Principal
from highroad.domain.identity_change import IdentityAct, IdentitySubject
from highroad.domain.refusal import CredentialRefused, WhyRefused
from highroad.identity import secret
from highroad.identity.changes import Changes, Wanted
from highroad.ledger.snapshot import freeze_link, freeze_principal, thaw_link, thaw_principal
from highroad.ledger.tables.rows import Record, records, selection
from highroad.ports.ids import Ids
from highroad.ports.tables import Selection

_ID: Final = "key"
USUAL_DAYS: Final = 90
"""How long a key is good, where nobody says how long."""
_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """An API key; the key itself is known to nobody but its holder.

    Args:
        id: How people name it; the ledger has it as a link of the chain of each call.
        principal: Opaque id of whose it is.
        name: Of the principal, as people call them, or their id.
        organization: Theirs.
        roles: That they have by this key.
        permissions: That count of theirs; `None` is all of them.
        tools: Patterns of tools that it is for.
        label: What it is for, in people's words.
        created_ms: Unix time.
        expires_ms: Unix time; `None` is never.
        revoked_ms: Unix time; `None` while it is good.
    """

    id: str
    principal: str
    name: str = field(repr=False)
    organization: str
    roles: tuple[str, ...]
    permissions: tuple[str, ...] | None
    tools: tuple[str, ...]
    label: str
    created_ms: int
    expires_ms: int | None
    revoked_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey:
    """A key that was made just now.

    Args:
        key: What is known of it.
        secret: The key itself, which nobody can be told again.
    """

    key: ApiKey
    secret: str = field(repr=False)


class ApiKeys:
    """Makes, lists, revokes and recognizes API keys (`runtime.identity.keys`)."""

    def __init__(self, changes: Changes, ids: Ids, random: secret.Random) -> None:
        self._changes = changes
        self._ledger = changes.ledger
        self._ids = ids
        self._random = random

    async def create(  # noqa: PLR0913 - what a key may be made with, each by name
        self,
        holder: Principal,
        *,
        by: Principal,
        tools: Sequence[str] = ("*",),
        permissions: AbstractSet[str] | None = None,
        days: float | None = USUAL_DAYS,
        label: str = "",
    ) -> NewApiKey:
        """Make a key for a principal of the same organization.

        Args:
            holder: Whoever shows the key is this principal, with these roles and permissions.
            by: Who makes it; that takes the permission `identity:keys`.
            tools: Patterns of tools that it is for.
            permissions: Those of the holder that count; all of them unless given.
            days: So long it is good; `None` is until it is revoked.
            label: What it is for; kept encrypted.

        Returns:
            The key, this once.

        Raises:
            DecisionRefused: `by` may not, or the holder is of another organization.
            LedgerError: It could not be recorded.
        """
        if holder.organization != by.organization:
            raise DecisionRefused("a key is made for somebody of one's own organization")
        if days is not None and not days > 0:
            raise DecisionRefused("a key is good for more than 0 days")
        text = secret.written(secret.KEY, self._random(secret.SECRET_BYTES))
        key_id, now_ms = self._ids.new(_ID), self._ledger.clock.now_ms()
        link = Delegate(
            key_id, tuple(tools), None if permissions is None else frozenset(permissions)
        )
        kept = orjson.dumps(
            {"principal": freeze_principal(holder), "link": freeze_link(link), "label": label}
        )
        organization = self._ledger.keyring.organization(holder.organization)
        whose = organization.opaque(holder.id)
        shown, expires_ms = secret.digest(text), None
        if days is not None:
            expires_ms = now_ms + int(days * _DAY_MS)
        sealed = organization.seal_profile(_sealed_as(key_id, shown, expires_ms), kept)
        row = Row(
            API_KEY.name,
            (key_id, holder.organization, whose, shown, sealed, now_ms, expires_ms, None),
        )
        wanted = Wanted(
            subject=IdentitySubject.KEY,
            act=IdentityAct.BEGAN,
            target=key_id,
            whose=whose,
            row=row,
        )
        await self._changes.ask(wanted, by=by)
        names = (column.name for column in API_KEY.columns)
        made = self._told(dict(zip(names, row.values, strict=True)))
        return NewApiKey(key=made, secret=text)

    async def list(self, *, by: Principal, every: bool = False) -> Sequence[ApiKey]:
        """Keys of the organization of `by`, oldest first; with `every` also those that are over."""
        now_ms = self._ledger.clock.now_ms()
        wanted = selection(API_KEY.name, organization=by.organization)
        found = [self._told(row) async for row in records(self._ledger.store.tables, wanted)]
        return [key for key in found if every or _is_good(key, now_ms)]

    async def revoke(self, key_id: str, *, by: Principal) -> None:
        """Let a key open nothing from now on, nor any session that was opened with it.

        Raises:
            DecisionRefused: There is no such key, or `by` may not.
            LedgerError: It could not be recorded.
        """
        row = await self._changes.found(IdentitySubject.KEY, key_id, by.organization)
        if row is None:
            raise DecisionRefused(f"there is no key {key_id}: list those that are")
        wanted = Wanted(
            subject=IdentitySubject.KEY,
            act=IdentityAct.ENDED,
            target=key_id,
            whose=row["principal_id"],
        )
        await self._changes.ask(wanted, by=by)

    async def caller(self, text: str) -> Caller:
        """Who shows a key.

        Raises:
            CredentialRefused: It is none of ours, was revoked, or has expired.
        """
        wanted = Selection(table=API_KEY.name, equals={"digest": secret.digest(text)})
        async for row in records(self._ledger.store.tables, wanted):
            try:
                return self._caller(row)
            except VaultError:
                raise CredentialRefused(
                    WhyRefused.UNKNOWN, f"somebody changed the row of API key {row['id']}"
                ) from None
        raise CredentialRefused(WhyRefused.UNKNOWN, "there is no such API key")

    async def check(self, key_id: str, organization: str, *, whose: str | None = None) -> Delegate:
        """How far a key goes that is good now.

        Args:
            key_id: Of the key.
            organization: Whose it is.
            whose: Opaque id of who says that they hold it.

        Raises:
            CredentialRefused: There is none, it is somebody else's, was revoked or has expired.
        """
        row = await self._changes.found(IdentitySubject.KEY, key_id, organization)
        if row is None or whose not in {None, row["principal_id"]}:
            raise CredentialRefused(WhyRefused.UNKNOWN, f"there is no API key {key_id}")
        try:
            self._see_good(self._told(row))
            return thaw_link(self._kept(row)["link"])
        except VaultError:
            raise CredentialRefused(
                WhyRefused.UNKNOWN, f"somebody changed the row of API key {key_id}"
            ) from None

    def _see_good(self, key: ApiKey) -> None:
        if key.revoked_ms is not None:
            raise CredentialRefused(WhyRefused.ENDED, f"API key {key.id} was revoked")
        if not _is_good(key, self._ledger.clock.now_ms()):
            raise CredentialRefused(WhyRefused.EXPIRED, f"API key {key.id} has expired")

    def _caller(self, row: Record) -> Caller:
        key = self._told(row)
        self._see_good(key)
        kept = self._kept(row)
        holder = thaw_principal({**kept["principal"], "authenticated": True})
        return Caller(
            principal=holder,
            delegation=(thaw_link(kept["link"]),),
            assurance=Assurance.HASH,
            expires_ms=key.expires_ms,
            key_id=key.id,
        )

    def _kept(self, row: Record) -> Record:
        key = self._ledger.keyring.organization(row["organization"])
        name = _sealed_as(row["id"], row["digest"], row["expires_ms"])
        kept: Record = orjson.loads(key.open_profile(name, row["sealed"]))
        return kept

    def _told(self, row: Record) -> ApiKey:
        kept = self._kept(row)
        holder, link = thaw_principal(kept["principal"]), thaw_link(kept["link"])
        return ApiKey(
            id=row["id"],
            principal=row["principal_id"],
            name=holder.name or holder.id,
            organization=row["organization"],
            roles=tuple(sorted(holder.roles)),
            permissions=None if link.permissions is None else tuple(sorted(link.permissions)),
            tools=link.tools,
            label=kept["label"],
            created_ms=row["created_ms"],
            expires_ms=row["expires_ms"],
            revoked_ms=row["ended_ms"],
        )


def _sealed_as(key_id: str, digest: bytes, expires_ms: int | None) -> str:
    """What it opens under: whoever can write rows gives no key another holder, or more time."""
    return f"{key_id}.{digest.hex()}.{expires_ms}"


def _is_good(key: ApiKey, now_ms: int) -> bool:
    return key.revoked_ms is None and (key.expires_ms is None or now_ms < key.expires_ms)

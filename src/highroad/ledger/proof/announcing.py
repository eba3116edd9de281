"""Which keys sign a ledger: they are announced in it, each endorsed by the one before."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from highroad.domain.entry import Entry, EntryKind, Position
from highroad.domain.error import VaultError
from highroad.domain.identity import DEFAULT_ORGANIZATION
from highroad.ledger import entries
from highroad.ledger.history import read_body
from highroad.ledger.keyring import Keyring
from highroad.ports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """A signing key, as an entry of kind `ledger.rekeyed` announces it."""

    key: str
    """Its id."""
    public: bytes
    previous: str | None
    """Id of the key before it."""
    master: str
    """Public name of the master key that it derives from."""


async def read_announcements(store: Store) -> list[Announcement]:
    """Every signing key of a ledger, each behind the one that endorsed it."""
    following: dict[str | None, Announcement] = {}
    after: Position | None = None
    while page := await store.entries(kind=EntryKind.REKEYED, after=after):
        for entry in page:
            body = read_body(entry)
            announcement = Announcement(
                key=body["key"],
                public=bytes.fromhex(body["public"]),
                previous=body["previous"],
                master=body["master"],
            )
            following.setdefault(announcement.previous, announcement)
        after = page[-1].position
    found: list[Announcement] = []
    # Logs have no order among each other: what each names as the one before it has.
    while follower := following.pop(found[-1].key if found else None, None):
        found.append(follower)
    return found


def trusted_key(keyring: Keyring, known: Sequence[Announcement]) -> bytes:
    """The public key of the newest announcement that derives from our master keys.

    What is announced is taken from the ledger, and so may be forged; that a key derives from a
    master key, nobody can forge. Where nothing is announced, it is the key that will be.
    """
    for announcement in reversed(known):
        with suppress(VaultError):
            if keyring.signing_key(announcement.master).public == announcement.public:
                return announcement.public
    return keyring.signing_key().public


def announce(
    keyring: Keyring, known: Sequence[Announcement], *, ledger: str, at_ms: int
) -> tuple[Announcement, Entry]:
    """The entry that lets the key under the current master key sign from now on.

    Args:
        keyring: Has the key, and the one before it.
        known: Announced so far, the newest last.
        ledger: Id of the ledger.
        at_ms: Unix time.

    Raises:
        VaultError: The key was replaced before, or the one before it derives from a master key
            that is lost.
    """
    key = keyring.signing_key()
    after = known[-1] if known else None
    if after is not None and any(key.id == one.key for one in known):
        raise VaultError(
            f"the signing key {key.id} was replaced by {after.key} and signs nothing any more: put "
            f"master key {after.master} behind the others again"
        )
    announcement = Announcement(
        key=key.id,
        public=key.public,
        previous=None if after is None else after.key,
        master=keyring.current_id,
    )
    endorsement = None if after is None else _endorsement(keyring, ledger, after, key.public)
    entry = entries.noted(
        EntryKind.REKEYED,
        {
            "key": announcement.key,
            "public": announcement.public.hex(),
            "previous": announcement.previous,
            "endorsement": endorsement,
            "master": announcement.master,
        },
        organization=DEFAULT_ORGANIZATION,
        at_ms=at_ms,
    )
    return announcement, entry


def _endorsement(keyring: Keyring, ledger: str, after: Announcement, public: bytes) -> str:
    key = keyring.signing_key(after.master)
    if key.public != after.public:
        raise VaultError(
            f"signing key {after.key} was announced and does not derive from master key "
            f"{after.master}, so no new one can be endorsed: run `highroad audit verify`"
        )
    return key.endorse(ledger, public).hex()

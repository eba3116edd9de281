"""Which keys sign a ledger: they are announced in it, each endorsed by the one before."""

from collections import defaultdict
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
    following: dict[str | None, list[Announcement]] = defaultdict(list)
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
            following[announcement.previous].append(announcement)
        after = page[-1].position
    found: list[Announcement] = []
    # Logs have no order among each other: what each names as the one before it has.
    while next_ones := following[found[-1].key if found else None]:
        found.append(next_ones.pop(0))
    return found


def announce(
    keyring: Keyring, *, ledger: str, after: Announcement | None, at_ms: int
) -> tuple[Announcement, Entry]:
    """The entry that lets the key under the current master key sign from now on.

    Args:
        keyring: Has the key, and the one before it.
        ledger: Id of the ledger.
        after: The newest key so far.
        at_ms: Unix time.

    Raises:
        VaultError: The key before it derives from a master key that is lost.
    """
    key = keyring.signing_key()
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

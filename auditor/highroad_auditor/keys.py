"""Signing keys: what they sign, and how each one hands over to the next."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from highroad_auditor import strict
from highroad_auditor.report import INTEGRITY, AnnouncedKey, Code, Note, Problem

_ANNOUNCEMENT: Final = strict.Shape(
    key=strict.KEY_ID,
    public=strict.HASH,
    previous=strict.optional(strict.KEY_ID),
    endorsement=strict.optional(strict.SIGNATURE),
)


class PublicKey:
    """An Ed25519 public key (RFC 8032).

    Args:
        raw: Its 32 bytes.

    Raises:
        ValueError: They are not 32.
    """

    def __init__(self, raw: bytes) -> None:
        self.raw: bytes = raw
        self.id: str = sha256(raw).hexdigest()[:16]
        self._key: Ed25519PublicKey = Ed25519PublicKey.from_public_bytes(raw)

    def signed_head(self, signature: bytes, statement: bytes) -> bool:
        """Whether it signed the statement of a head."""
        return self._signed(signature, b"highroad-signed-head v1\n" + statement)

    def endorsed(self, signature: bytes, ledger: bytes, public: bytes) -> bool:
        """Whether it endorsed the key that comes after it."""
        rotation = b"highroad-key-rotation v1\n" + ledger + b"\n" + public.hex().encode()
        return self._signed(signature, rotation)

    def _signed(self, signature: bytes, message: bytes) -> bool:
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Announcement:
    """An entry that announces a key."""

    log: str
    seq: int
    key: PublicKey
    previous: str | None
    endorsement: bytes


def read_announcement(log: str, seq: int, body: Mapping[str, Any]) -> Announcement:
    """What a body of kind `ledger.rekeyed` says.

    Raises:
        MalformedError: It is not in the form of the page.
    """
    stated = {name: body.get(name) for name in _ANNOUNCEMENT.forms}
    key_id, public, previous, endorsement = _ANNOUNCEMENT.fields(stated)
    if (previous is None) != (endorsement is None):
        raise strict.MalformedError("`previous` and `endorsement` stand together or not at all")
    key = PublicKey(bytes.fromhex(public))
    if key_id != key.id:
        raise strict.MalformedError("`key` is not the id of `public`")
    return Announcement(log, seq, key, previous, bytes.fromhex(endorsement or ""))


class Succession:
    """The keys of a ledger, each endorsed by the one before it."""

    def __init__(self, ledger: str, announced: list[Announcement], note: Note) -> None:
        self._ledger: bytes = ledger.encode("utf-8", "surrogatepass")
        self._note: Note = note
        self.line: list[Announcement] = list(self._follow(announced))
        """Those that hold, in their order."""
        self._ranks: dict[str, list[tuple[int, int]]] = {}
        """For each log: positions of announcements, which ascend, and which of the line it is."""
        for rank, found in enumerate(self.line):
            self._ranks.setdefault(found.log, []).append((found.seq, rank))

    def newest(self, sizes: Mapping[str, int]) -> int:
        """Which of the line is the newest announced within these sizes of logs; -1 is none."""
        newest = -1
        for log, ranks in self._ranks.items():
            behind = bisect_left(ranks, (sizes.get(log, 0), -1))
            newest = max(newest, ranks[behind - 1][1] if behind else -1)
        return newest

    def report(self, given: PublicKey, signed: Mapping[str, int]) -> tuple[AnnouncedKey, ...]:
        """Each of the line, how many heads it signed, and whether it is the one that was given."""
        return tuple(
            AnnouncedKey(
                at.key.id, at.log, at.seq, signed.get(at.key.id, 0), at.key.raw == given.raw
            )
            for at in self.line
        )

    def _follow(self, announced: list[Announcement]) -> Iterator[Announcement]:
        """Walk from the first key to the last; whatever stands beside that line is a problem."""
        successors: dict[str | None, Announcement | None] = {}
        for one in announced:
            if successors.setdefault(one.previous, one) is not one:
                self._stray(one, Code.KEY_ORDER, "another key took this place before")
        before: Announcement | None = None
        found: Announcement | None
        seen: set[str] = set()
        last: dict[str, int] = {}
        while found := successors.pop(before.key.id if before else None, None):
            if found.key.id in seen:
                self._stray(found, Code.KEY_ORDER, "a key is announced again")
            elif found.seq < last.get(found.log, 0):
                self._stray(found, Code.KEY_ORDER, "it stands before a key that it follows")
            elif before and not before.key.endorsed(found.endorsement, self._ledger, found.key.raw):
                self._stray(found, Code.KEY_ENDORSEMENT)
            else:
                yield found
                before = found
                seen.add(found.key.id)
                last[found.log] = found.seq
                continue
            break
        for found in filter(None, successors.values()):
            self._stray(found, Code.KEY_ORDER, "it follows no key that holds")

    def _stray(self, found: Announcement, code: Code, detail: str = "") -> None:
        self._note(Problem(INTEGRITY, code, found.log, found.seq, detail=detail))

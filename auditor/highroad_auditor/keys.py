"""Signing keys: what they sign, and how each one hands over to the next."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, TypeGuard

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from highroad_auditor.problem import Aspect, Code, Problems
from highroad_auditor.strict import MalformedError, is_hash, is_text

_ID: Final = re.compile(r"[0-9a-f]{16}", re.ASCII)
_SIGNATURE: Final = re.compile(r"[0-9a-f]{128}", re.ASCII)


def is_key_id(found: object) -> TypeGuard[str]:
    """Whether it has the form of a key's id."""
    return is_text(found) and _ID.fullmatch(found) is not None


def is_signature(found: object) -> TypeGuard[str]:
    """Whether it has the form of a signature: 64 bytes in lower-case hex."""
    return is_text(found) and _SIGNATURE.fullmatch(found) is not None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """An entry that announces a key."""

    log: str
    seq: int
    key: PublicKey
    previous: str | None
    endorsement: bytes | None


def read_announcement(log: str, seq: int, body: Mapping[str, Any]) -> Announcement:
    """What a body of kind `ledger.rekeyed` says.

    Raises:
        MalformedError: It is not in the form of the page.
    """
    public, previous, endorsement = (body.get(f) for f in ("public", "previous", "endorsement"))
    if not is_hash(public):
        raise MalformedError("`public` is not 32 bytes in hex")
    if (previous is None) != (endorsement is None):
        raise MalformedError("`previous` and `endorsement` stand together or not at all")
    if not (previous is None or (is_key_id(previous) and is_signature(endorsement))):
        raise MalformedError("`previous` or `endorsement` is not in hex of their length")
    key = PublicKey(bytes.fromhex(public))
    if body.get("key") != key.id:
        raise MalformedError("`key` is not the id of `public`")
    return Announcement(
        log=log,
        seq=seq,
        key=key,
        previous=previous,
        endorsement=None if endorsement is None else bytes.fromhex(endorsement),
    )


class Succession:
    """The keys of a ledger, each endorsed by the one before it."""

    def __init__(self, ledger: str, announced: list[Announcement], problems: Problems) -> None:
        self._ledger: bytes = ledger.encode("utf-8", "surrogatepass")
        self._problems: Problems = problems
        self.line: list[Announcement] = list(self._follow(announced))
        """Those that hold, in their order."""
        self._places: dict[str, tuple[list[int], list[int]]] = self._by_log()

    def newest_covered(self, sizes: Mapping[str, int]) -> Announcement | None:
        """The newest key whose announcement lies within these sizes of logs."""
        newest = -1
        for log, (seqs, ranks) in self._places.items():
            covered = bisect_left(seqs, sizes.get(log, 0))
            newest = max(newest, ranks[covered - 1] if covered else -1)
        return None if newest < 0 else self.line[newest]

    def _follow(self, announced: list[Announcement]) -> Iterator[Announcement]:
        """Walk from the first key to the last; whatever stands beside that line is a problem."""
        successors: dict[str | None, Announcement] = {}
        for announcement in announced:
            if successors.setdefault(announcement.previous, announcement) is not announcement:
                self._stray(announcement, Code.KEY_ORDER, "another key took this place before")
        before: Announcement | None = None
        seen: set[str] = set()
        last: dict[str, int] = {}
        while (found := successors.pop(before.key.id if before else None, None)) is not None:
            if found.key.id in seen:
                self._stray(found, Code.KEY_ORDER, "a key is announced again")
                break
            if found.seq < last.get(found.log, 0):
                self._stray(found, Code.KEY_ORDER, "it stands before a key that it comes after")
                break
            if before and not self._is_endorsed(before, found):
                self._stray(found, Code.KEY_ENDORSEMENT, "")
                break
            seen.add(found.key.id)
            last[found.log] = found.seq
            yield found
            before = found
        for stray in successors.values():
            self._stray(stray, Code.KEY_ORDER, "it follows no key that holds")

    def _is_endorsed(self, before: Announcement, found: Announcement) -> bool:
        return found.endorsement is not None and before.key.endorsed(
            found.endorsement, self._ledger, found.key.raw
        )

    def _by_log(self) -> dict[str, tuple[list[int], list[int]]]:
        """For each log: positions of announcements, and the newest key up to each."""
        places: dict[str, tuple[list[int], list[int]]] = {}
        # One key after the other: within a log their positions ascend.
        for rank, announcement in enumerate(self.line):
            seqs, ranks = places.setdefault(announcement.log, ([], []))
            seqs.append(announcement.seq)
            ranks.append(rank)
        return places

    def _stray(self, found: Announcement, code: Code, detail: str) -> None:
        self._problems.note(Aspect.INTEGRITY, code, log=found.log, seq=found.seq, detail=detail)

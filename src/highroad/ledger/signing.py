"""Signed heads and signing keys, as `docs/proof.md` specifies them: Ed25519 (RFC 8032).

A signing key is derived by HKDF-SHA256 (RFC 5869) from the newest master key, so that adding a
master key rotates it, and no other secret has to be kept.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any, Final

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from highroad.domain.proof import SignedHead, TreeHead
from highroad.ledger.canonical import canonical

_HEAD: Final = b"highroad-signed-head v1\n"
_ROTATION: Final = "highroad-key-rotation v1\n{ledger}\n{public}"
# Each text begins with its own words, so that no signature of one passes for one of the other.

_VERSION: Final = 1
_KEY_BYTES: Final = 32
_ID_HEX: Final = 16


class SigningKey:
    """A key that signs heads, and the announcement of the key behind it."""

    __slots__ = ("_private", "id", "public")

    def __init__(self, secret: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(secret)
        self.public: bytes = self._private.public_key().public_bytes_raw()
        self.id: str = key_id(self.public)

    @classmethod
    def derive(cls, master: bytes) -> "SigningKey":
        """The signing key under a master key."""
        derivation = HKDF(
            algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=b"highroad signing v1"
        )
        return cls(derivation.derive(master))

    def sign_head(self, statement: bytes) -> bytes:
        """Signature of a head's statement."""
        return self._private.sign(_HEAD + statement)

    def endorse(self, ledger: str, public: bytes) -> bytes:
        """Signature that lets the key `public` sign for a ledger after this one."""
        return self._private.sign(_rotation(ledger, public))


def key_id(public: bytes) -> str:
    """The name of a key: the first 16 hex digits of SHA-256 of the public key."""
    return sha256(public).hexdigest()[:_ID_HEX]


def sign(
    key: SigningKey,
    *,
    ledger: str,
    after: SignedHead | None,
    trees: Iterable[TreeHead],
    at_ms: int,
) -> SignedHead:
    """The head that follows `after`, or the first one.

    Args:
        key: The newest key that is announced within `trees`.
        ledger: Id of the ledger.
        after: The newest head so far.
        trees: Size and root of every log.
        at_ms: Unix time.
    """
    number = 0 if after is None else after.number + 1
    ordered = tuple(sorted(trees, key=lambda tree: tree.log_id))
    statement = canonical(
        {
            "at": at_ms,
            "key": key.id,
            "ledger": ledger,
            "number": number,
            "previous": None if after is None else sha256(after.statement).hexdigest(),
            "trees": [
                {"log": tree.log_id, "root": tree.root.hex(), "size": tree.size} for tree in ordered
            ],
            "v": _VERSION,
        }
    )
    return SignedHead(
        number=number,
        at_ms=at_ms,
        trees=ordered,
        key_id=key.id,
        statement=statement,
        signature=key.sign_head(statement),
    )


def is_signed(head: SignedHead, public: bytes) -> bool:
    """Whether the signature of a head is that of the key `public`."""
    return _verifies(public, head.signature, _HEAD + head.statement)


def is_endorsed(endorsement: bytes, *, by: bytes, ledger: str, public: bytes) -> bool:
    """Whether the key `by` lets the key `public` sign for a ledger."""
    return _verifies(by, endorsement, _rotation(ledger, public))


def head_line(head: SignedHead) -> str:
    """A signed head written down, without a line feed."""
    written: dict[str, Any] = {
        "signature": head.signature.hex(),
        "statement": head.statement.decode(errors="replace"),
    }
    return orjson.dumps(written).decode()


def _rotation(ledger: str, public: bytes) -> bytes:
    return _ROTATION.format(ledger=ledger, public=public.hex()).encode()


def _verifies(public: bytes, signature: bytes, text: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except (InvalidSignature, ValueError):  # ValueError: no key at all
        return False
    return True

"""Results that may be served again: reads that declare a cache, for the same principal only."""

import os
from dataclasses import dataclass, replace
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from highroad.ledger.keyring import Keyring
from highroad.ledger.record import CallRecord
from highroad.resilience.cache import Cache

_NONCE_BYTES: Final = 12
_KEY_BITS: Final = 256


@dataclass(frozen=True, slots=True)
class CachedResult:
    """A result, and the call that brought it."""

    call_id: str
    json: bytes
    age_s: float = 0.0


class Results:
    """A cache of results, encrypted with a key that dies with the process (P7)."""

    def __init__(self, cache: Cache, keyring: Keyring) -> None:
        self._cache = cache
        self._keyring = keyring
        self._cipher = AESGCM(AESGCM.generate_key(_KEY_BITS))

    def find(self, record: CallRecord, arguments: bytes) -> CachedResult | None:
        """The result of the same call by the same principal, while it may be served."""
        key = self._key(record, arguments)
        sealed = self._cache.get(key)
        return None if sealed is None else self._opened(key, sealed)

    def last(
        self, record: CallRecord, arguments: bytes, *, max_age_s: float
    ) -> CachedResult | None:
        """The same, also past its time, if it is no older than `max_age_s` seconds."""
        key = self._key(record, arguments)
        found = self._cache.last(key)
        if found is None or found.age_s > max_age_s:
            return None
        return replace(self._opened(key, found.value), age_s=found.age_s)

    def keep(
        self,
        record: CallRecord,
        arguments: bytes,
        json: bytes,
        ttl_s: float,
        *,
        stale_s: float = 0.0,
    ) -> None:
        """Remember a fresh result: to be served for `ttl_s` seconds, and held for `stale_s`."""
        key = self._key(record, arguments)
        nonce = os.urandom(_NONCE_BYTES)
        plain = record.call.id.encode() + b"\n" + json
        sealed = nonce + self._cipher.encrypt(nonce, plain, key)
        self._cache.put(key, sealed, ttl_s=ttl_s, stale_s=stale_s)

    def forget(self) -> None:
        """Serve nothing of what was kept: whose a result is cannot be told from its key."""
        self._cache.clear()

    def _opened(self, key: bytes, sealed: bytes) -> CachedResult:
        plain = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], key)
        call_id, _, json = plain.partition(b"\n")
        return CachedResult(call_id.decode(), json)

    def _key(self, record: CallRecord, arguments: bytes) -> bytes:
        """What the result depends on: who asks, which version of which tool, and for what."""
        call = record.call
        organization = self._keyring.organization(call.organization)
        return organization.digest(
            b"cache",
            record.principal_id.encode(),
            record.policy_version.encode(),
            call.known_definition.digest.encode(),
            arguments,
        )

"""Whose memories are whose: spaces whose names tell nobody so, and vectors that fit there alone."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, TypeAlias

from highroad.ledger.keyring import OrganizationKey

_HEX: Final = 32
"""Of an id: 128 bits, so that no two meet."""

_Turning: TypeAlias = tuple[tuple[int, bool], ...]
"""For each place the place that it is taken from, and whether it is negated."""


def space_of_user(key: OrganizationKey, principal_id: str) -> str:
    """The space of what is remembered for one user, by opaque id."""
    return _named(key, b"memories of user", principal_id.encode())


def space_of_organization(key: OrganizationKey) -> str:
    """The space of what is remembered for everybody of an organization."""
    return _named(key, b"memories of organization")


def space_of_preferences(key: OrganizationKey, principal_id: str) -> str:
    """The space of a user's preferences."""
    return _named(key, b"preferences of user", principal_id.encode())


def id_of(key: OrganizationKey, space: str, *parts: str) -> str:
    """The id of what is told by these parts: the same thing twice is one memory."""
    told = [part.encode() for part in parts]
    return "mem_" + key.digest(b"memory", space.encode(), *told).hex()[:_HEX]


def turned(key: OrganizationKey, space: str, vector: Sequence[float]) -> tuple[float, ...]:
    """A vector with its numbers in a secret order and with secret signs, the same for a space.

    Distances stay what they are. The vector alone says no more of its text: without the key an
    embedder's inversion has nothing to begin with. Whoever has many texts of the space beside
    their vectors can work the order out.
    """
    turning = _turning(key, space, len(vector))
    return tuple([-vector[place] if is_negated else vector[place] for place, is_negated in turning])


@lru_cache(maxsize=64)
def _turning(key: OrganizationKey, space: str, length: int) -> _Turning:
    drawn = [
        key.digest(b"memory vector", space.encode(), place.to_bytes(4)) for place in range(length)
    ]
    order = sorted(range(length), key=lambda place: drawn[place])
    return tuple((place, bool(drawn[place][-1] & 1)) for place in order)


def _named(key: OrganizationKey, *parts: bytes) -> str:
    return "spc_" + key.digest(*parts).hex()[:_HEX]

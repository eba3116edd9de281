"""What is remembered beyond a run, of one user or for a whole organization."""

from collections.abc import Sequence
from enum import StrEnum

from highroad.domain.error import HighroadError
from highroad.domain.label import UNLABELLED, Label
from highroad.domain.value import value


class MemoryScope(StrEnum):
    """For whom something is remembered."""

    USER = "user"
    """For whoever it was remembered for, and nobody else."""
    ORGANIZATION = "organization"
    """For everybody of the organization."""


class MemorySource(StrEnum):
    """Who wrote it. It decides how far it may be trusted."""

    USER = "user"
    """The user, in their own words, and no model in between."""
    AGENT = "agent"
    """A model, in whatever words tools and users had put before it."""
    PROGRAM = "program"
    """Code, from wherever it had it."""


@value
class Memory:
    """One thing that is remembered, as one reader may see it."""

    id: str
    text: str
    kind: str
    scope: MemoryScope
    source: MemorySource
    created_ms: int
    label: Label = UNLABELLED
    """For this reader: what they wrote themselves is theirs, all else is untrusted."""


@value
class SealedMemory:
    """A memory at rest: nothing of it can be read without the organization's key (P7)."""

    id: str
    space: str
    """Whose it is, as an HMAC: nothing crosses from one to another."""
    sealed: bytes
    created_ms: int
    embedder: str = ""
    """That made its vector; empty where it has none."""
    vector: Sequence[float] = ()
    """Of length one, turned by a secret of its space."""


@value
class Near:
    """A memory that a search by meaning has found."""

    id: str
    distance: float
    """From 0, which is the same, to 2."""


class MemoriesError(HighroadError):
    """What is remembered cannot be reached or kept; the message says what to do next."""

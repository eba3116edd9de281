"""What whoever proposed a call had seen: by reference, never by value."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from highroad.domain.payload import PayloadRef


class EvidenceKind(StrEnum):
    """Where a value can have come from."""

    REQUEST = "request"
    PROFILE = "profile"
    RESULT = "result"
    DEFAULT = "default"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Source:
    """One source of values: a request, a profile, an earlier result."""

    id: str
    kind: EvidenceKind
    payload: PayloadRef | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """The slot that every call carries for the sources of its values."""

    sources: tuple[Source, ...] = ()


NO_EVIDENCE: Final = Evidence()

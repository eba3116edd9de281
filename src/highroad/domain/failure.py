"""What went wrong with an attempt, in the nine kinds that decide what may be done about it."""

from enum import StrEnum

from highroad.domain.error import CallError
from highroad.domain.outcome import Proof
from highroad.domain.value import value


class FailureKind(StrEnum):
    """Why an attempt did not bring a result. What is retried depends on it and on effect class."""

    TRANSIENT = "transient"
    """The dependency could not answer now; the same attempt may succeed."""
    THROTTLED = "throttled"
    """The dependency asks for fewer calls, perhaps saying when the next may come."""
    TIMEOUT = "timeout"
    """No answer came in the time that an attempt has."""
    INVALID_ARGUMENTS = "invalid_arguments"
    """The dependency refuses what was asked; other arguments may succeed."""
    DENIED = "denied"
    """The dependency does not let us: credentials are missing, wrong, or do not suffice."""
    PERMANENT = "permanent"
    """It will go wrong again, whoever tries."""
    BUG = "bug"
    """The tool's own code is wrong, or what it brought is."""
    CANCELLED = "cancelled"
    """Something called it off, and it was not us."""
    UNKNOWN = "unknown"
    """Nothing says what it was."""

    @property
    def is_of_dependency(self) -> bool:
        """Whether it speaks against the dependency, and so counts for its breaker."""
        return self in _OF_DEPENDENCY


_OF_DEPENDENCY = frozenset({FailureKind.TRANSIENT, FailureKind.THROTTLED, FailureKind.TIMEOUT})


@value
class Failure:
    """What one attempt ended with, where that is no result."""

    kind: FailureKind
    error: CallError
    applied: bool | None = None
    """`False` proves that nothing was; `None` is not known."""
    proof: Proof = Proof.TOOL_SAID
    """What kind of proof a `False` is."""
    retry_after_s: float | None = None
    """When the dependency says that the next attempt may come."""

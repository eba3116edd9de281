"""The nine kinds of failure, which decide what may be done about one."""

from enum import StrEnum


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

    @property
    def may_pass(self) -> bool:
        """Whether the same attempt may succeed later, without a change."""
        return self in _OF_DEPENDENCY


# The same three: what a dependency can be blamed for is what it may be over with by itself.
_OF_DEPENDENCY = frozenset({FailureKind.TRANSIENT, FailureKind.THROTTLED, FailureKind.TIMEOUT})

"""What an attempt ended with, where that is no result."""

from highroad.domain.error import CallError
from highroad.domain.failure_kind import FailureKind
from highroad.domain.outcome import Proof
from highroad.domain.value import value

__all__ = ["Failure", "FailureKind"]


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
    rule: str = ""
    """What said so, for the ledger: `http.503`, `tool.said`. Never a word of the error's own."""
    was_made: bool = True
    """`False`: the dependency was not asked; its breaker or want of room kept the attempt away."""

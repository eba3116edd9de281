"""Calling off what is under way, or waits."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation:
    """Somebody's word that a call, or a run with all its calls, is called off."""

    run_id: str
    call_id: str | None
    """`None` is the whole run, for good."""
    by: str
    """Opaque id."""
    at_ms: int
    reason: bytes | None = None
    """Why, encrypted with the organization's key."""
    profile: bytes | None = None
    """Who they are, encrypted, for the erasable table."""

    @property
    def subject(self) -> str:
        """Id of what is called off."""
        return self.call_id or self.run_id

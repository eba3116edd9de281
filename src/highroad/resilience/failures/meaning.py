"""What an error means for the attempt that it ended."""

from collections.abc import Callable
from typing import TypeAlias

from highroad.domain.failure_kind import FailureKind
from highroad.domain.value import value


@value
class Meaning:
    """What an error says of its kind, of its effect, and of when to come back."""

    kind: FailureKind
    rule: str
    """The line of the mapping: source and code, `database.40001`. Nothing that an error says may
    stand in it but what the mapping knows (P7)."""
    is_not_applied: bool = False
    """Whether it is certain that the request which failed changed nothing."""
    retry_after_s: float | None = None

    @property
    def without_proof(self) -> "Meaning":
        """The same, of an error that tells only a part of what was done."""
        if not self.is_not_applied:
            return self
        return Meaning(kind=self.kind, rule=self.rule, retry_after_s=self.retry_after_s)


UNMAPPED = Meaning(kind=FailureKind.UNKNOWN, rule="unmapped")
"""No source knows it."""

Source: TypeAlias = Callable[[BaseException, int | None], Meaning | None]
"""Reads errors of its own, and says `None` of all others. It is given the Unix time in
milliseconds, or `None` where nobody will wait for another attempt."""

"""Whether a call may have been applied: what its attempts leave open, and what proves it was not.

*Failed* and *cancelled* need a proof that nothing was applied; without one, a call is *unknown*
(P3).
"""

from typing import Final

from highroad.domain.error import CallError, Code
from highroad.domain.failure_kind import FailureKind
from highroad.domain.outcome import Ending, Proof, Status
from highroad.domain.tool import Effect, ToolDefinition

# Members of enumerations that every call asks for: looking one up takes longer than using it.
_NOT_STARTED: Final = Proof.NOT_STARTED
_MAY_BE_REPEATED: Final = Proof.REPEATABLE
_REPEATABLE: Final = Effect.REPEATABLE

_EARLIER: Final = 0
"""Stands for the attempts of a process that is gone; ours are counted from 1."""


class Doubt:
    """What is known of one call while its attempts are made, and after."""

    __slots__ = ("attempts", "proof", "strays")

    def __init__(self) -> None:
        self.proof: Proof | None = _NOT_STARTED
        """Shows that nothing was applied, as long as something does."""
        self.attempts: frozenset[int] = frozenset()
        """That may have been applied: what another one proves, it proves of itself alone."""
        self.strays: frozenset[int] = frozenset()
        """Attempts that were given up on and whose bodies run on, each in its thread."""

    def begin(self, attempt: int, definition: ToolDefinition) -> None:
        """The body runs: "not started" proves nothing any more."""
        if definition.has_effects:
            self.attempts |= {attempt}
        self.proof = _MAY_BE_REPEATED if definition.effect is _REPEATABLE else None

    def resume(self, effect: str | None) -> None:
        """The body may have run before, in a process that is gone, and of the class of then."""
        self.attempts = frozenset({_EARLIER})
        self.proof = _MAY_BE_REPEATED if effect == _REPEATABLE else None

    def narrow(self, attempt: int, *, is_alone: bool) -> None:
        """Of those earlier attempts this one is known, and whether it is the only one in doubt."""
        self.attempts = frozenset({attempt} if is_alone else {attempt, _EARLIER})

    def dispel(self, attempt: int, proof: Proof) -> None:
        """An attempt was not applied; it proves something of the call if no other one may be."""
        self.attempts -= {attempt}
        if self.proof is None and not self.attempts:
            self.proof = proof


def ended_by(  # noqa: PLR0913 - the facts of an ending, each by name
    proof: Proof | None,
    error: CallError,
    *,
    status: Status = Status.FAILED,
    rule: str | None = None,
    decided_by: str = "",
    kind: FailureKind | None = None,
) -> Ending:
    """The end of a call that brought no result: `status` where there is a proof, else unknown."""
    is_proved = proof is not None
    return Ending(
        status=status if is_proved else Status.UNKNOWN,
        error=error if is_proved else unknown(error),
        proof=proof,
        rule=rule,
        decided_by=decided_by,
        kind=kind,
    )


def unknown(cause: CallError) -> CallError:
    """What a caller is told when nobody knows whether the call was applied."""
    return CallError(
        code=Code.OUTCOME_UNKNOWN,
        message=f"Nobody knows whether this call took effect. {cause.message}",
        hint="Do not call again: it could happen twice. A person will settle it.",
        is_authored=cause.is_authored,
    )

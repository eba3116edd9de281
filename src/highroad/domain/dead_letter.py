"""Dead letters: calls that were given up on, with what became of them since.

A letter holds ids, names, codes and counts. What the call was asked with stands in the vault.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any, Final

from highroad.domain.audit import DEAD_LETTER, typed
from highroad.domain.identity import OURSELVES
from highroad.domain.ids import with_prefix
from highroad.domain.outcome import Status


class LetterState(StrEnum):
    """What has become of a letter."""

    OPEN = "open"
    """Somebody has to redrive or discard it."""
    ANSWERED = "answered"
    """What stood in for the call completed."""
    SETTLED = "settled"
    """It came out that the call was applied."""
    REDRIVEN = "redriven"
    """Another call took its place."""
    DISCARDED = "discarded"
    """A person said that it need not be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A call that was given up on."""

    id: str
    """That of its call, under the prefix `letter`."""
    call_id: str
    run_id: str
    organization: str
    principal_id: str
    """Opaque id."""
    tool: str
    dependency: str
    """What could not be reached."""
    effect: str
    status: str
    """How the call ended: `failed`, `refused` or `unknown`."""
    code: str
    kind: str | None = None
    """What went wrong with the last attempt, where one was made (`FailureKind`)."""
    attempts: int = 0
    state: str = LetterState.OPEN
    created_ms: int
    changed_ms: int
    changed_by: str | None = None
    """Opaque id, or `OURSELVES`."""
    reason_ref: str | None = None
    """Id of the payload with what they wrote."""
    redriven_as: str | None = None
    """The call that tried last to do it after all, or that stood in for it."""
    redrives: int = 0
    """How often it was tried again."""

    @property
    def is_open(self) -> bool:
        """Whether a person has to do something about it."""
        return self.state == LetterState.OPEN

    @property
    def is_unknown(self) -> bool:
        """Whether its call may have taken effect, as its terminal record says."""
        return self.status == Status.UNKNOWN

    @property
    def todo(self) -> str:
        """What a person can do about it."""
        if not self.is_open:
            return "Nothing."
        if self.is_unknown:
            return (
                "Find out whether it took effect, and settle the call; "
                "if it did not, redrive or discard the letter."
            )
        return f"Redrive it once {self.dependency} is available, or discard it with a reason."

    def discarded(self, *, by: str, at_ms: int, reason_ref: str | None) -> "DeadLetter":
        """As it stands once a person has said that its call need not be made."""
        return replace(
            self,
            state=LetterState.DISCARDED,
            changed_ms=at_ms,
            changed_by=by,
            reason_ref=reason_ref,
        )

    def redriven(self, call_id: str, *, by: str, at_ms: int, is_done: bool) -> "DeadLetter":
        """As it stands behind a redrive; one that came to nothing leaves it open."""
        return replace(
            self,
            state=LetterState.REDRIVEN if is_done else LetterState.OPEN,
            changed_ms=at_ms,
            changed_by=by,
            redriven_as=call_id,
            redrives=self.redrives + 1,
        )

    def answered(self, call_id: str, *, at_ms: int) -> "DeadLetter":
        """As it stands once what stood in for its call has completed."""
        return replace(
            self,
            state=LetterState.ANSWERED,
            changed_ms=at_ms,
            changed_by=OURSELVES,
            redriven_as=call_id,
        )


def settled(
    letter: DeadLetter | None, *, applied: bool | None, by: str, at_ms: int
) -> DeadLetter | None:
    """A letter behind a later fact about its call; `None` where that changes nothing."""
    if letter is None or applied is None:
        return None
    if letter.state not in {LetterState.OPEN, LetterState.SETTLED}:
        return None
    state = LetterState.SETTLED if applied else LetterState.OPEN
    if state == letter.state:
        return None
    return replace(letter, state=state, changed_ms=at_ms, changed_by=by)


def letter_id(call_id: str) -> str:
    """Id of the letter of a call."""
    return with_prefix(call_id, "letter")


def body_of(letter: DeadLetter) -> dict[str, Any]:
    """A letter as an entry has it."""
    return {name: cell for name, cell in asdict(letter).items() if cell is not None}


def values_of(body: Mapping[str, Any]) -> tuple[Any, ...]:
    """The row of a letter as an entry has it; the columns are the fields, in order."""
    return tuple([body.get(name) for name in _FIELDS])


def letter_of(values: Sequence[Any]) -> DeadLetter:
    """Read a row of `dead_letter`, whatever store it comes from.

    Raises:
        LedgerError: Somebody changed it.
    """
    return DeadLetter(**dict(zip(_FIELDS, typed(DEAD_LETTER, values), strict=True)))


_FIELDS: Final = tuple(each.name for each in fields(DeadLetter))

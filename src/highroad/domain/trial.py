"""Trials: what a new agent does while nobody has promoted it, and how it came out."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from highroad.domain.error import DeclarationError
from highroad.domain.value import value

DAY_MS: Final = 86_400_000


@value
class Trial:
    """All runs of an agent are dry until a person promotes it.

    Args:
        days: From its first run on record; a promotion before they are over takes a reason.
    """

    days: int = 14

    def __post_init__(self) -> None:
        """Refuse what is no time."""
        if self.days < 0:
            raise DeclarationError(f"a trial takes {self.days} days; it takes 0 or more")

    def ends_ms(self, began_ms: int) -> int:
        """Unix time when one is over that began then."""
        return began_ms + self.days * DAY_MS


class TrialState(StrEnum):
    """How the trial of an agent stands."""

    PROMOTED = "promoted"
    """Its runs are no dry runs, as long as its definition stays what it was."""
    ON_TRIAL = "on_trial"
    """Nobody has promoted it as it is now, or somebody took that back."""


@value
class TrialChange:
    """Somebody promoted an agent, or put it on trial again."""

    id: str
    agent: str
    organization: str
    """Whose runs it is about."""
    state: TrialState
    definition: str
    """Digest of what the agent was, with its team: of another one it says nothing."""
    by: str
    """Opaque id."""
    at_ms: int
    is_early: bool = False
    """Before the days of the trial were over."""
    reason: str | None = None
    """Id of the payload with what they wrote."""


class CaseKind(StrEnum):
    """Why something that happened in a trial is worth a look."""

    REFUSED = "refused"
    UNGROUNDED = "ungrounded"
    """A value came from nowhere that is known."""
    UNSURE = "unsure"
    """The model was not sure enough, or did not say how sure it was."""
    OBLIGED = "obliged"
    """A person would be asked, and not for the tier of the tool alone."""
    INVALID = "invalid"
    """Arguments did not fit."""
    LOOP = "loop"
    """The same call was made again and again."""
    FAILED = "failed"
    """A call that was made for real brought nothing."""
    UNANSWERED = "unanswered"
    """A run came to no answer."""


@value
class EdgeCase:
    """An edge case: something that happened in a trial and is worth a look."""

    kind: CaseKind
    run_id: str
    call_id: str | None = None
    """For `highroad explain`; `None` where it is the run as a whole."""
    tool: str | None = None
    code: str | None = None


@value
class TriedTool:
    """What the calls of one tool came to."""

    tool: str
    calls: int
    made: int
    """For real: reads, and work that was handed on."""
    would_run: int
    would_ask: int
    refused: Mapping[str, int]
    """By code; those that failed among them."""


@value
class TrialReport:
    """What an agent did, and would have done."""

    agent: str
    state: TrialState | None
    """`None` where it is not declared on trial."""
    definition: str
    """Digest of what it is now."""
    began_ms: int | None
    """When its trial began: its first run as it is now."""
    ends_ms: int | None
    runs: int
    dry: int
    """How many of them were dry runs."""
    unreadable: int
    """Runs whose entries are archived, and which nothing is told of."""
    tools: tuple[TriedTool, ...]
    unused: tuple[str, ...]
    """Tools that it may call, and never did."""
    cases: tuple[EdgeCase, ...]
    requests: int
    """That models answered."""
    cost_usd: float

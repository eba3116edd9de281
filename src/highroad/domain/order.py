"""What other processes ask of a ledger's owner; it waits in the inbox until an entry answers it.

How orders are written there stands in `highroad.domain.order_form`, how they are signed in
`highroad.ledger.authorship`.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from highroad.domain.approval import Ruling
from highroad.domain.dependency import BreakerState
from highroad.domain.identity import Assurance, ShownBy, shown_by
from highroad.domain.identity_change import IdentityAct, IdentitySubject
from highroad.domain.run import When
from highroad.domain.trial import TrialState


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(ABC):
    """What somebody asks for, and who does.

    It is judged twice: by the process that leaves it, so that its author hears at once what cannot
    count, and by the owner when it is taken, which is what counts.
    """

    organization: str
    """Of whoever gives it."""
    by: str
    """Who gives it: an opaque id."""
    at_ms: int
    """Unix time."""
    profile: bytes | None = None
    """Who they are, encrypted, for the erasable table."""
    mac: bytes | None = None
    """Over the rest, where it goes through the inbox; see `highroad.ledger.authorship`."""

    @property
    @abstractmethod
    def subject(self) -> str:
        """Id of what it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonedOrder(Order):
    """An order that may say why."""

    reason: bytes | None = None
    """Why, encrypted with the organization's key; see `highroad.ledger.reasons`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision(ReasonedOrder):
    """One person's word on one approval."""

    approval_id: str
    ruling: Ruling
    digest: str
    """What they saw."""
    assurance: Assurance | None = None
    """How it is known who they are; `None` is by what the program says."""
    key_id: str | None = None
    """The API key that showed them, if one did."""
    session_id: str | None = None
    """The session that showed them, if one did."""
    code_ms: int | None = None
    """When the one-time code was made that they had, in Unix time; `None` without one."""
    link_ms: int | None = None
    """When the link was made that they followed, in Unix time; `None` without one."""

    @property
    def answered_ms(self) -> int | None:
        """When the last of what they answer by was made: a word since then has used it."""
        made = [each for each in (self.link_ms, self.code_ms) if each is not None]
        return max(made, default=None)

    @property
    def subject(self) -> str:
        """Id of the approval."""
        return self.approval_id

    @property
    def shown_by(self) -> ShownBy | None:
        """What showed them, where that can be ended at any time."""
        return shown_by(key_id=self.key_id, session_id=self.session_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit(Decision):
    """Other arguments for a held call, which its author agrees to."""

    arguments: bytes
    """JSON, encrypted with the organization's key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endorsement(Decision):
    """An approval whose author vouches for values of the call, for the rest of its run."""

    pointers: tuple[str, ...]
    """JSON pointers (RFC 6901) into the arguments; each speaks for all below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement(ReasonedOrder):
    """A person's word on what became of a call whose outcome is unknown."""

    id: str
    """Of the amendment that it becomes."""
    call_id: str
    applied: bool
    """Whether it took effect."""

    @property
    def subject(self) -> str:
        """Id of the call."""
        return self.call_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureOrder(Order):
    """Somebody asks that what is known of a principal be destroyed."""

    principal_id: str
    """Opaque id of whoever is forgotten."""

    @property
    def subject(self) -> str:
        """Opaque id of whoever is forgotten."""
        return self.principal_id


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerOrder(Order):
    """Somebody opens or closes a breaker by hand, or lets it go.

    The breaker is that of the whole program, whatever organization its author is of.
    """

    id: str
    """Of the change that it becomes."""
    dependency: str
    state: BreakerState | None
    """`None` lets it go."""

    @property
    def subject(self) -> str:
        """Name of the dependency."""
        return self.dependency


@dataclass(frozen=True, slots=True, kw_only=True)
class Redrive(Order):
    """Somebody asks that a call that was given up on be made again."""

    letter_id: str

    @property
    def subject(self) -> str:
        """Id of the dead letter."""
        return self.letter_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Discard(ReasonedOrder):
    """A person's word that a call that was given up on need not be made."""

    letter_id: str

    @property
    def subject(self) -> str:
        """Id of the dead letter."""
        return self.letter_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion(Order):
    """What somebody handed in who showed the token of a call: its result, or that there is none.

    Its author is the principal of the process that took it.
    """

    id: str
    """The terminal record that it becomes names it."""
    call_id: str
    answer: bytes
    """Encrypted with the organization's key; see `highroad.pipeline.completion`."""

    @property
    def subject(self) -> str:
        """Id of the call."""
        return self.call_id


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMessage(Order):
    """What somebody says to a run that works or waits."""

    id: str
    """The entry that it becomes names it."""
    run_id: str
    when: When
    text: bytes
    """Encrypted with the organization's key."""

    @property
    def subject(self) -> str:
        """Id of the run."""
        return self.run_id


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialOrder(ReasonedOrder):
    """Somebody promotes an agent out of its trial, or puts it on trial again."""

    id: str
    """Of its entry: the same order is recorded once."""
    agent: str
    definition: str
    """Digest of what they looked at."""
    becomes: TrialState
    is_early: bool
    """Before the days of the trial are over."""

    @property
    def subject(self) -> str:
        """Name of the agent."""
        return self.agent


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityOrder(Order):
    """Somebody changes who is let in: a key, a session, a blocked address, a credential."""

    id: str
    """Of the change that it becomes."""
    area: IdentitySubject
    act: IdentityAct
    target: str
    """Id of what it is about."""
    whose: str | None
    """Opaque id of the principal whose it is, if it is of one."""
    cells: bytes | None
    """Its row in JSON, encrypted with the organization's key; `None` where it ends."""

    @property
    def subject(self) -> str:
        """Id of what it is about."""
        return self.target


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation(ReasonedOrder):
    """Somebody's word that a call, a run or a conversation is called off."""

    id: str
    """Of its entry: the same order is recorded once."""
    run_id: str
    """A run, or a conversation with all its runs."""
    call_id: str
    """One call; empty is all of the run, and of those below it, for good."""

    @property
    def subject(self) -> str:
        """Id of the call, run or conversation."""
        return self.call_id or self.run_id

"""What the ledger answers to the questions of auditors."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from highroad.domain.approval import Approval
from highroad.domain.json_value import JsonObject, JsonValue


class ActKind(StrEnum):
    """What somebody, or something, did."""

    CALL = "call"
    DECISION = "decision"
    AMENDMENT = "amendment"
    REVEAL = "reveal"
    PIN = "pin"
    POLICY = "policy"
    ERASURE = "erasure"
    BREAKER = "breaker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing that was done, in a line."""

    at_ms: int
    what: ActKind
    organization: str
    principal: str | None = None
    """Opaque id of whoever did it."""
    name: str | None = None
    """How people call them; `None` where that was erased."""
    tool: str | None = None
    call_id: str | None = None
    run_id: str | None = None
    word: str = ""
    """How it came out: an ending or `open`, a ruling, a source, a change, a version, a reason."""
    why: str | None = None
    """The rule, or else the code, of a call; the digest of what was decided on or pinned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """Calls that one rule denied of one tool."""

    rule: str
    tool: str
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownCall:
    """A call that ended without anybody knowing whether it took effect."""

    call_id: str
    run_id: str
    organization: str
    tool: str
    principal: str
    name: str | None
    ended_ms: int
    code: str | None
    applied: bool | None = None
    """What was found out since; `None` is still not known."""
    source: str | None = None
    """Who or what found it out: `settled`, `probed`, `late`."""
    amended_by: str | None = None
    amended_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A call that a second opinion was against, for somebody to look at.

    `highroad explain --reveal` has its concerns.
    """

    call_id: str
    run_id: str
    organization: str
    tool: str
    principal: str
    name: str | None
    ended_ms: int
    rule: str
    """Whose opinion it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What ended calls, and answered model requests, of one tool, model, user or run cost."""

    of: str
    """Name of the tool or model, opaque id of the user, id of the run."""
    name: str | None = None
    """How people call the user."""
    calls: int
    cost_usd: float
    requests: int = 0
    """Model requests."""


class SpendingBy(StrEnum):
    """What costs are told by; the column of `tool_result`, `model_reply` or both."""

    TOOL = "tool"
    MODEL = "model"
    USER = "principal_id"
    RUN = "run_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What one person said of an approval."""

    by: str
    """Opaque id."""
    name: str | None
    ruling: str
    saw: str
    """The digest that they were shown."""
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What an approver saw, and what was said."""

    approval: Approval
    """Digest and obligations among the rest."""
    definition_digest: str | None
    definition: JsonObject | None
    """The tool as it was pinned; `None` where the ledger has its digest alone."""
    words: tuple[Word, ...]
    arguments: JsonValue = None
    """Only where they were revealed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedVersion:
    """A definition of a tool, as it was accepted."""

    tool: str
    version: str
    digest: str
    change: str
    """`added`, `changed`, `removed`."""
    pinned_ms: int
    source: str
    """The server that it comes from; empty is this program."""
    pinned_by: str | None
    name: str | None
    """How people call whoever accepted it; `None` where own code was pinned as it changed."""


class FieldChange(Protocol):
    """One place of a definition that differs (`highroad.tools.pins.field_changes`)."""

    @property
    def pointer(self) -> str:
        """RFC 6901, from the definition."""
        ...

    @property
    def before(self) -> JsonValue:
        """As it was."""
        ...

    @property
    def after(self) -> JsonValue:
        """As it is."""
        ...

    def lines(self) -> Iterator[str]:
        """The change in lines."""
        ...


class Differ(Protocol):
    """Compares two definitions, as pins hold them."""

    def __call__(
        self, before: Mapping[str, JsonValue], after: Mapping[str, JsonValue], /
    ) -> tuple[FieldChange, ...]:
        """Every place where they differ."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionChange:
    """What changed between two pinned definitions of a tool."""

    before: PinnedVersion
    after: PinnedVersion
    fields: tuple[FieldChange, ...]
    is_known: bool = True
    """The ledger has both definitions; of one that has its digest alone nothing is told."""

"""A second opinion on a call: what is shown, what may come of it, and what that means."""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Final

from highroad.domain.error import HighroadError
from highroad.domain.failure_kind import FailureKind
from highroad.domain.grounding import ValueSource
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.model import TokenUsage
from highroad.domain.payload import PayloadRef
from highroad.domain.tool import Tier, ToolDefinition
from highroad.domain.value import value

VERIFIER: Final = "verifier"
"""The purpose of its requests, and the beginning of the name of its dependency."""

# -- what is shown -------------------------------------------------------------------------------


@value
class UserTurn:
    """Words that a person wrote: the request of a run, or what they said later."""

    source: str
    """Id of the run, the message or the conversation."""
    text: str


@value
class VerificationCase:
    """A proposed call as a verifier is shown it.

    Nothing in it was written by whoever proposed the call, but the call: no answer, no reasoning,
    no plan. Results that were read are named by id and kind where a value came from them, and what
    they say is not shown.
    """

    call_id: str
    turns: tuple[UserTurn, ...] = ()
    """What the user said, oldest first; none where code made the call by itself."""
    left_out: int = 0
    """Older turns that there was no room for."""
    tool: ToolDefinition
    """What the call promises to do: description, schema, tier and effect."""
    arguments: JsonObject
    sources: tuple[ValueSource, ...] = ()
    """Where the control values come from, where anybody looked for that."""

    def told(self) -> JsonObject:
        """All of it as JSON, the same for the same case; the call's id tells nothing."""
        tool = self.tool
        return {
            "request": [{"source": turn.source, "text": turn.text} for turn in self.turns],
            "earlier_turns_left_out": self.left_out,
            "proposed_call": {"tool": tool.name, "arguments": self.arguments},
            "contract": {
                "description": tool.description,
                "input_schema": dict(tool.input_schema),
                "tier": tool.tier.value,
                "effect": tool.effect.value,
            },
            "sources": [
                {"argument": each.pointer, "kind": each.kind, "source": each.source}
                for each in self.sources
            ],
        }


# -- what comes of it ----------------------------------------------------------------------------


class Opinion(StrEnum):
    """What a verifier may come to."""

    APPROVED = "approved"
    REJECTED = "rejected"
    UNCERTAIN = "uncertain"


@value
class Correction:
    """The call that a verifier would have made. It is shown, and never made by itself."""

    tool: str
    arguments: JsonObject


@value
class Verification:
    """A second opinion."""

    opinion: Opinion
    concerns: tuple[str, ...] = ()
    """Short texts; they may quote values, and so are sealed (P7)."""
    correction: Correction | None = None
    usage: TokenUsage = field(default_factory=TokenUsage)
    """What it took, where a model was asked."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """Concerns as the outcome of a call tells them that goes on all the same."""
        return tuple(f"A second opinion was uncertain: {each}" for each in self.concerns)

    def told(self) -> JsonObject:
        """Opinion, concerns and correction as JSON."""
        told: JsonObject = {"opinion": self.opinion.value, "concerns": list(self.concerns)}
        if self.correction is not None:
            told["correction"] = {
                "tool": self.correction.tool,
                "arguments": self.correction.arguments,
            }
        return told

    @classmethod
    def of(cls, told: JsonValue) -> "Verification":
        """What `told` told.

        Raises:
            ValueError: It is not of that form.
        """
        found = told if isinstance(told, dict) else {}
        opinion, concerns = found.get("opinion"), found.get("concerns")
        if not isinstance(opinion, str) or not isinstance(concerns, list):
            message = "no verification as `Verification.told` tells it"
            raise ValueError(message)  # noqa: TRY004 - it is JSON of another form
        return cls(
            opinion=Opinion(opinion),
            concerns=tuple(map(str, concerns)),
            correction=_correction_of(found.get("correction")),
        )


def _correction_of(told: JsonValue) -> Correction | None:
    match told:
        case {"tool": str(tool), "arguments": dict(arguments)}:
            return Correction(tool=tool, arguments=arguments)
        case None:
            return None
        case _:
            raise ValueError("no correction as `Verification.told` tells it")


class VerifierError(HighroadError):
    """A verifier has no opinion. The message says what happened and quotes nothing of the case.

    Args:
        message: For logs; free of what was asked and answered.
        kind: Why; it says whether this speaks against the verifier.
        usage: What was used all the same; `None` where nobody knows, and all that was reserved
            counts.
    """

    def __init__(self, message: str, *, kind: FailureKind, usage: TokenUsage | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.usage = usage


UNAVAILABLE: Final = "unavailable"
"""In the place of an opinion, where there was none to be had."""
UNVERIFIED: Final = "No second opinion could be had on this call."
"""What the outcome of a call says then that goes on all the same."""


@value
class VerificationRecord:
    """What the ledger says of the second opinion on a call, free of its words."""

    verifier: str
    """`provider:model`, or the name of a verifier of one's own."""
    opinion: str
    """An `Opinion`, or `unavailable`."""
    request: str | None = None
    """Id of the request that was made for it."""
    is_kept: bool = False
    """It was given before of the same case, and kept."""
    content: PayloadRef | None = None
    """What was shown and what was said, sealed."""


# -- what that means -----------------------------------------------------------------------------


class WhenUncertain(StrEnum):
    """What becomes of a call of which the verifier is uncertain."""

    ASK = "ask"
    """A person is asked, with the concerns."""
    RUN = "run"
    """It goes on, and the concerns are warnings of its outcome."""


class WhenUnavailable(StrEnum):
    """What becomes of a call below `irreversible` of which no opinion could be had."""

    REFUSE = "refuse"
    ASK = "ask"
    RUN = "run"


@value
class VerifierRule:
    """How the calls of one tool are verified; what is `None` is as for all."""

    on: bool | None = None
    """Whether they are, whatever the tier."""
    uncertain: WhenUncertain | None = None
    unavailable: WhenUnavailable | None = None


class BudgetSpan(StrEnum):
    """What a budget of verifiers is counted by."""

    CALL = "call"
    RUN = "run"
    """With all runs above and below it."""
    DAY = "day"
    """Of an organization, in UTC."""


@value
class VerifierBudget:
    """What verifying may use at most; a table of `[[verifier.budgets]]`. `None` is no limit."""

    per: BudgetSpan
    calls: int | None = None
    """Calls that a verifier is asked about."""
    tokens: int | None = None
    usd: float | None = None

    def __post_init__(self) -> None:
        """Refuse a budget that limits nothing."""
        given = [each for each in (self.calls, self.tokens, self.usd) if each is not None]
        if not given:
            raise ValueError("it limits nothing: give one of calls, tokens, usd")
        if min(given) < 0:
            raise ValueError("a limit must be zero or more")


FAILS_CLOSED: Final = frozenset({Tier.IRREVERSIBLE, Tier.PRIVILEGED})
"""Tiers of which nothing goes on without the opinion that it is to have; and those that are
verified unless the settings name others: what cannot be taken back is worth the price of a look."""


@value
class VerifierRules:
    """Which calls are verified, by whom, and what comes of it; the settings under `[verifier]`."""

    models: tuple[str, ...] = ()
    """`provider:model`, the one to prefer first."""
    tiers: frozenset[Tier] = FAILS_CLOSED
    uncertain: WhenUncertain = WhenUncertain.ASK
    unavailable: WhenUnavailable = WhenUnavailable.REFUSE
    tools: Mapping[str, VerifierRule] = field(default_factory=dict)
    budgets: tuple[VerifierBudget, ...] = ()
    timeout_s: float = 30.0
    cache_s: float = 3_600.0

    def is_on(self, tool: ToolDefinition) -> bool:
        """Whether calls of a tool are verified."""
        own = self.of(tool).on
        return tool.tier in self.tiers if own is None else own

    def when_uncertain(self, tool: ToolDefinition) -> WhenUncertain:
        """What becomes of its calls then."""
        return self.of(tool).uncertain or self.uncertain

    def when_unavailable(self, tool: ToolDefinition) -> WhenUnavailable:
        """What becomes of its calls then; no rule opens what fails closed."""
        if tool.tier in FAILS_CLOSED:
            return WhenUnavailable.REFUSE
        return self.of(tool).unavailable or self.unavailable

    def of(self, tool: ToolDefinition) -> VerifierRule:
        """What is said of the tool alone."""
        return self.tools.get(tool.name, _AS_FOR_ALL)


_AS_FOR_ALL: Final = VerifierRule()

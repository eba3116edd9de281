"""A case: one held call with all that whoever decides about it should see."""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import TypeAlias

import orjson

from highroad.approvals.provenance import provenance
from highroad.domain.approval import Approval, Ruling
from highroad.domain.error import VaultError
from highroad.domain.grounding import ValueSource
from highroad.domain.json_value import JsonValue
from highroad.domain.limits import MICRO
from highroad.domain.tool import Tier
from highroad.domain.value import value
from highroad.domain.verification import Verification
from highroad.ledger.history import CallHistory
from highroad.ledger.ledger import Ledger
from highroad.ledger.projections import Body

SeesPreview: TypeAlias = Callable[[JsonValue], JsonValue]
"""What somebody may see of a preview."""


@value
class Word:
    """What somebody said of the case."""

    ruling: Ruling
    by: str
    """Opaque id."""
    at_ms: int
    text: str | None = None
    """Their reason, question or answer, where values are shown."""


@value
class Case:
    """One held call before whoever decides about it."""

    approval: Approval
    """Requester, tool, every reason to ask, and until when."""
    tier: Tier
    origin: str
    """Where the call was born: code, a model, a foreign program."""
    revision: int
    """How often its arguments were edited."""
    cost_usd: float
    """At most, by what the tool declares."""
    withheld: str | None = None
    """Why values are not shown, where they are not."""
    arguments: JsonValue = None
    preview: JsonValue = None
    """What would change, as the tool said when the call was held."""
    origins: tuple[ValueSource, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)
    """What names the value at each pointer of these, in words."""
    verification: Verification | None = None
    """The second opinion on it, with its concerns, where values are shown."""
    confidence: float | None = None
    """How sure the model said it was; `None` where it was not asked, or did not say."""
    reasoning: JsonValue = None
    """Why it made the call, in its own words: they prove nothing."""
    words: tuple[Word, ...] = ()


@value
class QueuedCall:
    """A held call on a page of the queue, free of values."""

    approval: Approval
    tier: Tier | None = None
    """`None`, as all that follows, where its entries stand in an archive."""
    origin: str | None = None
    revision: int | None = None
    cost_usd: float | None = None
    """At most, by what the tool declares."""
    concerns: int | None = None
    """How many a second opinion has; `None` where there is none, or it was erased."""


async def queued_call(
    ledger: Ledger, approval: Approval, history: CallHistory | None
) -> QueuedCall:
    """What a page of the queue says of a held call."""
    if history is None:
        return QueuedCall(approval=approval)
    opening = history.opening
    return QueuedCall(
        approval=approval,
        tier=Tier(opening["tier"]),
        origin=opening["origin"],
        revision=opening.get("revision", 0),
        cost_usd=opening.get("at_most", 0) / MICRO,
        concerns=await _concerns(ledger, history),
    )


async def _concerns(ledger: Ledger, history: CallHistory) -> int | None:
    """Only their number leaves the vault."""
    told = await _Shown(ledger, history, is_withheld=False).verification(history)
    return None if told is None else len(told.concerns)


async def case_of(
    ledger: Ledger,
    approval: Approval,
    history: CallHistory,
    *,
    withheld: str | None,
    seen: SeesPreview,
) -> Case:
    """Put together what is known of a held call.

    Args:
        ledger: It stands in.
        approval: As the store has it.
        history: Of the call.
        withheld: Why whoever asks may not see values, if so.
        seen: What they may see of a preview.
    """
    opening = history.opening
    shown = _Shown(ledger, history, is_withheld=withheld is not None)
    return Case(
        approval=approval,
        tier=Tier(opening["tier"]),
        origin=opening["origin"],
        revision=opening.get("revision", 0),
        cost_usd=opening.get("at_most", 0) / MICRO,
        withheld=withheld,
        arguments=await shown.of(_id(opening, "arguments")),
        preview=seen(await shown.of(_id(opening, "preview"))),
        origins=history.sources,
        provenance=await provenance(ledger, history),
        verification=await shown.verification(history),
        confidence=opening.get("confidence"),
        reasoning=await shown.of(_id(opening, "reasoning")),
        words=tuple([await shown.word(body) for body in history.decisions]),
    )


def _id(opening: Body, name: str) -> str | None:
    found = opening.get(name)
    return None if found is None else str(found[0])


class _Shown:
    """Payloads of a call, as whoever asks may see them."""

    def __init__(self, ledger: Ledger, history: CallHistory, *, is_withheld: bool) -> None:
        self._ledger = ledger
        self._run_id = history.run_id
        self._is_withheld = is_withheld

    async def of(self, payload_id: str | None) -> JsonValue:
        """What a payload says; nothing where it may not be seen, or was erased."""
        if payload_id is None or self._is_withheld:
            return None
        try:
            content: JsonValue = orjson.loads(
                await self._ledger.vault.open(self._run_id, payload_id)
            )
        except VaultError:
            return None
        return content

    async def verification(self, history: CallHistory) -> Verification | None:
        """What a verifier said of it."""
        ref = history.ref("verification")
        told = None if ref is None else await self.of(ref.id)
        try:
            return None if told is None else Verification.of(told)
        except ValueError:
            return None  # of a form that a later version wrote

    async def word(self, body: Body) -> Word:
        """One word of somebody."""
        text = await self.of(body.get("reason"))
        return Word(
            ruling=Ruling(body["ruling"]),
            by=body["by"],
            at_ms=body["at"],
            text=None if text is None else str(text),
        )

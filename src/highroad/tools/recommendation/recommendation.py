"""The tier and the effect class that a tool might have, and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from highroad.domain.tool import Effect, Tier, ToolDefinition
from highroad.tools.declaring.hints import floor_of, stricter
from highroad.tools.derivation.purpose import Purpose
from highroad.tools.recommendation.clues import Clue, Words
from highroad.tools.recommendation.vocabulary import GENTLE, SETTLING

_MOST_TOLD: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """What a person might accept of a tool."""

    tier: Tier
    effect: Effect
    reasons: tuple[str, ...]
    """In sentences, each with the word or the hint that it rests on."""
    overruled: tuple[str, ...] = ()
    """Hints that say less is at stake than other words do, and so count for nothing."""


def recommended(definition: ToolDefinition) -> Recommendation:
    """What may be proposed of a tool: a read where its words say so and none says otherwise.

    A hint makes it stricter by itself. It makes nothing less strict unless other words of the tool
    say the same: a server that lies in its hints alone gains nothing.

    Args:
        definition: With annotations as its server gave them.
    """
    words = Words(definition=definition)
    changes = words.changes
    is_contradicted = definition.annotations.get("readOnlyHint") is False or bool(changes)
    if words.read_verb is not None and not is_contradicted:
        return _read(definition, words.read_verb)
    overruled = _overruled(definition, changes)
    tier, why = _tier(definition, words)
    effect, why_effect = _effect(definition, words)
    told = [str(each) for each in changes[:_MOST_TOLD]]
    return Recommendation(
        tier=stricter(tier, floor_of(definition.annotations)),
        effect=effect,
        reasons=(*told, *why, *why_effect),
        overruled=overruled,
    )


def _read(definition: ToolDefinition, verb: str) -> Recommendation:
    """Nothing says that it changes anything, but a server that says it destroys is believed."""
    is_hinted = definition.annotations.get("readOnlyHint") is True
    why = [
        *(["its server says that it only reads (readOnlyHint)"] if is_hinted else []),
        f'its words say "{verb}", and none says that it changes anything',
    ]
    tier = floor_of(definition.annotations)
    if tier is not Tier.READ:
        why = ["its server says that it destroys (destructiveHint)"]
    effect = Effect.REPEATABLE if tier is Tier.READ else Effect.UNPROTECTED
    return Recommendation(tier=tier, effect=effect, reasons=tuple(why))


def _tier(definition: ToolDefinition, words: Words) -> tuple[Tier, tuple[str, ...]]:
    hints, purpose = definition.annotations, Purpose(definition=definition)
    if words.runs:
        return Tier.PRIVILEGED, ("what runs whatever it is handed can do anything",)
    if purpose.is_privileged:
        return Tier.PRIVILEGED, ("its name says that it is about who may do what",)
    is_gentle = bool(words.verbs) and words.verbs <= GENTLE
    is_quiet = not (purpose.is_financial or purpose.tells_somebody)
    if hints.get("destructiveHint") is False and is_gentle and is_quiet:
        why = "its server says that it destroys nothing (destructiveHint), and so do its words"
        return Tier.REVERSIBLE, (why,)
    if hints.get("readOnlyHint") is False:
        return Tier.IRREVERSIBLE, ("its server says that it changes something (readOnlyHint)",)
    if words.changes:
        return Tier.IRREVERSIBLE, ()
    return Tier.IRREVERSIBLE, ("nothing says that it only reads",)


def _effect(definition: ToolDefinition, words: Words) -> tuple[Effect, tuple[str, ...]]:
    """Repeatable where the server says so, and its words say that twice is as good as once."""
    purpose = Purpose(definition=definition)
    is_said = definition.annotations.get("idempotentHint") is True
    is_settling = bool(words.verbs) and words.verbs <= SETTLING
    is_quiet = not (purpose.is_financial or purpose.tells_somebody or words.runs)
    if is_said and is_settling and is_quiet:
        why = "its server says that twice is as good as once (idempotentHint), and so do its words"
        return Effect.REPEATABLE, (why,)
    return Effect.UNPROTECTED, ()


def _overruled(definition: ToolDefinition, changes: Iterable[Clue]) -> tuple[str, ...]:
    if definition.annotations.get("readOnlyHint") is not True:
        return ()
    found = dict.fromkeys(map(str, changes)) or ["no word of it says that it reads"]
    return tuple(f"readOnlyHint is true, but {each}" for each in found)

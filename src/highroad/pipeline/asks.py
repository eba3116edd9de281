"""Who must agree to a call by its tier and its `ask` rule, and how many."""

from functools import partial
from typing import Final

from highroad.domain.approval import TIER_PRIVILEGED, Ask, Level, Obligation
from highroad.domain.call import Call
from highroad.domain.facts import NO_LABELS
from highroad.domain.tool import Tier
from highroad.pipeline import labels, provenance
from highroad.pipeline.ask_rule import AskRule
from highroad.pipeline.context import RoadContext
from highroad.ports.conditions import ConditionError

_PRIVILEGED: Final = Obligation(TIER_PRIVILEGED, "The tool is privileged.")
_IRREVERSIBLE: Final = Obligation("tier_irreversible", "The effect cannot be undone.")


def obligations_of(
    call: Call, context: RoadContext, others: tuple[Obligation, ...]
) -> tuple[Obligation, ...]:
    """All reasons to ask people about a call.

    Args:
        call: Validated and authorized.
        context: Of its drive.
        others: What the stages before found.
    """
    tool = call.known_definition
    found = (*others, *_of_tier(call, context))
    people = context.services.approval_rules.quorum_of(tool.name, tool.tier)
    is_before_people = any(each.level >= Level.HUMAN for each in found)
    if people > 1 and is_before_people:
        reason = f"The policy asks {people} people."
        found = (*found, Obligation("policy_quorum", reason, Level.QUORUM, people))
    return found


def _of_tier(call: Call, context: RoadContext) -> tuple[Obligation, ...]:
    """What tier and `ask` rule demand: no rule takes a privileged tool away from people."""
    definition = call.known_definition
    rule = context.services.asks.get(definition.digest)
    if definition.tier is Tier.PRIVILEGED:
        return (_PRIVILEGED, *(() if rule is None else _of_rule(rule, call, context)))
    if rule is not None:
        return _of_rule(rule, call, context)
    return (_IRREVERSIBLE,) if definition.tier is Tier.IRREVERSIBLE else ()


def _of_rule(rule: AskRule, call: Call, context: RoadContext) -> tuple[Obligation, ...]:
    """What a rule answers; one without an answer asks a person."""
    answer = partial(rule.condition.answer, args=call.known_arguments, principal=call.principal)
    known = NO_LABELS
    if rule.condition.looks_at("labels"):
        known = provenance.labels_of(call, context)
    try:
        ask = Ask.read(answer(labels=labels.told(known)))
    except (ConditionError, ValueError):
        _note(rule, "no answer", context)
        return (Obligation("ask_rule_failed", f"The rule `{rule.text}` has no answer."),)
    if ask.level is None:
        _note(rule, "automatic", context)
        return ()
    _note(rule, ask.level.name.lower(), context)
    return (Obligation("ask_rule", _reason(rule, ask), ask.level, ask.quorum),)


def _reason(rule: AskRule, ask: Ask) -> str:
    match ask.level:
        case Level.CONFIRM:
            return f"The rule `{rule.text}` asks the requester."
        case Level.QUORUM:
            return f"The rule `{rule.text}` asks {ask.quorum} people."
        case _:
            return f"The rule `{rule.text}` asks."


def _note(rule: AskRule, answer: str, context: RoadContext) -> None:
    """A configured rule is among those that applied, with its answer: approvals are bound to it.

    One that a tool declares is bound by the definition.
    """
    if rule.setting is not None:
        record = context.record
        record.rules = (*record.rules, f"{rule.setting}: {answer}")

"""Tools that nobody has decided about yet, and what is proposed of each."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from highroad.approvals.definitions import Recorded, Unaccepted
from highroad.domain.contract_rule import ArgumentRule, ContractRule
from highroad.domain.error import SettingsError
from highroad.domain.tool import ArgumentRole, Effect, Tier, ToolDefinition
from highroad.domain.value import value
from highroad.settings.writing import Keys
from highroad.tools.declaring.declaration import Declaration
from highroad.tools.declaring.declare import declaration_of
from highroad.tools.declaring.digest import pinned_fields
from highroad.tools.declaring.hints import AT_STAKE, floor_of, stricter
from highroad.tools.declaring.operated import operated
from highroad.tools.declaring.recorded import recorded
from highroad.tools.derivation.in_force import arguments_left_open
from highroad.tools.pins.differences import Change
from highroad.tools.pins.field_changes import field_changes
from highroad.tools.recommendation.recommendation import Recommendation, recommended

Tool = Callable[..., Any]


@value(eq=False)
class Candidate:
    """A tool that waits for somebody to say what stands at stake with it.

    Args:
        bare: As its author declared it.
        declaration: The same with what the settings say of it.
        rule: What they say.
        waiting: How its definition differs from what was accepted; `None` of own code of which
            nobody accepted any, and which waits for a tier alone.
        advice: What its hints and words speak for.
        met_ms: When a program was run with it last, of what is known by the record alone.
    """

    bare: Declaration
    declaration: Declaration
    rule: ContractRule
    waiting: Unaccepted | None
    advice: Recommendation
    met_ms: int | None = None

    @property
    def definition(self) -> ToolDefinition:
        """As it is now."""
        return self.declaration.definition

    @property
    def is_pinned(self) -> bool:
        """Whether this very definition is accepted, and no other that comes to have its name.

        That of own code that is at hand is not: its author changes it, and reviews the change.
        """
        return bool(self.definition.source or self.rule.accepted) or self.met_ms is not None

    @property
    def tier(self) -> Tier:
        """What is proposed: never less than its author, or whoever wrote the settings, said."""
        given = "tier" in self.bare.given
        said = self.definition.tier if given else self.rule.tier
        return self.advice.tier if said is None else stricter(self.advice.tier, said)

    @property
    def least(self) -> Tier:
        """The least that may be chosen."""
        if "tier" in self.bare.given:
            return self.definition.tier
        return floor_of(self.definition.annotations) if self.definition.source else Tier.READ

    def may_be(self, tier: Tier) -> bool:
        """Whether a person may choose that tier."""
        if AT_STAKE[tier] < AT_STAKE[self.least]:
            return False
        try:
            self.with_tier(tier)
        except SettingsError:  # it contradicts the rest of the declaration
            return False
        return True

    def is_less(self, tier: Tier) -> bool:
        """Whether that is less strict than what is proposed."""
        return AT_STAKE[tier] < AT_STAKE[self.tier]

    def effect_with(self, tier: Tier) -> Effect:
        """The effect class that goes with a tier."""
        if tier is Tier.READ:
            return Effect.REPEATABLE
        if "effect" in self.bare.given:
            return self.definition.effect
        if self.rule.effect is not None:
            return self.rule.effect
        return self.advice.effect if self.advice.tier is not Tier.READ else Effect.UNPROTECTED

    def rule_with(self, tier: Tier) -> ContractRule:
        """What the settings would say of it with that tier."""
        has_tier = "tier" in self.bare.given and tier is self.definition.tier
        has_effect = "effect" in self.bare.given
        rule = replace(
            self.rule,
            server=self.definition.source or self.rule.server,
            tier=self.rule.tier if has_tier else tier,
            effect=self.rule.effect if has_effect else self.effect_with(tier),
        )
        derived = arguments_left_open(operated(self.bare, rule).definition)
        said = {name: each for name, each in rule.arguments.items() if name in self._arguments}
        shown = {
            name: ArgumentRule(role=each.contract.role, integrity=each.contract.integrity)
            for name, each in derived.items()
            # Of a record that is changed more is derived than a table can say.
            if not each.is_target
        }
        return replace(rule, arguments={**shown, **said})

    @property
    def _arguments(self) -> Mapping[str, object]:
        members = self.definition.input_schema.get("properties")
        return members if isinstance(members, dict) else {}

    def with_tier(self, tier: Tier) -> Declaration:
        """The tool as it would be with that tier."""
        return operated(self.bare, self.rule_with(tier))

    def written(self, tier: Tier) -> Keys:
        """Keys of its table in `highroad.toml` once that tier is accepted."""
        rule, digest = self.rule_with(tier), self.with_tier(tier).definition.digest
        said = {
            "source": rule.server,
            "tier": rule.tier or "",
            "effect": rule.effect or "",
            "accepted": f"sha256:{digest}" if self.is_pinned else "",
        }
        if rule.effect is self._usual_effect(tier) and self.rule.effect is None:
            del said["effect"]
        gone = dict.fromkeys(self.rule.arguments.keys() - rule.arguments.keys())
        arguments = {
            name: _keys_of(each)
            for name, each in rule.arguments.items()
            if name not in self.rule.arguments
        }
        table = {"arguments": {**gone, **arguments}} if gone or arguments else {}
        return {**{key: str(text) for key, text in said.items() if text}, **table}

    @property
    def is_accepted_by_settings(self) -> bool:
        """Whether the settings name this very definition as one that a person accepted."""
        return bool(self.rule.accepted) and self.rule.accepted == self.definition.digest

    @property
    def grave(self) -> tuple[str, ...]:
        """Codes of what looks like an attack, each of which has to be named."""
        found = () if self.waiting is None else self.waiting.suspicions
        return tuple(sorted({str(each.code) for each in found if each.is_grave}))

    @staticmethod
    def _usual_effect(tier: Tier) -> Effect:
        return Effect.REPEATABLE if tier is Tier.READ else Effect.UNPROTECTED


def _keys_of(rule: ArgumentRule) -> Keys:
    role = ArgumentRole.CONTROL if rule.role is None else rule.role
    if role is ArgumentRole.CONTROL and rule.integrity is not None:
        return {"role": role.value, "integrity": rule.integrity.name.lower()}
    return {"role": role.value}


def candidates(
    tools: Iterable[Tool],
    rules: Mapping[str, ContractRule],
    waiting: Iterable[Unaccepted],
    on_record: Iterable[Recorded] = (),
) -> tuple[Candidate, ...]:
    """The tools that nobody has decided about, in the order of their names.

    Args:
        tools: To be looked at.
        rules: What the settings say of contracts.
        waiting: Definitions that are not accepted.
        on_record: Own code that programs were run with, and that is none of the tools.
    """
    unaccepted = {each.definition.digest: each for each in waiting}
    found = (
        *(_at_hand(declaration_of(each), rules, unaccepted) for each in tools),
        *(_on_record(each, rules) for each in on_record),
    )
    waits = (each for each in found if each is not None)
    return tuple(sorted(waits, key=lambda each: each.definition.name))


def is_whole(each: Recorded) -> bool:
    """Whether the record says enough of a tool to propose anything."""
    return recorded(each.pin) is not None


def _at_hand(
    bare: Declaration, rules: Mapping[str, ContractRule], unaccepted: Mapping[str, Unaccepted]
) -> Candidate | None:
    rule = _rule_of(bare.definition, rules)
    declaration = bare if rule is None else operated(bare, rule)
    definition = declaration.definition
    is_judged = bool(definition.source) or _is_another(definition, rule)
    waits = unaccepted.get(definition.digest) if is_judged else None
    if waits is None and (definition.source or declaration.says_tier):
        return None
    return Candidate(
        bare=bare,
        declaration=declaration,
        rule=rule or ContractRule(),
        waiting=waits,
        advice=recommended(definition),
    )


def _on_record(each: Recorded, rules: Mapping[str, ContractRule]) -> Candidate | None:
    bare = recorded(each.pin)
    if bare is None:
        return None
    rule = _rule_of(bare.definition, rules)
    declaration = bare if rule is None else operated(bare, rule)
    definition = declaration.definition
    is_another = _is_another(definition, rule) and not each.has_accepted(definition.digest)
    if declaration.says_tier and not is_another:
        return None
    known = None if each.accepted is None else each.accepted.fields
    fields = () if known is None else field_changes(known, pinned_fields(definition))
    waits = Unaccepted(definition=definition, change=Change.CHANGED, fields=fields)
    return Candidate(
        bare=bare,
        declaration=declaration,
        rule=rule or ContractRule(),
        waiting=waits if is_another else None,
        advice=recommended(definition),
        met_ms=each.pin.at_ms,
    )


def _is_another(definition: ToolDefinition, rule: ContractRule | None) -> bool:
    """Whether the settings name another definition that a person accepted."""
    return rule is not None and rule.accepted not in {"", definition.digest}


def _rule_of(definition: ToolDefinition, rules: Mapping[str, ContractRule]) -> ContractRule | None:
    rule = rules.get(definition.name)
    return rule if rule is not None and rule.is_about(definition.source) else None

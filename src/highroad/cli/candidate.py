"""Tools that nobody has decided about yet, and what is proposed of each."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from highroad.approvals.definitions import Unaccepted
from highroad.domain.contract_rule import ArgumentRule, ContractRule
from highroad.domain.error import SettingsError
from highroad.domain.tool import ArgumentRole, Effect, Tier, ToolDefinition
from highroad.domain.value import value
from highroad.settings.writing import Keys
from highroad.tools.compile import RegisteredTool, compile_tool
from highroad.tools.declaring.hints import AT_STAKE, floor_of, stricter
from highroad.tools.derivation.in_force import arguments_left_open
from highroad.tools.recommendation.recommendation import Recommendation, recommended

Tool = Callable[..., Any]


@value(eq=False)
class Candidate:
    """A tool that waits for somebody to say what stands at stake with it.

    Args:
        tool: As it was given.
        ready: As it is now, with what the settings say of it.
        rule: What they say.
        waiting: How its definition differs from what was accepted; `None` of own code, which
            waits for a tier alone.
        advice: What its hints and words speak for.
    """

    tool: Tool
    ready: RegisteredTool[Any]
    rule: ContractRule
    waiting: Unaccepted | None
    advice: Recommendation

    @property
    def definition(self) -> ToolDefinition:
        """As it is now."""
        return self.ready.definition

    @property
    def tier(self) -> Tier:
        """What is proposed: never less than its author, or whoever wrote the settings, said."""
        given = "tier" in self.ready.declaration.given
        said = self.definition.tier if given else self.rule.tier
        return self.advice.tier if said is None else stricter(self.advice.tier, said)

    @property
    def least(self) -> Tier:
        """The least that may be chosen."""
        if "tier" in self.ready.declaration.given:
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
        if "effect" in self.ready.declaration.given:
            return self.definition.effect
        if self.rule.effect is not None:
            return self.rule.effect
        return self.advice.effect if self.advice.tier is not Tier.READ else Effect.UNPROTECTED

    def rule_with(self, tier: Tier) -> ContractRule:
        """What the settings would say of it with that tier."""
        has_tier = "tier" in self.ready.declaration.given and tier is self.definition.tier
        has_effect = "effect" in self.ready.declaration.given
        rule = replace(
            self.rule,
            server=self.definition.source or self.rule.server,
            tier=self.rule.tier if has_tier else tier,
            effect=self.rule.effect if has_effect else self.effect_with(tier),
        )
        derived = arguments_left_open(self._under(rule).definition)
        said = {name: each for name, each in rule.arguments.items() if name in self._arguments}
        shown = {
            name: ArgumentRule(role=each.contract.role, integrity=each.contract.integrity)
            for name, each in derived.items()
            # Of a record that is changed more is derived than a table can say.
            if not each.is_target
        }
        return replace(rule, arguments={**shown, **said})

    def _under(self, rule: ContractRule) -> RegisteredTool[Any]:
        return compile_tool(self.tool, {self.definition.name: rule})

    @property
    def _arguments(self) -> Mapping[str, object]:
        members = self.definition.input_schema.get("properties")
        return members if isinstance(members, dict) else {}

    def with_tier(self, tier: Tier) -> RegisteredTool[Any]:
        """The tool as it would be with that tier."""
        return self._under(self.rule_with(tier))

    def written(self, tier: Tier) -> Keys:
        """Keys of its table in `highroad.toml` once that tier is accepted."""
        rule, digest = self.rule_with(tier), self.with_tier(tier).definition.digest
        said = {
            "source": rule.server,
            "tier": rule.tier or "",
            "effect": rule.effect or "",
            "accepted": f"sha256:{digest}" if self.definition.source else "",
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
) -> Iterator[Candidate]:
    """The tools that nobody has decided about, in the order of their names.

    Args:
        tools: To be looked at.
        rules: What the settings say of contracts.
        waiting: Definitions that are not accepted.
    """
    unaccepted = {each.definition.digest: each for each in waiting}
    ready = ((compile_tool(each, rules), each) for each in tools)
    for tool, given in sorted(ready, key=lambda each: each[0].name):
        definition, rule = tool.definition, rules.get(tool.name)
        if rule is None or not rule.is_about(definition.source):
            rule = ContractRule()
        waits = unaccepted.get(definition.digest)
        is_foreign = bool(definition.source)
        if waits is None if is_foreign else tool.declaration.says_tier:
            continue
        yield Candidate(
            tool=given,
            ready=tool,
            rule=rule,
            waiting=waits if is_foreign else None,
            advice=recommended(definition),
        )

"""A declaration with what whoever runs the tool says of its contract.

It is part of the definition from then on: pinned, recorded, and what approvals are bound to.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from highroad.domain.contract_rule import ArgumentRule, ContractRule
from highroad.domain.error import SettingsError
from highroad.domain.label import Label, Labels
from highroad.domain.tool import ArgumentContract, Contract, Effect, Tier, ToolDefinition
from highroad.tools.declaring.declaration import Declaration
from highroad.tools.declaring.declare import declaration_of
from highroad.tools.declaring.digest import sealed
from highroad.tools.declaring.hints import AT_STAKE, floor_of, stricter
from highroad.tools.declaring.reading import intent_of
from highroad.tools.near import near_names


def declaration_under(tool: Callable[..., Any], rules: Mapping[str, ContractRule]) -> Declaration:
    """How a tool was declared, with what the settings say of it where they say anything.

    Args:
        tool: A declared one, or a plain function.
        rules: What the settings say of contracts, by name of the tool.

    Raises:
        DeclarationError: A plain function that cannot be a tool.
        SettingsError: What the settings say of it makes no sense.
    """
    declared = declaration_of(tool)
    rule = rules.get(declared.definition.name)
    if rule is None or not rule.is_about(declared.definition.source):
        return declared
    return operated(declared, rule)


def operated(declared: Declaration, rule: ContractRule) -> Declaration:
    """The declaration with a rule of the settings.

    Raises:
        SettingsError: It names an argument that there is not, lowers what the author says is at
            stake, or contradicts the rest of the declaration.
    """
    definition = declared.definition
    labels = {**_given(definition.contract.labels), **rule.labels}
    contract = replace(
        definition.contract,
        arguments=_arguments(definition, rule),
        labels=_labels(labels) if rule.labels else definition.contract.labels,
        intent=intent_of(rule.intent) or definition.contract.intent,
        flows=(*(line.text for line in rule.flows), *definition.contract.flows),
    )
    tier = _tier(declared, rule)
    changed = replace(
        definition, contract=contract, tier=tier, effect=_effect(declared, rule, tier)
    )
    under = sealed(changed)
    _see_arguments(under, rule)
    return replace(declared, definition=under, operator=rule, bare=definition)


def _see_arguments(definition: ToolDefinition, rule: ContractRule) -> None:
    """Refuse what is said of an argument that there is not.

    Whoever takes one away from what was accepted stops nothing: that tool waits for a person.

    Raises:
        SettingsError: The name is a slip.
    """
    names = _names(definition)
    is_changed = bool(rule.accepted) and rule.accepted != definition.digest
    for name in () if is_changed else rule.arguments:
        if name not in names:
            near = ", ".join(near_names(name, names)) or ", ".join(names) or "none"
            raise SettingsError(
                f"{rule.source}: contracts.{definition.name}: it takes no argument {name!r}; "
                f"there are {near}"
            )


def _names(definition: ToolDefinition) -> Collection[str]:
    members = definition.input_schema.get("properties")
    return members if isinstance(members, dict) else ()


def _arguments(definition: ToolDefinition, rule: ContractRule) -> Mapping[str, ArgumentContract]:
    names = _names(definition)
    said = {
        name: _argument(definition.contract, name, each)
        for name, each in rule.arguments.items()
        if name in names
    }
    return {**definition.contract.arguments, **said}


def _argument(contract: Contract, name: str, rule: ArgumentRule) -> ArgumentContract:
    known = contract.argument(name)
    return ArgumentContract(
        role=known.role if rule.role is None else rule.role,
        integrity=known.integrity if rule.integrity is None else rule.integrity,
    )


def _tier(declared: Declaration, rule: ContractRule) -> Tier:
    """What the rule says, but for what the author, or the server by its hints, says is more."""
    definition = declared.definition
    if rule.tier is None:
        return definition.tier
    if "tier" not in declared.given:
        return _first_tier(definition, rule, rule.tier)
    if AT_STAKE[rule.tier] < AT_STAKE[definition.tier]:
        raise _wrong(
            definition,
            rule,
            "tier",
            f"{rule.tier} is less than {definition.tier}, which it is declared as; settings can "
            "only raise it",
        )
    if rule.tier is not Tier.READ and (definition.cache_s or definition.transform):
        raise _wrong(
            definition,
            rule,
            "tier",
            "its results are kept, or count as worked out, which only a read permits; leave tier "
            "out",
        )
    return rule.tier


def _first_tier(definition: ToolDefinition, rule: ContractRule, said: Tier) -> Tier:
    """The tier of a tool of which nobody else says one.

    Of a tool from somewhere else it has to name the server: another's of the same name is not
    trusted with it. A server that comes to say that more is at stake does not stop the program.
    """
    is_less = AT_STAKE[said] < AT_STAKE[definition.tier]
    if is_less and definition.source and not rule.server:
        raise _wrong(
            definition,
            rule,
            "tier",
            f"it comes from {definition.source}: to say less than {definition.tier} of it, say "
            f'source = "{definition.source}" too, or run `highroad tools review`',
        )
    if said is Tier.READ and (definition.compensation is not None or definition.invalidates):
        raise _wrong(
            definition,
            rule,
            "tier",
            "it is declared with what takes it back, or with what it lets go, and a read changes "
            "nothing",
        )
    return stricter(said, floor_of(definition.annotations)) if definition.source else said


def _effect(declared: Declaration, rule: ContractRule, tier: Tier) -> Effect:
    """What the rule says; what only a read was repeatable for goes with it."""
    definition = declared.definition
    effect = _said_effect(declared, rule)
    if effect is None:
        effect = Effect.REPEATABLE if tier is Tier.READ else Effect.UNPROTECTED
    if tier is Tier.READ and effect is not Effect.REPEATABLE:
        raise _wrong(definition, rule, "effect", f"a read is repeatable and cannot be {effect}")
    if definition.hedge_s is not None and effect is Effect.UNPROTECTED:
        raise _wrong(
            definition,
            rule,
            "tier" if rule.effect is None else "effect",
            "a second attempt is made beside its first (hedge_s), which nothing unprotected "
            "permits; say another effect",
        )
    return effect


def _said_effect(declared: Declaration, rule: ContractRule) -> Effect | None:
    """What anybody says of it: the settings where they may, or else the author."""
    definition = declared.definition
    is_authors = "effect" in declared.given
    known = definition.effect if is_authors else None
    if rule.effect in {None, known, Effect.UNPROTECTED}:
        return rule.effect or _kept(definition, rule, known)
    if is_authors:
        raise _wrong(
            definition,
            rule,
            "effect",
            f"it is declared as {known}; settings can only make it unprotected",
        )
    if rule.effect is not Effect.REPEATABLE:
        raise _wrong(
            definition,
            rule,
            "effect",
            f"{rule.effect} takes a body that is written for it; say it where the tool is "
            "declared, or take repeatable or unprotected",
        )
    return rule.effect


def _kept(definition: ToolDefinition, rule: ContractRule, known: Effect | None) -> Effect | None:
    """What was there before, where the rule says nothing of the tier either."""
    return definition.effect if rule.tier in {None, definition.tier} else known


def _wrong(definition: ToolDefinition, rule: ContractRule, key: str, why: str) -> SettingsError:
    return SettingsError(f"{rule.source}: contracts.{definition.name}.{key}: {why}")


def _given(labels: Labels) -> dict[str, Label]:
    default = {} if labels.default == Label() else {"": labels.default}
    return {**default, **dict(labels.leaves)}


def _labels(labels: Mapping[str, Label]) -> Labels:
    said = {at: label for at, label in labels.items() if at or label == Label()}
    return Labels(default=labels.get("", Label()), leaves=tuple(sorted(said.items())))

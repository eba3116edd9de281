"""A declaration with what whoever runs the tool says of its contract.

It is part of the definition from then on: pinned, recorded, and what approvals are bound to.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from highroad.domain.contract_rule import ArgumentRule, ContractRule
from highroad.domain.error import SettingsError
from highroad.domain.label import Label, Labels
from highroad.domain.tool import ArgumentContract, Contract, Tier, ToolDefinition
from highroad.tools.declaring.declaration import Declaration
from highroad.tools.declaring.declare import declaration_of
from highroad.tools.declaring.digest import sealed
from highroad.tools.declaring.options import intent_of
from highroad.tools.near import near_names

_AT_STAKE: Final = {tier: at for at, tier in enumerate(Tier)}


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
    return declared if rule is None else operated(declared, rule)


def operated(declared: Declaration, rule: ContractRule) -> Declaration:
    """The declaration with a rule of the settings.

    Raises:
        SettingsError: It names an argument that there is not, or lowers what is at stake.
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
    changed = replace(definition, contract=contract, tier=_tier(definition, rule))
    return replace(declared, definition=sealed(changed), operator=rule)


def _arguments(definition: ToolDefinition, rule: ContractRule) -> Mapping[str, ArgumentContract]:
    members = definition.input_schema.get("properties")
    names = members if isinstance(members, dict) else {}
    said = dict(definition.contract.arguments)
    for name, each in rule.arguments.items():
        if name not in names:
            near = ", ".join(near_names(name, names)) or ", ".join(names) or "none"
            raise SettingsError(
                f"{rule.source}: contracts.{definition.name}: it takes no argument {name!r}; "
                f"there are {near}"
            )
        said[name] = _argument(definition.contract, name, each)
    return said


def _argument(contract: Contract, name: str, rule: ArgumentRule) -> ArgumentContract:
    known = contract.argument(name)
    return ArgumentContract(
        role=known.role if rule.role is None else rule.role,
        integrity=known.integrity if rule.integrity is None else rule.integrity,
    )


def _tier(definition: ToolDefinition, rule: ContractRule) -> Tier:
    if rule.tier is None:
        return definition.tier
    if _AT_STAKE[rule.tier] < _AT_STAKE[definition.tier]:
        raise SettingsError(
            f"{rule.source}: contracts.{definition.name}.tier: {rule.tier} is less than "
            f"{definition.tier}, which it is declared as; settings can only raise it"
        )
    if rule.tier is not Tier.READ and (definition.cache_s or definition.transform):
        raise SettingsError(
            f"{rule.source}: contracts.{definition.name}.tier: its results are kept, or count as "
            f"worked out, which only a read permits; leave tier out"
        )
    return rule.tier


def _given(labels: Labels) -> dict[str, Label]:
    default = {} if labels.default == Label() else {"": labels.default}
    return {**default, **dict(labels.leaves)}


def _labels(labels: Mapping[str, Label]) -> Labels:
    said = {at: label for at, label in labels.items() if at or label == Label()}
    return Labels(default=labels.get("", Label()), leaves=tuple(sorted(said.items())))

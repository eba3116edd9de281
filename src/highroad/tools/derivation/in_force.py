"""The contract that the road goes by: what was declared, and what is derived where nothing was."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from highroad.domain.label import Label, Labels, leads_to
from highroad.domain.tool import ArgumentRole, Contract, ToolDefinition
from highroad.tools.derivation.inputs import DerivedArgument, derived_argument
from highroad.tools.derivation.intent import derived_intent
from highroad.tools.derivation.outputs import DerivedLabel, derived_labels
from highroad.tools.derivation.purpose import Purpose
from highroad.tools.derivation.reason import Basis


@lru_cache(4_096)
def contract_in_force(definition: ToolDefinition) -> Contract:
    """What a definition declares, and for all that it leaves open what can be derived of it.

    What somebody declared goes before what is derived, and a label that was declared speaks for
    all below it.
    """
    declared = definition.contract
    arguments = {name: each.contract for name, each in arguments_left_open(definition).items()}
    labels = labels_left_open(definition)
    intent = declared.intent or derived_intent(Purpose(definition=definition))
    if not arguments and not labels and intent == declared.intent:
        return declared
    return Contract(
        arguments={**declared.arguments, **arguments},
        labels=_labels(declared.labels, labels) if labels else declared.labels,
        owned=declared.owned,
        intent=intent,
        flows=declared.flows,
    )


@lru_cache(4_096)
def targets(definition: ToolDefinition) -> frozenset[str]:
    """Arguments that say which record is changed in place, and of which nobody declared more."""
    found = arguments_left_open(definition).items()
    return frozenset(name for name, each in found if each.is_target)


def arguments_left_open(definition: ToolDefinition) -> Mapping[str, DerivedArgument]:
    """What is derived of the arguments of which the definition says nothing."""
    members = definition.input_schema.get("properties")
    if not isinstance(members, dict):
        return {}
    purpose, said = Purpose(definition=definition), definition.contract
    judged = {
        name: derived_argument(purpose, name, part)
        for name, part in members.items()
        if name not in said.arguments
    }
    # What names an object that has an owner is no content, whatever it is called.
    return {
        name: each
        for name, each in judged.items()
        if each is not None
        and not (name in said.owned and each.contract.role is ArgumentRole.CONTENT)
    }


def labels_left_open(definition: ToolDefinition) -> tuple[DerivedLabel, ...]:
    """What is derived of the parts of a result of which the definition says nothing."""
    declared = definition.contract.labels
    if declared.default != Label():
        return ()
    wide = [pointer for pointer, _ in declared.leaves]
    return tuple(
        each
        for each in derived_labels(Purpose(definition=definition))
        if not any(leads_to(pointer, each.pointer) for pointer in wide)
    )


def is_unread(definition: ToolDefinition) -> bool:
    """Whether nothing was declared and nothing derived, for no word of the tool is known.

    So it is with names in another language than English, which the lists of words are of.
    """
    purpose = Purpose(definition=definition)
    return (
        definition.contract == Contract()
        and purpose.is_unread
        and not arguments_left_open(definition)
        and not any(each.basis is Basis.NAME for each in labels_left_open(definition))
    )


def _labels(declared: Labels, derived: Iterable[DerivedLabel]) -> Labels:
    """Both together; the label of a result that is one value is that of all of it."""
    by_pointer = {each.pointer: each.label for each in derived}
    default = by_pointer.pop("", declared.default)
    leaves = (*declared.leaves, *by_pointer.items())
    return Labels(default=default, leaves=tuple(sorted(leaves, key=lambda each: each[0])))

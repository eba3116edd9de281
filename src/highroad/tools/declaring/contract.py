"""Markers that say what an argument decides, and the contract that follows from them.

A plain typed function is safe as it stands: an argument without a marker is control, an output
without a label untrusted. What stands here is pinned; what else can be derived of a definition is
worked out of it in `derivation`, and is in no digest.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any, Final, TypeAlias

from pydantic import GetJsonSchemaHandler
from pydantic_core import CoreSchema

from highroad.domain.contract_rule import ContractRule
from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.domain.label import Integrity, Label, Labels
from highroad.domain.tool import ArgumentContract, ArgumentRole, Contract, ToolDefinition
from highroad.ports.policy import Owner
from highroad.tools.body.hooks import Hook, Written
from highroad.tools.derivation.in_force import (
    arguments_left_open,
    contract_in_force,
    labels_left_open,
)
from highroad.tools.derivation.inputs import CONTENT_NAMES
from highroad.tools.derivation.reason import Basis, Reason

Lookup: TypeAlias = Written[Any, Owner | None]
OwnerHook: TypeAlias = Hook[Any, Owner | None]

MARK: Final = "x-highroad-marker"
"""Leaves a trace where a marker stands inside a type; no schema keeps it."""


class Marker:
    """Stands in the `Annotated` of a tool's argument."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonObject:
        """Leave a trace in the schema.

        Markers of an argument are taken out before pydantic sees it, so this one stands deeper,
        where the road does not look: who reads the schema refuses it.
        """
        return {**handler(schema), MARK: type(self).__name__}


@dataclass(frozen=True, slots=True)
class Control(Marker):
    """Decides who, where, which object or how much.

    Args:
        integrity: The least that a value's source must have; `None` leaves it to what can be
            derived, which is `THIRD_PARTY` or more.
    """

    integrity: Integrity | None = None


@dataclass(frozen=True, slots=True)
class Content(Marker):
    """What is said or stored; it steers nothing."""


@dataclass(frozen=True, slots=True)
class Secret(Marker):
    """A reference to a secret, resolved at execution and never recorded."""


@dataclass(frozen=True, slots=True)
class Owned(Marker):
    """Names an object that belongs to somebody; whoever may not see it is told nothing.

    Args:
        lookup: Whose it is, given the argument's value in JSON and, if it takes a second value,
            the `ToolContext`; sync or async. `None` is "there is no such object", which a caller
            cannot tell from "not yours". An argument that is null names nothing and is not asked.
    """

    lookup: Lookup


_SECRET_NAMES: Final = {
    name.replace("_", ""): name
    for name in (
        "access_token",
        "api_key",
        "auth_token",
        "bearer_token",
        "client_secret",
        "credential",
        "credentials",
        "passphrase",
        "passwd",
        "password",
        "private_key",
        "refresh_token",
        "secret",
        "secret_key",
    )
}
CLOSED: Final = Contract()
"""Of what nothing was said of: all arguments are control, and no part of the result has a label."""
Judgement: TypeAlias = tuple[ArgumentContract, Basis, str]
"""The contract of an argument, and why it is that."""
_CONTROL: Final = ArgumentContract()
_SECRET: Final = ArgumentContract(role=ArgumentRole.SECRET)
_BY_DEFAULT: Final[Judgement] = (
    _CONTROL,
    Basis.DEFAULT,
    "not declared, and neither type nor name says more; control is the strictest",
)
_MAY_TELL: Final = frozenset({"format", "writeOnly", "anyOf"})
"""Without one of these words a schema says of no value that it is a secret."""
_RUN_NAMES: Final = frozenset({"cmd", "code", "command", "script", "shell", "sql"})


def derive(
    schema: JsonSchema,
    markers: Mapping[str, tuple[Marker, ...]],
    labels: Mapping[str, Label],
    intent: Iterable[str] = (),
    flows: Iterable[str] = (),
) -> Contract:
    """The pinned contract of a tool.

    It names the arguments for which the closed default does not hold, and those for which it does
    because somebody said so, where something else would be derived.

    Args:
        schema: Of the arguments.
        markers: What the author says of them.
        labels: What the author says of parts of the result, by JSON pointer.
        intent: Phrases of what somebody asks for who wants the tool.
        flows: Rules about what may flow into it and out of it.
    """
    members = _members(schema)
    judged = {name: _judge(name, part, markers.get(name, ()))[0] for name, part in members.items()}
    arguments = {
        name: each
        for name, each in judged.items()
        if (each is not _CONTROL and each != _CONTROL) or _insists(name, markers.get(name, ()))
    }
    owned = tuple([name for name in members if name in markers and _is_owned(markers[name])])
    phrases, rules = tuple(intent), tuple(flows)
    if not (arguments or owned or labels or phrases or rules):
        return CLOSED
    return Contract(
        arguments=arguments, labels=_labels(labels), owned=owned, intent=phrases, flows=rules
    )


def marked(definition: ToolDefinition) -> dict[str, tuple[Marker, ...]]:
    """Markers that say what a definition says of its arguments, and type and name do not."""
    told = derive(definition.input_schema, {}, {}).arguments
    return {
        name: (_marker(each),)
        for name, each in definition.contract.arguments.items()
        if told.get(name) != each
    }


def _marker(argument: ArgumentContract) -> Marker:
    match argument.role:
        case ArgumentRole.CONTROL:
            return Control(argument.integrity)
        case ArgumentRole.CONTENT:
            return Content()
        case ArgumentRole.SECRET:
            return Secret()


def explained(
    definition: ToolDefinition,
    markers: Mapping[str, tuple[Marker, ...]],
    labels: Mapping[str, Label],
    operator: ContractRule | None = None,
) -> tuple[Reason, ...]:
    """Why each part of a tool's contract in force is what it is.

    Args:
        definition: Of the tool.
        markers: What its author says of its arguments.
        labels: What its author says of parts of its result, by JSON pointer.
        operator: What the settings say of it.
    """
    derived = arguments_left_open(definition)
    rule = operator or ContractRule()
    found = []
    for name, part in _members(definition.input_schema).items():
        _, basis, why = _judge(name, part, markers.get(name, ()))
        if name in derived:
            said = f"{why}; " if basis is Basis.DECLARED else ""
            basis, why = derived[name].basis, said + derived[name].why
        if name in rule.arguments:
            basis, why = Basis.OPERATOR, f"settings: {rule.source}"
        found.append(Reason(subject=name, basis=basis, why=why))
    outputs = _reasons_of(definition, {**labels, **rule.labels})
    return (*found, *(_by_whom(each, rule) for each in outputs))


def _by_whom(reason: Reason, rule: ContractRule) -> Reason:
    if reason.basis is not Basis.DECLARED or reason.subject not in rule.labels:
        return reason
    return replace(reason, basis=Basis.OPERATOR, why=f"settings: {rule.source}")


def underived(reasons: tuple[Reason, ...]) -> tuple[str, ...]:
    """Arguments of which nothing says what they decide, so that they are control by default."""
    return tuple(
        each.subject for each in reasons if each.basis is Basis.DEFAULT and not each.is_output
    )


def guessed(definition: ToolDefinition, reasons: tuple[Reason, ...]) -> tuple[str, ...]:
    """What is less strict than the closed default by its name alone, each by its pointer."""
    contract = contract_in_force(definition)
    return tuple(
        each.subject if each.is_output else f"/{each.subject}"
        for each in reasons
        if each.basis is Basis.NAME
        and (
            contract.labels.at(each.subject).integrity > Integrity.UNTRUSTED
            if each.is_output
            else contract.argument(each.subject).role is ArgumentRole.CONTENT
        )
    )


def _members(schema: JsonSchema) -> JsonObject:
    members = schema.get("properties")
    return members if isinstance(members, dict) else {}


def _labels(labels: Mapping[str, Label]) -> Labels:
    """Labels as they are pinned; `""` stands for all of it in any of two places.

    That all of a result is untrusted is said by its default too; who says so means that nothing
    else may be derived, so it stands among the leaves as well.
    """
    default = labels.get("", Label())
    said = {at: label for at, label in labels.items() if at or label == Label()}
    return Labels(default=default, leaves=tuple(sorted(said.items(), key=itemgetter(0))))


def _insists(name: str, markers: tuple[Marker, ...]) -> bool:
    """Whether markers say of an argument what holds by default, and would not be derived."""
    if any(isinstance(each, Secret) for each in markers):
        return False
    if any(isinstance(each, Control) and each.integrity is not None for each in markers):
        return True
    return name.lower() in CONTENT_NAMES and any(isinstance(each, Control) for each in markers)


def _is_owned(markers: tuple[Marker, ...]) -> bool:
    return any(isinstance(marker, Owned) for marker in markers)


def _judge(name: str, part: JsonValue, markers: tuple[Marker, ...]) -> Judgement:
    """One argument: by its markers, else by what type and name tell."""
    if markers:
        why = "declared: " + ", ".join(type(each).__name__ for each in markers)
        return _declared(markers), Basis.DECLARED, why
    return _derived(name, part) or _BY_DEFAULT


def _declared(markers: tuple[Marker, ...]) -> ArgumentContract:
    """The strictest of what the markers say together."""
    integrity = max(
        (each.integrity for each in markers if isinstance(each, Control) and each.integrity),
        default=Integrity.THIRD_PARTY,
    )
    if any(isinstance(marker, Secret) for marker in markers):
        return ArgumentContract(role=ArgumentRole.SECRET, integrity=integrity)
    if any(isinstance(marker, Control | Owned) for marker in markers):
        return ArgumentContract(role=ArgumentRole.CONTROL, integrity=integrity)
    return ArgumentContract(role=ArgumentRole.CONTENT)


def _derived(name: str, part: JsonValue) -> Judgement | None:
    """What type and name tell; never less strict than the default (`Content` is never guessed)."""
    if _is_secret(part):
        return _SECRET, Basis.TYPE, "derived: its type is a secret (`SecretStr`, format password)"
    word = _word(name)
    if word in _SECRET_NAMES and _is_text(part):
        return _SECRET, Basis.NAME, f"derived: its name says `{_SECRET_NAMES[word]}`"
    if word in _RUN_NAMES and _is_text(part):
        argument = ArgumentContract(integrity=Integrity.SYSTEM)
        return argument, Basis.NAME, f"derived: its name says `{word}`, which is run"
    return None


def _is_secret(part: JsonValue) -> bool:
    """Whether a schema says so itself, also in one of its alternatives."""
    if not isinstance(part, dict) or _MAY_TELL.isdisjoint(part):
        return False
    return any(
        each.get("format") == "password" or (each.get("writeOnly") is True and _is_text(each))
        for each in _alternatives(part)
    )


def _is_text(part: JsonValue) -> bool:
    return any(each.get("type") == "string" for each in _alternatives(part))


def _alternatives(part: JsonValue) -> Sequence[JsonObject]:
    if not isinstance(part, dict):
        return ()
    branches = part.get("anyOf")
    if not isinstance(branches, list):
        return (part,)
    return (part, *(each for each in branches if isinstance(each, dict)))


def _word(name: str) -> str:
    """`apiKey`, `API-Key` and `api_key` are one word."""
    return name.replace("_", "").replace("-", "").lower()


def _reasons_of(definition: ToolDefinition, labels: Mapping[str, Label]) -> Iterator[Reason]:
    for at in sorted(labels):
        yield Reason(subject=at, basis=Basis.DECLARED, why="declared: its label", is_output=True)
    for each in labels_left_open(definition):
        yield Reason(subject=each.pointer, basis=each.basis, why=each.why, is_output=True)
    if "" not in labels:
        yield Reason(subject="", basis=Basis.DEFAULT, why=_of_the_rest(definition), is_output=True)


def _of_the_rest(definition: ToolDefinition) -> str:
    if definition.output_schema is None:
        return "no schema of the result: untrusted, and readable by everybody of the organization"
    return "no label: untrusted, and readable by everybody of the organization"

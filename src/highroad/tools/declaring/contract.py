"""Markers that say what an argument decides, and the contract that follows from them.

A plain typed function is safe as it stands: an argument without a marker is control, an output
without a label untrusted. What types and names tell beyond that may only make a contract stricter:
a guess never lets anything through.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias

from pydantic import GetJsonSchemaHandler
from pydantic_core import CoreSchema

from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.domain.label import Integrity, Label, Labels
from highroad.domain.tool import ArgumentContract, ArgumentRole, Contract
from highroad.ports.policy import Owner
from highroad.tools.body.hooks import Hook, Written

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
        integrity: The least that a value's source must have.
    """

    integrity: Integrity = Integrity.THIRD_PARTY


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


class Basis(StrEnum):
    """What a part of a contract rests on."""

    DECLARED = "declared"
    """Its author said so."""
    TYPE = "type"
    """Its type or schema says so."""
    NAME = "name"
    """Its name says so: a guess."""
    DEFAULT = "default"
    """Nothing says anything: the closed default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a part of the contract is what it is."""

    subject: str
    """An argument, or the JSON pointer of a part of the result; empty is all of the result."""
    basis: Basis
    why: str
    is_output: bool = False


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
    schema: JsonSchema, markers: Mapping[str, tuple[Marker, ...]], labels: Mapping[str, Label]
) -> Contract:
    """The contract of a tool; it names the arguments for which the closed default does not hold.

    Args:
        schema: Of the arguments.
        markers: What the author says of them.
        labels: What the author says of parts of the result, by JSON pointer.
    """
    members = _members(schema)
    judged = {name: _judge(name, part, markers.get(name, ()))[0] for name, part in members.items()}
    arguments = {
        name: each for name, each in judged.items() if each is not _CONTROL and each != _CONTROL
    }
    owned = tuple([name for name in members if name in markers and _is_owned(markers[name])])
    if not (arguments or owned or labels):
        return CLOSED
    return Contract(arguments=arguments, labels=_labels(labels), owned=owned)


def explained(
    schema: JsonSchema, markers: Mapping[str, tuple[Marker, ...]], labels: Mapping[str, Label]
) -> tuple[Reason, ...]:
    """Why each part of what `derive` gives for the same is what it is."""
    judged = (
        (name, _judge(name, part, markers.get(name, ()))) for name, part in _members(schema).items()
    )
    return (
        *(Reason(subject=name, basis=basis, why=why) for name, (_, basis, why) in judged),
        *_reasons_of(labels),
    )


def underived(reasons: tuple[Reason, ...]) -> tuple[str, ...]:
    """Arguments of which nothing says what they decide, so that they are control by default."""
    return tuple(
        each.subject for each in reasons if each.basis is Basis.DEFAULT and not each.is_output
    )


def _members(schema: JsonSchema) -> JsonObject:
    members = schema.get("properties")
    return members if isinstance(members, dict) else {}


def _labels(labels: Mapping[str, Label]) -> Labels:
    return Labels(
        default=labels.get("", Label()),
        leaves=tuple(sorted((at, label) for at, label in labels.items() if at)),
    )


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
        (marker.integrity for marker in markers if isinstance(marker, Control)),
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


def _reasons_of(labels: Mapping[str, Label]) -> Iterator[Reason]:
    for at in sorted(labels):
        yield Reason(subject=at, basis=Basis.DECLARED, why="declared: its label", is_output=True)
    if "" not in labels:
        yield Reason(
            subject="",
            basis=Basis.DEFAULT,
            why="no label: untrusted, and readable by everybody of the organization",
            is_output=True,
        )

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
from highroad.tools.hooks import Hook, Written

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
_CONTROL: Final = ArgumentContract()
_WHY_DEFAULT: Final = "not declared, and neither type nor name says more; control is the strictest"
_RUN_NAMES: Final = frozenset({"cmd", "code", "command", "script", "shell", "sql"})


def derive(
    schema: JsonSchema, markers: Mapping[str, tuple[Marker, ...]], labels: Mapping[str, Label]
) -> tuple[Contract, tuple[Reason, ...]]:
    """The contract of a tool, and why each part of it is what it is.

    Args:
        schema: Of the arguments.
        markers: What the author says of them.
        labels: What the author says of parts of the result, by JSON pointer.
    """
    members = schema.get("properties")
    parts = members if isinstance(members, dict) else {}
    found = {name: _judge(name, part, markers.get(name, ())) for name, part in parts.items()}
    owned = tuple(
        name for name in found if any(isinstance(marker, Owned) for marker in markers.get(name, ()))
    )
    contract = Contract(
        arguments={name: argument for name, (argument, _) in found.items()},
        labels=Labels(
            default=labels.get("", Label()),
            leaves=tuple(sorted((at, label) for at, label in labels.items() if at)),
        ),
        owned=owned,
    )
    reasons = [reason for _, reason in found.values()]
    return contract, (*reasons, *_reasons_of(labels))


def underived(reasons: tuple[Reason, ...]) -> tuple[str, ...]:
    """Arguments of which nothing says what they decide, so that they are control by default."""
    return tuple(
        each.subject for each in reasons if each.basis is Basis.DEFAULT and not each.is_output
    )


def _judge(
    name: str, part: JsonValue, markers: tuple[Marker, ...]
) -> tuple[ArgumentContract, Reason]:
    """One argument: by its markers, else by what type and name tell."""
    declared = _declared(markers)
    if declared is not None:
        why = "declared: " + ", ".join(type(each).__name__ for each in markers)
        return declared, Reason(subject=name, basis=Basis.DECLARED, why=why)
    derived = _derived(name, part)
    if derived is not None:
        argument, basis, why = derived
        return argument, Reason(subject=name, basis=basis, why=why)
    return _CONTROL, Reason(subject=name, basis=Basis.DEFAULT, why=_WHY_DEFAULT)


def _declared(markers: tuple[Marker, ...]) -> ArgumentContract | None:
    """The strictest of what the markers say together."""
    if not markers:
        return None
    integrity = max(
        (marker.integrity for marker in markers if isinstance(marker, Control)),
        default=Integrity.THIRD_PARTY,
    )
    if any(isinstance(marker, Secret) for marker in markers):
        return ArgumentContract(role=ArgumentRole.SECRET, integrity=integrity)
    if any(isinstance(marker, Control | Owned) for marker in markers):
        return ArgumentContract(role=ArgumentRole.CONTROL, integrity=integrity)
    return ArgumentContract(role=ArgumentRole.CONTENT)


def _derived(name: str, part: JsonValue) -> tuple[ArgumentContract, Basis, str] | None:
    """What type and name tell; never less strict than the default (`Content` is never guessed)."""
    secret = ArgumentContract(role=ArgumentRole.SECRET)
    if _is_secret(part):
        return secret, Basis.TYPE, "derived: its type is a secret (`SecretStr`, format password)"
    word = _word(name)
    if word in _SECRET_NAMES and _is_text(part):
        return secret, Basis.NAME, f"derived: its name says `{_SECRET_NAMES[word]}`"
    if word in _RUN_NAMES and _is_text(part):
        argument = ArgumentContract(integrity=Integrity.SYSTEM)
        return argument, Basis.NAME, f"derived: its name says `{word}`, which is run"
    return None


def _is_secret(part: JsonValue) -> bool:
    """Whether a schema says so itself, also in one of its alternatives."""
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

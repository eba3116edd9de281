"""What arguments decide of which nobody said it, and how sure their values must be.

A guess makes a contract stricter, with one exception: what a tool says or stores is content where
the name is one of few and the tool does nothing but say or store it (docs/decisions/0007).
"""

from dataclasses import replace
from typing import Final

from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.domain.label import Integrity
from highroad.domain.tool import ArgumentContract, ArgumentRole
from highroad.domain.value import value
from highroad.tools.derivation.leaf import ID_NAMES, own_id
from highroad.tools.derivation.purpose import Purpose
from highroad.tools.derivation.reason import Basis
from highroad.tools.schemas.navigation import resolve
from highroad.tools.schemas.types import json_types
from highroad.tools.words import word_set, words_of

CONTENT_NAMES: Final = word_set(
    "body caption comment content description memo message note notes subject text title"
)
"""Names of texts that are said or stored, and steer nothing."""
_REMARKS: Final = word_set("comment comments memo note notes reason remark remarks")
"""Names of texts that are put beside a deed, whatever the deed is."""
_WHO: Final = word_set(
    """account accounts beneficiary bic card counterparty destination iban payee payees receiver
    recipient recipients to wallet"""
)
_HOW_MUCH: Final = word_set(
    "amount amounts cents dollars euros percent price qty quantity shares sum total units value"
)
_WHOM: Final = word_set(
    "email emails guest guests invitee invitees member members person recipient recipients user "
    "username users"
)
_RIGHT_OVER: Final = word_set(
    """account command device domain email group groups host key path permission permissions
    privilege recipient role roles scope to url user username users"""
)
_STEERING: Final = ("enum", "const", "format", "pattern")
"""Keywords that make a text one of few, or something that is looked up."""


@value
class DerivedArgument:
    """The contract of one argument, and what it rests on."""

    contract: ArgumentContract
    basis: Basis
    why: str
    is_target: bool = False
    """It says which record is changed in place."""


_CONTENT: Final = ArgumentContract(role=ArgumentRole.CONTENT)
_NAMED_BY_USER: Final = ArgumentContract(integrity=Integrity.USER)
_STRICT: Final = ArgumentContract(integrity=Integrity.SYSTEM)


def derived_argument(purpose: Purpose, name: str, part: JsonValue) -> DerivedArgument | None:
    """What an argument decides, by its name and by what the tool is for; `None` is the default."""
    schema = purpose.definition.input_schema
    if (stricter := _stricter(purpose, name)) is not None:
        return replace(stricter, is_target=_is_target(purpose, name))
    if _is_target(purpose, name):
        why = "derived: it says which record is changed; the user names it, or what else is in it"
        contract = ArgumentContract()
        return DerivedArgument(contract=contract, basis=Basis.NAME, why=why, is_target=True)
    if is_content(name, part, schema) and purpose.says_something:
        why = f"derived: `{name}` of a tool that says or stores it; it steers nothing"
        return DerivedArgument(contract=_CONTENT, basis=Basis.NAME, why=why)
    if _is_remark(purpose, name) and _is_plain_text(part, schema):
        why = f"derived: `{name}` is put beside what the tool does; it steers nothing"
        return DerivedArgument(contract=_CONTENT, basis=Basis.NAME, why=why)
    return None


def _is_remark(purpose: Purpose, name: str) -> bool:
    """Whether an argument is a remark, and not the thing that the tool is about."""
    if name.lower() not in _REMARKS or not purpose.has_a_deed:
        return False
    word = name.lower().removesuffix("s")
    return {word, f"{word}s"}.isdisjoint({*purpose.words, *purpose.sentence})


def _is_target(purpose: Purpose, name: str) -> bool:
    """Whether an argument is the id of the record that a tool changes or takes away."""
    words = words_of(name)
    return (
        purpose.changes_in_place
        and bool(words)
        and words[-1] in ID_NAMES
        and own_id(name, frozenset(purpose.objects))
    )


def is_content(name: str, part: JsonValue, root: JsonSchema) -> bool:
    """Whether an argument is a plain text with a name of what is said or stored."""
    return name.lower() in CONTENT_NAMES and _is_plain_text(part, root)


def _stricter(purpose: Purpose, name: str) -> DerivedArgument | None:
    words = frozenset(words_of(name))
    if purpose.lets_in and not words.isdisjoint(_WHOM):
        why = "derived: it says who is let in, which the user alone says"
        return DerivedArgument(contract=_NAMED_BY_USER, basis=Basis.NAME, why=why)
    if purpose.is_financial and not words.isdisjoint(_WHO | _HOW_MUCH):
        why = "derived: it says who is paid, or how much, and the tool may move money"
        return DerivedArgument(contract=_STRICT, basis=Basis.NAME, why=why)
    if purpose.is_privileged and not words.isdisjoint(_RIGHT_OVER):
        why = "derived: it says over whom or what, and the tool may change who can do what"
        return DerivedArgument(contract=_STRICT, basis=Basis.NAME, why=why)
    return None


def _is_plain_text(part: JsonValue, root: JsonSchema) -> bool:
    schema = resolve(part, root)
    branches = schema.get("anyOf")
    if isinstance(branches, list):
        parts = [resolve(each, root) for each in branches]
        told = [each for each in parts if each.get("type") != "null"]
        return len(told) == 1 and _is_text(told[0]) and not _steers(schema)
    return _is_text(schema)


def _is_text(schema: JsonObject) -> bool:
    return json_types(schema) - {"null"} == {"string"} and not _steers(schema)


def _steers(schema: JsonObject) -> bool:
    return any(keyword in schema for keyword in _STEERING)

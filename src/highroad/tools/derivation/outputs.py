"""Labels of a result that nobody declared: which leaf could a stranger have chosen?

| leaf | own record | in what others send | from outside |
|---|---|---|---|
| of an enumeration, yes or no, number, date | system | third party | one step less, by type alone |
| id of the record itself, code of fixed length | system | system | as above |
| id of another record | system | third party | as above |
| a party's address | third party; system in one's own directory | third party | as above |
| name of somebody who takes part | third party | untrusted | untrusted |
| free text, link, path, key of a map, unknown | untrusted | untrusted | untrusted |
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from enum import IntEnum
from itertools import chain, islice, pairwise
from typing import Final, TypeAlias

from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.domain.label import ANY, CONFIDENTIAL, Integrity, Label, Labels
from highroad.domain.value import value
from highroad.tools.derivation.leaf import LeafKind, LeafReading, leaf_of, names_record, own_id
from highroad.tools.derivation.purpose import Purpose, is_own_directory, is_roster, is_sent
from highroad.tools.derivation.reason import Basis
from highroad.tools.schemas.navigation import resolve
from highroad.tools.schemas.types import json_types
from highroad.tools.words import word_set, words_of

_DEEPEST: Final = 6
"""Levels that are read. A schema may refer to itself; what lies deeper is untrusted."""
_MOST: Final = 400
"""Leaves that are labelled; what comes behind them is untrusted."""
_BRANCHES: Final = ("anyOf", "oneOf")
_RECORDS: Final = word_set(
    """diagnoses diagnosis medical medication medications patient payslip prescription
    prescriptions"""
)
"""Records of which all is confidential but for the ids by which they go."""
_CONFIDENTIAL: Final = word_set(
    """allergies allergy bic birthday birthdate cvc cvv disability dob ethnicity iban income
    passport passwd password passwords pin religion salaries salary ssn wage wages"""
)
_PAIRS: Final = frozenset(
    {
        ("social", "security"),
        ("tax", "id"),
        ("national", "id"),
        ("card", "number"),
        ("credit", "card"),
        ("account", "number"),
        ("api", "key"),
        ("private", "key"),
        ("access", "token"),
        ("health", "record"),
        ("birth", "date"),
    }
)
_READERS: Final = frozenset({CONFIDENTIAL})


@value
class DerivedLabel:
    """The label of one leaf, and what it rests on."""

    pointer: str
    label: Label
    basis: Basis
    why: str


class _Hidden(IntEnum):
    """How much of what stands at a place is confidential by a name on the way to it."""

    NOTHING = 0
    RECORD = 1
    """All but the ids by which records go."""
    ALL = 2


_Holder: TypeAlias = frozenset[str]
"""Words that say in what a leaf stands: of the tool, of the members above it, of their types."""


def derived_labels(purpose: Purpose) -> tuple[DerivedLabel, ...]:
    """Labels of the leaves of a tool's result that are more than untrusted, or confidential."""
    schema = purpose.definition.output_schema
    if schema is None or not _is_record(purpose):
        return ()
    name = "_".join(purpose.objects)
    whole = _At(dict(schema), name, "", frozenset(purpose.brings), hidden=_hidden_by(name))
    return _telling(_merged(islice(_walk(purpose, schema, whole), _MOST)))


def _merged(leaves: Iterable[DerivedLabel]) -> dict[str, DerivedLabel]:
    """Of two at one place, the one that trusts less."""
    found: dict[str, DerivedLabel] = {}
    for leaf in leaves:
        known = found.get(leaf.pointer)
        found[leaf.pointer] = leaf if known is None else _lesser(known, leaf)
    return found


def _telling(found: Mapping[str, DerivedLabel]) -> tuple[DerivedLabel, ...]:
    """Without those that say what holds anyway; what a wider pointer would cover stays."""
    labels = Labels(
        leaves=tuple((at, leaf.label) for at, leaf in found.items() if leaf.label != _OPEN)
    )
    return tuple(
        leaf for at, leaf in found.items() if leaf.label != _OPEN or labels.at(at) != _OPEN
    )


_OPEN: Final = Label()
_TEXT_ARGUMENTS: Final = word_set(
    "base64 blob body code content csv document expression html json markdown prompt script sql "
    "text xml"
)


def _is_record(purpose: Purpose) -> bool:
    """Whether a result is a record, and not made of what the tool is handed."""
    if purpose.makes_its_result:
        return False
    definition = purpose.definition
    members = definition.input_schema.get("properties")
    is_handed_text = isinstance(members, dict) and any(
        words_of(name)[-1:] and words_of(name)[-1] in _TEXT_ARGUMENTS for name in members
    )
    return definition.has_effects or not is_handed_text


@value(kw_only=False, eq=False)
class _At:
    """A place in the schema of a result."""

    part: JsonValue
    name: str
    pointer: str
    holder: _Holder
    depth: int = 0
    is_key: bool = False
    """Its name is a key that is data, which takes the label of its value."""
    hidden: "_Hidden" = _Hidden.NOTHING


def _walk(purpose: Purpose, root: JsonSchema, at: _At) -> Iterator[DerivedLabel]:
    part = resolve(at.part, root)
    at = replace(at, holder=at.holder | _type_words(at.part) | _type_words(part))
    if not part or at.depth > _DEEPEST:
        # Of a union another branch may have said more: what says nothing takes that away.
        yield _label(at, Integrity.UNTRUSTED, Basis.DEFAULT, "nothing says what it is")
        return
    for keyword in _BRANCHES:
        branches = part.get(keyword)
        if isinstance(branches, list):
            yield from _of_branches(purpose, root, at, branches)
            return
    yield from _of_part(purpose, root, at, part)


def _type_words(part: JsonValue) -> _Holder:
    """What the type of a part is called, by its title or by the name that it is referred to by."""
    if not isinstance(part, dict):
        return frozenset()
    title, reference = part.get("title"), part.get("$ref")
    named = [title if isinstance(title, str) else ""]
    if isinstance(reference, str):
        named.append(reference.rpartition("/")[2])
    return frozenset(chain.from_iterable(map(words_of, named)))


def _of_branches(
    purpose: Purpose, root: JsonSchema, at: _At, branches: list[JsonValue]
) -> Iterator[DerivedLabel]:
    """What every branch says: in an open object any name may stand that another branch trusts."""
    parts = [each for each in branches if resolve(each, root).get("type") != "null"]
    of_each = [
        _merged(islice(_walk(purpose, root, _below(at, each, at.name, at.pointer)), _MOST))
        for each in parts
    ]
    open_ones = [
        found.keys()
        for each, found in zip(parts, of_each, strict=True)
        if _is_open_object(resolve(each, root))
    ]
    every = [*chain.from_iterable(each.values() for each in of_each)]
    has_parts = any(leaf.pointer != at.pointer for leaf in every)
    for leaf in every:
        # A label of one value would speak for all parts of another form of it.
        covers = has_parts and leaf.pointer == at.pointer
        if not covers and all(leaf.pointer in known for known in open_ones):
            yield leaf
        else:
            why = f"{leaf.why}; but another form of it may have anything there"
            label = Label(Integrity.UNTRUSTED, leaf.label.readers)
            yield DerivedLabel(pointer=leaf.pointer, label=label, basis=Basis.DEFAULT, why=why)


def _is_open_object(part: JsonObject) -> bool:
    is_object = "object" in json_types(part) and not part.keys() & frozenset(_BRANCHES)
    return is_object and part.get("additionalProperties") is not False


def _of_part(
    purpose: Purpose, root: JsonSchema, at: _At, part: JsonObject
) -> Iterator[DerivedLabel]:
    types = json_types(part) - {"null"}
    if types == {"object"}:
        yield from _members(purpose, root, at, part)
    elif types == {"array"}:
        yield from _items(purpose, root, at, part)
    else:
        yield _judged(purpose, at, leaf_of(at.name, part, types))


def _members(
    purpose: Purpose, root: JsonSchema, at: _At, part: JsonObject
) -> Iterator[DerivedLabel]:
    members = part.get("properties")
    for name, below in members.items() if isinstance(members, dict) else ():
        pointer = f"{at.pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        inner = _At(
            below,
            name,
            pointer,
            at.holder | frozenset(words_of(at.name)),
            at.depth + 1,
            hidden=max(at.hidden, _hidden_by(name)),
        )
        yield from _walk(purpose, root, inner)
    others = part.get("additionalProperties")
    if isinstance(others, dict) and "patternProperties" not in part:
        inner = _below(at, others, at.name, f"{at.pointer}/{ANY}", is_key=True)
        yield from _walk(purpose, root, inner)


def _items(purpose: Purpose, root: JsonSchema, at: _At, part: JsonObject) -> Iterator[DerivedLabel]:
    first = part.get("prefixItems")
    for number, item in enumerate(first if isinstance(first, list) else ()):
        yield from _walk(purpose, root, _below(at, item, at.name, f"{at.pointer}/{number}"))
    if isinstance(part.get("items"), dict):
        inner = _below(at, part["items"], at.name, f"{at.pointer}/{ANY}")
        yield from _walk(purpose, root, inner)


def _below(at: _At, part: JsonValue, name: str, pointer: str, *, is_key: bool = False) -> _At:
    return _At(
        part,
        name,
        pointer,
        at.holder,
        at.depth + 1,
        is_key=is_key,
        hidden=max(at.hidden, _hidden_by(name)),
    )


def _judged(purpose: Purpose, at: _At, leaf: LeafReading) -> DerivedLabel:
    """One leaf: what it is, who could choose it, and what is lost on the way from outside."""
    if at.is_key:
        why = "the keys of a map are chosen by whoever fills it, and share its label"
        return _label(at, Integrity.UNTRUSTED, Basis.DEFAULT, why)
    if at.hidden is _Hidden.RECORD and leaf.kind is LeafKind.ID and names_record(at.name):
        at = replace(at, hidden=_Hidden.NOTHING)
    integrity, why = _inside(at.name, leaf, at.holder)
    if not purpose.leaves_boundary or integrity is Integrity.UNTRUSTED:
        return _label(at, integrity, leaf.basis, f"{leaf.what}{why}")
    if leaf.basis is not Basis.TYPE:
        why = f"by its name {leaf.what}, but it comes from outside, where names prove nothing"
        return _label(at, Integrity.UNTRUSTED, Basis.SOURCE, why)
    why = f"{leaf.what}{why}; it comes from outside, and counts one step less"
    return _label(at, Integrity(integrity - 1), Basis.SOURCE, why)


def _inside(name: str, leaf: LeafReading, holder: _Holder) -> tuple[Integrity, str]:
    """What a leaf of our own program's tools is worth."""
    named = holder | frozenset(words_of(name))
    if leaf.kind is LeafKind.OPEN:
        return Integrity.UNTRUSTED, ", which anybody may have written"
    if leaf.kind is LeafKind.ADDRESS:
        if not is_sent(holder) and is_own_directory(named):
            return Integrity.SYSTEM, " in a directory of one's own"
        return Integrity.THIRD_PARTY, ", which the party gave itself"
    if leaf.kind is LeafKind.NAME:
        is_let_in = not is_sent(holder) and is_roster(named)
        integrity = Integrity.THIRD_PARTY if is_let_in else Integrity.UNTRUSTED
        return integrity, " of somebody who was let in" if is_let_in else ", which anybody may take"
    is_own = not is_sent(named) or (leaf.kind is LeafKind.ID and _is_own_id(name, holder))
    if is_own:
        return Integrity.SYSTEM, " of an own record"
    return Integrity.THIRD_PARTY, " in what others send, who choose it"


def _is_own_id(name: str, holder: _Holder) -> bool:
    return not is_sent(holder) or own_id(name, holder)


def _label(at: _At, integrity: Integrity, basis: Basis, why: str) -> DerivedLabel:
    readers = _READERS if at.hidden else None
    if at.hidden:
        why = f"{why}; confidential by its name"
    return DerivedLabel(
        pointer=at.pointer, label=Label(integrity, readers), basis=basis, why=f"derived: {why}"
    )


def _lesser(one: DerivedLabel, other: DerivedLabel) -> DerivedLabel:
    """Of two branches of a union at one place, the one that trusts less."""
    lower = min(one, other, key=lambda each: each.label.integrity)
    if lower.label.readers is None and (one.label.readers or other.label.readers):
        return DerivedLabel(
            pointer=lower.pointer,
            label=Label(lower.label.integrity, _READERS),
            basis=lower.basis,
            why=lower.why,
        )
    return lower


def _hidden_by(name: str) -> _Hidden:
    words = words_of(name)
    if not _CONFIDENTIAL.isdisjoint(words) or not _PAIRS.isdisjoint(pairwise(words)):
        return _Hidden.ALL
    return _Hidden.NOTHING if _RECORDS.isdisjoint(words) else _Hidden.RECORD

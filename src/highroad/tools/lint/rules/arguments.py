"""Each argument: described, well named, and as narrow as its words."""

import json
from collections.abc import Iterator
from typing import Final

import orjson

from highroad.tools.lint.codes import LintCode
from highroad.tools.lint.finding import Finding, found
from highroad.tools.lint.subject import Argument, Form, Subject
from highroad.tools.lint.vocabulary import AMOUNTS, LONG_TEXT, SAYS_NOTHING
from highroad.tools.lint.wording import (
    bounds_in,
    form_in,
    length_in,
    structure_in,
    values_in,
)
from highroad.tools.schemas.types import json_types
from highroad.tools.semantic import Iban, Phone, Semantic
from highroad.tools.words import VERBS, words_of

_CHOOSERS: Final = frozenset({"action", "command", "method", "mode", "op", "operation"})
_ENOUGH: Final = 6
"""Words of a description that make up for a name that says nothing."""
_ENOUGH_FOR_A_LETTER: Final = 2
"""Letters are the names of mathematics: "First number" will do."""
_COORDINATES: Final = frozenset({"x", "y", "z"})
_FIXED: Final = ("enum", "const", "pattern", "format")
_BOUND_ABOVE: Final = ("maximum", "exclusiveMaximum", "enum", "const")
_BOUND_BELOW: Final = ("minimum", "exclusiveMinimum", "enum", "const")


def undescribed(subject: Subject) -> Iterator[Finding]:
    """An argument without words of its own."""
    for argument in subject.named:
        said = words_of(argument.description)
        if not said or said == words_of(argument.name):
            yield found(
                LintCode.ARGUMENT_UNDESCRIBED,
                subject.name,
                f"Nothing but the name describes {argument.pointer}.",
                f"Say what {argument.pointer} means, {_what_else(argument)}.",
                pointer=argument.pointer,
            )


def vague(subject: Subject) -> Iterator[Finding]:
    """A name that could stand for anything, and words that do not make up for it."""
    for argument in subject.named:
        words = words_of(argument.name)
        is_letter = len(argument.name) == 1 and argument.name.lower() not in _COORDINATES
        says_nothing = bool(words) and all(word in SAYS_NOTHING or word.isdigit() for word in words)
        if not (is_letter or says_nothing):
            continue
        if len(argument.description.split()) < (_ENOUGH_FOR_A_LETTER if is_letter else _ENOUGH):
            yield found(
                LintCode.ARGUMENT_VAGUE,
                subject.name,
                f"The name {argument.pointer} could stand for anything.",
                f"Name {argument.pointer} after what it holds, or say in its description what that "
                f"is.",
                pointer=argument.pointer,
            )


def chooses_job(subject: Subject) -> Iterator[Finding]:
    """An argument that decides which of several jobs is done."""
    for argument in subject.top:
        values = _texts_of_enum(argument) or values_in(argument.description)
        verbs = [value for value in values if next(iter(words_of(value)), "") in VERBS]
        if not set(words_of(argument.name)) & _CHOOSERS or len(verbs) < max(2, len(values) // 2):
            continue
        names = ", ".join(f"`{subject.name}_{value}`" for value in verbs[:3])
        yield found(
            LintCode.ARGUMENT_CHOOSES_JOB,
            subject.name,
            f"{argument.pointer} chooses between jobs: tier, policy and approval cannot tell "
            f"{verbs[0]} from {verbs[1]}.",
            f"Offer a tool for each: {names}{', …' if len(values) > 3 else ''}.",  # noqa: PLR2004 - as many as are shown
            pointer=argument.pointer,
        )


def structured_text(subject: Subject) -> Iterator[Finding]:
    """A text that carries structure which no schema sees."""
    for argument in _loose_texts(subject):
        if (structure := structure_in(argument.description)) is not None:
            what, schema = structure
            yield found(
                LintCode.ARGUMENT_STRUCTURED_TEXT,
                subject.name,
                f"Nothing checks what {argument.pointer} is to hold: {what}.",
                f"For {argument.pointer}, {schema}.",
                pointer=argument.pointer,
            )


def enum(subject: Subject) -> Iterator[Finding]:
    """Values that the words list and the schema does not."""
    for argument, pointer in _where_enums_fit(subject):
        values = values_in(argument.description)
        if values and words_of(argument.name)[-1:] != ("id",):
            told = json.dumps(_as(argument, values), ensure_ascii=False)
            yield found(
                LintCode.ARGUMENT_ENUM,
                subject.name,
                f"The words of {pointer} name its values, the schema takes any text.",
                f'Add "enum": {told} to {pointer}.',
                pointer=pointer,
            )


def pattern(subject: Subject) -> Iterator[Finding]:
    """A form that the words ask for and the schema does not."""
    for argument in _loose_texts(subject):
        if structure_in(argument.description) or values_in(argument.description):
            continue
        keyword = _form_by_name(argument.name) or form_in(argument.description)
        if keyword is not None:
            yield found(
                LintCode.ARGUMENT_PATTERN,
                subject.name,
                f"Any text may stand at {argument.pointer}, and only one form is right.",
                f"Add {keyword} to {argument.pointer}.",
                pointer=argument.pointer,
            )


def stated_bounds(subject: Subject) -> Iterator[Finding]:
    """Bounds that the words name and the schema does not."""
    for argument in subject.arguments:
        missing = dict(_missing_bounds(argument))
        if missing:
            keywords = ", ".join(f'"{name}": {value}' for name, value in missing.items())
            yield found(
                LintCode.ARGUMENT_STATED_BOUNDS,
                subject.name,
                f"The words of {argument.pointer} name a bound that the schema does not have.",
                f"Add {keywords} to {argument.pointer}.",
                pointer=argument.pointer,
            )


def bounds(subject: Subject) -> Iterator[Finding]:
    """A number that may be anything."""
    for argument in subject.arguments:
        if not argument.is_only("integer", "number") or dict(_missing_bounds(argument)):
            continue
        is_amount = bool(set(words_of(argument.name)) & AMOUNTS)
        has_above, has_below = argument.has(*_BOUND_ABOVE), argument.has(*_BOUND_BELOW)
        if has_above or (has_below and not is_amount):
            continue
        keywords = "`maximum`" if has_below else "`minimum` and `maximum`"
        yield found(
            LintCode.ARGUMENT_BOUNDS,
            subject.name,
            f"Nothing bounds {argument.pointer}.",
            f"Add {keywords} to {argument.pointer}.",
            pointer=argument.pointer,
        )


def length(subject: Subject) -> Iterator[Finding]:
    """A text of any length, where people and models write long ones."""
    for argument in _loose_texts(subject):
        if argument.has("maxLength") or dict(_missing_bounds(argument)):
            continue
        if words_of(argument.name)[-1:] and words_of(argument.name)[-1] in LONG_TEXT:
            yield found(
                LintCode.ARGUMENT_LENGTH,
                subject.name,
                f"{argument.pointer} may be of any length.",
                f'Add "maxLength" to {argument.pointer}: what the other side takes at most.',
                pointer=argument.pointer,
            )


def items(subject: Subject) -> Iterator[Finding]:
    """An array of any length: one call may then do a thousand things."""
    for argument in subject.arguments:
        is_array = argument.is_only("array") and not argument.has("enum", "const", "prefixItems")
        of_few = isinstance(each := argument.schema.get("items"), dict) and "enum" in each
        if (
            is_array
            and not of_few
            and not argument.has("maxItems")
            and not dict(_missing_bounds(argument))
        ):
            yield found(
                LintCode.ARGUMENT_ITEMS,
                subject.name,
                f"{argument.pointer} may have any number of items.",
                f'Add "maxItems" to {argument.pointer}.',
                pointer=argument.pointer,
            )


def default(subject: Subject) -> Iterator[Finding]:
    """A default that is never used, or that the schema itself would refuse."""
    for argument in subject.named:
        if not argument.has("default") or subject.form is Form.DECLARED:
            continue
        value = argument.schema["default"]
        options = argument.schema.get("enum")
        is_refused = isinstance(options, list) and value is not None and value not in options
        if argument.is_required:
            yield found(
                LintCode.ARGUMENT_DEFAULT,
                subject.name,
                f"No call uses the default of {argument.pointer}, since it must be given.",
                f'Take {argument.pointer} out of "required", or its "default" away.',
                pointer=argument.pointer,
            )
        elif is_refused or (value is not None and not _fits(argument, value)):
            yield found(
                LintCode.ARGUMENT_DEFAULT,
                subject.name,
                f"The schema of {argument.pointer} refuses its own default.",
                f'Give {argument.pointer} a "default" that it would take, or none.',
                pointer=argument.pointer,
            )


def _what_else(argument: Argument) -> str:
    if argument.is_required:
        return "and in which unit or form"
    return "in which unit or form, and what holds when it is left out"


def _loose_texts(subject: Subject) -> Iterator[Argument]:
    """Texts that no keyword narrows."""
    for argument in subject.arguments:
        if argument.is_only("string") and not argument.has(*_FIXED):
            yield argument


def _texts_of_enum(argument: Argument) -> tuple[str, ...]:
    values = argument.schema.get("enum")
    return (
        tuple(each for each in values if isinstance(each, str)) if isinstance(values, list) else ()
    )


def _where_enums_fit(subject: Subject) -> Iterator[tuple[Argument, str]]:
    for argument in subject.arguments:
        if argument.is_only("string", "integer") and not argument.has(*_FIXED):
            yield argument, argument.pointer
        elif argument.is_only("array"):
            match argument.schema.get("items"):
                case {"type": "string", **more} if not {"description", *_FIXED} & more.keys():
                    yield argument, f"{argument.pointer}/*"
                case _:
                    continue


def _as(argument: Argument, values: tuple[str, ...]) -> list[str | int]:
    if argument.is_only("integer") and all(value.lstrip("-").isdecimal() for value in values):
        return [int(value) for value in values]
    return list(values)


def _form_by_name(name: str) -> str | None:
    match words_of(name)[-1:]:
        case ("email",):
            return '"format": "email"'
        case ("url",) | ("uri",):
            return '"format": "uri"'
        case ("uuid",):
            return '"format": "uuid"'
        case ("iban",):
            return _form_of(Iban())
        case ("phone",):
            return _form_of(Phone())
        case _:
            return None


def _form_of(kind: Semantic) -> str:
    pattern = orjson.dumps(kind.schema()["pattern"]).decode()
    return f'"pattern": {pattern}, as the type `{type(kind).__name__}` has,'


def _missing_bounds(argument: Argument) -> Iterator[tuple[str, str]]:
    """Keywords that the words give and the schema has not."""
    text = argument.description
    if argument.is_only("integer", "number"):
        named = bounds_in(text)
        if named.least is not None and not argument.has(*_BOUND_BELOW):
            yield "minimum", named.least
        if named.most is not None and not argument.has(*_BOUND_ABOVE):
            yield "maximum", named.most
    elif argument.is_only("string") and not argument.has("maxLength", *_FIXED):
        if (most := length_in(text)) is not None:
            yield "maxLength", most
    elif argument.is_only("array") and not argument.has("maxItems"):
        most = bounds_in(text).most
        if most is not None and most.isdecimal():
            yield "maxItems", most


def _fits(argument: Argument, value: object) -> bool:
    kinds = json_types({"const": value})  # type: ignore[dict-item]  # a default is JSON
    return bool(kinds & argument.types) or (kinds == {"integer"} and "number" in argument.types)


RULES: Final = (
    undescribed,
    vague,
    chooses_job,
    structured_text,
    enum,
    pattern,
    stated_bounds,
    bounds,
    length,
    items,
    default,
)

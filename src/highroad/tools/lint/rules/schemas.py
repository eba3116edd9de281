"""The schemas themselves: whether they are any, and whether they say what may stand in them."""

from collections.abc import Iterator
from typing import Final

from jsonschema_rs import ReferencingError, ValidationError, validator_for

from highroad.domain.json_value import JsonObject
from highroad.tools.lint.codes import LintCode
from highroad.tools.lint.finding import Finding, found
from highroad.tools.lint.subject import Argument, Form, Subject
from highroad.tools.lint.vocabulary import REPAIRS
from highroad.tools.schemas.navigation import parts

_TYPES: Final = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
_SAYS: Final = ("enum", "const", "anyOf", "oneOf", "allOf", "$ref", "not", "if")


def invalid(subject: Subject) -> Iterator[Finding]:
    """What no reader of JSON Schema takes for one."""
    wrong = sorted({kind for part in parts(dict(subject.input_schema)) for kind in _unknown(part)})
    if wrong:
        known = [f'"{name}" is "{REPAIRS[name]}"' for name in wrong if name in REPAIRS]
        named = ", ".join(f'"{name}"' for name in wrong[:5])
        yield found(
            LintCode.SCHEMA_INVALID,
            subject.name,
            f"JSON Schema knows no type {named}.",
            f"Write {', '.join(known)}." if known else f"Use one of {', '.join(sorted(_TYPES))}.",
        )
        return
    trouble = _trouble(subject)
    if trouble is not None:
        yield found(
            LintCode.SCHEMA_INVALID,
            subject.name,
            f"The schema of its arguments is no JSON Schema that stands alone: {trouble}.",
            "Mend it there; references must point into the schema: `#/$defs/…`.",
        )


def not_object(subject: Subject) -> Iterator[Finding]:
    """Arguments are named, so their schema is that of an object."""
    kind = subject.input_schema.get("type")
    if not isinstance(kind, str) or REPAIRS.get(kind, kind) != "object":
        yield found(
            LintCode.SCHEMA_NOT_OBJECT,
            subject.name,
            "The schema of its arguments does not say that they are an object.",
            'Add "type": "object" at its top.',
        )


def required(subject: Subject) -> Iterator[Finding]:
    """A required argument that there is not."""
    members = subject.input_schema.get("properties")
    needed = subject.input_schema.get("required")
    known = members if isinstance(members, dict) else {}
    missing = [name for name in _texts(needed) if name not in known]
    for name in missing:
        yield found(
            LintCode.SCHEMA_REQUIRED,
            subject.name,
            f"It requires {name!r}, which is no argument.",
            f'Describe it under "properties", or take it out of "required": {name!r}.',
        )


def untyped(subject: Subject) -> Iterator[Finding]:
    """Arguments of which the schema says nothing, or not what is in them."""
    for argument in subject.arguments:
        if (what := _what_is_open(argument)) is not None:
            message, fix = what
            yield found(
                LintCode.SCHEMA_UNTYPED,
                subject.name,
                message.format(argument.pointer),
                f"Give {argument.pointer} {fix}",
                pointer=argument.pointer,
            )


def opened(subject: Subject) -> Iterator[Finding]:
    """An object that takes arguments which nobody knows."""
    schema = subject.input_schema
    if subject.form is not Form.GEMINI and schema.get("additionalProperties", True) is True:
        yield found(
            LintCode.SCHEMA_OPEN,
            subject.name,
            "It takes arguments that it does not know: a misspelt one is lost without a word.",
            'Add "additionalProperties": false to the schema of its arguments.',
        )


def result(subject: Subject) -> Iterator[Finding]:
    """A result that nobody can check."""
    if subject.output_schema is None and subject.form.promises_results:
        fix = (
            "Annotate what the function returns."
            if subject.form is Form.DECLARED
            else 'Add an "outputSchema", and answer with "structuredContent".'
        )
        yield found(
            LintCode.SCHEMA_RESULT,
            subject.name,
            "It does not say what comes back, so a wrong result cannot be told from a right one.",
            fix,
        )


def _unknown(part: JsonObject) -> Iterator[str]:
    kind = part.get("type")
    for each in kind if isinstance(kind, list) else [kind]:
        if isinstance(each, str) and each not in _TYPES:
            yield each


def _trouble(subject: Subject) -> str | None:
    """Where a schema is none, without a word of what stands there."""
    try:
        # `offline`: by default the library would fetch a remote `$ref` from wherever it points.
        validator_for(dict(subject.input_schema), offline=True)
    except ValidationError as error:
        where = "/".join(map(str, error.instance_path))
        return f"at /{where}" if where else "a reference leads out of it, or nowhere"
    except (ReferencingError, ValueError):
        return "a reference leads out of it, or nowhere"
    return None


def _what_is_open(argument: Argument) -> tuple[str, str] | None:
    if not argument.has("type", *_SAYS):
        return "No type is said of {}.", 'a "type".'
    if argument.is_only("array") and not argument.has("items", "prefixItems", *_SAYS):
        return "Nothing says what the items of {} are.", '"items": what each of them is.'
    members = ("properties", "additionalProperties", "patternProperties", "propertyNames")
    if argument.is_only("object") and not argument.has(*members, *_SAYS):
        return (
            "No member is named of the object {}.",
            '"properties", or "additionalProperties" with the schema of any member.',
        )
    return None


def _texts(values: object) -> list[str]:
    return [each for each in values if isinstance(each, str)] if isinstance(values, list) else []


RULES: Final = (invalid, not_object, required, untyped, opened, result)

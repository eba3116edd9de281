"""From an error of the schema validator to problems that a model can mend.

The validator's own messages quote the offending value, and so do parts of its error objects (P7).
Read here is where it stands, which keyword objects, and what the schema says there; nothing else.
"""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import Final

from jsonschema_rs import ValidationError, ValidationErrorKind

from highroad.domain.error import Problem
from highroad.domain.json_value import JsonSchema, JsonValue
from highroad.tools.arguments.pointer import pointer
from highroad.tools.near import near_names
from highroad.tools.schemas.describe import describe
from highroad.tools.schemas.navigation import schema_at

UNKNOWN_ARGUMENT: Final = "unknown_argument"
_CODES: Final = {
    "additionalProperties": UNKNOWN_ARGUMENT,
    "unevaluatedProperties": UNKNOWN_ARGUMENT,
    "falseSchema": UNKNOWN_ARGUMENT,
}
_MOST_NEAR: Final = 8
_CAPITAL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


def explain(error: ValidationError, root: JsonSchema, names: AbstractSet[str]) -> Iterator[Problem]:
    """What is wrong, in the words of the schema.

    Args:
        error: Of the validator.
        root: The whole schema.
        names: Keys that the schema says, which alone may stand in a pointer.
    """
    kind = error.kind
    where = pointer(error.instance_path, names)
    part = schema_at(root, error.schema_path[:-1])
    if isinstance(kind, ValidationErrorKind.Required):
        missing = pointer((*error.instance_path, kind.property), names)
        yield Problem(missing, "required", _member(part, kind.property, root))
    elif isinstance(kind, ValidationErrorKind.AdditionalProperties):
        yield Problem(where, UNKNOWN_ARGUMENT, _known_only(part, kind.unexpected))
    elif isinstance(kind, ValidationErrorKind.AnyOf | ValidationErrorKind.OneOfNotValid):
        closest = _closest(kind.context, error)
        if closest is None:
            yield Problem(where, code_of(kind.name), describe(part, root))
        else:
            for each in closest:
                yield from explain(each, root, names)
    else:
        yield Problem(where, code_of(kind.name), describe(part, root))


def code_of(keyword: str) -> str:
    """`maxLength` is `max_length`: codes are written as every other code is."""
    return _CODES.get(keyword) or _CAPITAL.sub("_", keyword).lower()


def _closest(
    branches: list[list[ValidationError]], error: ValidationError
) -> list[ValidationError] | None:
    """The errors of the one alternative that was meant, where that can be told.

    Alternatives of another type were not meant, then those whose constants (a discriminator's)
    differ. Where two remain, or none, all alternatives are named.
    """
    here = len(error.instance_path)
    meant = [branch for branch in branches if not any(_is_other(each, here) for each in branch)]
    if len(meant) > 1:
        meant = [branch for branch in meant if all(each.kind.name != "const" for each in branch)]
    return meant[0] if len(meant) == 1 else None


def _is_other(error: ValidationError, depth: int) -> bool:
    """Whether the value as a whole is of another kind than this alternative's."""
    return len(error.instance_path) <= depth and error.kind.name in {"type", "const", "enum"}


def _member(part: JsonValue, name: str, root: JsonSchema) -> str:
    members = part.get("properties") if isinstance(part, dict) else None
    member = members.get(name) if isinstance(members, dict) else None
    return describe(member, root) + "; it is missing"


def _known_only(part: JsonValue, unexpected: list[str]) -> str:
    """The names that there are, and those that a wrong one may have meant; never the wrong one."""
    members = part.get("properties") if isinstance(part, dict) else None
    known = list(members) if isinstance(members, dict) else []
    if not known:
        return "no arguments at all"
    near = dict.fromkeys(
        name for wrong in unexpected[:_MOST_NEAR] for name in near_names(wrong, known, most=1)
    )
    hint = f"; perhaps {' or '.join(f'`{name}`' for name in near)} was meant" if near else ""
    names = ", ".join(f"`{name}`" for name in known)
    return f"only the names {names} ({len(unexpected)} unknown{hint})"

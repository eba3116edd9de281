"""Whether arguments fit their tool: the pure part, without network, disk or clock.

Form first (`arguments/form.py`), then the schema, then, only if that failed or a whole number came
with a fraction, coercion and the schema once more; then semantic types and what else the types say;
last the tool's own checks. No value is ever quoted (P7).
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final, TypeAlias

from jsonschema_rs import Draft202012Validator, ValidationError

from highroad.domain.error import Problem
from highroad.domain.json_value import JsonObject
from highroad.domain.value import value
from highroad.tools.arguments.coerce import Coercion, coerced
from highroad.tools.arguments.explain import explain
from highroad.tools.arguments.form import is_plain, is_small, problems_of_form
from highroad.tools.arguments.invalid import MOST, Invalid
from highroad.tools.body.checks import problem
from highroad.tools.compile import RegisteredTool

# What the schema validator itself cannot look at.
_UNREADABLE: Final = frozenset({"depth", "key", "unicode", "json"})


@value(kw_only=False)
class Validated:
    """Arguments that may go on, with what had to be taken for another type."""

    arguments: JsonObject
    coercions: tuple[Coercion, ...] = ()


Checked: TypeAlias = Validated | Invalid


def check_arguments(tool: RegisteredTool[Any], arguments: JsonObject) -> Checked:
    """Judge arguments by form, schema, types and the tool's own checks.

    It raises only what a check of the author's raises.
    """
    if is_plain(arguments, takes_whole=tool.takes_whole) and tool.validator.is_valid(arguments):
        if tool.binder is None and not tool.checks:
            return Validated(arguments)
        return _judged(tool, Validated(arguments))
    malformed = tuple(problems_of_form(arguments, tool.names))
    if any(each.code in _UNREADABLE for each in malformed):
        return Invalid.of(malformed)
    schema = tool.definition.input_schema
    candidate, coercions = coerced(arguments, schema, tool.names, tool.places)
    if tool.definition.strict:
        malformed += tuple(_not_as_written(coercions))
        candidate, coercions = arguments, ()
    elif coercions:
        # To JSON Schema 1e16 is an integer; as one it is beyond what all readers agree on.
        malformed = tuple(problems_of_form(candidate, tool.names))
    if not malformed and tool.validator.is_valid(candidate):
        return _judged(tool, Validated(candidate, coercions))
    problems = malformed + tuple(_against_schema(tool, candidate))
    if tool.binder is not None and not malformed:
        problems += tuple(tool.binder.check_semantics(candidate))
    return Invalid.of(problems)


def _against_schema(tool: RegisteredTool[Any], arguments: JsonObject) -> Iterator[Problem]:
    for error in _errors(tool.validator, arguments):
        yield from explain(error, tool.definition.input_schema, tool.names)


def _errors(validator: Draft202012Validator, arguments: JsonObject) -> Iterable[ValidationError]:
    """Every error, or of a large call the first: the validator makes them all before it tells one.

    A megabyte of wrong items would hold up the process for twenty seconds.
    """
    if is_small(arguments):
        return islice(validator.iter_errors(arguments), MOST)
    try:
        validator.validate(arguments)
    except ValidationError as first:
        return [first]
    return []


def _not_as_written(coercions: Iterable[Coercion]) -> Iterator[Problem]:
    """To JSON Schema 5.0 is an integer; to a strict tool it is none, and its body expects none."""
    for coercion in coercions:
        if coercion.source == "number":
            yield Problem(coercion.pointer, "type", "an integer, written without a fraction")


def _judged(tool: RegisteredTool[Any], validated: Validated) -> Checked:
    """Ask the types, and then the author, who so sees nothing but arguments of their types."""
    arguments = validated.arguments
    if tool.binder is not None and (invalid := tool.binder.check(arguments)) is not None:
        return invalid
    if tool.checks:
        found = [problem(check(arguments)) for check in tool.checks]
        problems = [each for each in found if each is not None]
        if problems:
            return Invalid.of(problems, is_authored=True)
    return validated

"""From what came in, text, bytes or a mapping, to a JSON object; or why it is none.

`orjson` is silent on duplicate keys and turns a long integer into a float, so text goes through
the standard library's reader, whose hooks see both.
"""

import json
from collections.abc import Container, Mapping
from typing import Any, Final

import orjson
from pydantic_core import to_jsonable_python

from highroad.domain.error import Problem
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.tools.arguments.form import MAX_DEPTH, is_plain, problems_of_form
from highroad.tools.arguments.invalid import Invalid

MAX_BYTES: Final = 1_000_000

_NO_OBJECT: Final = Problem("", "type", "a JSON object whose members are the arguments")
_NO_JSON: Final = Problem(
    "", "json", "JSON values only: object, array, string, number, boolean, null"
)
_TOO_DEEP: Final = Problem("", "depth", f"at most {MAX_DEPTH} levels of nesting")


class _Refused(ValueError):  # noqa: N818 - no error: a way out of the reader's hooks
    """Leaves the reader with a problem that its own rules do not know."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def parse(
    raw: Mapping[str, object] | str | bytes,
    *,
    names: Container[str] = (),
    max_bytes: int = MAX_BYTES,
) -> JsonObject | Invalid:
    """The arguments as a JSON object of their own, which RFC 8785 can write; never raises.

    Args:
        raw: As a model or a wire sent it, or a mapping from code, whose dates, decimals, ids,
            dataclasses and models become JSON.
        names: Keys that may stand in a pointer, because the tool itself says them.
        max_bytes: Of the JSON text.
    """
    if type(raw) is dict or isinstance(raw, Mapping):  # nearly always; the question takes long
        return _from_mapping(raw, names, max_bytes)
    text: object = raw  # whatever the caller's types said
    if not isinstance(text, str | bytes):
        return Invalid((_NO_OBJECT,))
    value = _read(text, max_bytes)
    if isinstance(value, Invalid):
        return value
    if not isinstance(value, dict):
        return Invalid((_NO_OBJECT,))
    return _sound(value, names)


def parse_value(
    raw: str | bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH
) -> "JsonValue | Invalid":
    """Any JSON value that RFC 8785 can write, by the rules of `parse`; never raises.

    Args:
        raw: One JSON text.
        max_bytes: Of the text.
        max_depth: Levels of arrays and objects.
    """
    value: JsonValue | Invalid = _read(raw, max_bytes)
    if isinstance(value, Invalid) or is_plain(value, max_depth):
        return value
    problems = tuple(problems_of_form(value, max_depth=max_depth))
    return Invalid.of(problems) if problems else value


def _read(raw: str | bytes, max_bytes: int) -> Any | Invalid:  # noqa: ANN401 - foreign data
    if len(raw) > max_bytes:
        return _too_large(max_bytes)
    try:
        return _DECODER.decode(raw if isinstance(raw, str) else raw.decode())
    except (ValueError, RecursionError) as error:
        return Invalid((_problem_of(error),))


def _from_mapping(
    raw: Mapping[str, object], names: Container[str], max_bytes: int
) -> JsonObject | Invalid:
    try:
        # First of all, because it finds a circle and a bottomless pit before we walk into them.
        data = orjson.dumps(raw)
        if is_plain(raw):
            copy: JsonObject = orjson.loads(data)
            return copy if len(data) <= max_bytes else _too_large(max_bytes)
    except TypeError:
        pass  # Not JSON as it stands; what can be made JSON of it, is made below.
    try:
        found = _sound(to_jsonable_python(dict(raw)), names)
    except (ValueError, RecursionError):
        return Invalid((_NO_JSON,))
    if isinstance(found, dict) and len(orjson.dumps(found)) > max_bytes:
        return _too_large(max_bytes)
    return found


def _sound(value: JsonObject, names: Container[str]) -> JsonObject | Invalid:
    if is_plain(value):
        return value
    problems = tuple(problems_of_form(value, names))
    return Invalid.of(problems) if problems else value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Refused(Problem("", "duplicate_key", "each key at most once in an object"))
    return found


def _problem_of(error: ValueError | RecursionError) -> Problem:
    match error:
        case _Refused():
            return error.problem
        case UnicodeDecodeError():
            return Problem("", "utf8", f"UTF-8; byte {error.start} is none")
        case json.JSONDecodeError() if _is_cut(error):
            return Problem("", "json_truncated", "complete JSON; the text ends too early")
        case json.JSONDecodeError():
            return Problem("", "json_syntax", f"JSON; character {error.pos} breaks its grammar")
        case RecursionError():
            return _TOO_DEEP
        case _:
            # The reader itself declines to turn thousands of digits into an integer.
            return Problem("", "integer_range", "no number of thousands of digits")


def _is_cut(error: json.JSONDecodeError) -> bool:
    return error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated string")


def _too_large(max_bytes: int) -> Invalid:
    return Invalid((Problem("", "too_large", f"at most {max_bytes} bytes of JSON"),))


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object)

"""From JSON arguments to the Python values that a function takes.

JSON Schema is not all that a type says: validators, the exact form of a decimal, a path within its
roots. So arguments of such types are read by pydantic in `validate` already, and none of them can
surprise the body.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

import orjson
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from highroad.domain.error import Problem
from highroad.domain.json_value import JsonObject, JsonSchema
from highroad.tools.arguments.form import SMALL, is_small
from highroad.tools.arguments.invalid import Invalid
from highroad.tools.arguments.pointer import pointer
from highroad.tools.schemas.describe import describe
from highroad.tools.schemas.navigation import part_at
from highroad.tools.semantic.rule import PREFIX

# Core types whose Python form is their JSON form, and what narrows them without a change.
_SCALARS: Final = frozenset({"str", "int", "bool", "none"})
_NARROWING: Final = frozenset(
    {"type", "metadata", "min_length", "max_length", "pattern", "ge", "gt", "le", "lt"}
)
_AUTHORED: Final = frozenset({"value_error", "assertion_error"})


@dataclass(frozen=True, slots=True, eq=False)
class Binder:
    """Reads the arguments of one tool.

    Args:
        adapter: Of the object of arguments, which it makes a dictionary of keywords, or of a model.
        schema: What models are shown.
        names: Keys that may stand in a pointer.
        is_told: The schema says all that the types say, so there is nothing left to judge.
    """

    adapter: TypeAdapter[Any]
    schema: JsonSchema
    names: AbstractSet[str]
    is_told: bool = False

    def bind(self, arguments: JsonObject) -> Any:  # noqa: ANN401 - whatever the body takes
        """What the body takes: keyword arguments, or an instance of the model.

        Raises:
            pydantic.ValidationError: `check` would have refused them; the message quotes values.
        """
        return self.adapter.validator.validate_json(
            orjson.dumps(arguments), strict=True, by_alias=True, by_name=False
        )

    def check(self, arguments: JsonObject) -> Invalid | None:
        """What the types refuse of arguments that fit the schema."""
        if self.is_told:
            return None
        errors = self._errors(arguments)
        if not errors:
            return None
        is_authored = any(error["type"] in _AUTHORED for error in errors)
        return Invalid.of(map(self._problem, errors), is_authored=is_authored)

    def check_semantics(self, arguments: JsonObject) -> Iterator[Problem]:
        """What semantic types refuse, of arguments that may break the schema as well."""
        for error in self._errors(arguments) if is_small(arguments) else ():
            if error["type"].startswith(PREFIX):
                yield self._problem(error)

    def _errors(self, arguments: JsonObject) -> list[ErrorDetails]:
        try:
            self.bind(arguments)
        except ValidationError as error:
            if error.error_count() > SMALL:
                # To write out hundreds of thousands would hold up the process for seconds.
                return [ErrorDetails(type="value", loc=(), msg="", input=None)]
            return error.errors(include_url=False, include_context=False, include_input=False)
        return []

    def _problem(self, error: ErrorDetails) -> Problem:
        where = pointer(error["loc"], self.names)
        if error["type"].startswith(PREFIX):
            return Problem(where, error["type"].removeprefix(PREFIX), error["msg"])
        if error["type"] in _AUTHORED:
            return Problem(where, "value", error["msg"])
        # All other words of pydantic's may quote the value.
        return Problem(where, "value", describe(part_at(self.schema, error["loc"]), self.schema))


def is_plain_json(schema: Mapping[str, Any]) -> bool:
    """Whether pydantic would hand on arguments of this core schema as they are.

    Only scalars: a list or an object must be copied before a body may change it, and pydantic does
    that.
    """
    return schema["type"] == "typed-dict" and all(
        _is_scalar(field["schema"]) for field in schema["fields"].values()
    )


def _is_scalar(schema: Mapping[str, Any]) -> bool:
    match schema["type"]:
        case "nullable":
            return _is_scalar(schema["schema"])
        case "literal":
            return all(type(value) in {str, int, bool} for value in schema["expected"])
        case kind:
            return kind in _SCALARS and schema.keys() <= _NARROWING


def is_told_by_schema(schema: Mapping[str, Any]) -> bool:
    """Whether JSON Schema says all that this core schema of arguments says.

    Scalars as above, and lists and maps of them (tests/tools/declaring/test_typed_schema.py
    holds the two equal).
    """
    match schema["type"]:
        case "typed-dict":
            return all(is_told_by_schema(field["schema"]) for field in schema["fields"].values())
        case "nullable":
            return is_told_by_schema(schema["schema"])
        case "list" if schema.keys() <= _NARROWING | {"items_schema"}:
            return "items_schema" not in schema or is_told_by_schema(schema["items_schema"])
        case "dict" if schema.keys() <= _NARROWING | {"keys_schema", "values_schema"}:
            is_free = schema.get("keys_schema") == {"type": "str"}
            return is_free and is_told_by_schema(schema.get("values_schema", {"type": "any"}))
        case _:
            return _is_scalar(schema)

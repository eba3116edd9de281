"""The form of an agent's final answer."""

from contextlib import suppress
from typing import Any, Final

import orjson
from pydantic import TypeAdapter, ValidationError

from highroad.domain.error import DeclarationError
from highroad.domain.json_value import JsonSchema, JsonValue

_SHOWN: Final = 5
"""Errors that a model is told of at once."""


class Output:
    """A type that the final answer is read as.

    Args:
        kind: Any type that Pydantic can read from JSON.

    Raises:
        DeclarationError: It has no JSON Schema.
    """

    def __init__(self, kind: Any) -> None:  # noqa: ANN401 - whatever Pydantic takes
        self._adapter: TypeAdapter[Any] = TypeAdapter(kind)
        try:
            self.schema: JsonSchema = self._adapter.json_schema()
        except Exception as error:
            raise DeclarationError(
                f"output={kind!r} cannot be said as JSON Schema: {error}; take a type that can"
            ) from error

    def read(self, text: str) -> Any:  # noqa: ANN401 - of the declared type
        """The answer as its type.

        Raises:
            ValueError: It is none; the message is for the model, and quotes no value.
        """
        try:
            return self._adapter.validate_json(_without_fence(text))
        except ValidationError as error:
            raise ValueError(_told(error)) from error

    def restored(self, json: bytes) -> Any:  # noqa: ANN401 - of the declared type
        """The answer as it was recorded."""
        return self._adapter.validate_json(json)

    @property
    def written(self) -> str:
        """The form, the same in every process."""
        return orjson.dumps(self.schema, option=orjson.OPT_SORT_KEYS).decode()

    def dumped(self, value: object) -> JsonValue:
        """The answer as JSON, whether it is of the declared type or JSON that can be read as it.

        What a tool or another agent has brought is JSON; a strategy may well give either.

        Raises:
            ValueError: It is neither; the message quotes no value.
        """
        json: JsonValue = self._adapter.dump_python(self._taken(value), mode="json")
        return json

    def _taken(self, value: object) -> Any:  # noqa: ANN401 - of the declared type
        with suppress(ValidationError):
            return self._adapter.validate_python(value)
        try:
            return self._adapter.validate_json(as_json(value))
        except ValidationError as error:
            raise ValueError(_told(error)) from error


def _without_fence(text: str) -> str:
    """Models like to put JSON between fences of Markdown; what is within counts."""
    stripped = text.strip()
    if stripped.startswith("```") and stripped.endswith("```"):
        return stripped.removeprefix("```json").removeprefix("```").removesuffix("```")
    return stripped


def _told(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    lines = [
        f"/{'/'.join(map(str, each['loc']))}: {each['type']}: {each['msg']}"
        for each in found[:_SHOWN]
    ]
    return "The answer is not of the form that was asked for. " + "; ".join(lines)


def as_json(value: object) -> bytes:
    """A result without a declared type, as JSON; what JSON does not know is told as text."""
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)

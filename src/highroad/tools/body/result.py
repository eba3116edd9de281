"""A tool's result: from what the body returned to JSON, and back to the return type.

The value of an outcome is the return type re-read from its JSON, so that a fresh result and one
that comes from the ledger are the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

from jsonschema_rs import Draft202012Validator
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, from_json, to_json

from highroad.domain.error import Problem
from highroad.domain.json_value import MAX_SAFE_INTEGER, JsonValue
from highroad.domain.part import Blob
from highroad.domain.value import value
from highroad.tools.arguments.form import MAX_DEPTH, is_plain, problems_of_form
from highroad.tools.body.loose_parts import put_back

T = TypeVar("T")

NO_BLOBS: Final[Mapping[str, Blob]] = MappingProxyType({})
_NOT_JSON: Final = Problem("", "json", "a result that has a JSON form")
OTHER_TYPE: Final = Problem("", "type", "a result of the tool's return type")
"""What is said of a result that is of another type, which its parts do not show."""


@value(kw_only=False)
class Encoded:
    """A result as it is stored and answered.

    With `problems` the result breaks what the tool promises (`result_invalid`): `value` is then
    as it came, and `json` and `data` hold what can be written of it. In any case RFC 8785 can
    write `json`.
    """

    data: bytes
    json: JsonValue
    value: Any
    problems: tuple[Problem, ...] = ()
    blobs: tuple[Blob, ...] = ()
    """Bytes of its parts, each once; in `json` a digest stands for them."""


@dataclass(frozen=True, slots=True, eq=False)
class ResultCodec(Generic[T]):
    """Writes and reads results of one return type."""

    adapter: TypeAdapter[T]
    promised: Draft202012Validator | None = None
    """What the JSON must fit beside, where a raw schema promises it."""

    def encode(self, value: Any) -> Encoded:  # noqa: ANN401 - whatever a body returned
        """The JSON of a fresh result, with its value re-read; never raises for what it is."""
        blobs: dict[str, Blob] = {}
        try:
            # What is of another type is found when it is read; a warning could only say it twice.
            data = self.adapter.serializer.to_json(
                value,
                warnings=False,
                by_alias=True,
                context=blobs,
            )
            json = from_json(data)  # reads less deep than is written
        except (PydanticSerializationError, ValueError, RecursionError):
            return self._broken(value, OTHER_TYPE)
        if not is_plain(json) and (problems := tuple(problems_of_form(json))):
            return self._broken(value, *problems)
        if self.promised is not None and not self.promised.is_valid(json):
            return self._broken(value, OTHER_TYPE)
        try:
            read = self.read(data, blobs)
        except ValidationError:
            return self._broken(value, OTHER_TYPE)
        return Encoded(data, json, read, (), tuple(blobs.values()))

    def read(self, data: bytes, blobs: Mapping[str, Blob] = NO_BLOBS) -> T:
        """The return type from its JSON.

        Args:
            data: As `encode` gave it.
            blobs: Bytes of its parts, by digest.

        Raises:
            pydantic.ValidationError: The JSON is of another type, or bytes are missing; its message
                quotes the value.
        """
        found = self.adapter.validator.validate_json(
            data, strict=True, by_alias=True, context=blobs
        )
        return put_back(found, blobs) if blobs else found  # type: ignore[no-any-return]  # the validator of a TypeAdapter[T] makes a T

    def _broken(self, value: Any, *problems: Problem) -> Encoded:  # noqa: ANN401 - whatever a body returned
        try:
            json = _writable(from_json(to_json(value)))
        except (ValueError, RecursionError):
            json, problems = None, (*problems, _NOT_JSON)
        return Encoded(to_json(json), json, value, problems)


@cache
def anything() -> TypeAdapter[Any]:
    """Reads and writes whatever has a JSON form."""
    return TypeAdapter(Any)


def _writable(value: JsonValue, depth: int = MAX_DEPTH) -> JsonValue:
    """What RFC 8785 can write: no number that it refuses, no nesting without end.

    The result is already marked as broken; this keeps what a person needs to see of it.
    """
    if isinstance(value, dict) and depth:
        return {key: _writable(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list) and depth:
        return [_writable(item, depth - 1) for item in value]
    if isinstance(value, int) and abs(value) > MAX_SAFE_INTEGER:
        return str(value)
    return value if is_plain(value, 0) or _is_whole(value) else None


def _is_whole(value: JsonValue) -> bool:
    return isinstance(value, float) and value.is_integer()

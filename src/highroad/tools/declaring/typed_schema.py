"""JSON Schema 2020-12 from Python types, by pydantic: of a tool's arguments and of its result."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import GetCoreSchemaHandler, PydanticUserError, TypeAdapter
from pydantic.errors import PydanticUndefinedAnnotation
from pydantic_core import PydanticSerializationError, core_schema, to_jsonable_python

from highroad.domain.json_value import JsonObject, JsonSchema
from highroad.tools.declaring.contract import MARK
from highroad.tools.declaring.docstring import Docstring
from highroad.tools.declaring.signature import Argument, Signature
from highroad.tools.declaring.site import Site
from highroad.tools.schemas.navigation import parts

UNPROMISED: Final = (Any, inspect.Parameter.empty)
"""Return types that say nothing of the result."""


@dataclass(frozen=True, slots=True)
class _ArgumentsOf:
    """Tells pydantic of an object whose members are a function's arguments."""

    arguments: tuple[Argument, ...]

    def __get_pydantic_core_schema__(
        self, _: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """A typed dictionary that knows no other members.

        Defaults are left to the function: an argument that is not given is not passed.
        """
        fields = {
            argument.name: core_schema.typed_dict_field(
                handler.generate_schema(argument.hint), required=argument.is_required
            )
            for argument in self.arguments
        }
        return core_schema.typed_dict_schema(fields, extra_behavior="forbid")


def arguments_adapter(signature: Signature, site: Site) -> TypeAdapter[dict[str, Any]]:
    """What turns a JSON object into the arguments of a call.

    Raises:
        DeclarationError: A type has no JSON form.
    """
    hint = Annotated[dict[str, Any], _ArgumentsOf(signature.arguments)]
    return _adapter(hint, site, "an argument")


def result_adapter(signature: Signature, site: Site) -> TypeAdapter[Any]:
    """What turns a result into JSON and back.

    Raises:
        DeclarationError: The return type has no JSON form.
    """
    return _adapter(signature.returns, site, "the result")


def input_schema(
    adapter: TypeAdapter[dict[str, Any]], signature: Signature, words: Docstring, site: Site
) -> JsonObject:
    """Schema of the arguments: closed objects all the way down, each argument in words."""
    schema = closed_schema(adapter, site)
    refuse_stray_markers(schema, site)
    members = schema.setdefault("properties", {})
    for argument in signature.arguments:
        if isinstance(members, dict) and isinstance(member := members[argument.name], dict):
            _describe(member, argument, words)
    return schema


def closed_schema(adapter: TypeAdapter[Any], site: Site) -> JsonObject:
    """Schema of arguments as pydantic tells it: closed objects all the way down, no titles.

    Raises:
        DeclarationError: A type has no JSON Schema.
    """
    schema = _schema_of(lambda: adapter.json_schema(mode="validation"), site, "an argument")
    for part in parts(schema):
        part.pop("title", None)
        if "properties" in part:
            part.setdefault("additionalProperties", False)
    return schema


def refuse_stray_markers(schema: JsonObject, site: Site) -> None:
    """See that no marker stands where it would silently do nothing.

    Raises:
        DeclarationError: One stands inside a type.
    """
    for part in parts(schema):
        if (name := part.get(MARK)) is not None:
            raise site.error(
                f"{name} marks an argument as a whole and stands outermost, for example "
                f"Annotated[str | None, {name}(…)]; a part of a value it cannot mark"
            )


def output_schema(adapter: TypeAdapter[Any], signature: Signature, site: Site) -> JsonSchema | None:
    """Schema of the result as it is sent, or `None` where the return type promises nothing."""
    if signature.returns in UNPROMISED:
        return None
    schema = _schema_of(lambda: adapter.json_schema(mode="serialization"), site, "the result")
    for part in parts(schema):
        part.pop("title", None)
        part.pop(MARK, None)  # of a model that serves for arguments too
    return schema


def _describe(schema: JsonObject, argument: Argument, words: Docstring) -> None:
    said = schema.get("description")
    text = words.arguments.get(argument.name)
    if text and said != text:
        # Both: the marker of a semantic type says what it refuses, the author what it is for.
        schema["description"] = f"{text} {said}" if said else text
    if not argument.is_required:
        try:
            schema["default"] = to_jsonable_python(argument.default)
        except PydanticSerializationError:
            return  # A default that has no JSON form is still applied; models are not told it.


def _adapter(hint: Any, site: Site, what: str) -> TypeAdapter[Any]:  # noqa: ANN401 - a type hint has no narrower type
    try:
        return TypeAdapter(hint)
    except (PydanticUserError, PydanticUndefinedAnnotation) as error:
        raise site.error(f"{what} has a type that cannot be read: {_first_line(error)}") from error


def _schema_of(make: Callable[[], dict[str, Any]], site: Site, what: str) -> JsonObject:
    try:
        return make()
    except PydanticUserError as error:
        raise site.error(
            f"{what} has a type without a JSON Schema: {_first_line(error)}"
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]

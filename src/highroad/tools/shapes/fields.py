"""Fields of a foreign form, read with care: any of them may be missing or of another type."""

from collections.abc import Mapping

from highroad.domain.error import DeclarationError
from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue


def name_in(form: Mapping[str, JsonValue], *fields: str) -> str:
    """The name of a tool, in the first of these fields that has one, or in `name`.

    Raises:
        DeclarationError: It has none.
    """
    found = text_in(form, *(fields or ("name",)))
    if not found:
        raise DeclarationError("a tool of the list has no name; give it one")
    return found


def text_in(form: Mapping[str, JsonValue], *fields: str) -> str:
    """The first text that one of the fields holds; empty if none does."""
    for field in fields:
        if isinstance(text := form.get(field), str) and text:
            return text
    return ""


def map_in(form: Mapping[str, JsonValue], field: str) -> JsonObject:
    """An object that a field holds; empty if it holds none."""
    found = form.get(field)
    return found if isinstance(found, dict) else {}


def objects_in(form: Mapping[str, JsonValue], field: str) -> tuple[JsonObject, ...]:
    """The objects that a field lists."""
    found = form.get(field)
    listed = found if isinstance(found, list) else []
    return tuple(each for each in listed if isinstance(each, dict))


def schema_in(form: Mapping[str, JsonValue], *fields: str) -> JsonSchema | None:
    """The first schema that one of the fields holds, as it stands there; `None` if none does.

    A list of named parameters comes as it is too, under the keyword that it stands for.
    """
    for field in fields:
        found = form.get(field)
        if isinstance(found, dict):
            return found
        if isinstance(found, list):
            return {"type": "object", "properties": found}
    return None

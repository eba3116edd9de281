"""Reading a list of tools that somebody else wrote, in any of the forms that providers take.

This is the one place of lint that knows those forms: an MCP `tools/list` result, with or without
its JSON-RPC envelope; a request body or a bare array with OpenAI's chat or responses form,
Anthropic's, or Gemini's declarations.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import orjson

from highroad.domain.error import HighroadError
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.tools.form import MAX_DEPTH
from highroad.tools.lint.subject import Form, Subject
from highroad.tools.schema import parts

_NESTED: Final = ("tools", "functionDeclarations", "function_declarations")
"""Keys under which an entry, or the document, has a list of others."""
_LEVELS: Final = 4
"""Lists within lists: an envelope, a request, a tool of declarations."""


class UnreadableList(HighroadError):  # noqa: N818 - what happened
    """A file holds no list of tools. Nothing was done; another file, or another form, may work."""

    def __init__(self, reason: str, *, do: str) -> None:
        super().__init__(reason)
        self.do = do


@dataclass(frozen=True, slots=True)
class Listing:
    """What was read of a list."""

    subjects: tuple[Subject, ...]
    left_out: int
    """Tools of a provider's own, such as its web search, which have no schema to judge."""


def read_list(data: bytes) -> Listing:
    """The tools of a list.

    Raises:
        UnreadableList: It is no JSON, or no list of tools in a known form.
    """
    document = _parsed(data)
    entries = list(_entries(document, Form.BARE, _LEVELS))
    if not entries:
        raise UnreadableList("it holds no tools", do=_DO)
    subjects = [_subject(number, *entry) for number, entry in enumerate(entries, start=1)]
    known = tuple(subject for subject in subjects if subject is not None)
    return Listing(known, len(subjects) - len(known))


_DO: Final = (
    "Give it an MCP `tools/list` result, or the `tools` of an OpenAI, Anthropic or Gemini request."
)


def _parsed(data: bytes) -> JsonValue:
    try:
        document: JsonValue = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise UnreadableList(
            f"it is no JSON: line {error.lineno}, column {error.colno}", do=_DO
        ) from None
    if not _is_shallow(document):
        raise UnreadableList(f"it is nested deeper than {MAX_DEPTH} levels", do=_DO)
    return document


def _is_shallow(value: JsonValue) -> bool:
    """Whether rules that follow a schema down will come back."""
    level: list[JsonValue] = [value]
    for _ in range(MAX_DEPTH):
        if not level:
            return True
        level = [
            below
            for each in level
            if isinstance(each, dict | list)
            for below in (each.values() if isinstance(each, dict) else each)
        ]
    return not any(isinstance(each, dict | list) for each in level)


def _entries(value: JsonValue, form: Form, levels: int) -> Iterator[tuple[JsonValue, Form]]:
    """Everything that stands where a tool should."""
    if isinstance(value, list):
        for each in value:
            yield from _below(each, form, levels)
    elif isinstance(value, dict):
        yield from _below(value.get("result", value), form, levels)


def _below(entry: JsonValue, form: Form, levels: int) -> Iterator[tuple[JsonValue, Form]]:
    nested = next((key for key in _NESTED if isinstance(entry, dict) and key in entry), None)
    if nested is None or not isinstance(entry, dict):
        yield entry, form
    elif levels:
        below = form if nested == "tools" else Form.GEMINI
        yield from _entries(entry[nested], below, levels - 1)


def _subject(number: int, entry: JsonValue, form: Form) -> Subject | None:
    """The tool of an entry; `None` where it is a provider's own and has no schema."""
    if not isinstance(entry, dict):
        raise UnreadableList(f"entry {number} is no object", do=_DO)
    form, body, schema = _form(entry, form)
    name = body.get("name")
    if schema is None and entry.get("type", "function") not in ("function", "custom"):
        return None
    if not isinstance(name, str) or not name:
        raise UnreadableList(f"entry {number} has no name, and so is no tool", do=_DO)
    if not isinstance(schema, dict | None):
        raise UnreadableList(f"the schema of entry {number} is no object", do=_DO)
    output, annotations = body.get("outputSchema"), body.get("annotations")
    description = body.get("description")
    return Subject(
        name=name,
        description=description if isinstance(description, str) else "",
        input_schema=_lower(schema) if schema else _NO_ARGUMENTS,
        form=form,
        output_schema=output if isinstance(output, dict) else None,
        annotations=annotations if isinstance(annotations, dict) else {},
        examples=tuple(_examples(body.get("input_examples"))),
    )


_NO_ARGUMENTS: Final[JsonObject] = {
    "type": "object",
    "properties": {},
    "additionalProperties": False,
}


def _form(entry: JsonObject, form: Form) -> tuple[Form, JsonObject, JsonValue]:
    """The form of an entry, the object in it that has the name, and its schema."""
    function = entry.get("function")
    if isinstance(function, dict):
        return Form.OPENAI, function, function.get("parameters")
    if "inputSchema" in entry:
        return Form.MCP, entry, entry["inputSchema"]
    if "input_schema" in entry:
        return Form.ANTHROPIC, entry, entry["input_schema"]
    if "parametersJsonSchema" in entry:
        return Form.GEMINI, entry, entry["parametersJsonSchema"]
    if entry.get("type") == "function":
        return Form.OPENAI, entry, entry.get("parameters")
    return form, entry, entry.get("parameters")


def _lower(schema: JsonObject) -> JsonObject:
    """The schema with Gemini's `OBJECT` and `STRING` as JSON Schema writes them."""
    if schema.get("type") == "OBJECT":
        for part in parts(schema):
            kind = part.get("type")
            if isinstance(kind, str):
                part["type"] = kind.lower()
    return schema


def _examples(value: JsonValue) -> Iterator[JsonObject]:
    for each in value if isinstance(value, list) else ():
        if isinstance(each, dict):
            yield each

"""Reading a list of tools that somebody else wrote, in any of the forms that providers take.

What a form calls its fields, `shapes` knows. Its `read_tools` mends each schema as it reads, and
keeps back what it cannot mend: lint is there to tell that, and so looks at what was written.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import orjson

from highroad.domain.error import DeclarationError, HighroadError
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.tools.arguments.form import MAX_DEPTH
from highroad.tools.dialect import repair_arguments, repair_result
from highroad.tools.lint.subject import Form, Subject
from highroad.tools.schemas.navigation import parts
from highroad.tools.shapes import anthropic, gemini, mcp, openai, toolkit
from highroad.tools.shapes.fields import map_in
from highroad.tools.shapes.spec import ToolSpec

Reader: TypeAlias = Callable[[JsonObject], ToolSpec]

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
    if isinstance(entry, dict) and toolkit.is_toolkit(entry):
        yield from ((tool, Form.TOOLKIT) for tool in toolkit.opened(entry))
        return
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
    if _is_providers_own(entry):
        return None
    form, read = _form(entry, form)
    if form is not Form.TOOLKIT and not _has_schemas(map_in(entry, "function") or entry):
        raise UnreadableList(f"the schema of entry {number} is no object", do=_DO)
    try:
        spec = _in_json_schema(read(entry)) if form is Form.TOOLKIT else read(entry)
    except DeclarationError as error:
        raise UnreadableList(f"entry {number} cannot be read: {error}", do=_DO) from None
    return Subject(
        name=spec.name,
        description=spec.description,
        input_schema=_lower(dict(spec.input_schema)) if spec.input_schema else _NO_ARGUMENTS,
        form=form,
        output_schema=spec.output_schema,
        annotations=spec.annotations,
        examples=spec.examples,
    )


_NO_ARGUMENTS: Final[JsonObject] = {
    "type": "object",
    "properties": {},
    "additionalProperties": False,
}
_TELLING: Final[dict[str, tuple[Form, Reader]]] = {
    "inputSchema": (Form.MCP, mcp.read),
    "input_schema": (Form.ANTHROPIC, anthropic.read),
    "parametersJsonSchema": (Form.GEMINI, gemini.read),
    "parameters_json_schema": (Form.GEMINI, gemini.read),
}
"""Fields that only one form has."""
_SCHEMAS: Final = ("parameters", *_TELLING)
"""Fields that hold the schema of arguments."""


def _is_providers_own(entry: JsonObject) -> bool:
    kind = entry.get("type")
    is_own = isinstance(kind, str) and kind not in {"function", "custom"}
    return is_own and entry.keys().isdisjoint({"function", *_SCHEMAS})


def _has_schemas(holder: JsonObject) -> bool:
    """Whether nothing else stands where a schema should."""
    return all(isinstance(holder.get(field), dict | None) for field in _SCHEMAS)


def _form(entry: JsonObject, form: Form) -> tuple[Form, Reader]:
    """The form of an entry, by what it stands in and by its fields, and what reads it."""
    if form is Form.TOOLKIT:
        return form, toolkit.read
    if isinstance(entry.get("function"), dict):
        return Form.OPENAI, openai.read
    for field, told in _TELLING.items():
        if field in entry:
            return told
    if entry.get("type") == "function":
        return Form.OPENAI, openai.read
    return form, gemini.read if form is Form.GEMINI else openai.read


def _in_json_schema(spec: ToolSpec) -> ToolSpec:
    """A tool of a toolkit, whose lists of named parameters are no JSON Schema that lint knows."""
    result = spec.output_schema
    return replace(
        spec,
        input_schema=repair_arguments(spec.input_schema).schema,
        output_schema=None if result is None else repair_result(result).schema,
    )


def _lower(schema: JsonObject) -> JsonObject:
    """The schema with Gemini's `OBJECT` and `STRING` as JSON Schema writes them."""
    if schema.get("type") == "OBJECT":
        for part in parts(schema):
            kind = part.get("type")
            if isinstance(kind, str):
                part["type"] = kind.lower()
    return schema

"""Anybody's tool list: which form it is in, what tools it has, and what had to be mended."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import orjson

from highroad.domain.error import DeclarationError
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.tools.dialect import Repair, repair_arguments, repair_result
from highroad.tools.shapes import anthropic, gemini, mcp, openai, toolkit
from highroad.tools.shapes.fields import map_in
from highroad.tools.shapes.spec import ToolSpec

MAX_BYTES: Final = 16_777_216
"""Of the JSON text of one list."""

Reader: TypeAlias = Callable[[JsonObject], ToolSpec]

FUNCTIONS: Final = "functions"
"""The older form of OpenAI, which many data sets use: a name, a description, parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignTool:
    """A tool of a list that somebody else wrote.

    Args:
        spec: What the list says of it, its schemas now JSON Schema 2020-12.
        shape: The form that it was in.
        repairs: What was changed in the schema of its arguments.
        result_repairs: What was changed in the schema of its result.
    """

    spec: ToolSpec
    shape: str
    repairs: tuple[Repair, ...] = ()
    result_repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """An entry of a list that is no tool, or none that can be read.

    Args:
        at: Its position in the list, from 0; tools within an entry are counted one by one.
        reason: Why, and what to do.
    """

    at: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolList:
    """What a list holds."""

    tools: tuple[ForeignTool, ...] = ()
    unread: tuple[Unread, ...] = ()

    @property
    def shapes(self) -> frozenset[str]:
        """The forms that its tools are in; mostly one."""
        return frozenset(tool.shape for tool in self.tools)


def read_tools(value: object) -> ToolList:
    """The tools of a list in any form that is known here, each schema mended.

    Args:
        value: Parsed JSON: a list of tools, or a request, answer or toolkit that holds one; or one
            tool alone.

    Raises:
        DeclarationError: It is no list of tools at all.
    """
    tools: list[ForeignTool] = []
    unread: list[Unread] = []
    for at, entry in enumerate(_entries(_copy(value))):
        try:
            tools.append(_read(entry))
        except DeclarationError as error:
            unread.append(Unread(at=at, reason=str(error)))
    return ToolList(tools=tuple(tools), unread=tuple(unread))


def _copy(value: object) -> JsonValue:
    try:
        data = orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_DATACLASS)
    except TypeError as error:
        raise DeclarationError(f"a tool list is JSON, and this is none: {error}") from None
    if len(data) > MAX_BYTES:
        raise DeclarationError(f"a tool list of more than {MAX_BYTES} bytes is not read; split it")
    copy: JsonValue = orjson.loads(data)
    return copy


def _entries(value: JsonValue) -> list[JsonValue]:
    """The list within whatever it was sent in."""
    if isinstance(value, list):
        return [each for entry in value for each in _opened(entry)]
    if not isinstance(value, dict):
        raise DeclarationError("a tool list is a JSON array of tools, or an object that has one")
    if isinstance(result := value.get("result"), dict):
        return _entries(result)
    for field in ("tools", "functions"):
        if isinstance(found := value.get(field), list) and not toolkit.is_toolkit(value):
            return _entries(found)
    return _opened(value)


def _opened(entry: JsonValue) -> list[JsonValue]:
    """The tools of an entry that has several: of a toolkit, or declared to Gemini."""
    if isinstance(entry, dict):
        if toolkit.is_toolkit(entry):
            return list(toolkit.opened(entry))
        for field in ("functionDeclarations", "function_declarations"):
            if isinstance(found := entry.get(field), list):
                return found
    return [entry]


def _read(entry: JsonValue) -> ForeignTool:
    if not isinstance(entry, dict):
        raise DeclarationError("a tool is a JSON object")
    shape, read = _reader(entry)
    return _mended(read(entry), shape)


def _reader(form: JsonObject) -> tuple[str, Reader]:
    """Which form one tool is in, by the fields that only that form has."""
    if isinstance(form.get("function"), dict):
        return openai.CHAT.name, openai.read
    for field, shape in _TELLING.items():
        if field in form:
            return shape
    if "parameters" in form and form.get("type") == "function":
        return openai.RESPONSES.name, openai.read
    if form.keys() & {"parameters", "response"} or form.get("type") == "function":
        return (gemini.OPENAPI.name, gemini.read) if _is_shouted(form) else (FUNCTIONS, _functions)
    if form.keys() <= _BARE and "name" in form:
        return FUNCTIONS, _functions
    raise DeclarationError(
        "it has no schema of arguments under any name that is known here; "
        "a tool that the provider itself runs is none of ours"
    )


def _is_shouted(form: JsonObject) -> bool:
    """Whether types are in capitals, as Gemini writes them."""
    kinds = (map_in(form, field).get("type") for field in ("parameters", "response"))
    return any(isinstance(kind, str) and kind.isupper() for kind in kinds)


def _functions(form: JsonObject) -> ToolSpec:
    """A bare function; some sets say under `response` what it answers."""
    spec = openai.read(form)
    response = form.get("response")
    return replace(spec, output_schema=response) if isinstance(response, dict) else spec


def _mended(spec: ToolSpec, shape: str) -> ForeignTool:
    """With both schemas in JSON Schema 2020-12."""
    arguments = repair_arguments(dict(spec.input_schema) or None)
    result = None if spec.output_schema is None else repair_result(dict(spec.output_schema))
    return ForeignTool(
        spec=replace(
            spec,
            input_schema=arguments.schema,
            output_schema=None if result is None else result.schema,
        ),
        shape=shape,
        repairs=arguments.repairs,
        result_repairs=() if result is None else result.repairs,
    )


_gemini: Final = (gemini.JSON_SCHEMA.name, gemini.read)
_TELLING: Final[dict[str, tuple[str, Reader]]] = {
    "inputSchema": (mcp.TOOLS.name, mcp.read),
    "input_schema": (anthropic.MESSAGES.name, anthropic.read),
    "parametersJsonSchema": _gemini,
    "parameters_json_schema": _gemini,
    "toolkit": (toolkit.NAME, toolkit.read),
}
_BARE: Final = frozenset({"name", "description"})

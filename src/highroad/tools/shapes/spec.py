"""What crosses a wire of a tool: the part of its definition that tool lists have words for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.domain.tool import ToolDefinition


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """One tool as a list tells of it.

    Args:
        name: As the list calls it; anything at all in a foreign one.
        description: What it does.
        input_schema: Of its arguments.
        output_schema: Of its result, or `None` where nothing is promised.
        examples: Arguments of calls worth imitating.
        annotations: Hints of the server it comes from (MCP).
        title: For people to read (MCP).
    """

    name: str
    description: str = ""
    input_schema: JsonSchema = field(default_factory=dict)
    output_schema: JsonSchema | None = None
    examples: tuple[JsonObject, ...] = ()
    annotations: Mapping[str, JsonValue] = field(default_factory=dict)
    title: str = ""


def spec_of(definition: ToolDefinition) -> ToolSpec:
    """What of a definition other programs are told."""
    return ToolSpec(
        name=definition.name,
        description=definition.description,
        input_schema=definition.input_schema,
        output_schema=definition.output_schema,
        examples=definition.examples,
        annotations=definition.annotations,
    )

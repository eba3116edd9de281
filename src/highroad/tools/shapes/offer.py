"""Tools as they are offered to a model, and the way home of its calls."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from highroad.domain.error import DeclarationError
from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.domain.tool import ToolDefinition
from highroad.tools.arguments.invalid import Invalid
from highroad.tools.arguments.parse import parse
from highroad.tools.shapes.calls import without_filled_nulls
from highroad.tools.shapes.known import known
from highroad.tools.shapes.names import NameTable
from highroad.tools.shapes.rendered import Rendered
from highroad.tools.shapes.shape import Shape
from highroad.tools.shapes.spec import ToolSpec, spec_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A list of tools in one provider's form.

    Args:
        tools: For the field `tools` of a request.
        rendered: Each tool's form and notes, by the tool's own name, in the order of names.
        names: What the model calls them.
        schemas: Of the tools in strict mode, the arguments' own schemas, by own names.
    """

    tools: list[JsonValue]
    rendered: Mapping[str, Rendered]
    names: NameTable
    schemas: Mapping[str, JsonSchema] = field(default_factory=dict)

    def called(
        self, name: str, arguments: JsonObject | str | bytes
    ) -> tuple[str, JsonObject | str | bytes]:
        """A model's call in the tool's own terms, ready for the road.

        Args:
            name: As the model said it.
            arguments: As the model sent them. What is no JSON object is handed on as it is: the
                road says what is wrong with it.
        """
        own = self.names.own_name(name)
        schema = self.schemas.get(own)
        if schema is None:
            return own, arguments
        parsed = arguments if isinstance(arguments, dict) else parse(arguments)
        if isinstance(parsed, Invalid):
            return own, arguments
        return own, without_filled_nulls(parsed, schema)


def offer(tools: Iterable[ToolDefinition | ToolSpec], shape: Shape | str) -> Offer:
    """Tools in one provider's form; the order in which they come makes no difference.

    Args:
        tools: Definitions, or specs whose schemas are JSON Schema 2020-12.
        shape: One of `SHAPES`, or its name.

    Raises:
        DeclarationError: There is no such shape, or two tools have the same name.
    """
    form = known(shape)
    specs = sorted(map(_spec, tools), key=lambda spec: spec.name)
    for one, other in pairwise(specs):
        if one.name == other.name:
            raise DeclarationError(
                f"two tools are called {one.name!r}; offer one of them, or rename it"
            )
    names = NameTable.of((spec.name for spec in specs), form.names)
    made = form.rendered([replace(spec, name=names.legal_name(spec.name)) for spec in specs])
    rendered = {spec.name: each for spec, each in zip(specs, made, strict=True)}
    return Offer(
        tools=form.listed([each.form for each in rendered.values()]),
        rendered=rendered,
        names=names,
        schemas={spec.name: spec.input_schema for spec in specs if rendered[spec.name].is_strict},
    )


def _spec(tool: ToolDefinition | ToolSpec) -> ToolSpec:
    return tool if isinstance(tool, ToolSpec) else spec_of(tool)

"""Tools as one model is offered them, and its calls on their way home."""

from collections.abc import Sequence
from typing import Final

from highroad.domain.json_value import JsonObject, JsonSchema
from highroad.domain.model import ModelCall, OfferedTool
from highroad.domain.tool import ToolDefinition
from highroad.domain.value import value
from highroad.tools.shapes.offer import Offer, offer
from highroad.tools.shapes.rendered import Rendered

_SCHEMAS: Final = ("parameters", "input_schema", "parametersJsonSchema", "inputSchema")
"""Where providers' forms have the schema of the arguments."""
_MOST: Final = 256


@value
class Allowed:
    """What one request lets a model call, and in which form it took it."""

    names: Sequence[str] = ()
    """Of the tools that were offered, by their own names."""
    choice: str = "auto"
    """`auto`, `required`, `none`, or the name of the tool that must be called."""
    shape: str

    def may_call(self, tool: str) -> bool:
        """Whether a call of this tool is what the request asked for; models know no bounds."""
        match self.choice:
            case "none":
                return False
            case "auto" | "required":
                return tool in self.names
            case _:
                return tool == self.choice


class Offering:
    """Some tools in the form of one model.

    Args:
        tools: What is offered, in the order in which it is.
        shape: Of the model.
    """

    def __init__(self, tools: Sequence[ToolDefinition], shape: str) -> None:
        self._offer: Offer = offer(tools, shape)
        legal, rendered = self._offer.names.legal_name, self._offer.rendered
        self.names: tuple[str, ...] = tuple(tool.name for tool in tools)
        """The tools' own, in order."""
        self.tools: tuple[OfferedTool, ...] = tuple(
            _offered(legal(name), rendered[name]) for name in self.names
        )

        self.characters: int = sum(map(_characters_of, self.tools))
        """Of all that a model is told of them."""

    def named(self, name: str) -> OfferedTool:
        """A tool by its own name.

        Raises:
            KeyError: It is not offered.
        """
        return self.tools[self.names.index(name)] if name in self.names else _missing(name)

    def called(self, call: ModelCall) -> tuple[str, JsonObject | str | bytes]:
        """A model's call in the tool's own terms: its name and the arguments."""
        return self._offer.called(call.tool, call.arguments)


class Offerings:
    """Offerings that were made before: the same come again with every request."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, ...], Offering] = {}

    def of(self, tools: Sequence[ToolDefinition], shape: str) -> Offering:
        """Some tools in the form of a model."""
        key = (shape, *(tool.digest for tool in tools))
        found = self._made.get(key)
        if found is None:
            if len(self._made) >= _MOST:
                self._made.clear()
            found = self._made[key] = Offering(tools, shape)
        return found


def _missing(name: str) -> OfferedTool:
    raise KeyError(name)


def _characters_of(tool: OfferedTool) -> int:
    return len(tool.name) + len(tool.description) + len(str(tool.input_schema))


def _offered(name: str, rendered: Rendered) -> OfferedTool:
    form = rendered.form
    function = form.get("function")
    if isinstance(function, dict):
        form = function
    description = form.get("description")
    return OfferedTool(
        name=name,
        description=description if isinstance(description, str) else "",
        input_schema=_schema_in(form),
        is_strict=rendered.is_strict,
    )


def _schema_in(form: JsonObject) -> JsonSchema:
    for key in _SCHEMAS:
        schema = form.get(key)
        if isinstance(schema, dict):
            return schema
    return {"type": "object", "properties": {}}

"""Tools as one model is offered them, and its calls on their way home."""

import json
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Final, TypeAlias

from highroad.domain.confidence import ConfidenceRules, StatedFields, Statement
from highroad.domain.json_value import JsonObject, JsonSchema
from highroad.domain.model import ModelCall, OfferedTool
from highroad.domain.secret import MASK, named_by
from highroad.domain.tool import ToolDefinition
from highroad.domain.value import value
from highroad.redaction.known_secrets import KNOWN
from highroad.tools.arguments.parse import parse
from highroad.tools.shapes.handled import with_handles
from highroad.tools.shapes.offer import Offer, offer
from highroad.tools.shapes.rendered import Rendered
from highroad.tools.shapes.spec import ToolSpec, spec_of
from highroad.tools.shapes.stated import fields_for, parted, with_fields

_SCHEMAS: Final = ("parameters", "input_schema", "parametersJsonSchema", "inputSchema")
"""Where providers' forms have the schema of the arguments."""
_MOST: Final = 256
_MOST_FIELDS: Final = 10_000
_NONE: Final[Mapping[str, StatedFields]] = {}


@value
class CalledTool:
    """A model's call in the tool's own terms."""

    tool: str
    arguments: JsonObject | str | bytes
    stated: Statement | None = None
    """How sure the model said it was, where it was asked."""


@value
class Allowed:
    """What one request lets a model call, and in which form it took it."""

    names: Sequence[str] = ()
    """Of the tools that were offered, by their own names."""
    choice: str = "auto"
    """`auto`, `required`, `none`, or the name of the tool that must be called."""
    shape: str
    stated: Mapping[str, StatedFields] = field(default_factory=dict)
    """By tool, where the model was asked to say how sure it is of a call."""

    def may_call(self, tool: str) -> bool:
        """Whether a call of this tool is what the request asked for; models know no bounds."""
        match self.choice:
            case "none":
                return False
            case "auto" | "required":
                return tool in self.names
            case _:
                return tool == self.choice


Spoken: TypeAlias = Callable[[str, str, str], str | None]
"""Of a tool, an argument and a value that a model passes: a reference, where the user said that."""


class Offering:
    """Some tools in the form of one model.

    Args:
        tools: What is offered, in the order in which it is.
        shape: Of the model.
        stated: By tool, where the model is to say how sure it is of a call.
        handles: Whether it may name values by their handles.
    """

    def __init__(
        self,
        tools: Sequence[ToolDefinition],
        shape: str,
        stated: Mapping[str, StatedFields] = _NONE,
        *,
        handles: bool = False,
    ) -> None:
        specs = [_spec(tool, stated.get(tool.name), handles=handles) for tool in tools]
        self._offer: Offer = offer(specs, shape)
        self._stated = stated
        legal, rendered = self._offer.names.legal_name, self._offer.rendered
        self.names: tuple[str, ...] = tuple(tool.name for tool in tools)
        """The tools' own, in order."""
        self.tools: tuple[OfferedTool, ...] = tuple(
            _offered(legal(name), rendered[name], stated.get(name)) for name in self.names
        )

        self._secret = {tool.name: names for tool in tools if (names := tool.contract.secrets)}

        self.characters: int = sum(map(_characters_of, self.tools))
        """Of all that a model is told of them."""

    def named(self, name: str) -> OfferedTool:
        """A tool by its own name.

        Raises:
            KeyError: It is not offered.
        """
        return self.tools[self.names.index(name)] if name in self.names else _missing(name)

    def unspoken(self, call: ModelCall, spoken: Spoken) -> ModelCall:
        """A model's call without values where references to secrets belong, and without known ones.

        It is recorded, told and shown to the model again in this form. A value that the user said
        has a reference in its place; any other has a mask, which `validate` refuses.

        Args:
            call: As the model wrote it.
            spoken: Tells the reference to what the user said, by tool, argument and value.
        """
        text = call.arguments
        if self._secret:
            called = self.called(call)
            for name, given in _values(called, self._secret.get(called.tool, ())):
                text = _without(text, given, spoken(called.tool, name, given) or MASK)
        text = KNOWN.hidden(text)
        return call if text is call.arguments else replace(call, arguments=text)

    def called(self, call: ModelCall) -> CalledTool:
        """A model's call in the tool's own terms."""
        tool, arguments = self._offer.called(call.tool, call.arguments)
        fields = self._stated.get(tool)
        if fields is None:
            return CalledTool(tool=tool, arguments=arguments)
        found = parted(arguments, fields)
        return CalledTool(tool=tool, arguments=found.arguments, stated=found.statement)


class Offerings:
    """Offerings that were made before: the same come again with every request."""

    def __init__(self) -> None:
        self._made: dict[tuple[object, ...], Offering] = {}
        self._fields: dict[str, StatedFields] = {}
        """By digest of the tool."""

    def of(
        self,
        tools: Sequence[ToolDefinition],
        shape: str,
        stated: Mapping[str, StatedFields] = _NONE,
        *,
        handles: bool = False,
    ) -> Offering:
        """Some tools in the form of a model, which is to say how sure it is of calls of some."""
        names = ((tool, each.reasoning, each.confidence) for tool, each in stated.items())
        key = (shape, handles, *(tool.digest for tool in tools), *names)
        found = self._made.get(key)
        if found is None:
            if len(self._made) >= _MOST:
                self._made.clear()
            found = self._made[key] = Offering(tools, shape, stated, handles=handles)
        return found

    def stated(
        self, tools: Sequence[ToolDefinition], rules: ConfidenceRules, team: Container[str] = ()
    ) -> Mapping[str, StatedFields]:
        """Where a model is to say how sure it is: of calls that change something.

        To hand on a task changes nothing; the calls that come of it are judged by themselves.
        """
        if rules.are_off:
            return _NONE
        return {
            tool.name: self._fields_of(tool)
            for tool in tools
            if tool.has_effects and tool.name not in team and rules.of(tool.name) is not None
        }

    def _fields_of(self, tool: ToolDefinition) -> StatedFields:
        found = self._fields.get(tool.digest)
        if found is None:
            if len(self._fields) >= _MOST_FIELDS:
                self._fields.clear()
            found = self._fields[tool.digest] = fields_for(tool.input_schema)
        return found


def _missing(name: str) -> OfferedTool:
    raise KeyError(name)


def _characters_of(tool: OfferedTool) -> int:
    return len(tool.name) + len(tool.description) + len(str(tool.input_schema))


def _spec(tool: ToolDefinition, fields: StatedFields | None, *, handles: bool) -> ToolSpec:
    spec = spec_of(tool)
    if handles:
        spec = with_handles(spec, tool.contract.secrets)
    return spec if fields is None else with_fields(spec, fields)


def _offered(name: str, rendered: Rendered, fields: StatedFields | None) -> OfferedTool:
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
        stated=fields,
    )


def _schema_in(form: JsonObject) -> JsonSchema:
    for key in _SCHEMAS:
        schema = form.get(key)
        if isinstance(schema, dict):
            return schema
    return {"type": "object", "properties": {}}


def _values(called: CalledTool, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What a model wrote where a reference belongs, by argument."""
    arguments = called.arguments
    if not isinstance(arguments, dict):
        found = parse(arguments) if names else None
        arguments = found if isinstance(found, dict) else {}
    for name in names:
        given = arguments.get(name)
        if isinstance(given, str) and named_by(given) is None:
            yield name, given


def _without(text: str, value: str, instead: str) -> str:
    """JSON with something else in place of every text that is the value, however it is written."""
    for quoted in {json.dumps(value), json.dumps(value, ensure_ascii=False)}:
        text = text.replace(quoted, json.dumps(instead))
    return text

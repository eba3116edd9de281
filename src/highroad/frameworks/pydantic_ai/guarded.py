"""Tools for `Agent(tools=…)` whose calls take the road."""

import inspect
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass
from typing import Any, cast

from pydantic_ai import RunContext, Tool
from pydantic_ai._function_schema import FunctionSchema
from pydantic_ai.tools import ToolDefinition, ToolPrepareFunc
from pydantic_core import SchemaValidator

from highroad.domain.error import DeclarationError
from highroad.domain.json_value import JsonSchema
from highroad.frameworks.guarding import guarded_already
from highroad.frameworks.pydantic_ai.arguments import TAKES_ALL
from highroad.frameworks.pydantic_ai.door import Door
from highroad.frameworks.pydantic_ai.own import (
    AnyTool,
    HostTool,
    check_contracts,
    declared_function,
    host_tool,
    is_declared,
    name_of,
    plain,
)
from highroad.tools.declaring.declare import tool_definition


@dataclass(kw_only=True)
class RoadSchema(FunctionSchema):
    """Takes whatever a model wrote, and has the road run it."""

    door: Door
    tool: HostTool | None = None

    async def call(self, args_dict: dict[str, Any], ctx: RunContext[Any]) -> Any:  # noqa: ANN401 - the host's own signature
        """Make the call, under the name that the road knows."""
        return await self.door.call(self.name, args_dict, ctx, self.tool)


def guarded_tools(tools: Iterable[AnyTool], door: Door) -> list[Tool[Any]]:
    """The same tools, in order, with their calls on the road.

    Raises:
        DeclarationError: One cannot be a tool, or a contract is of none of them.
    """
    given = tuple(tools)
    check_contracts(door.contracts, given)
    return [_guarded(each, door) for each in given]


def is_guarded(tool: AnyTool) -> bool:
    """Whether its calls take the road as it is."""
    return isinstance(tool, Tool) and isinstance(tool.function_schema, RoadSchema)


def _guarded(tool: AnyTool, door: Door) -> Tool[Any]:
    if not isinstance(tool, Tool) and is_declared(tool):
        return _of_ours(tool, door)
    if is_guarded(tool):
        raise guarded_already(name_of(tool))
    contract = door.contracts.get(name_of(tool), {})
    made = tool if isinstance(tool, Tool) else Tool(tool)
    door.take_in(declared_function(made, contract))
    guarded = copy(made)
    guarded.function_schema = _schema(made, door, host_tool(made, contract))
    # All three are the road's part now: it looks at arguments, asks, and has its own time.
    guarded.args_validator = None
    guarded.requires_approval = False
    guarded.timeout = None
    guarded.prepare = _heeding(made.prepare, door)
    return guarded


def _of_ours(tool: Callable[..., Any], door: Door) -> Tool[Any]:
    definition = tool_definition(tool)
    if definition.name in door.contracts:
        raise DeclarationError(
            f"{definition.name!r} has its contract from `@tool`: say it there, or in "
            f"[contracts.{definition.name}] of the settings"
        )
    door.add(tool)
    schema = cast("dict[str, Any]", definition.input_schema)
    made = Tool.from_schema(_runs_on_the_road, definition.name, definition.description, schema)
    made.function_schema = _schema(made, door, None)
    made.prepare = _heeding(None, door)
    return made


def _heeding(own: ToolPrepareFunc[Any] | None, door: Door) -> ToolPrepareFunc[Any]:
    """What the host asks before each step: where it denied a call that the road holds, it shows."""

    async def prepare(ctx: RunContext[Any], definition: ToolDefinition) -> ToolDefinition | None:
        """As the tool itself would be prepared."""
        await door.heed(ctx)
        prepared = definition if own is None else own(ctx, definition)
        return await prepared if inspect.isawaitable(prepared) else prepared

    return prepare


def _schema(made: Tool[Any], door: Door, tool: HostTool | None) -> RoadSchema:
    own = made.function_schema
    return RoadSchema(
        function=own.function,
        name=made.name,
        description=own.description,
        validator=cast("SchemaValidator", TAKES_ALL),
        json_schema=plain(own.json_schema),
        takes_ctx=own.takes_ctx,
        is_async=True,
        return_schema=_return_schema(own.return_schema),
        door=door,
        tool=tool,
    )


def _return_schema(own: JsonSchema) -> dict[str, Any]:
    """Of what the road answers where a call completes."""
    if not own:
        return {}
    definitions = {"$defs": own["$defs"]} if "$defs" in own else {}
    result = {name: said for name, said in own.items() if name != "$defs"}
    return {
        "type": "object",
        "properties": {"result": result, "call_id": {"type": "string"}},
        "required": ["result", "call_id"],
        **definitions,
    }


def _runs_on_the_road(**_: Any) -> None:  # noqa: ANN401 - never called
    """Stands for the function of a tool of ours: its schema calls the road instead."""

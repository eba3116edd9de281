"""Tools for `Agent(tools=…)` whose calls take the road."""

import inspect
from collections.abc import Callable, Iterable
from copy import copy
from functools import partial
from typing import Any, cast

from pydantic_ai import RunContext, Tool
from pydantic_ai.tools import ToolDefinition, ToolPrepareFunc

from highroad.domain.error import DeclarationError
from highroad.domain.json_value import JsonSchema
from highroad.frameworks.pydantic_ai.door import Door
from highroad.frameworks.pydantic_ai.function_schema import run_by
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


def guarded_tools(tools: Iterable[AnyTool], door: Door) -> list[Tool[Any]]:
    """The same tools, in order, with their calls on the road.

    Raises:
        DeclarationError: One cannot be a tool, or a contract is of none of them.
    """
    given = tuple(tools)
    check_contracts(door.contracts, given)
    return [_guarded(each, door) for each in given]


def _guarded(tool: AnyTool, door: Door) -> Tool[Any]:
    if not isinstance(tool, Tool) and is_declared(tool):
        return _of_ours(tool, door)
    contract = door.contracts.get(name_of(tool), {})
    made = tool if isinstance(tool, Tool) else Tool(tool)
    door.take_in(declared_function(made, contract))
    guarded = copy(made)
    _put_on_the_road(guarded, door, host_tool(made, contract))
    # All three are the road's part now: it looks at arguments, asks, and has its own time.
    guarded.args_validator = None
    guarded.requires_approval = False
    guarded.timeout = None
    guarded.prepare = _heeding(made.prepare, door, made.name)
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
    _put_on_the_road(made, door, None)
    made.prepare = _heeding(None, door, definition.name)
    return made


def _heeding(own: ToolPrepareFunc[Any] | None, door: Door, name: str) -> ToolPrepareFunc[Any]:
    """What the host asks before each step: there it shows what the host answered by itself."""

    async def prepare(ctx: RunContext[Any], definition: ToolDefinition) -> ToolDefinition | None:
        """As the tool itself would be prepared."""
        prepared = definition if own is None else own(ctx, definition)
        shown = await prepared if inspect.isawaitable(prepared) else prepared
        await door.heed(ctx, {(shown or definition).name: name})
        return shown

    return prepare


def _put_on_the_road(tool: Tool[Any], door: Door, own: HostTool | None) -> None:
    """Under the name that the road knows, whatever the host calls it in the end."""
    definition = tool.tool_def
    run_by(
        tool,
        partial(door.call, tool.name, tool=own),
        parameters=plain(definition.parameters_json_schema),
        returns=_return_schema(definition.return_schema),
    )


def _return_schema(own: JsonSchema | None) -> dict[str, Any]:
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

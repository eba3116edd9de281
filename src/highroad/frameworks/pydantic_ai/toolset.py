"""A toolset of the host whose calls take the road."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

from pydantic_ai import RunContext
from pydantic_ai.tools import ToolDefinition
from pydantic_ai.toolsets import AbstractToolset, FunctionToolset, WrapperToolset
from pydantic_ai.toolsets.abstract import ToolsetTool
from pydantic_core import SchemaValidator

from highroad.domain.json_value import JsonValue
from highroad.frameworks.pydantic_ai.arguments import TAKES_ALL
from highroad.frameworks.pydantic_ai.door import Door
from highroad.frameworks.pydantic_ai.own import HostTool, asked, check_contracts, declared, plain
from highroad.tools.dialect.repair import repair_arguments

_log: Final = logging.getLogger("highroad.frameworks.pydantic_ai")
_MCP: Final = "pydantic_ai.mcp"


@dataclass(kw_only=True)
class RoadTool(ToolsetTool[Any]):
    """A tool as the host lists it, with the one that the toolset itself lists."""

    own: ToolsetTool[Any]


@dataclass
class GuardedToolset(WrapperToolset[Any]):
    """Lists what another toolset lists, and has the road make its calls."""

    door: Door
    first: dict[str, ToolDefinition] = field(default_factory=dict)
    """By name, the definitions that the road was given: those that it judges calls by."""

    @property
    def id(self) -> str | None:
        """That of the toolset inside."""
        return self.wrapped.id

    async def get_tools(self, ctx: RunContext[Any]) -> dict[str, ToolsetTool[Any]]:
        """The same tools; one of a foreign server that has changed is left out."""
        listed = await super().get_tools(ctx)
        await self.door.heed(ctx, {name: name for name in listed})
        return {name: self._guarded(tool) for name, tool in listed.items() if self._is_known(tool)}

    async def call_tool(
        self, name: str, tool_args: dict[str, Any], ctx: RunContext[Any], tool: ToolsetTool[Any]
    ) -> Any:  # noqa: ANN401 - the host's own signature
        """Have the road make the call; what is run elsewhere never comes here."""
        own = tool.own if isinstance(tool, RoadTool) else tool
        return await self.door.call(name, tool_args, ctx, tool=self._host_tool(own))

    def _guarded(self, tool: ToolsetTool[Any]) -> ToolsetTool[Any]:
        if tool.tool_def.kind == "external":
            return tool
        # The road asks in the host's place, so the host has nothing to ask any more.
        definition = replace(tool.tool_def, kind="function", timeout=None)
        return RoadTool(
            toolset=self,
            tool_def=definition,
            max_retries=tool.max_retries,
            args_validator=cast("SchemaValidator", TAKES_ALL),
            own=tool,
        )

    def _is_known(self, tool: ToolsetTool[Any]) -> bool:
        """Whether the road has a tool, which is given to it where it is new."""
        definition = tool.tool_def
        if definition.kind == "external":
            return True
        first = self.first.get(definition.name)
        if first is None:
            self._take_in(tool)
            self.first[definition.name] = definition
            return True
        if first == definition or not self._server():
            return True
        _log.warning(
            "tool %r of a foreign toolset has changed since it was first listed: it is left out",
            definition.name,
        )
        return False

    def _take_in(self, tool: ToolsetTool[Any]) -> None:
        contract = self.door.contracts.get(tool.tool_def.name, {})
        self.door.take_in(declared(self._host_tool(tool), asked(tool.tool_def, contract)))

    def _host_tool(self, tool: ToolsetTool[Any]) -> HostTool:
        wrapped, definition, server = self.wrapped, tool.tool_def, self._server()
        contract = self.door.contracts.get(definition.name, {})
        schema: Mapping[str, Any] = definition.parameters_json_schema

        async def run(arguments: dict[str, Any], ctx: RunContext[Any]) -> object:
            """As the toolset itself would be asked."""
            return await wrapped.call_tool(definition.name, arguments, ctx, tool)

        return HostTool(
            name=definition.name,
            description=definition.description or "",
            schema=repair_arguments(schema).schema if server else plain(schema),
            validator=tool.args_validator,
            args_validator=tool.args_validator_func,
            run=run,
            needs_host=True,
            not_applied=tuple(contract.get("not_applied", ())),
            server=server,
            annotations=_annotations(definition) if server else {},
        )

    def _server(self) -> str:
        """The foreign server that tools come from; empty where all are the program's own.

        Toolsets that are put together are foreign as a whole if one of them is.
        """
        found: list[str] = []

        def look(leaf: AbstractToolset[Any]) -> None:
            if any(each.__module__.startswith(_MCP) for each in type(leaf).__mro__):
                found.append(leaf.id or leaf.label)

        self.wrapped.apply(look)
        return "+".join(sorted(found))


def guarded_toolset(toolset: AbstractToolset[Any], door: Door) -> AbstractToolset[Any]:
    """The same toolset, with its calls on the road.

    Raises:
        DeclarationError: A contract is of none of its tools, where it says by itself which it has.
    """
    if isinstance(toolset, FunctionToolset):
        check_contracts(door.contracts, toolset.tools.values())
    return GuardedToolset(toolset, door)


def _annotations(definition: ToolDefinition) -> dict[str, JsonValue]:
    said = (definition.metadata or {}).get("annotations")
    return dict(said) if isinstance(said, Mapping) else {}

"""Highroad tools of the SDK's function tools: what the road judges, and the host runs."""

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from typing import Any, Final

import orjson
from agents import FunctionTool, Tool, UserError, function_tool
from agents.function_schema import function_schema
from agents.tool import ToolOriginType, get_function_tool_origin
from agents.tool_context import ToolContext
from pydantic_core import to_jsonable_python

from highroad.domain.error import DeclarationError
from highroad.domain.json_value import JsonObject
from highroad.domain.tool import ToolDefinition
from highroad.domain.value import value
from highroad.frameworks.guarding import HostBody, body_of, guarded_already, share
from highroad.frameworks.openai_agents.internals import bare
from highroad.frameworks.openai_agents.pausing import is_around
from highroad.frameworks.openai_agents.results import recorded
from highroad.runtime import Runtime
from highroad.tools.declaring.declare import found_declaration
from highroad.tools.declaring.from_schema import tool_from_schema
from highroad.tools.declaring.operated import declaration_under
from highroad.tools.declaring.options import ToolOptions

MADE_HERE: Final = "openai-agents"
"""The tag of the tools that are made here, for policies and people."""


@value
class Declared:
    """A host's tool beside the Highroad tool that stands for it."""

    host: FunctionTool
    tool: Callable[..., Any]
    is_own: bool = False
    """It is Highroad's: its body is the road's own, and no host's."""

    def body(self, context: ToolContext[Any]) -> HostBody | None:
        """Run the host's tool with the context of one call."""
        return None if self.is_own else _run_of(self.host, lambda _: context)

    def register(self, runtime: Runtime) -> None:
        """See that a runtime has it.

        Each call brings the body that it runs, so a tool that is declared just as one before it
        needs no second place: the same tools for two agents, or made anew for each user.

        Raises:
            DeclarationError: It has another tool of that name.
        """
        known = runtime.find(self.host.name)
        if self.is_own or known is None:
            runtime.add(self.tool)
        elif not self._is_same(known, runtime):
            raise DeclarationError(
                f"the runtime has another tool called {self.host.name!r}: give one of them another "
                "name, or give both the same contract"
            )
        if not self.is_own:
            share(runtime, self.tool)

    def _is_same(self, known: ToolDefinition, runtime: Runtime) -> bool:
        meant = declaration_under(self.tool, runtime.settings.contracts).definition
        return known.digest == meant.digest


def declared(
    given: Iterable[Tool | Callable[..., Any]], contracts: Mapping[str, ToolOptions]
) -> list[Declared]:
    """What is given, as tools of both kinds.

    Raises:
        DeclarationError: One cannot be a tool, or a contract names none of them.
    """
    made = [_declared(each, contracts) for each in given]
    names = sorted({each.host.name for each in made})
    for name in contracts:
        if name not in names:
            raise DeclarationError(
                f"contracts name {name!r}, and no tool that was given is called so; there are "
                f"{', '.join(names)}"
            )
    return made


def _declared(given: object, contracts: Mapping[str, ToolOptions]) -> Declared:
    if isinstance(given, FunctionTool):
        return _of_host(given, contracts)
    if not callable(given) or isinstance(given, type):
        raise DeclarationError(
            f"{type(given).__name__} does not run in this process, or is no function tool, so its "
            "calls cannot take the road: leave it out of `guard`, and give the agent a "
            "`@function_tool` that does the same where its effects matter"
        )
    own = found_declaration(given)
    if own is None:
        try:
            return _of_host(function_tool(given), contracts)
        except (UserError, ValueError, TypeError) as error:
            raise DeclarationError(f"the SDK makes no tool of it: {error}") from error
    if own.definition.name in contracts:
        raise DeclarationError(
            f"{own.definition.name!r} has a contract by `@tool`: say there what `contracts` says "
            "of it"
        )
    return Declared(host=_shown(own.definition), tool=given, is_own=True)


def _of_host(host: FunctionTool, contracts: Mapping[str, ToolOptions]) -> Declared:
    if is_around(host):
        raise guarded_already(host.name)
    origin = get_function_tool_origin(host)
    kind = None if origin is None else origin.type
    if kind is ToolOriginType.AGENT_AS_TOOL:
        raise DeclarationError(
            f"{host.name!r} is an agent: give `guard` the tools of that agent, whose calls are "
            "what takes effect"
        )
    contract = contracts.get(host.name, ToolOptions())
    options: ToolOptions = {"name": host.name, "description": host.description, **contract}
    options["tags"] = {MADE_HERE, *contract.get("tags", ())}
    # An MCP server is another program: what it declares is accepted by people (P8).
    is_foreign = origin is not None and kind is ToolOriginType.MCP
    tool = tool_from_schema(
        body_of(_alone(host), of=getattr(host, "__wrapped__", host)),
        parameters=_parameters(host),
        source=f"mcp:{origin.mcp_server_name}" if is_foreign and origin else "",
        annotations=to_jsonable_python(host.mcp_annotations, exclude_none=True) or {},
        **options,
    )
    # A copy: what becomes of the tool that was given is none of the road's.
    return Declared(host=copy(host), tool=tool)


def _parameters(host: FunctionTool) -> dict[str, Any]:
    """What the road takes: the SDK asks models for what has a default, too, and does without."""
    function = getattr(host, "__wrapped__", None)
    if function is None:
        return host.params_json_schema
    loose = function_schema(function, strict_json_schema=False).params_json_schema
    parts = ["required"]
    if host.strict_json_schema and _is_of(function, host.params_json_schema):
        parts += ["properties", "$defs"]  # what is inside of arguments has defaults as well
    own = {"required": []} | {part: loose[part] for part in parts if part in loose}
    return {**host.params_json_schema, **own}


def _is_of(function: Callable[..., Any], schema: Mapping[str, Any]) -> bool:
    """Whether a strict schema is what the SDK makes of a function, and nobody's own."""
    made = function_schema(function).params_json_schema
    return all(schema.get(part) == made.get(part) for part in ("properties", "$defs"))


def _run_of(host: FunctionTool, context_of: Callable[[str], ToolContext[Any]]) -> HostBody:
    """The body of a host's tool, with what it raises: the road has to see that it went wrong.

    `failure_error_function` would make a text of that, which says nothing of what took effect.
    """
    raising = bare(host)

    async def run(arguments: JsonObject) -> object:
        """Run it with the arguments that were judged, which people may have edited."""
        text = orjson.dumps(arguments).decode()
        return recorded(await raising.on_invoke_tool(context_of(text), text))

    return run


def _alone(host: FunctionTool) -> HostBody | None:
    """Run a tool without its host; `None` where it asks for the run's context, or may."""
    function = getattr(host, "__wrapped__", None)
    if function is None or function_schema(function, strict_json_schema=False).takes_context:
        return None
    return _run_of(
        host,
        lambda text: ToolContext(
            context=None, tool_name=host.name, tool_call_id="", tool_arguments=text
        ),
    )


def _shown(definition: ToolDefinition) -> FunctionTool:
    """A Highroad tool as the SDK shows it to models; its body is the road's own."""

    async def elsewhere(_: ToolContext[Any], __: str) -> None:
        """Never run."""

    return FunctionTool(
        name=definition.name,
        description=definition.description,
        params_json_schema=dict(definition.input_schema),
        on_invoke_tool=elsewhere,
        strict_json_schema=False,
    )

"""The host's own tools, as the road runs them: its validator, its hooks, its function."""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast, get_type_hints

import orjson
from pydantic import ValidationError
from pydantic_ai import RunContext, Tool
from pydantic_ai.exceptions import ApprovalRequired, CallDeferred, ModelRetry, ToolFailed
from pydantic_ai.tools import ToolDefinition
from pydantic_ai.toolsets import AbstractToolset, FunctionToolset
from pydantic_ai.toolsets.abstract import SchemaValidatorProt
from pydantic_core import SchemaValidator

from highroad.domain.error import DeclarationError, Problem, ToolError
from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.frameworks.guarding import HostBody, body_of
from highroad.frameworks.pydantic_ai.function_schema import own_function
from highroad.frameworks.pydantic_ai.results import jsonable
from highroad.tools.arguments.pointer import pointer
from highroad.tools.body.checks import Reason
from highroad.tools.declaring.contract import MARK, Marker
from highroad.tools.declaring.declaration import DeclaredTool
from highroad.tools.declaring.declare import found_declaration
from highroad.tools.declaring.from_schema import tool_from_schema
from highroad.tools.declaring.options import ToolOptions
from highroad.tools.schemas.describe import describe
from highroad.tools.schemas.navigation import member_names, part_at

Contracts: TypeAlias = Mapping[str, ToolOptions]
AnyTool: TypeAlias = Tool[Any] | Callable[..., Any]
Pause: TypeAlias = ApprovalRequired | CallDeferred

_AUTHORED = frozenset({"value_error", "assertion_error"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HostTool:
    """One tool of the host, as a call of it runs there."""

    name: str
    """On the road."""
    description: str
    schema: JsonSchema
    """Of its arguments, as models are shown it."""
    validator: SchemaValidator | SchemaValidatorProt
    """From JSON to what `run` takes."""
    args_validator: Callable[..., Any] | None
    """The author's own look at the arguments, in the host's context."""
    run: Callable[[dict[str, Any], RunContext[Any]], Awaitable[object]]
    needs_host: bool
    """It cannot run without the host's context."""
    not_applied: tuple[type[Exception], ...] = ()
    """Errors that its contract says come before any effect."""
    markers: Mapping[str, tuple[Marker, ...]] = field(default_factory=dict)
    """Highroad's own, in the annotations of its function."""
    server: str = ""
    """The foreign server that it comes from; empty is this program."""
    annotations: Mapping[str, JsonValue] = field(default_factory=dict)
    """What that server says of it."""

    def objection(self, arguments: Mapping[str, Any]) -> Reason:
        """What the host's types refuse beyond the schema: a pure check, before anybody is asked."""
        try:
            self.validator.validate_json(orjson.dumps(arguments))
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            where = pointer(first["loc"], member_names(dict(self.schema)))
            if first["type"] in _AUTHORED:
                return Problem(where, "value", first["msg"])
            # All other words of pydantic's may quote the value.
            expected = describe(part_at(self.schema, first["loc"]), self.schema)
            return Problem(where, "value", expected)
        except ModelRetry as error:
            return error.message
        return None

    async def alone(self, arguments: JsonObject) -> object:
        """Run it where no host waits: it does without the context, so it is given none."""
        nowhere = cast("RunContext[Any]", None)
        return jsonable(await self.run(self._validated(arguments, None), nowhere))

    async def __call__(self, arguments: JsonObject, ctx: RunContext[Any]) -> object:
        """Run it as the host would.

        Raises:
            ToolError: Its author says in the host's words that it cannot be done so.
            ApprovalRequired: It wants the host to pause, and so does `CallDeferred`.
        """
        validated = self._validated(arguments, ctx.validation_context)
        if self.args_validator is not None:
            await self._look(self.args_validator, validated, ctx)
        try:
            return await self.run(validated, ctx)
        except (ModelRetry, ToolFailed) as error:
            applied = False if isinstance(error, self.not_applied) else None
            raise _told(error, applied=applied) from error

    def _validated(self, arguments: JsonObject, context: object) -> dict[str, Any]:
        try:
            validated: dict[str, Any] = self.validator.validate_json(
                orjson.dumps(arguments), context=context
            )
        except (ValidationError, ModelRetry) as error:
            raise ToolError(
                "The arguments are not what the tool takes.",
                code="invalid_arguments",
                applied=False,
            ) from error
        return validated

    async def _look(
        self, look: Callable[..., Any], validated: dict[str, Any], ctx: RunContext[Any]
    ) -> None:
        try:
            answer = look(ctx, **validated)
            if inspect.isawaitable(answer):
                await answer
        except (ModelRetry, ToolFailed) as error:
            raise _told(error, applied=False) from error


def host_tool(tool: AnyTool, contract: ToolOptions) -> HostTool:
    """How a tool of the host, or a plain function, runs there."""
    made = tool if isinstance(tool, Tool) else Tool(tool)
    function = own_function(made)
    return HostTool(
        name=made.name,
        description=made.description or "",
        schema=plain(made.tool_def.parameters_json_schema),
        validator=function.validator,
        args_validator=made.args_validator,
        run=function.run,
        needs_host=made.takes_ctx or made.args_validator is not None,
        not_applied=tuple(contract.get("not_applied", ())),
        markers=markers_of(made),
    )


def declared(tool: HostTool, contract: ToolOptions) -> DeclaredTool[..., Any]:
    """What the road knows of a host's tool: its own words and schema, under a contract.

    Raises:
        DeclarationError: The contract makes no sense, or the road cannot use the schema.
    """
    own: ToolOptions = {"name": tool.name, "description": tool.description}
    if renames := own.keys() & contract.keys():
        raise DeclarationError(
            f"the contract of {tool.name!r} says its {' and '.join(sorted(renames))}, which the "
            "host's tool says already; leave it out"
        )
    options = cast(
        "ToolOptions",
        {**own, **contract, "checks": (tool.objection, *contract.get("checks", ()))},
    )
    alone: HostBody | None = None if tool.needs_host else tool.alone
    return tool_from_schema(
        body_of(alone),
        parameters=tool.schema,
        markers=tool.markers,
        source=tool.server,
        annotations=tool.annotations,
        **options,
    )


def declared_function(tool: AnyTool, contract: ToolOptions) -> DeclaredTool[..., Any]:
    """The same for a tool object or a plain function."""
    made = tool if isinstance(tool, Tool) else Tool(tool)
    return declared(host_tool(made, contract), asked(made.tool_def, contract))


def asked(definition: ToolDefinition, contract: ToolOptions) -> ToolOptions:
    """The contract, with what the host's own tool says of approval and time."""
    said: ToolOptions = {}
    if definition.kind == "unapproved":
        said["ask"] = "true"
    if definition.timeout is not None:
        said["timeout_s"] = definition.timeout
    return {**said, **contract}


def markers_of(tool: Tool[Any]) -> dict[str, tuple[Marker, ...]]:
    """Highroad's markers in the annotations of the host's function."""
    try:
        hints = get_type_hints(inspect.unwrap(tool.function), include_extras=True)
    except (NameError, TypeError):  # the host made its schema without them
        return {}
    members = tool.tool_def.parameters_json_schema.get("properties", {})
    found = {
        name: tuple(each for each in getattr(hint, "__metadata__", ()) if isinstance(each, Marker))
        for name, hint in hints.items()
        if name in members
    }
    return {name: markers for name, markers in found.items() if markers}


def plain(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema of the host's without the traces of our markers."""
    members = schema.get("properties")
    if not isinstance(members, Mapping):
        return dict(schema)
    without = {
        name: {key: said for key, said in member.items() if key != MARK}
        if isinstance(member, Mapping)
        else member
        for name, member in members.items()
    }
    return {**schema, "properties": without}


def is_declared(tool: Callable[..., Any]) -> bool:
    """Whether it is one of Highroad's own already, with its contract."""
    return isinstance(tool, DeclaredTool) or found_declaration(tool) is not None


def declared_tools(
    host_tools: AbstractToolset[Any] | Iterable[AnyTool], contracts: Contracts
) -> tuple[DeclaredTool[..., Any], ...]:
    """Highroad tools of the host's; see `highroad.frameworks.pydantic_ai.tools`."""
    if isinstance(host_tools, FunctionToolset):
        given: tuple[AnyTool, ...] = tuple(host_tools.tools.values())
    elif isinstance(host_tools, AbstractToolset):
        raise DeclarationError(
            f"{host_tools.label} says which tools it has to a running agent only: give its tools "
            "themselves, or a FunctionToolset; `guard` takes every toolset"
        )
    else:
        given = tuple(host_tools)
    check_contracts(contracts, given)
    return tuple(declared_function(each, contracts.get(name_of(each), {})) for each in given)


def name_of(tool: AnyTool) -> str:
    """As the host calls it."""
    return tool.name if isinstance(tool, Tool) else getattr(tool, "__name__", repr(tool))


def check_contracts(contracts: Contracts, given: Iterable[AnyTool]) -> None:
    """Refuse contracts of tools that are not there: a slip in a name would leave one without.

    Raises:
        DeclarationError: There is one.
    """
    names = {name_of(each) for each in given}
    for name in contracts:
        if name not in names:
            raise DeclarationError(
                f"there is a contract of {name!r}, which is none of the tools: "
                f"{', '.join(sorted(names)) or 'none'}"
            )


def _told(error: ModelRetry | ToolFailed, *, applied: bool | None) -> ToolError:
    """What an author says to the model in the host's words.

    The road does not make the call again by itself: the model is asked for another one.
    """
    hint = "Correct the call, and make it again." if isinstance(error, ModelRetry) else ""
    return ToolError(error.message, hint=hint, applied=applied)

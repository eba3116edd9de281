"""A tool made ready for the road: all that can be known before a call is worked out here, once."""

import inspect
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from jsonschema_rs import Draft202012Validator, ValidationError
from pydantic_core import to_jsonable_python

from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.domain.tool import ToolDefinition
from highroad.tools.binding import Binder, is_plain_json
from highroad.tools.checks import Check, DataCheckHook
from highroad.tools.context import ToolContext
from highroad.tools.contract import Owned, OwnerHook
from highroad.tools.cost import Cost
from highroad.tools.declare import Declaration, PreviewHook, ProbeHook, declaration_of
from highroad.tools.hooks import Hook
from highroad.tools.options import ResourceFactory
from highroad.tools.result import ResultCodec
from highroad.tools.schema import member_names

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OwnerLookup:
    """Asks whose the object is that an argument names."""

    argument: str
    lookup: OwnerHook
    default: JsonValue = None
    """What the argument is when it is not given."""

    def named(self, arguments: Mapping[str, JsonValue]) -> JsonValue:
        """The object that these arguments name; `None` is none, and need not be looked up."""
        return arguments.get(self.argument, self.default)


@dataclass(frozen=True, slots=True)
class ResourceNeed:
    """A resource that a body takes; opened once per process for each factory."""

    parameter: str
    kind: type
    factory: ResourceFactory


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RegisteredTool(Generic[T]):
    """A definition, its function, and everything compiled that a call needs of them."""

    definition: ToolDefinition
    function: Callable[..., T | Awaitable[T]]
    is_async: bool
    validator: Draft202012Validator
    """Of the arguments."""
    names: frozenset[str]
    """Keys that the schema says: these alone may stand in a pointer."""
    binder: Binder | None
    """`None` where the JSON arguments are the Python arguments."""
    result: ResultCodec[T]
    cost: Cost
    checks: tuple[Check, ...]
    data_checks: tuple[DataCheckHook, ...]
    owner_lookups: tuple[OwnerLookup, ...]
    resources: tuple[ResourceNeed, ...]
    probe: ProbeHook | None
    preview: PreviewHook | None
    transient: tuple[type[Exception], ...]
    not_applied: tuple[type[Exception], ...]
    context_parameter: str | None
    deps: Any
    """`Shop`, of a body that takes `ToolContext[Shop]`."""

    @property
    def name(self) -> str:
        """As models and policies call it."""
        return self.definition.name

    def bind(self, arguments: JsonObject) -> dict[str, Any]:
        """Keyword arguments for the function, from arguments that `check_arguments` passed."""
        return dict(arguments) if self.binder is None else self.binder.bind(arguments)

    def read(self, data: bytes) -> T:
        """A result from its stored JSON."""
        return self.result.read(data)

    def with_body(self, body: Callable[..., Any]) -> "RegisteredTool[Any]":
        """The same tool with another body, such as a fake, that takes the same parameters."""
        return replace(self, function=body, is_async=inspect.iscoroutinefunction(body))

    def start(
        self,
        arguments: JsonObject,
        *,
        context: ToolContext[Any],
        resources: Mapping[str, object] | None = None,
    ) -> T | Awaitable[T]:
        """Call the body: await what comes back where `is_async`.

        Args:
            arguments: As `check_arguments` passed them.
            context: Handed to the body that takes one.
            resources: The open resources, by the name of their parameter.
        """
        bound = self.bind(arguments)
        if self.context_parameter is not None:
            bound[self.context_parameter] = context
        if resources:
            bound.update(resources)
        return self.function(**bound)


def compile_tool(function: Callable[..., Any]) -> RegisteredTool[Any]:
    """Make a function ready: as it was declared, or with the closed defaults.

    Raises:
        DeclarationError: It cannot be a tool, or its schema refers to what is not in it.
    """
    declared = declaration_of(function)
    definition, signature = declared.definition, declared.signature
    schema = definition.input_schema
    names = member_names(dict(schema))
    is_plain = is_plain_json(declared.arguments.core_schema)
    return RegisteredTool(
        definition=definition,
        function=function,
        is_async=signature.is_async,
        validator=_validator(schema, declared),
        names=names,
        binder=None if is_plain else Binder(declared.arguments, schema, names),
        result=ResultCodec(declared.result),
        cost=declared.cost,
        checks=declared.checks,
        data_checks=declared.data_checks,
        owner_lookups=tuple(_owner_lookups(declared)),
        resources=tuple(
            ResourceNeed(parameter, kind, declared.resources[kind])
            for parameter, kind in signature.resources
        ),
        probe=declared.probe,
        preview=declared.preview,
        transient=declared.transient,
        not_applied=declared.not_applied,
        context_parameter=signature.context,
        deps=signature.deps,
    )


def _validator(schema: JsonSchema, declared: Declaration) -> Draft202012Validator:
    try:
        # `offline`: by default the library would fetch a remote `$ref` from wherever it points.
        return Draft202012Validator(dict(schema), validate_formats=True, offline=True)
    except ValidationError as error:
        raise declared.site.error(
            f"its schema is no JSON Schema 2020-12 that stands alone ({error.message}); "
            f"references must point into it: `#/$defs/…`"
        ) from None


def _owner_lookups(declared: Declaration) -> Iterator[OwnerLookup]:
    for argument in declared.signature.arguments:
        for marker in argument.markers:
            if isinstance(marker, Owned):
                try:
                    hook: OwnerHook = Hook.of(marker.lookup)
                except (TypeError, ValueError) as error:
                    raise declared.site.error(
                        f"the lookup of {argument.name!r} cannot be called: {error}"
                    ) from error
                default = None if argument.is_required else to_jsonable_python(argument.default)
                yield OwnerLookup(argument.name, hook, default)

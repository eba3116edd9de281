"""What a function's signature says: its arguments for a model, and what the road puts in."""

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from highroad.tools.body.context import ToolContext
from highroad.tools.declaring.contract import Marker
from highroad.tools.declaring.site import Site

REQUIRED: Final = inspect.Parameter.empty
"""Default of an argument that has none."""

_UNNAMED: Final[Mapping[object, str]] = {
    inspect.Parameter.POSITIONAL_ONLY: "is positional-only; models name every argument",
    inspect.Parameter.VAR_POSITIONAL: "takes any number of values; take one list instead",
    inspect.Parameter.VAR_KEYWORD: "takes any name; write out the names, or take one dict",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """A parameter that the model fills."""

    name: str
    hint: Any
    """The type as pydantic sees it: without our markers."""
    markers: tuple[Marker, ...] = ()
    default: object = REQUIRED

    @property
    def is_required(self) -> bool:
        """Whether a call must name it."""
        return self.default is REQUIRED


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A function's parameters by who fills them, and its return type."""

    arguments: tuple[Argument, ...]
    returns: Any
    """`Any` where nothing is promised."""
    is_async: bool
    context: str | None = None
    """The parameter that takes the `ToolContext`."""
    deps: Any = None
    """`Shop` of `ToolContext[Shop]`."""
    resources: tuple[tuple[str, type], ...] = ()
    """Parameters that take a resource, and its type."""
    has_receiver: bool = False
    """A method, whose first parameter is the instance."""
    is_whole: bool = False
    """The body takes all arguments as one value, and the context, if it wants it, as a second."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a function was declared; postponed annotations may name what is local there."""

    global_names: Mapping[str, Any]
    local_names: Mapping[str, Any]

    def names_for(self, function: Callable[..., Any]) -> dict[str, Any] | None:
        """The local names, unless the function is of another module, whose names mean others."""
        is_home = getattr(function, "__globals__", None) is self.global_names
        return dict(self.local_names) if is_home else None


def read_signature(
    function: Callable[..., Any],
    site: Site,
    *,
    resources: Collection[type] = (),
    scope: Scope | None = None,
) -> Signature:
    """Read a function, declared in `scope`, of which `resources` are put in by the road.

    Raises:
        DeclarationError: A parameter has no type, cannot be named, or its type is not known.
    """
    if not inspect.isroutine(function):
        raise site.error(
            "a tool is a function; to give one state, take a `ToolContext`, or put `@tool` above "
            "methods of a class"
        )
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise site.error("a tool returns once; collect what it yields and return it")
    hints = hints_of(function, site, scope)
    arguments: list[Argument] = []
    injected: list[tuple[str, type]] = []
    contexts: list[tuple[str, Any]] = []
    parameters = list(inspect.signature(function).parameters.values())
    has_receiver = _has_receiver(function, parameters)
    for parameter in parameters[has_receiver:]:
        hint = _hint(parameter, hints, site)
        if hint is ToolContext or get_origin(hint) is ToolContext:
            contexts.append((parameter.name, next(iter(get_args(hint)), None)))
        elif isinstance(hint, type) and hint in resources:
            injected.append((parameter.name, hint))
        else:
            arguments.append(_argument(parameter, hint))
    _every_resource_is_taken(resources, injected, site)
    if len(contexts) > 1:
        raise site.error("it takes two contexts; one is enough")
    context, deps = contexts[0] if contexts else (None, None)
    return Signature(
        arguments=tuple(arguments),
        returns=hints.get("return", Any),
        is_async=inspect.iscoroutinefunction(function),
        context=context,
        deps=deps,
        resources=tuple(injected),
        has_receiver=has_receiver,
    )


def _has_receiver(function: Callable[..., Any], parameters: list[inspect.Parameter]) -> bool:
    """Whether a function stands in a class and its first parameter, without a type, is `self`."""
    owner, _, _ = getattr(function, "__qualname__", "").rpartition(".")
    is_in_class = inspect.isfunction(function) and owner and not owner.endswith("<locals>")
    first = parameters[0] if is_in_class and parameters else None
    return first is not None and first.annotation is inspect.Parameter.empty


def hints_of(
    function: Callable[..., Any], site: Site, scope: Scope | None = None
) -> dict[str, Any]:
    """The type hints of a function, declared in `scope`.

    Raises:
        DeclarationError: One names what is not there.
    """
    try:
        local_names = scope.names_for(function) if scope else None
        return get_type_hints(function, localns=local_names, include_extras=True)
    except (NameError, AttributeError, TypeError, SyntaxError) as error:
        raise site.error(
            f"a type hint cannot be read ({error}); define or import its type above the tool, "
            f"outside `if TYPE_CHECKING`"
        ) from error


def _hint(parameter: inspect.Parameter, hints: Mapping[str, Any], site: Site) -> Any:  # noqa: ANN401 - a type hint has no narrower type
    if (trouble := _UNNAMED.get(parameter.kind)) is not None:
        raise site.error(f"parameter {parameter.name!r} {trouble}")
    if parameter.name not in hints:
        raise site.error(
            f"parameter {parameter.name!r} has no type; annotate it, for example "
            f"`{parameter.name}: str`"
        )
    return hints[parameter.name]


def _argument(parameter: inspect.Parameter, hint: Any) -> Argument:  # noqa: ANN401 - a type hint has no narrower type
    """Part our markers from what pydantic understands."""
    markers: tuple[Marker, ...] = ()
    if get_origin(hint) is Annotated:
        base, *extras = get_args(hint)
        markers = tuple(extra for extra in extras if isinstance(extra, Marker))
        rest = tuple(extra for extra in extras if not isinstance(extra, Marker))
        hint = Annotated[(base, *rest)] if rest else base
    return Argument(name=parameter.name, hint=hint, markers=markers, default=parameter.default)


def _every_resource_is_taken(
    resources: Collection[type], injected: Collection[tuple[str, type]], site: Site
) -> None:
    taken = {kind for _, kind in injected}
    for kind in resources:
        if kind not in taken:
            raise site.error(
                f"no parameter takes the resource {kind.__name__}; add one, for example "
                f"`{kind.__name__.lower()}: {kind.__name__}`"
            )

"""A tool from a raw JSON Schema: for what has no Python types, such as tools of other programs."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from types import FunctionType
from typing import Any, Final, ParamSpec, TypeVar, Unpack

from highroad.domain.json_value import JsonValue
from highroad.tools.body.hooks import takes_context
from highroad.tools.declaring.contract import Marker
from highroad.tools.declaring.declaration import DeclaredTool, declared
from highroad.tools.declaring.docstring import read_docstring
from highroad.tools.declaring.kinds import check_options
from highroad.tools.declaring.options import ToolOptions
from highroad.tools.declaring.raw_schema import arguments_schema, plain_schema
from highroad.tools.declaring.signature import Signature
from highroad.tools.declaring.site import Site
from highroad.tools.declaring.source import Source

P = ParamSpec("P")
R = TypeVar("R")

_WHOLE: Final = {
    (wants_context, runs_async): Signature(
        arguments=(),
        returns=Any,
        is_async=runs_async,
        context="context" if wants_context else None,
        is_whole=True,
    )
    for wants_context in (False, True)
    for runs_async in (False, True)
}
"""How a body takes all arguments as one value: there are four ways, and thousands of bodies."""


def tool_from_schema(  # noqa: PLR0913 - what a schema does not say, each by name
    body: Callable[P, R],
    *,
    parameters: Mapping[str, object],
    returns: Mapping[str, object] | None = None,
    markers: Mapping[str, Marker | Iterable[Marker]] | None = None,
    source: str = "",
    annotations: Mapping[str, JsonValue] | None = None,
    **options: Unpack[ToolOptions],
) -> DeclaredTool[P, R]:
    """Declare any callable to be a tool whose arguments a JSON Schema describes.

    The body takes one mapping, the arguments in JSON, and the `ToolContext` if it takes a second
    value. Sync or async; a lambda or a `partial` needs the option `name`.

    Args:
        body: What runs.
        parameters: JSON Schema 2020-12 of the arguments, an object. What names members and does
            not say whether there may be others takes no others.
        returns: JSON Schema of the result; `None` promises nothing.
        markers: What arguments decide: `{"text": Content()}`.
        source: Identity of the server that the tool comes from; empty is this program.
        annotations: What that server says of it: pinned and shown, and believed in nothing.
        options: As for `@tool`.

    Raises:
        DeclarationError: The schema cannot be used, or the declaration is wrong.
    """
    site = Site.of_caller(body, options.get("name"))
    check_options(options, site)
    schema = arguments_schema(parameters, site)
    declaration = declared(
        Source(
            site=site,
            signature=whole_signature(body, site),
            description="" if "description" in options else _own_words(body),
            input_schema=schema,
            output_schema=None if returns is None else plain_schema(returns, site),
            markers=_markers(markers, schema, site) if markers else {},
            server=source,
            annotations=dict(annotations or {}),
        ),
        options,
    )
    return DeclaredTool(body, declaration)


def whole_signature(body: Callable[..., Any], site: Site) -> Signature:
    """How a body takes all arguments as one value.

    Raises:
        DeclarationError: It takes none, or more than the context beside it.
    """
    try:
        wants_context = takes_context(body)
    except (TypeError, ValueError) as error:
        raise site.error(f"its body cannot be called: {error}") from error
    return _WHOLE[wants_context, is_async(body)]


def is_async(body: Callable[..., Any]) -> bool:
    """Whether calling it gives something to wait for, also where it is an object that is called."""
    if type(body) is FunctionType:
        return inspect.iscoroutinefunction(body)
    return inspect.iscoroutinefunction(body) or inspect.iscoroutinefunction(
        getattr(body, "__call__", None)  # noqa: B004 - whether it can be called is known
    )


def _own_words(body: Callable[..., Any]) -> str:
    """What a function says of itself; the docstring of a `partial` or an object is of its class."""
    return read_docstring(body.__doc__ if inspect.isroutine(body) else None).description


def _markers(
    given: Mapping[str, Marker | Iterable[Marker]], schema: Mapping[str, JsonValue], site: Site
) -> dict[str, tuple[Marker, ...]]:
    members = schema.get("properties")
    for name in given:
        if not isinstance(members, dict) or name not in members:
            raise site.error(f"markers name {name!r}, which is no argument of its schema")
    return {
        name: (each,) if isinstance(each, Marker) else tuple(each) for name, each in given.items()
    }

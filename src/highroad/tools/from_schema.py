"""A tool from a raw JSON Schema: for what has no Python types, such as tools of other programs."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ParamSpec, TypeVar, Unpack

from highroad.domain.json_value import JsonValue
from highroad.tools.contract import Marker
from highroad.tools.declaration import DeclaredTool, declared
from highroad.tools.docstring import read_docstring
from highroad.tools.hooks import Hook
from highroad.tools.options import ToolOptions
from highroad.tools.raw_schema import arguments_schema, plain_schema
from highroad.tools.signature import Signature
from highroad.tools.site import Site
from highroad.tools.source import Source

P = ParamSpec("P")
R = TypeVar("R")


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
    site = Site.of_caller(body)
    schema = arguments_schema(parameters, site)
    declaration = declared(
        Source(
            site=site,
            signature=whole_signature(body, site),
            description=read_docstring(_own_doc(body)).description,
            input_schema=schema,
            output_schema=None if returns is None else plain_schema(returns, site),
            markers=_markers(markers or {}, schema, site),
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
        takes_context = Hook.of(body).takes_context
    except (TypeError, ValueError) as error:
        raise site.error(f"its body cannot be called: {error}") from error
    return Signature(
        arguments=(),
        returns=Any,
        is_async=is_async(body),
        context="context" if takes_context else None,
        is_whole=True,
    )


def is_async(body: Callable[..., Any]) -> bool:
    """Whether calling it gives something to wait for, also where it is an object that is called."""
    return inspect.iscoroutinefunction(body) or inspect.iscoroutinefunction(
        getattr(body, "__call__", None)  # noqa: B004 - whether it can be called is known
    )


def _own_doc(body: Callable[..., Any]) -> str | None:
    """The docstring of a function; that of a `partial` or an object is of its class."""
    return body.__doc__ if inspect.isroutine(body) else None


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

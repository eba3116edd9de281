"""`@tool`: a plain function says what it is, and stays the function that it was."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar, Unpack, overload
from weakref import WeakKeyDictionary

from highroad.domain.tool import ToolDefinition
from highroad.tools.declaring.declaration import Declaration, DeclaredTool, ProbeHook, declared
from highroad.tools.declaring.docstring import read_docstring
from highroad.tools.declaring.kinds import check_options
from highroad.tools.declaring.options import ToolOptions
from highroad.tools.declaring.output_labels import labels_of
from highroad.tools.declaring.signature import Scope, read_signature
from highroad.tools.declaring.site import Site
from highroad.tools.declaring.source import Source
from highroad.tools.declaring.typed_schema import (
    arguments_adapter,
    input_schema,
    output_schema,
    result_adapter,
)

__all__ = [
    "ProbeHook",
    "body_of",
    "declaration_of",
    "found_declaration",
    "tool",
    "tool_definition",
]

F = TypeVar("F", bound=Callable[..., Any])

# Apart from the function, which so stays untouched, and of which a wrapper made with
# `functools.wraps` does not inherit a declaration that it may not keep.
_DECLARED: WeakKeyDictionary[Callable[..., Any], Declaration] = WeakKeyDictionary()


@overload
def tool(function: F, /) -> F: ...
@overload
def tool(**options: Unpack[ToolOptions]) -> Callable[[F], F]: ...
def tool(function: F | None = None, /, **options: Unpack[ToolOptions]) -> F | Callable[[F], F]:
    """Declare a function, sync or async, to be a tool, and return that very function.

    Calling it stays plain Python. Schema and words come from type hints and docstring. Undeclared
    it is irreversible and unprotected: a person is asked, and nothing is repeated.

    Raises:
        DeclarationError: The declaration is wrong; the message says where, and what to do.
    """
    scope = _calling_scope()

    def decorate(function: F) -> F:
        _refuse_wrapped(function)
        _DECLARED[function] = _declare(function, options, scope)
        return function

    return decorate if function is None else decorate(function)


def tool_definition(tool: Callable[..., Any]) -> ToolDefinition:
    """What was declared of a function, a method or another tool.

    Raises:
        DeclarationError: It is no tool.
    """
    found = found_declaration(tool)
    if found is None:
        raise Site.of(tool).error("it is not declared; put `@tool` above it")
    return found.definition


def found_declaration(tool: object) -> Declaration | None:
    """What was declared, or `None` for what never was."""
    if isinstance(tool, DeclaredTool):
        return tool.declaration
    # A bound method is made anew whenever it is asked for: what lasts is its function.
    function = getattr(tool, "__func__", tool)
    if inspect.isfunction(function) or inspect.isbuiltin(function):
        return _DECLARED.get(function)
    return None


def declaration_of(tool: Callable[..., Any]) -> Declaration:
    """What was declared of a tool, or the closed defaults for a plain function.

    Raises:
        DeclarationError: A plain function that cannot be a tool.
    """
    return found_declaration(tool) or _declare(tool, ToolOptions())


def body_of(tool: Callable[..., Any]) -> Callable[..., Any]:
    """What runs when a tool is called.

    Raises:
        DeclarationError: A method of no instance.
    """
    if isinstance(tool, DeclaredTool):
        return tool.body
    found = found_declaration(tool)
    if found is not None and found.signature.has_receiver and not inspect.ismethod(tool):
        raise found.site.error(
            "it is a method, and belongs to no instance here: give the instance, for example "
            "tools=[Shop(…)], or its bound method"
        )
    return tool


def _refuse_wrapped(function: object) -> None:
    """What Python wraps around a function is made anew, and its declaration would be lost."""
    if isinstance(function, staticmethod | classmethod):
        wrapper = type(function).__name__
        raise Site.of(function.__func__).error(f"put `@tool` below `@{wrapper}`, not above it")
    if inspect.ismethod(function):
        raise Site.of(function).error(
            "a bound method cannot be declared; put `@tool` above it in its class"
        )


def _calling_scope() -> Scope | None:
    """Where `tool` is called: types that are local there are out of reach of a function's hints."""
    frame = inspect.currentframe()
    caller = frame.f_back.f_back if frame and frame.f_back else None
    return Scope(caller.f_globals, caller.f_locals) if caller else None


def _declare(
    function: Callable[..., Any], options: ToolOptions, scope: Scope | None = None
) -> Declaration:
    site = Site.of(function)
    check_options(options, site)  # its signature is read by what they say of resources
    signature = read_signature(function, site, resources=options.get("resources", {}), scope=scope)
    arguments = arguments_adapter(signature, site)
    result = result_adapter(signature, site)
    words = read_docstring(function.__doc__)
    source = Source(
        site=site,
        signature=signature,
        description=words.description,
        input_schema=input_schema(arguments, signature, words, site),
        output_schema=output_schema(result, signature, site),
        arguments=arguments,
        result=result,
        markers={each.name: each.markers for each in signature.arguments},
        labels=labels_of(signature.returns),
    )
    return declared(source, options)

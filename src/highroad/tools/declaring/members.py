"""The tools of a module, and of an instance whose class declares some of its methods."""

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import Any, Final

from highroad.domain.error import DeclarationError
from highroad.tools.declaring.declaration import DeclaredTool
from highroad.tools.declaring.declare import body_of, declaration_of, found_declaration

LISTED: Final = "TOOLS"
"""Name under which a module lists tools that it did not declare itself."""


def tools_of(holder: object, *, prefix: str = "") -> tuple[Callable[..., Any], ...]:
    """Every tool that a module or an instance has, in the order of its declaration.

    Args:
        holder: A module, of which the tools count that it declares itself, and that its `TOOLS`
            lists; or an instance, of
            which the methods count that `@tool` stands above.
        prefix: Goes before each name, so that two instances of one class can stand side by side.

    Raises:
        DeclarationError: There is none, a method was overridden without `@tool`, or a name with
            its prefix cannot be spelled.
    """
    found = tuple(_of_module(holder) if isinstance(holder, ModuleType) else _of_instance(holder))
    if not found:
        raise DeclarationError(
            f"{_told(holder)} has no tools: put `@tool` above its functions or methods"
        )
    return tuple(map(partial(_prefixed, prefix), found)) if prefix else found


def tools_in(given: object) -> tuple[Callable[..., Any], ...]:
    """What was given for tools: one by itself, or the holder of several.

    Raises:
        DeclarationError: It neither is a tool nor holds any.
    """
    if isinstance(given, DeclaredTool) or inspect.isroutine(given):
        return (given,)
    return tools_of(given)


def declared_in(module: ModuleType) -> tuple[Callable[..., Any], ...]:
    """Tools that a module declares itself, and those that its `TOOLS` lists; perhaps none.

    What it has imported counts only if it is listed: so are tools that were made of a framework's.
    """
    return tuple(_of_module(module))


def _of_module(module: ModuleType) -> Iterator[Callable[..., Any]]:
    seen: list[object] = []
    own = ((value, False) for value in vars(module).values())
    listed = ((value, True) for value in _listed(module))
    for value, is_listed in (*own, *listed):
        if not (isinstance(value, DeclaredTool) or inspect.isfunction(value)):
            continue
        found = found_declaration(value)
        is_own = found is not None and (is_listed or found.site.module == module.__name__)
        if is_own and not any(value is each for each in seen):
            seen.append(value)
            yield value


def _listed(module: ModuleType) -> tuple[object, ...]:
    listed = getattr(module, LISTED, ())
    return tuple(listed) if isinstance(listed, list | tuple) else ()


def _of_instance(instance: object) -> Iterator[Callable[..., Any]]:
    if isinstance(instance, type):
        raise DeclarationError(
            f"{_told(instance)} is a class: its methods need an instance; give one, for example "
            f"tools=[{instance.__name__}(…)]"
        )
    names = dict.fromkeys(
        name
        for kind in reversed(type(instance).__mro__)
        for name, member in vars(kind).items()
        if found_declaration(_function_of(member)) is not None
    )
    for name in names:
        # Looked at in the class: to ask the instance would run its properties.
        if found_declaration(_function_of(inspect.getattr_static(type(instance), name))) is None:
            raise DeclarationError(
                f"{_told(instance)} overrides the tool {name!r} without `@tool`; put it above the "
                f"method, with the options that hold there"
            )
        method: Callable[..., Any] = getattr(instance, name)
        yield method


def _function_of(member: object) -> object:
    """The function in a static or class method, or the member as it is."""
    return member.__func__ if isinstance(member, staticmethod | classmethod) else member


def _prefixed(prefix: str, tool: Callable[..., Any]) -> DeclaredTool[..., Any]:
    declaration = declaration_of(tool)
    return DeclaredTool(body_of(tool), declaration.renamed(prefix + declaration.definition.name))


def _told(holder: object) -> str:
    if isinstance(holder, ModuleType):
        return f"module {holder.__name__!r}"
    kind = holder if isinstance(holder, type) else type(holder)
    return f"{kind.__module__}.{kind.__qualname__}"

"""The tools that a runtime was given, by name."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from highroad.domain.tool import ToolDefinition
from highroad.tools.compile import RegisteredTool, compile_tool
from highroad.tools.near import near_names
from highroad.tools.site import Site


class Registry:
    """Tools, each under one name.

    Args:
        functions: Declared ones, or plain ones, which get the closed defaults.

    Raises:
        DeclarationError: One cannot be a tool, or two have the same name.
    """

    def __init__(self, functions: Iterable[Callable[..., Any]] = ()) -> None:
        self._by_name: dict[str, RegisteredTool[Any]] = {}
        self._by_function: dict[Callable[..., Any], RegisteredTool[Any]] = {}
        for function in functions:
            self.add(function)

    def add(self, function: Callable[..., Any]) -> RegisteredTool[Any]:
        """Register one more; the same function again changes nothing.

        Raises:
            DeclarationError: It cannot be a tool, or its name is another's.
        """
        known = self._by_function.get(function)
        if known is not None:
            return known
        tool = compile_tool(function)
        other = self._by_name.get(tool.name)
        if other is not None:
            first = Site.of(other.function)
            raise Site.of(function).error(
                f"its name {tool.name!r} is taken by the tool at {first.file}:{first.line}; "
                f"give one of them another with name="
            )
        self._by_name[tool.name] = self._by_function[function] = tool
        return tool

    def find(self, tool: Callable[..., Any] | str) -> RegisteredTool[Any] | None:
        """A tool by its name or its function."""
        return self._by_name.get(tool) if isinstance(tool, str) else self._by_function.get(tool)

    def replace(self, tool: Callable[..., Any] | str, body: Callable[..., Any]) -> None:
        """Put another body under a tool, which is otherwise judged as before.

        Raises:
            KeyError: There is no such tool.
        """
        known = self.find(tool)
        if known is None:
            raise KeyError(tool)
        changed = known.with_body(body)
        self._by_name[known.name] = changed
        self._by_function = {
            function: changed if each is known else each
            for function, each in self._by_function.items()
        }

    def near(self, wrong: str, visible: Iterable[str]) -> tuple[str, ...]:
        """Names like `wrong` among those that the asker may see; others are never told."""
        return near_names(wrong, (name for name in visible if name in self._by_name))

    def definitions(self) -> tuple[ToolDefinition, ...]:
        """Every definition, in the order of their names."""
        return tuple(tool.definition for tool in self)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[RegisteredTool[Any]]:
        """In the order of their names."""
        return iter([self._by_name[name] for name in sorted(self._by_name)])

    def __len__(self) -> int:
        return len(self._by_name)

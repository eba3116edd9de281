"""The tools that a runtime was given, by name and version."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self

from highroad.domain.contract_rule import NO_RULES, ContractRule
from highroad.domain.flow import FlowRule
from highroad.domain.tool import ToolDefinition
from highroad.tools.compile import Around, RegisteredTool, compile_tool
from highroad.tools.declaring.members import tools_in
from highroad.tools.near import near_names
from highroad.tools.versions import age


class Registry:
    """Tools, each under its name and version.

    Args:
        tools: Functions, declared ones or plain ones, which get the closed defaults; what
            `tool_from_schema` and `tool_from_model` give; bound methods; and what holds several:
            an instance or a module.
        rules: What the settings say of contracts, by name of the tool.

    Raises:
        DeclarationError: One cannot be a tool, or two have the same name and version.
        SettingsError: What the settings say of one makes no sense.
    """

    def __init__(
        self, tools: Iterable[object] = (), rules: Mapping[str, ContractRule] = NO_RULES
    ) -> None:
        self._rules = rules
        self._by_name: dict[str, dict[str, RegisteredTool[Any]]] = {}
        self._in_order: dict[str, tuple[RegisteredTool[Any], ...]] = {}
        """Versions oldest first, put in order when they are first asked for."""
        # `None` where one body serves several tools, and so names none of them.
        self._by_function: dict[Callable[..., Any], RegisteredTool[Any] | None] = {}
        self._given: set[Callable[..., Any]] = set()
        self._flows_out: tuple[FlowRule, ...] | None = ()
        """`None` where they are to be gathered anew."""
        self.has_readers: bool = False
        """Whether a part of any tool's result is declared to be for some readers alone."""
        for given in tools:
            for tool in tools_in(given):
                self.add(tool)

    def add(self, tool: Callable[..., Any]) -> RegisteredTool[Any]:
        """Register one more; the same again changes nothing.

        Raises:
            DeclarationError: It cannot be a tool, or its name and version are another's.
        """
        known = self._by_function.get(tool)
        if known is not None and tool in self._given:
            return known
        ready = compile_tool(tool, self._rules)
        versions = self._by_name.setdefault(ready.name, {})
        other = versions.get(ready.definition.version)
        if other is not None:
            raise ready.site.error(
                f"its name {ready.name!r} is taken by the tool at {other.site.file}:"
                f"{other.site.line}; {_way_out(ready, other)}"
            )
        self._given.add(tool)
        self.has_readers = self.has_readers or ready.has_readers
        if ready.flows_out:
            self._flows_out = None
        self._in_order.pop(ready.name, None)
        versions[ready.definition.version] = self._by_function[tool] = ready
        if ready.function is not tool:
            is_taken = ready.function in self._by_function
            self._by_function[ready.function] = None if is_taken else ready
        return ready

    def copy(self) -> Self:
        """One with the same tools, to try out what more there might be."""
        other = type(self)(rules=self._rules)
        other.take_over(self)
        return other

    def take_over(self, other: Self) -> None:
        """Have what another one has, from here on, all at once."""
        self._by_name = {name: dict(versions) for name, versions in other._by_name.items()}
        self._in_order = dict(other._in_order)
        self._by_function = dict(other._by_function)
        self._given = set(other._given)
        self._flows_out = other._flows_out
        self.has_readers = other.has_readers

    def read(self, tool: Callable[..., Any]) -> ToolDefinition:
        """The definition that a tool would have here, under the rules of the settings.

        Raises:
            DeclarationError: It cannot be a tool.
            SettingsError: What the settings say of it makes no sense.
        """
        return compile_tool(tool, self._rules).definition

    def find(
        self, tool: Callable[..., Any] | str, version: str | None = None
    ) -> RegisteredTool[Any] | None:
        """A tool by its name, or that very version of it which a function or a method is.

        Args:
            tool: Name, function, bound method, or what a factory gave.
            version: Of a name; without it, the newest that is not deprecated, or else the newest.
        """
        if not isinstance(tool, str):
            return self._by_function.get(tool)
        versions = self.versions(tool)
        if version is None and len(versions) == 1:
            return versions[0]
        if version is not None:
            return next((each for each in versions if each.definition.version == version), None)
        standing = [each for each in versions if each.definition.deprecated is None]
        return next(reversed(standing or versions), None)

    def versions(self, name: str) -> tuple[RegisteredTool[Any], ...]:
        """Every version of a tool, oldest first; none if there is no such tool."""
        known = self._in_order.get(name)
        if known is None:
            found = self._by_name.get(name, {})
            known = tuple(found[version] for version in sorted(found, key=age))
            if known:
                self._in_order[name] = known
        return known

    @property
    def flows_out(self) -> tuple[FlowRule, ...]:
        """What contracts say of where the results of their tools may flow, in order of names."""
        if self._flows_out is None:
            self._flows_out = tuple(dict.fromkeys(rule for tool in self for rule in tool.flows_out))
        return self._flows_out

    def replace(self, tool: Callable[..., Any] | str, body: Callable[..., Any]) -> None:
        """Put another body under a tool, which is otherwise judged as before.

        Raises:
            KeyError: There is no such tool.
        """
        known = self.find(tool)
        if known is None:
            raise KeyError(tool)
        self._put(known.with_body(body), known)

    def wrap(self, around: Around) -> Callable[[], None]:
        """Put the body that `around` makes of it under each tool; what is returned takes it away.

        Tools whose body is replaced meanwhile keep that one.
        """
        wrapped = {tool: tool.wrapped(around) for tool in self}
        for tool, changed in wrapped.items():
            self._put(changed, tool)

        def unwrap() -> None:
            for tool, changed in wrapped.items():
                if self._by_name[tool.name][tool.definition.version] is changed:
                    self._put(tool, changed)

        return unwrap

    def _put(self, tool: RegisteredTool[Any], known: RegisteredTool[Any]) -> None:
        """Let `tool` stand where `known` stood."""
        self._by_name[known.name][known.definition.version] = tool
        self._in_order.pop(known.name, None)
        self._by_function = {
            function: tool if each is known else each
            for function, each in self._by_function.items()
        }

    def near(self, wrong: str, visible: Iterable[str]) -> tuple[str, ...]:
        """Names like `wrong` among those that the asker may see; others are never told."""
        return near_names(wrong, (name for name in visible if name in self._by_name))

    def definitions(self) -> tuple[ToolDefinition, ...]:
        """Every definition, in the order of names and versions."""
        return tuple(tool.definition for tool in self)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[RegisteredTool[Any]]:
        """In the order of names and versions."""
        for name in sorted(self._by_name):
            yield from self.versions(name)

    def __len__(self) -> int:
        return sum(map(len, self._by_name.values()))


def _way_out(ready: RegisteredTool[Any], other: RegisteredTool[Any]) -> str:
    first, second = (getattr(each.function, "__func__", each) for each in (ready, other))
    if first is second and inspect.ismethod(ready.function):
        return 'for two instances of a class give one a prefix: tools_of(instance, prefix="eu_")'
    return (
        "if both are one tool, make it once; else give one of them another name where it is "
        "made, or, to have both side by side, another version="
    )

"""Highroad tools of LangChain tools: what the road judges, and the host runs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from langchain_core.tools import BaseTool, StructuredTool
from langchain_core.tools import tool as tool_of_function

from highroad.domain.contract_rule import ContractRule
from highroad.domain.error import DeclarationError
from highroad.domain.tool import ToolDefinition
from highroad.domain.value import value
from highroad.frameworks.guarding import body_of, share
from highroad.frameworks.langgraph.host_tool import ALONE, HostTool
from highroad.frameworks.langgraph.running import run_of
from highroad.runtime import Runtime
from highroad.tools.declaring.declare import found_declaration
from highroad.tools.declaring.from_schema import tool_from_schema
from highroad.tools.declaring.operated import declaration_under
from highroad.tools.declaring.options import ToolOptions

MADE_HERE: Final = "langgraph"
"""The tag of the tools that are made here, for policies and people."""


@value
class Declared:
    """A host's tool beside the Highroad tool that stands for it."""

    host: HostTool
    tool: Callable[..., Any]
    is_own: bool = False
    """It is Highroad's: its body is the road's own, and no host's."""

    def found_as(self, known: ToolDefinition, rules: Mapping[str, ContractRule]) -> ToolDefinition:
        """What a runtime has by its name, which has to be the same under its settings' rules.

        Raises:
            DeclarationError: It is another tool.
        """
        if _promised(known) != _promised(declaration_under(self.tool, rules).definition):
            raise DeclarationError(
                f"the runtime has another tool called {self.host.name!r}: give one of them another "
                f"name, or give both the same contract"
            )
        return known


def registered(made: Sequence[Declared], runtime: Runtime) -> list[ToolDefinition]:
    """See that a runtime has all of them; those that it does not have it is given together.

    Raises:
        DeclarationError: It has another tool of such a name, or one cannot be its tool.
    """
    known, rules = {each.name: each for each in runtime.tools}, runtime.settings.contracts
    for each in made:
        if each.host.name in known:
            each.found_as(known[each.host.name], rules)
    # Of several under one name the first, which is what `share` takes for it too.
    new = {each.host.name: each.tool for each in reversed(made) if each.host.name not in known}
    known |= {each.name: each for each in runtime.add(*reversed(new.values()))}
    for each in made:
        if not each.is_own:
            share(runtime, each.tool)
    return [each.found_as(known[each.host.name], rules) for each in made]


def declared(
    given: Iterable[BaseTool | Callable[..., Any]], contracts: Mapping[str, ToolOptions]
) -> list[Declared]:
    """What is given, as tools of both kinds.

    Raises:
        DeclarationError: One cannot be a tool, or a contract names none of them.
    """
    made = [_declared(each, contracts) for each in given]
    names = {each.host.name for each in made}
    for name in contracts:
        if name not in names:
            raise DeclarationError(
                f"contracts name {name!r}, and no tool that was given is called so; there are "
                f"{', '.join(sorted(names))}"
            )
    return made


def _declared(
    given: BaseTool | Callable[..., Any], contracts: Mapping[str, ToolOptions]
) -> Declared:
    own = None if isinstance(given, BaseTool) else found_declaration(given)
    if own is not None and not isinstance(given, BaseTool):
        if own.definition.name in contracts:
            raise DeclarationError(
                f"{own.definition.name!r} has a contract by `@tool`: say there what `contracts` "
                f"says of it"
            )
        return Declared(host=HostTool(_shown(own.definition)), tool=given, is_own=True)
    try:
        host = HostTool(given if isinstance(given, BaseTool) else tool_of_function(given))
    except ValueError as error:
        raise DeclarationError(f"LangChain makes no tool of it: {error}") from error
    return Declared(host=host, tool=_tool(host, contracts.get(host.name, ToolOptions())))


def _tool(host: HostTool, contract: ToolOptions) -> Callable[..., Any]:
    alone = partial(run_of(host), visit=ALONE) if host.stands_alone else None
    options: ToolOptions = {"name": host.name, "description": host.tool.description, **contract}
    # By it `_is_same` knows a tool whose results are written as `results` writes them.
    options["tags"] = {MADE_HERE, *contract.get("tags", ())}
    options["checks"] = (host.check, *contract.get("checks", ()))
    return tool_from_schema(
        body_of(alone, of=host.function or host.tool, is_async=host.is_async),
        parameters=host.parameters,
        returns=host.returns,
        **options,
    )


def _shown(definition: ToolDefinition) -> BaseTool:
    """A Highroad tool as LangChain shows it to models; its body is the road's own."""

    def elsewhere(**_: object) -> None:
        """Never run."""

    return StructuredTool(
        name=definition.name,
        description=definition.description,
        args_schema=dict(definition.input_schema),
        func=elsewhere,
    )


def _promised(definition: ToolDefinition) -> tuple[object, ...]:
    """What two tools have to have alike to be one."""
    return (
        definition.input_schema,
        definition.description,
        definition.effect,
        definition.tags,
        definition.source,
    )

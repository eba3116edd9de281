"""`@tool`: a plain function says what it is, and stays the function that it was."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar, Unpack, overload
from weakref import WeakKeyDictionary

from pydantic import TypeAdapter

from highroad.domain.tool import ToolDefinition
from highroad.tools.checks import Check, DataCheckHook
from highroad.tools.contract import contract
from highroad.tools.cost import Cost
from highroad.tools.digest import sealed
from highroad.tools.docstring import read_docstring
from highroad.tools.hooks import Hook
from highroad.tools.options import (
    TAKEN_OVER,
    ResourceFactory,
    ToolOptions,
    check_options,
    cost_of,
    effect_of,
    name_of,
    tier_of,
)
from highroad.tools.schema import arguments_adapter, input_schema, output_schema, result_adapter
from highroad.tools.signature import Scope, Signature, read_signature
from highroad.tools.site import Site

F = TypeVar("F", bound=Callable[..., Any])

ProbeHook: TypeAlias = Hook[str, bool | None]
PreviewHook: TypeAlias = Hook[Mapping[str, Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Declaration:
    """What a function was declared to be: the definition, and all of it that is code.

    It does not hold the function, so that one that nobody uses any more is forgotten.
    """

    definition: ToolDefinition
    site: Site
    signature: Signature
    arguments: TypeAdapter[dict[str, Any]]
    result: TypeAdapter[Any]
    cost: Cost
    checks: tuple[Check, ...]
    data_checks: tuple[DataCheckHook, ...]
    resources: Mapping[type, ResourceFactory]
    probe: ProbeHook | None
    preview: PreviewHook | None
    transient: tuple[type[Exception], ...]
    not_applied: tuple[type[Exception], ...]


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
        _DECLARED[function] = _declare(function, options, scope)
        return function

    return decorate if function is None else decorate(function)


def tool_definition(function: Callable[..., Any]) -> ToolDefinition:
    """What was declared of a function.

    Raises:
        DeclarationError: It is no tool.
    """
    found = _DECLARED.get(function)
    if found is None:
        raise Site.of(function).error("it is not declared; put `@tool` above it")
    return found.definition


def declaration_of(function: Callable[..., Any]) -> Declaration:
    """What was declared of a function, or the closed defaults for a plain one.

    Raises:
        DeclarationError: A plain function that cannot be a tool.
    """
    return _DECLARED.get(function) or _declare(function, ToolOptions())


def _calling_scope() -> Scope | None:
    """Where `tool` is called: types that are local there are out of reach of a function's hints."""
    frame = inspect.currentframe()
    caller = frame.f_back.f_back if frame and frame.f_back else None
    return Scope(caller.f_globals, caller.f_locals) if caller else None


def _declare(
    function: Callable[..., Any],
    options: ToolOptions,
    scope: Scope | None = None,
) -> Declaration:
    site = Site.of(function)
    check_options(options, site)
    resources = dict(options.get("resources", {}))
    signature = read_signature(function, site, resources=resources, scope=scope)
    arguments = arguments_adapter(signature, site)
    result = result_adapter(signature, site)
    cost = cost_of(options, site)
    words = read_docstring(function.__doc__)
    tier = tier_of(options, site)
    as_given: dict[str, Any] = {name: options[name] for name in TAKEN_OVER if name in options}
    definition = ToolDefinition(
        name=name_of(options, site),
        description=options.get("description", words.description),
        input_schema=input_schema(arguments, signature, words, site),
        output_schema=output_schema(result, signature, site),
        digest="",
        tier=tier,
        effect=effect_of(options, tier, site),
        contract=contract({each.name: each.markers for each in signature.arguments}),
        key=_key(options, signature, site),
        permissions=frozenset(options.get("permissions", ())),
        tags=frozenset(options.get("tags", ())),
        cost_usd=cost.at_most,
        **as_given,
    )
    return Declaration(
        definition=sealed(definition),
        site=site,
        signature=signature,
        arguments=arguments,
        result=result,
        cost=cost,
        checks=tuple(options.get("checks", ())),
        data_checks=tuple(
            _hook(check, "a data check", site) for check in options.get("data_checks", ())
        ),
        resources=resources,
        probe=_hook(options["probe"], "the probe", site) if "probe" in options else None,
        preview=_hook(options["preview"], "the preview", site) if "preview" in options else None,
        transient=options.get("transient", ()),
        not_applied=options.get("not_applied", ()),
    )


def _key(options: ToolOptions, signature: Signature, site: Site) -> tuple[str, ...]:
    names = [argument.name for argument in signature.arguments]
    key = tuple(sorted(options.get("key", ())))
    for name in key:
        if name not in names:
            known = ", ".join(names) or "none"
            raise site.error(f"key names {name!r}, which is no argument; there are: {known}")
    return key


def _hook(function: Callable[..., Any], what: str, site: Site) -> Hook[Any, Any]:
    try:
        return Hook.of(function)
    except (TypeError, ValueError) as error:
        raise site.error(f"{what} cannot be called: {error}") from error

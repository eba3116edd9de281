"""What a tool was declared to be: the definition, and all of it that is code."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, ParamSpec, TypeAlias, TypeVar

from pydantic import TypeAdapter

from highroad.domain.tool import ToolDefinition
from highroad.tools.checks import Check, DataCheckHook
from highroad.tools.contract import Marker, Reason, derive
from highroad.tools.cost import Cost
from highroad.tools.digest import sealed
from highroad.tools.failure import ErrorWhen
from highroad.tools.hooks import Hook
from highroad.tools.options import (
    TAKEN_OVER,
    Migrate,
    ResourceFactory,
    ToolOptions,
    check_name,
    check_options,
    cost_of,
    effect_of,
    examples_of,
    name_of,
    tier_of,
)
from highroad.tools.signature import Signature
from highroad.tools.site import Site
from highroad.tools.source import Source

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)

ProbeHook: TypeAlias = Hook[str, bool | None]
PreviewHook: TypeAlias = Hook[Mapping[str, Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Declaration:
    """The definition of a tool, and all of it that is code.

    It does not hold the body, so that a function that nobody uses any more is forgotten.
    """

    definition: ToolDefinition
    given: frozenset[str]
    """Names of the options that were said; of the others the definition has the closed default."""
    reasons: tuple[Reason, ...]
    """Why the contract is what it is."""
    site: Site
    signature: Signature
    arguments: TypeAdapter[Any] | None
    """`None` where the body takes JSON."""
    result: TypeAdapter[Any] | None
    """`None` where the result is JSON."""
    markers: Mapping[str, tuple[Marker, ...]]
    cost: Cost
    checks: tuple[Check, ...]
    data_checks: tuple[DataCheckHook, ...]
    resources: Mapping[type, ResourceFactory]
    probe: ProbeHook | None
    preview: PreviewHook | None
    transient: tuple[type[Exception], ...]
    not_applied: tuple[type[Exception], ...]
    error_when: ErrorWhen | None
    migrate: Migrate | None

    def renamed(self, name: str) -> "Declaration":
        """The same under another name.

        Raises:
            DeclarationError: Providers and policies could not spell it.
        """
        check_name(name, self.site)
        return replace(self, definition=sealed(replace(self.definition, name=name)))


@dataclass(frozen=True, slots=True, eq=False)
class DeclaredTool(Generic[P, R_co]):
    """A tool whose body is not marked by `@tool`: any callable, and what it was declared to be.

    Calling it calls the body: plain Python, as with a function that `@tool` stands above.
    """

    body: Callable[P, R_co]
    declaration: Declaration

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Call the body."""
        return self.body(*args, **kwargs)


def declared(source: Source, options: ToolOptions) -> Declaration:
    """Put together what a source says and what its author adds.

    Raises:
        DeclarationError: Options are wrong, or contradict each other or the source.
    """
    site = source.site
    check_options(options, site)
    cost = cost_of(options, site)
    tier = tier_of(options, site)
    labels = {**source.labels, **options.get("labels", {})}
    contract, reasons = derive(source.input_schema, source.markers, labels)
    as_given: dict[str, Any] = {name: options[name] for name in TAKEN_OVER if name in options}
    definition = ToolDefinition(
        name=name_of(options, site),
        description=options.get("description", source.description),
        input_schema=source.input_schema,
        output_schema=source.output_schema,
        digest="",
        tier=tier,
        effect=effect_of(options, tier, site),
        contract=contract,
        key=_key(options, source),
        permissions=frozenset(options.get("permissions", ())),
        tags=frozenset(options.get("tags", ())),
        errors=dict(options.get("errors", {})),
        examples=examples_of(options, site),
        cost_usd=cost.at_most,
        source=source.server,
        annotations=source.annotations,
        **as_given,
    )
    return Declaration(
        definition=sealed(definition),
        given=frozenset(options),
        reasons=reasons,
        site=site,
        signature=source.signature,
        arguments=source.arguments,
        result=source.result,
        markers=source.markers,
        cost=cost,
        checks=tuple(options.get("checks", ())),
        data_checks=tuple(
            _hook(check, "a data check", site) for check in options.get("data_checks", ())
        ),
        resources=dict(options.get("resources", {})),
        probe=_hook(options["probe"], "the probe", site) if "probe" in options else None,
        preview=_hook(options["preview"], "the preview", site) if "preview" in options else None,
        transient=options.get("transient", ()),
        not_applied=options.get("not_applied", ()),
        error_when=options.get("error_when"),
        migrate=options.get("migrate"),
    )


def _key(options: ToolOptions, source: Source) -> tuple[str, ...]:
    names = source.names
    key = tuple(sorted(options.get("key", ())))
    for name in key:
        if name not in names:
            known = ", ".join(names) or "none"
            raise source.site.error(f"key names {name!r}, which is no argument; there are: {known}")
    return key


def _hook(function: Callable[..., Any], what: str, site: Site) -> Hook[Any, Any]:
    try:
        return Hook.of(function)
    except (TypeError, ValueError) as error:
        raise site.error(f"{what} cannot be called: {error}") from error

"""What a tool was declared to be: the definition, and all of it that is code."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, Generic, Literal, ParamSpec, TypeAlias, TypeVar

from pydantic import TypeAdapter

from highroad.domain.contract_rule import ContractRule
from highroad.domain.flow import FlowRule, renamed
from highroad.domain.label import Label
from highroad.domain.pin import Authored
from highroad.domain.policy import Line
from highroad.domain.tool import Concurrency, Isolation, ToolDefinition
from highroad.domain.value import value
from highroad.tools.body.checks import Check, DataCheckHook
from highroad.tools.body.cost import Cost
from highroad.tools.body.failure import ErrorWhen
from highroad.tools.body.hooks import HealthHook, Hook
from highroad.tools.declaring.batch import BatchBody, batch_body, batch_of, check_batch
from highroad.tools.declaring.cache_tags import check_tags
from highroad.tools.declaring.compensation import Compensation, compensation_of
from highroad.tools.declaring.contract import CLOSED, Marker, derive, explained
from highroad.tools.declaring.digest import defined, pinned_fields, sealed
from highroad.tools.declaring.fallback import StandIn, chain_of, words_of
from highroad.tools.declaring.hints import floor_of, stricter
from highroad.tools.declaring.kinds import check_name
from highroad.tools.declaring.objects import named, objects_of
from highroad.tools.declaring.options import TAKEN_OVER, Migrate, ToolOptions
from highroad.tools.declaring.reading import (
    check_cache,
    check_hedge,
    check_transform,
    cost_of,
    effect_of,
    examples_of,
    fallbacks_of,
    flows_of,
    intent_of,
    name_of,
    tier_of,
)
from highroad.tools.declaring.required import permissions_of
from highroad.tools.declaring.resources import ResourceFactory
from highroad.tools.declaring.signature import Signature, hints_of
from highroad.tools.declaring.site import Site
from highroad.tools.declaring.source import Source
from highroad.tools.derivation.reason import Reason

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)

ProbeHook: TypeAlias = Hook[str, bool | None]
PreviewHook: TypeAlias = Hook[Mapping[str, Any], Any]


@value(eq=False, slots=False)
class Declaration:
    """The definition of a tool, and all of it that is code.

    It does not hold the body, so that a function that nobody uses any more is forgotten, unless a
    hook of it leads back to it.
    """

    definition: ToolDefinition
    given: frozenset[str]
    """Names of the options that were said; of the others the definition has the closed default."""
    site: Site
    signature: Signature
    cost: Cost
    labels: Mapping[str, Label]
    """Of parts of the result, by JSON pointer, as they were given."""
    markers: Mapping[str, tuple[Marker, ...]]
    arguments: TypeAdapter[Any] | None = None
    """`None` where the body takes JSON."""
    result: TypeAdapter[Any] | None = None
    """`None` where the result is JSON."""
    checks: tuple[Check, ...] = ()
    data_checks: tuple[DataCheckHook, ...] = ()
    resources: Mapping[type, ResourceFactory] = field(default_factory=dict)
    probe: ProbeHook | None = None
    health: HealthHook | None = None
    preview: PreviewHook | None = None
    transient: tuple[type[Exception], ...] = ()
    not_applied: tuple[type[Exception], ...] = ()
    error_when: ErrorWhen | None = None
    migrate: Migrate | None = None
    batch: BatchBody | None = None
    fallbacks: tuple[StandIn, ...] = ()
    compensation: Compensation | None = None
    operator: ContractRule | None = None
    """What the settings say of its contract."""
    bare: ToolDefinition | None = None
    """The definition without that, where they say anything."""
    waived: frozenset[str] = frozenset()
    """Standard permissions that a type requires, and that its author says it does not need."""

    @cached_property
    def reasons(self) -> tuple[Reason, ...]:
        """Why the contract is what it is."""
        return explained(self.definition, self.markers, self.labels, self.operator)

    @cached_property
    def flows(self) -> tuple[FlowRule, ...]:
        """The rules of its contract about what flows, those of the settings first."""
        said = () if self.operator is None else self.operator.flows
        own = [Line(text) for text in self.definition.contract.flows[len(said) :]]
        name = self.definition.name
        return tuple([FlowRule.of_contract(name, line) for line in (*said, *own)])

    @property
    def authored(self) -> Authored:
        """What of it is its author's, for the record."""
        own = {} if self.bare is None else pinned_fields(self.bare)
        now = {} if self.bare is None else pinned_fields(self.definition)
        return Authored(
            given=tuple(sorted(self.given)),
            fields={name: said for name, said in own.items() if said != now.get(name)},
        )

    @property
    def says_tier(self) -> bool:
        """Whether anybody said what stands at stake: the author, or whoever wrote the settings."""
        operator = self.operator
        return "tier" in self.given or (operator is not None and operator.tier is not None)

    def renamed(self, name: str) -> "Declaration":
        """The same under another name.

        Raises:
            DeclarationError: Providers and policies could not spell it.
        """
        check_name(name, self.site)
        contract, known = self.definition.contract, self.definition.name
        if contract.flows:
            flows = tuple([renamed(each, known, name) for each in contract.flows])
            contract = replace(contract, flows=flows)
        changed = replace(self.definition, name=name, contract=contract)
        return replace(self, definition=sealed(changed))


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

    Args:
        source: What code, model or schema say.
        options: Each of its kind (`check_options`).

    Raises:
        DeclarationError: Options contradict each other or the source.
    """
    site = source.site
    labels = {**source.labels, **options.get("labels", {})}
    cost = cost_of(options, site)
    fallbacks = fallbacks_of(options, tier_of(options, site), site)
    compensation = _compensation(options, site)
    return Declaration(
        definition=defined(_definition(source, options, labels, cost)),
        fallbacks=fallbacks,
        compensation=compensation,
        waived=frozenset(options.get("waives", ())),
        batch=_batch(options, site),
        given=frozenset(options),
        site=site,
        signature=source.signature,
        cost=cost,
        labels=labels,
        markers=source.markers,
        arguments=source.arguments,
        result=source.result,
        **{name: _CODE[name](said, site) for name, said in options.items() if name in _CODE},
    )


def _definition(
    source: Source, options: ToolOptions, labels: Mapping[str, Label], cost: Cost
) -> dict[str, Any]:
    """Fields of the definition of which anything is said."""
    site, compensation = source.site, _compensation(options, source.site)
    name = name_of(options, site)
    tier = tier_of(options, site)
    if source.server:
        tier = stricter(tier, floor_of(source.annotations))
    effect = effect_of(options, tier, site)
    check_hedge(options, effect, site, is_async=source.signature.is_async)
    check_batch(options, site)
    check_cache(options, tier, site)
    check_transform(options, tier, site)
    beside = {
        "contract": derive(
            source.input_schema,
            source.markers,
            labels,
            intent_of(options.get("intent", ())),
            flows_of(options, name, site),
        ),
        "key": named("key", options.get("key", ()), source),
        "order_by": objects_of(options, source),
        "personal": named("personal", options.get("personal", ()), source),
        "cache_tags": _cache_tags("cache_tags", options, source),
        "invalidates": _cache_tags("invalidates", options, source),
        "examples": examples_of(options, site),
        "cost_usd": cost.at_most,
        "source": source.server,
        "permissions": permissions_of(source.arguments, options, tier, site),
        "annotations": source.annotations,
        "compensation": None if compensation is None else compensation.rule,
    }
    return {
        "name": name,
        "description": options.get("description", source.description),
        "input_schema": source.input_schema,
        "output_schema": source.output_schema,
        "tier": tier,
        "effect": effect,
        **{name: said for name, said in beside.items() if said and said is not CLOSED},
        **{name: _WORDS[name](said, site) for name, said in options.items() if name in _WORDS},
    }


def _batch(options: ToolOptions, site: Site) -> BatchBody | None:
    if "batch" not in options:
        return None
    batch = batch_of(options["batch"], site)
    hints = hints_of(batch.many, site)
    return batch_body(batch, hints, options.get("resources", {}), site)


def _compensation(options: ToolOptions, site: Site) -> Compensation | None:
    if "compensation" not in options:
        return None
    return compensation_of(options["compensation"], tier_of(options, site), site)


def _cache_tags(
    option: Literal["cache_tags", "invalidates"], options: ToolOptions, source: Source
) -> tuple[str, ...]:
    patterns = tuple(sorted(options.get(option, ())))
    check_tags(option, patterns, source.input_schema, source.site)
    return patterns


def _hook(function: Callable[..., Any], what: str, site: Site) -> Hook[Any, Any]:
    try:
        return Hook.of(function)
    except (TypeError, ValueError) as error:
        raise site.error(f"{what} cannot be called: {error}") from error


def _health(function: Callable[..., Any], site: Site) -> HealthHook:
    try:
        return HealthHook.of(function)
    except (TypeError, ValueError) as error:
        raise site.error(f"the health check cannot be called: {error}") from error


def _as_given(said: Any, _: Site) -> Any:  # noqa: ANN401 - an option as it was judged
    return said


_WORDS: Final[Mapping[str, Callable[[Any, Site], Any]]] = {
    **dict.fromkeys(TAKEN_OVER, _as_given),
    "secrets": lambda names, _: tuple(sorted(set(names))),
    "tags": lambda tags, _: frozenset(tags),
    "errors": lambda errors, _: dict(errors),
    "fallback": lambda fallback, site: words_of(chain_of(fallback, site)),
    "isolation": lambda isolation, _: Isolation(isolation),
    "concurrency": lambda concurrency, _: Concurrency(concurrency),
    "batch": lambda batch, site: batch_of(batch, site).rule,
}
"""Options that stand in the definition, and how."""

_CODE: Final[Mapping[str, Callable[[Any, Site], Any]]] = {
    **dict.fromkeys(("transient", "not_applied", "error_when", "migrate"), _as_given),
    "checks": lambda checks, _: tuple(checks),
    "data_checks": lambda checks, site: tuple(_hook(each, "a data check", site) for each in checks),
    "resources": lambda resources, _: dict(resources),
    "probe": lambda probe, site: _hook(probe, "the probe", site),
    "health": _health,
    "preview": lambda preview, site: _hook(preview, "the preview", site),
}
"""Options that are code, and how the declaration holds them."""

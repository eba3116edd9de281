"""A tool made ready for the road: all that can be known before a call is worked out here, once."""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Generic, TypeAlias, TypeVar

import orjson
from jsonschema_rs import Draft202012Validator, ValidationError

from highroad.domain.contract_rule import NO_RULES, ContractRule
from highroad.domain.error import ToolError
from highroad.domain.flow import FlowRule
from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.domain.tool import BatchRule, Contract, ToolDefinition
from highroad.domain.value import value
from highroad.tools.arguments.coerce import Places
from highroad.tools.arguments.explain import explain
from highroad.tools.body.batch_item import BatchItem
from highroad.tools.body.binding import Binder, is_plain_json, is_told_by_schema
from highroad.tools.body.checks import Check, DataCheckHook
from highroad.tools.body.context import ToolContext
from highroad.tools.body.cost import Cost
from highroad.tools.body.failure import ErrorWhen, error_in
from highroad.tools.body.hooks import HealthHook, Hook
from highroad.tools.body.result import ResultCodec, anything
from highroad.tools.declaring.cache_tags import Tag, tags_of
from highroad.tools.declaring.compensation import Compensation
from highroad.tools.declaring.contract import Owned, OwnerHook
from highroad.tools.declaring.declaration import Declaration, PreviewHook, ProbeHook
from highroad.tools.declaring.declare import body_of, found_declaration
from highroad.tools.declaring.fallback import Answer, StaleResult, StandIn
from highroad.tools.declaring.isolation import check_isolation
from highroad.tools.declaring.operated import declaration_under
from highroad.tools.declaring.options import Migrate
from highroad.tools.declaring.resources import ResourceManager, takes_principal
from highroad.tools.declaring.site import Site
from highroad.tools.derivation.in_force import contract_in_force
from highroad.tools.derivation.reason import Basis, Reason
from highroad.tools.schemas.navigation import member_names
from highroad.tools.schemas.sure import surely_compiles
from highroad.tools.schemas.types import wants_integers
from highroad.tools.words import words_of

T = TypeVar("T")

Around: TypeAlias = Callable[[ToolDefinition, Callable[..., Any]], Callable[..., Any]]
"""Makes a body of a tool's own, sync where that is sync."""

_ANY_RESULT: Final = ResultCodec(anything())


@dataclass(frozen=True, slots=True)
class OwnerLookup:
    """Asks whose the object is that an argument names."""

    argument: str
    lookup: OwnerHook
    default: JsonValue = None
    """What the argument is when it is not given."""

    def named(self, arguments: Mapping[str, JsonValue]) -> JsonValue:
        """The object that these arguments name; `None` is none, and need not be looked up."""
        return arguments.get(self.argument, self.default)


@dataclass(frozen=True, slots=True)
class ResourceNeed:
    """A resource that a body takes; opened once for each factory, or for each principal."""

    parameter: str
    kind: type
    factory: Callable[..., ResourceManager]
    takes_principal: bool


@value(eq=False)
class BatchRun:
    """The body of a tool's batches, with what it is run with."""

    function: Callable[..., Any]
    is_async: bool
    rule: BatchRule
    resources: tuple[ResourceNeed, ...]
    defaults: Mapping[str, object]
    """Of arguments that need not be given."""


@value(eq=False, slots=False)
class RegisteredTool(Generic[T]):
    """A definition, its function, and everything compiled that a call needs of them."""

    definition: ToolDefinition
    declaration: Declaration
    function: Callable[..., T | Awaitable[T]]
    is_async: bool
    binder: Binder | None
    """`None` where the JSON arguments are the Python arguments."""
    result: ResultCodec[T]
    cost: Cost
    site: Site
    checks: tuple[Check, ...]
    data_checks: tuple[DataCheckHook, ...]
    owner_lookups: tuple[OwnerLookup, ...]
    resources: tuple[ResourceNeed, ...]
    probe: ProbeHook | None
    health: HealthHook | None
    preview: PreviewHook | None
    transient: tuple[type[Exception], ...]
    not_applied: tuple[type[Exception], ...]
    context_parameter: str | None
    deps: Any
    """`Shop`, of a body that takes `ToolContext[Shop]`."""
    is_apart: bool
    """The body runs in a worker process."""
    is_whole: bool
    """The body takes all arguments as one value."""
    error_when: ErrorWhen | None
    migrate: Migrate | None
    """Turns arguments that were written for an older version into those of this one."""
    batch: BatchRun | None = None
    """What serves several calls at once; `None` where each runs by itself."""
    fallbacks: tuple[StandIn, ...] = ()
    """What stands in for it, in order."""
    compensation: Compensation | None = None
    """What takes back what it did."""

    @property
    def has_readers(self) -> bool:
        """Whether somebody declared of a part of its result that not everybody may read it."""
        return bool(self.definition.contract.labels.restricted)

    @cached_property
    def flows_in(self) -> tuple[FlowRule, ...]:
        """What its contract says of what may flow into it."""
        return tuple([each for each in self.declaration.flows if each.is_into(self.name)])

    @cached_property
    def flows_out(self) -> tuple[FlowRule, ...]:
        """What its contract says of where its results may flow."""
        return tuple([each for each in self.declaration.flows if not each.is_into(self.name)])

    @cached_property
    def stale_s(self) -> float:
        """How long a fallback may want its results; 0 is never."""
        return max(
            (each.max_age_s for each in self.fallbacks if isinstance(each, StaleResult)),
            default=0.0,
        )

    @cached_property
    def secret_arguments(self) -> tuple[str, ...]:
        """Arguments that take a reference to a secret."""
        return self.definition.contract.secrets

    @cached_property
    def spoken_arguments(self) -> Mapping[str, str]:
        """Those of them that are secrets by their name alone, each with the word that says so.

        Nobody declared that they take nothing but a reference, so a user may say such a value.
        """
        if not self.secret_arguments:
            return {}
        by_name = {each.subject for each in self.reasons if each.basis is Basis.NAME}
        words = {name: words_of(name) for name in self.secret_arguments if name in by_name}
        return {name: each[-1] for name, each in words.items() if each}

    @cached_property
    def takes_secrets(self) -> bool:
        """Whether its body is given any secret."""
        return bool(self.definition.secrets or self.secret_arguments)

    @cached_property
    def cache_tags(self) -> tuple[Tag, ...]:
        """What its results tell of."""
        return tags_of(self.definition.cache_tags, self.definition.input_schema)

    @cached_property
    def invalidates(self) -> tuple[Tag, ...]:
        """Of which results are let go once a call of it may have taken effect."""
        return tags_of(self.definition.invalidates, self.definition.input_schema)

    @property
    def name(self) -> str:
        """As models and policies call it."""
        return self.definition.name

    @property
    def contract(self) -> Contract:
        """The contract in force: what is declared, and what is derived where nothing is."""
        return contract_in_force(self.definition)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why the contract is what it is."""
        return self.declaration.reasons

    @cached_property
    def validator(self) -> Draft202012Validator:
        """Of the arguments; compiled at the first call, unless it could fail."""
        return _validator(self.definition.input_schema, self.site, "its schema")

    @cached_property
    def takes_whole(self) -> bool:
        """No argument wants an integer, so that `5.0` is as good as any number."""
        return not wants_integers(self.definition.input_schema)

    @cached_property
    def places(self) -> Places:
        """What coercion has learnt of the schema."""
        return {}

    @cached_property
    def names(self) -> frozenset[str]:
        """Keys that the schema says: these alone may stand in a pointer."""
        return member_names(dict(self.definition.input_schema))

    def bind(self, arguments: JsonObject) -> Any:  # noqa: ANN401 - whatever the body takes
        """What the body takes, from arguments that `check_arguments` passed: keywords, or a value.

        It is the body's own: what it changes there, nobody else sees.
        """
        if self.binder is not None:
            return self.binder.bind(arguments)
        return orjson.loads(orjson.dumps(arguments)) if self.is_whole else dict(arguments)

    def error_in(self, result: object) -> ToolError | None:
        """The error that a returned value means, which ends the call as if it had been raised."""
        if self.error_when is None:
            return None
        return error_in(result, self.error_when, self.definition.errors)

    def read(self, data: bytes) -> T:
        """A result from its stored JSON."""
        return self.result.read(data)

    def with_body(self, body: Callable[..., Any]) -> "RegisteredTool[Any]":
        """The same tool with another body, such as a fake, that takes the same parameters.

        It serves one call at a time.
        """
        return replace(
            self,
            function=body,
            is_async=inspect.iscoroutinefunction(body),
            is_apart=False,
            batch=None,
        )

    def wrapped(self, around: Around) -> "RegisteredTool[Any]":
        """The same tool with something around its body, and around that of its batches."""
        wrapped = self.with_body(around(self.definition, self.function))
        if self.batch is None:
            return wrapped
        around_all = around(self.definition, self.batch.function)
        return replace(wrapped, batch=replace(self.batch, function=around_all))

    def item(self, arguments: JsonObject, context: ToolContext[Any]) -> BatchItem:
        """A call as the body of a batch sees it."""
        bound = self.bind(arguments)
        if self.batch is not None and not self.is_whole:
            bound = {**self.batch.defaults, **bound}
        return BatchItem(arguments=bound, context=context)

    def start(
        self,
        arguments: JsonObject,
        *,
        context: ToolContext[Any] | None,
        resources: Mapping[str, object] | None = None,
    ) -> T | Awaitable[T]:
        """Call the body: await what comes back where `is_async`.

        Args:
            arguments: As `check_arguments` passed them.
            context: Handed to the body that takes one.
            resources: The open resources, by the name of their parameter.
        """
        bound = self.bind(arguments)
        if self.is_whole:
            takes_context = self.context_parameter is not None
            return self.function(bound, context) if takes_context else self.function(bound)
        if self.context_parameter is not None:
            bound[self.context_parameter] = context
        if resources:
            bound.update(resources)
        return self.function(**bound)


def compile_tool(
    tool: Callable[..., Any], rules: Mapping[str, ContractRule] = NO_RULES
) -> RegisteredTool[Any]:
    """Make a tool ready: as it was declared, or with the closed defaults for a plain function.

    Args:
        tool: A declared one, or a plain function.
        rules: What the settings say of contracts, by name of the tool.

    Raises:
        DeclarationError: It cannot be a tool, its schema cannot be compiled, or an example of it
            would be refused.
        SettingsError: What the settings say of it makes no sense.
    """
    declared = declaration_under(tool, rules)
    definition, signature = declared.definition, declared.signature
    ready: RegisteredTool[Any] = RegisteredTool(
        definition=definition,
        declaration=declared,
        function=body_of(tool),
        is_async=signature.is_async,
        binder=_binder(declared),
        result=_codec(declared),
        cost=declared.cost,
        site=declared.site,
        checks=declared.checks,
        data_checks=declared.data_checks,
        owner_lookups=tuple(_owner_lookups(declared)) if declared.markers else (),
        resources=_needs(signature.resources, declared),
        probe=declared.probe,
        health=declared.health,
        preview=declared.preview,
        transient=declared.transient,
        not_applied=declared.not_applied,
        context_parameter=signature.context,
        deps=signature.deps,
        is_apart=definition.isolation is not None,
        is_whole=signature.is_whole,
        error_when=declared.error_when,
        migrate=declared.migrate,
        batch=_batch(declared),
        fallbacks=declared.fallbacks,
        compensation=declared.compensation,
    )
    if definition.isolation is not None:
        check_isolation(
            signature,
            ready.function,
            declared.site,
            isolation=definition.isolation,
            is_declared=found_declaration(ready.function) is not None,
            has_secrets=bool(definition.secrets),
        )
    if not surely_compiles(definition.input_schema):
        ready.validator  # noqa: B018 - compiled now, so that what fails is told here
    for at, example in enumerate(definition.examples):
        _check_example(ready, at, example)
    for fallback in ready.fallbacks:
        if isinstance(fallback, Answer):
            _check_answer(ready, fallback)
    return ready


def _batch(declared: Declaration) -> BatchRun | None:
    body, rule = declared.batch, declared.definition.batch
    if body is None or rule is None:
        return None
    resources = _needs(body.resources, declared)
    for need in resources if rule.mixes_principals else ():
        if need.takes_principal:
            raise declared.site.error(
                f"a batch that mixes principals takes {need.kind.__name__}, which is opened for "
                "each of them; leave mixes_principals out, or open it for all"
            )
    return BatchRun(
        function=body.function,
        is_async=body.is_async,
        rule=rule,
        resources=resources,
        defaults={
            each.name: each.default for each in declared.signature.arguments if not each.is_required
        },
    )


def _needs(
    parameters: Iterable[tuple[str, type]], declared: Declaration
) -> tuple[ResourceNeed, ...]:
    factories = [(name, kind, declared.resources[kind]) for name, kind in parameters]
    return tuple(
        [ResourceNeed(name, kind, each, takes_principal(each)) for name, kind, each in factories]
    )


def _binder(declared: Declaration) -> Binder | None:
    adapter = declared.arguments
    if adapter is None or is_plain_json(adapter.core_schema):
        return None
    schema = declared.definition.input_schema
    return Binder(
        adapter, schema, member_names(dict(schema)), is_told_by_schema(adapter.core_schema)
    )


def _codec(declared: Declaration) -> ResultCodec[Any]:
    promised = declared.definition.output_schema
    if declared.result is not None:
        return ResultCodec(declared.result)
    if promised is None:
        return _ANY_RESULT
    return ResultCodec(anything(), _validator(promised, declared.site, "the schema of its result"))


def _validator(schema: JsonSchema, site: Site, what: str) -> Draft202012Validator:
    try:
        # `offline`: by default the library would fetch a remote `$ref` from wherever it points.
        return Draft202012Validator(dict(schema), validate_formats=True, offline=True)
    except ValidationError as error:
        raise site.error(
            f"{what} is no JSON Schema 2020-12 that stands alone ({error.message}); "
            f"references must point into it: `#/$defs/…`"
        ) from None
    except ValueError as error:
        raise site.error(f"{what} cannot be compiled ({error})") from None


def _check_example(ready: RegisteredTool[Any], at: int, example: JsonObject) -> None:
    """An example that the tool itself would refuse teaches a model to be refused."""
    schema = ready.definition.input_schema
    error = next(iter(ready.validator.iter_errors(example)), None)
    problems = () if error is None else tuple(explain(error, schema, ready.names))
    if not problems and ready.binder is not None:
        invalid = ready.binder.check(example)
        problems = () if invalid is None else invalid.problems
    for problem in problems:
        raise ready.site.error(
            f"example {at} does not fit the schema: {problem.pointer or 'the whole'} "
            f"({problem.code}), expected {problem.expected}"
        )


def _check_answer(ready: RegisteredTool[Any], answer: Answer) -> None:
    """What stands in for a result must be one."""
    problems = ready.result.encode(answer.value).problems
    if problems:
        raise ready.site.error(
            "the value of its Answer is not what the tool promises to return: "
            f"{problems[0].pointer or 'the whole'}, expected {problems[0].expected}"
        )


def _owner_lookups(declared: Declaration) -> Iterator[OwnerLookup]:
    schema = declared.definition.input_schema
    for name, markers in declared.markers.items():
        for marker in markers:
            if isinstance(marker, Owned):
                try:
                    hook: OwnerHook = Hook.of(marker.lookup)
                except (TypeError, ValueError) as error:
                    raise declared.site.error(
                        f"the lookup of {name!r} cannot be called: {error}"
                    ) from error
                yield OwnerLookup(name, hook, _default(name, schema, declared))


def _default(name: str, schema: JsonSchema, declared: Declaration) -> JsonValue:
    """What an argument is that is not given; an object that nobody could look up is refused."""
    members, required = schema.get("properties"), schema.get("required")
    part = members.get(name) if isinstance(members, dict) else None
    is_required = isinstance(required, list) and name in required
    if not isinstance(part, dict) or is_required or "default" in part:
        return part.get("default") if isinstance(part, dict) else None
    if declared.arguments is not None:
        raise declared.site.error(
            f"the default of {name!r} has no JSON form, so nobody can be asked whose it is; make "
            f"it text, or None"
        )
    return None  # to a body that takes JSON, what is not given is not there

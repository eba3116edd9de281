"""What `@tool(...)` may be told, and what of it makes no sense together."""

import math
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final, Literal, TypeAlias, TypedDict, TypeVar

from highroad.domain.flow import FlowRule
from highroad.domain.json_value import JsonObject
from highroad.domain.label import Label
from highroad.domain.policy import Line
from highroad.domain.secret import is_name
from highroad.domain.tool import Concurrency, Effect, Isolation, Tier
from highroad.tools.arguments.invalid import Invalid
from highroad.tools.arguments.parse import parse
from highroad.tools.body.checks import Check, DataCheck
from highroad.tools.body.context import ToolContext
from highroad.tools.body.cost import FREE, Cost
from highroad.tools.body.failure import ErrorWhen
from highroad.tools.body.hooks import Written
from highroad.tools.declaring.batch import Batch, Many
from highroad.tools.declaring.compensation import Compensation
from highroad.tools.declaring.fallback import StaleResult, StandIn, chain_of
from highroad.tools.declaring.resources import ResourceFactory
from highroad.tools.declaring.site import Site
from highroad.tools.words import words_of

Choice = TypeVar("Choice", bound=StrEnum)

Probe: TypeAlias = Written[str, bool | None]
HealthCheck: TypeAlias = (
    Callable[[], object | Awaitable[object]]
    | Callable[[ToolContext[Any]], object | Awaitable[object]]
)
Preview: TypeAlias = Written[Mapping[str, Any], Any]
Migrate: TypeAlias = Callable[[Mapping[str, Any]], Mapping[str, object] | None]
"""Given arguments for an older version, those for this one; `None` if they are for none."""


class ToolOptions(TypedDict, total=False):
    """What `@tool(...)` may be told; what is left out has the closed default."""

    name: str
    """As models and policies call it; the function's name."""
    description: str
    """What it does, when to use it and when not; the docstring."""
    tier: Tier | Literal["read", "reversible", "irreversible", "privileged"]
    """What stands at stake; irreversible."""
    effect: Effect | Literal["repeatable", "idempotent", "checkable", "unprotected"]
    """What may be done when the outcome is not known; repeatable for reads, else unprotected."""
    key: Iterable[str]
    """Arguments that make two calls the same; all of them."""
    permissions: Iterable[str]
    """All of them are needed, besides the standard ones that types of its arguments require."""
    waives: Iterable[str]
    """Standard permissions that a type of its arguments requires, and that it does not need."""
    timeout_s: float
    """Of one attempt."""
    attempts: int
    """Tries for errors that may pass, the first included; what is left out goes by their kind."""
    hedge_s: float
    """Of a repeatable tool: after so many seconds without an answer, a second attempt beside the
    first; the first result counts, and the other attempt is cancelled."""
    transient: tuple[type[Exception], ...]
    """Errors after which the same attempt may succeed."""
    not_applied: tuple[type[Exception], ...]
    """Errors that the body raises only before any effect: a proof that nothing was applied. What
    is named here, be it nothing, takes the place of what is known of other errors."""
    cost: float | Cost
    """US dollars of one call: a fixed price, or a ceiling with an estimate and an account."""
    cache_s: float
    """How long a result may be served again."""
    cache_stale_s: float
    """How long after that it is served still, marked stale, while a fresh one is fetched."""
    cache_public: bool
    """Whether its results may answer every principal of the organization that may call it. Say so
    only where they depend on the arguments alone."""
    cache_tags: Iterable[str]
    """What its results tell of, such as `order:{order_id}`, with arguments in braces."""
    invalidates: Iterable[str]
    """Tags of results of other tools that are let go once a call may have taken effect."""
    checks: Iterable[Check]
    """Pure checks of the arguments, after the schema."""
    data_checks: Iterable[DataCheck]
    """Checks that read data, last in `authorize`."""
    resources: Mapping[type, ResourceFactory]
    """Opened once, or, where the factory takes a value, once for each principal; each goes to the
    parameter that is annotated with its type."""
    ask: str
    """CEL over `args`, `principal` and `labels`; true asks a person, false does not, and the words
    `confirm`, `human`, `quorum` and `quorum:3` say who."""
    probe: Probe
    """Of a checkable tool: did this key happen? Yes, no, or `None` for "cannot say"."""
    health: HealthCheck
    """Asks what the tool depends on whether it is well: `False`, or whatever is raised, is no. It
    takes nothing, or the context, and is run again and again while the program runs."""
    preview: Preview
    """What a dry run shows."""
    honoured_s: float
    """How long the other side of an idempotent tool remembers a key."""
    settle_after_s: float
    """How long to wait before the probe may be believed."""
    max_per_run: int
    """Most calls of one run."""
    per_minute: int
    """Most calls a minute by one principal."""
    strict: bool
    """No coercion at all."""
    version: str
    """Chosen by the author."""
    tags: Iterable[str]
    """For people and policies to group by."""
    examples: Iterable[Mapping[str, object]]
    """Arguments of calls worth imitating, in JSON; each fits the schema."""
    dependency: str
    """What it cannot work without, such as `payments`; tools that name the same share its breaker,
    bulkhead and retry budget."""
    concurrency: Concurrency | Literal["free", "serial", "barrier"]
    """Of the calls that are made together, what may run beside it: `free`, anything; `serial`, what
    is free; `barrier`, nothing. Reads are free, and what has effects is serial."""
    order_by: Iterable[str]
    """Arguments that name an object: calls that name the same one come one after the other, in the
    order in which they were written, and others may run beside them."""
    batch: Many | Batch
    """Runs calls that come within a few milliseconds together: takes a list of `BatchItem`, and
    returns a result, or an exception, for each of them in order."""
    personal: Iterable[str]
    """Arguments that are there to take what is personal, such as a name or an address: in them,
    pseudonyms are turned back into values."""
    secrets: Iterable[str]
    """Names of secrets that the body is given while it runs, by `context.secret`."""
    transform: bool
    """Whether its result follows from its arguments alone, as a sum or a date does, so that it is
    evidence for later calls if every argument had a source."""
    isolation: Isolation | Literal["process", "sandbox"]
    """Where the body runs apart: in a `process`, so that it can be stopped whatever it does, or in
    a `sandbox`, so that it reaches nothing."""
    fallback: StandIn | Sequence[StandIn]
    """What stands in for it, in order, while its dependency cannot be reached: `Fallback`,
    `StaleResult` or `Answer`."""
    compensation: Compensation | Callable[..., Any] | str
    """What takes back what it did: a tool, its name, or a `Compensation`."""
    flag: str
    """Feature flag that must be on for whoever calls it."""
    deprecated: str
    """What to use instead."""
    migrate: Migrate
    """Turns arguments that were written for an older version into those of this one."""
    errors: Mapping[str, str]
    """Codes of its errors, each with when it comes and what to do."""
    error_when: ErrorWhen
    """What of that which the body returns means failure, as if it had raised."""
    intent: Sequence[str]
    """What somebody asks for who wants it, such as `["pay", "send money"]`: phrases, each a verb
    and a thing. Without it they come from its name and its first sentence."""
    flows: Sequence[str]
    """Rules about what may flow into it and out of it, such as `["read_web -> pay.note: deny"]`;
    each names the tool as source or sink, and the first that is about a value decides."""
    labels: Mapping[str, Label]
    """Origin and readers of parts of the result, by JSON pointer; `*` is every index and key."""


TAKEN_OVER: Final = (
    "ask",
    "timeout_s",
    "attempts",
    "hedge_s",
    "cache_s",
    "cache_stale_s",
    "cache_public",
    "honoured_s",
    "settle_after_s",
    "max_per_run",
    "per_minute",
    "strict",
    "version",
    "flag",
    "dependency",
    "deprecated",
    "transform",
)
"""Options that stand in the definition as they were given."""

_CONTRACT: Final = 'contracts={"search": {"tier": "read"}}'
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_LEAST: Final = {
    "attempts": 1,
    "cache_s": 0,
    "settle_after_s": 0,
    "max_per_run": 0,
    "per_minute": 0,
}
_POSITIVE: Final = ("timeout_s", "honoured_s", "hedge_s", "cache_stale_s")
_WHOLE: Final = ("attempts", "max_per_run", "per_minute")
_TEXTS: Final = ("name", "description", "ask", "version", "flag", "dependency", "deprecated")
_FULL: Final = ("version", "flag", "dependency", "deprecated")
"""Texts that would say nothing if they were empty."""
_FUNCTIONS: Final = ("error_when", "migrate")
_VERSION: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_CODE: Final = re.compile(r"[a-z0-9_]{1,64}")
_POINTER: Final = re.compile(r"(?:/(?:[^~/]|~[01])*)*")
_SETS: Final = (
    "key",
    "order_by",
    "permissions",
    "waives",
    "tags",
    "cache_tags",
    "invalidates",
    "personal",
    "secrets",
)


def check_options(options: Mapping[str, object], site: Site) -> None:
    """See that each option is known and of its kind.

    Raises:
        DeclarationError: The first that is not, and what it should be.
    """
    known = ToolOptions.__annotations__
    for option, value in options.items():
        if option not in known:
            raise site.error(f"there is no option {option!r}; there are {', '.join(known)}")
        if option in _TEXTS and not isinstance(value, str):
            raise site.error(f"{option} is text, not {type(value).__name__}")
        if option in _SETS and (isinstance(value, str) or not _are_texts(value)):
            raise site.error(f'{option} is several texts, for example {option}={{"…"}}')
        if option in _LEAST or option in _POSITIVE:
            _check_number(option, value, site)
        if option in _FULL and not value:
            raise site.error(f"{option} is empty; leave it out")
        if option in _FUNCTIONS and not callable(value):
            raise site.error(f"{option} is a function, not {type(value).__name__}")
    for option, check in _CHECKS.items():
        if option in options:
            check(options[option], site)


def contracts_of(given: Mapping[str, ToolOptions] | None) -> Mapping[str, ToolOptions]:
    """Contracts that stand beside tools of a framework.

    Args:
        given: Options by name of the tool; `None` is none.

    Raises:
        DeclarationError: One is no mapping of options, or an option is not of its kind.
    """
    caller = Site.of_caller(contracts_of)
    if given is not None and not isinstance(given, Mapping):
        raise caller.error(f"contracts are options by name of the tool, for example {_CONTRACT}")
    for name, options in (given or {}).items():
        site = replace(caller, function=str(name))
        if not isinstance(options, Mapping):
            raise site.error(f"its contract is options, for example {_CONTRACT}")
        check_options(options, site)
    return given or {}


def name_of(options: ToolOptions, site: Site) -> str:
    """The tool's name.

    Raises:
        DeclarationError: Providers and policies could not spell it.
    """
    name = options.get("name", site.function)
    check_name(name, site)
    return name


def check_name(name: str, site: Site) -> None:
    """See that a name can be spelled everywhere.

    Raises:
        DeclarationError: Providers and policies could not spell it.
    """
    if not _NAME.fullmatch(name):
        raise site.error(
            f"{name!r} is no name for a tool: 1 to 64 letters, digits, `_`, `-` or `.`; "
            f"give one with name="
        )


def tier_of(options: ToolOptions, site: Site) -> Tier:
    """What stands at stake.

    Raises:
        DeclarationError: There is no such tier.
    """
    return _choice(Tier, options.get("tier", Tier.IRREVERSIBLE), site)


def effect_of(options: ToolOptions, tier: Tier, site: Site) -> Effect:
    """What may be done when the outcome is not known.

    Raises:
        DeclarationError: There is no such class, or tier or probe contradict it.
    """
    default = Effect.REPEATABLE if tier is Tier.READ else Effect.UNPROTECTED
    effect = _choice(Effect, options.get("effect", default), site)
    if tier is Tier.READ and effect is not Effect.REPEATABLE:
        raise site.error(
            f"a read changes nothing, so its effect is repeatable and cannot be {effect}; leave "
            f'effect out, or raise the tier, for example tier="reversible"'
        )
    if effect is Effect.CHECKABLE and "probe" not in options:
        raise site.error(
            "a checkable tool needs probe=, a function that says of a key whether it happened "
            "(True, False, or None for not known)"
        )
    if effect is not Effect.CHECKABLE and "probe" in options:
        raise site.error(
            f'probe= is asked of checkable tools only, this is {effect}; effect="checkable"?'
        )
    return effect


def check_cache(options: ToolOptions, tier: Tier, site: Site) -> None:
    """See that what is said of cached results makes sense together.

    Raises:
        DeclarationError: It does not.
    """
    is_read, is_cached = tier is Tier.READ, options.get("cache_s", 0) > 0
    if not is_read and is_cached:
        raise site.error(
            "cache_s serves a result without running the tool, which only a read permits; leave "
            "it out: the same key gets the stored result anyway"
        )
    for option in ("cache_stale_s", "cache_public", "cache_tags"):
        if options.get(option) and not is_cached:
            raise site.error(
                f"{option} says more of results that are kept, and none are: give cache_s, or "
                f"leave {option} out"
            )
    if is_cached and "ask" in options:
        raise site.error(
            "ask puts a call before a person, and cache_s would answer the next one without: "
            "leave one of them out"
        )
    if is_read and options.get("invalidates"):
        raise site.error(
            "a read changes nothing, so there is nothing that it invalidates; leave it out, or "
            'raise the tier, for example tier="reversible"'
        )


def check_transform(options: ToolOptions, tier: Tier, site: Site) -> None:
    """See that a transform changes nothing.

    Raises:
        DeclarationError: It has effects.
    """
    if options.get("transform") and tier is not Tier.READ:
        raise site.error(
            f"a transform works its result out of its arguments and changes nothing, but this "
            f'tool is {tier}; leave transform out, or say tier="read"'
        )


def fallbacks_of(options: ToolOptions, tier: Tier, site: Site) -> tuple[StandIn, ...]:
    """What stands in, in order.

    Raises:
        DeclarationError: One cannot, or not for this tool.
    """
    chain = chain_of(options.get("fallback", ()), site)
    if tier is not Tier.READ and any(isinstance(each, StaleResult) for each in chain):
        raise site.error(
            f"a stored result stands in for a read only, and this tool is {tier}: take the "
            "StaleResult out of its fallbacks"
        )
    return chain


def check_hedge(options: ToolOptions, effect: Effect, site: Site, *, is_async: bool) -> None:
    """See that a second attempt beside the first is harmless, and that one can be called off.

    Raises:
        DeclarationError: It is not, or cannot.
    """
    if "hedge_s" not in options:
        return
    if effect is not Effect.REPEATABLE:
        raise site.error(
            f"hedge_s makes two attempts at once, which only a repeatable tool permits; this one "
            f"is {effect}, so leave it out"
        )
    if not is_async:
        raise site.error(
            "hedge_s cancels the slower of two attempts, and a synchronous body cannot be "
            "cancelled; make it `async def`, or leave hedge_s out"
        )


def cost_of(options: ToolOptions, site: Site) -> Cost:
    """What a call may cost.

    Raises:
        DeclarationError: The price is negative or no number.
    """
    given = options.get("cost", FREE)
    if isinstance(given, Cost):
        return given
    try:
        return Cost(given)
    except (TypeError, ValueError) as error:
        raise site.error(
            f"cost is US dollars, zero or more, or a Cost(at_most=…): {error}"
        ) from error


def intent_of(phrases: Iterable[str]) -> tuple[str, ...]:
    """Phrases in the one form in which they are compared, and pinned."""
    return tuple(dict.fromkeys(" ".join(words_of(each)) for each in phrases))


def examples_of(options: ToolOptions, site: Site) -> tuple[JsonObject, ...]:
    """Examples in JSON; whether each fits the schema is seen when the schema is compiled.

    Raises:
        DeclarationError: One is no JSON object.
    """
    given = options.get("examples", ())
    if given == ():
        return ()
    if not isinstance(given, Collection) or isinstance(given, str | Mapping):
        raise site.error('examples are several objects of arguments, for example [{"id": 1}]')
    return tuple(_example(each, at, site) for at, each in enumerate(given))


def _example(given: object, at: int, site: Site) -> JsonObject:
    if isinstance(given, Mapping) and all(isinstance(name, str) for name in given):
        parsed = parse(given)
        if not isinstance(parsed, Invalid):
            return parsed
    raise site.error(f"example {at} is no JSON object of arguments")


def _check_version(version: object, site: Site) -> None:
    if not (isinstance(version, str) and _VERSION.fullmatch(version)):
        raise site.error(
            f"{version!r} is no version: 1 to 64 letters, digits, `_`, `-` or `.`, "
            f'for example version="2"'
        )


def _check_secrets(names: Iterable[str], site: Site) -> None:
    for name in names:
        if not is_name(name):
            raise site.error(
                f"{name!r} is no name of a secret: 1 to 64 letters, digits, `_`, `-` or `.`"
            )


def _check_errors(errors: object, site: Site) -> None:
    if not isinstance(errors, Mapping) or not all(
        isinstance(text, str) and text for text in errors.values()
    ):
        raise site.error(
            'errors say of each code when it comes and what to do, for example {"sold_out": '
            '"Nothing is left. Offer another article."}'
        )
    for code in errors:
        if not (isinstance(code, str) and _CODE.fullmatch(code)):
            raise site.error(f"{code!r} is no code: 1 to 64 of `a` to `z`, `0` to `9` and `_`")


def _check_intent(phrases: object, site: Site) -> None:
    if not (isinstance(phrases, list | tuple) and _are_texts(phrases)) or not all(
        map(words_of, phrases)
    ):
        raise site.error(
            'intent is what somebody asks for who wants it, for example ["pay", "send money"]'
        )


def flows_of(options: ToolOptions, name: str, site: Site) -> tuple[str, ...]:
    """The rules about what flows, as they are pinned.

    Raises:
        DeclarationError: One is none, or is about another tool.
    """
    given = options.get("flows", ())
    if not (isinstance(given, list | tuple) and _are_texts(given)):
        raise site.error(f'flows are rules, for example ["untrusted -> {name}: deny"]')
    try:
        return tuple([FlowRule.of_contract(name, Line(text)).line.text for text in given])
    except ValueError as error:
        raise site.error(f"flows: {error}") from None


def _check_labels(labels: object, site: Site) -> None:
    if not isinstance(labels, Mapping) or not all(
        isinstance(label, Label) for label in labels.values()
    ):
        raise site.error('labels are labels by JSON pointer, for example {"/email": Label(…)}')
    for pointer in labels:
        if not (isinstance(pointer, str) and _POINTER.fullmatch(pointer)):
            raise site.error(f'{pointer!r} is no JSON pointer; one begins with "/", or is empty')


def _are_texts(value: object) -> bool:
    return isinstance(value, AbstractSet | list | tuple) and all(
        isinstance(item, str) and item for item in value
    )


def _check_number(option: str, value: object, site: Site) -> None:
    kinds = (int,) if option in _WHOLE else (int, float)
    if isinstance(value, kinds) and not isinstance(value, bool) and math.isfinite(value):
        if option in _POSITIVE and value > 0:
            return
        if option in _LEAST and value >= _LEAST[option]:
            return
    wanted = "a whole number" if option in _WHOLE else "a number"
    least = "above 0" if option in _POSITIVE else f"of at least {_LEAST[option]}"
    raise site.error(f"{option} is {wanted} {least}")


def _choice(kind: type[Choice], value: str, site: Site) -> Choice:
    if isinstance(value, kind):
        return value
    try:
        return kind(value)
    except ValueError:
        names = ", ".join(repr(str(each)) for each in kind)
        raise site.error(
            f"there is no {kind.__name__.lower()} {value!r}; there are {names}"
        ) from None


def _one_of(kind: type[StrEnum]) -> Callable[[Any, Site], object]:
    """See that an option is one of the values of an enumeration."""
    return lambda given, site: _choice(kind, given, site)


def _number_or_cost(given: object, site: Site) -> None:
    if isinstance(given, bool):  # a number for Python, and no price
        raise site.error("cost is US dollars, zero or more, or a Cost(at_most=…), not bool")


def _exceptions_of(option: str) -> Callable[[object, Site], None]:
    """See that an option is what `isinstance` takes: a list would end each call that fails."""

    def check(given: object, site: Site) -> None:
        if not isinstance(given, tuple) or not all(
            isinstance(each, type) and issubclass(each, Exception) for each in given
        ):
            raise site.error(
                f"{option} is a tuple of classes of exceptions, for example "
                f"{option}=(ConnectionError, TimeoutError)"
            )

    return check


def _functions_of(option: str) -> Callable[[object, Site], None]:
    """See that an option is several functions, which can be read more than once."""

    def check(given: object, site: Site) -> None:
        if not isinstance(given, Collection) or not all(map(callable, given)):
            raise site.error(f"{option} is several functions, for example {option}=[is_open]")

    return check


def _check_resources(resources: object, site: Site) -> None:
    if not isinstance(resources, Mapping) or not all(
        isinstance(kind, type) and callable(factory) for kind, factory in resources.items()
    ):
        raise site.error(
            "resources are functions that open each, by its type, for example "
            "resources={Connection: connect}"
        )


def _truth_of(option: str) -> Callable[[object, Site], None]:
    """See that an option is a truth value."""

    def check(given: object, site: Site) -> None:
        if not isinstance(given, bool):
            raise site.error(f"{option} is True or False, not {type(given).__name__}")

    return check


_CHECKS: Final[Mapping[str, Callable[[Any, Site], object]]] = {
    "cache_public": _truth_of("cache_public"),
    "transform": _truth_of("transform"),
    "strict": _truth_of("strict"),
    "cost": _number_or_cost,
    "transient": _exceptions_of("transient"),
    "not_applied": _exceptions_of("not_applied"),
    "checks": _functions_of("checks"),
    "data_checks": _functions_of("data_checks"),
    "resources": _check_resources,
    "concurrency": _one_of(Concurrency),
    "isolation": _one_of(Isolation),
    "version": _check_version,
    "secrets": _check_secrets,
    "errors": _check_errors,
    "labels": _check_labels,
    "intent": _check_intent,
}
"""Options that are judged by more than their kind."""

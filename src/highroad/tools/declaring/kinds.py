"""Kinds of options: what each of them has to be, whatever the others say."""

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final, TypeGuard, TypeVar

from highroad.domain.label import Label
from highroad.domain.secret import is_name
from highroad.domain.tool import Concurrency, Isolation
from highroad.tools.declaring.options import ToolOptions
from highroad.tools.declaring.site import Site
from highroad.tools.words import words_of

Choice = TypeVar("Choice", bound=StrEnum)
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
        if option in _SETS and (isinstance(value, str) or not are_texts(value)):
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


def are_several(given: object) -> TypeGuard[Collection[object]]:
    """Whether it is a collection that can be read more than once; text and bytes are one thing."""
    return isinstance(given, Collection) and not isinstance(given, str | bytes | Mapping)


def choice(kind: type[Choice], value: str, site: Site) -> Choice:
    """The value of an enumeration that a word names.

    Raises:
        DeclarationError: It names none.
    """
    if isinstance(value, kind):
        return value
    try:
        return kind(value)
    except ValueError:
        names = ", ".join(repr(str(each)) for each in kind)
        raise site.error(
            f"there is no {kind.__name__.lower()} {value!r}; there are {names}"
        ) from None


def are_texts(value: object) -> bool:
    """Whether it is several texts that say something."""
    return isinstance(value, AbstractSet | list | tuple) and all(
        isinstance(item, str) and item for item in value
    )


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
    if not (isinstance(phrases, list | tuple) and are_texts(phrases)) or not all(
        map(words_of, phrases)
    ):
        raise site.error(
            'intent is what somebody asks for who wants it, for example ["pay", "send money"]'
        )


def _check_labels(labels: object, site: Site) -> None:
    if not isinstance(labels, Mapping) or not all(
        isinstance(label, Label) for label in labels.values()
    ):
        raise site.error('labels are labels by JSON pointer, for example {"/email": Label(…)}')
    for pointer in labels:
        if not (isinstance(pointer, str) and _POINTER.fullmatch(pointer)):
            raise site.error(f'{pointer!r} is no JSON pointer; one begins with "/", or is empty')


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


def _one_of(kind: type[StrEnum]) -> Callable[[Any, Site], object]:
    """See that an option is one of the values of an enumeration."""
    return lambda given, site: choice(kind, given, site)


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
        if not are_several(given) or not all(map(callable, given)):
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

"""What may stand in for a tool whose dependency cannot be reached: `@tool(fallback=…)`."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from highroad.domain.json_value import JsonObject
from highroad.tools.declaring.site import Site

Rewrite: TypeAlias = Callable[[JsonObject], Mapping[str, object]]
"""Given the arguments of the call that failed, those for the tool that stands in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """Another tool, which is called in its place.

    Args:
        to: The tool, or its name.
        arguments: Makes its arguments of those of the call that failed; the same without it. It
            looks at nothing else.
    """

    to: Callable[..., Any] | str
    arguments: Rewrite | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleResult:
    """The last result of the same read for the same principal, marked stale.

    Args:
        max_age_s: How old it may be, in seconds.
    """

    max_age_s: float


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is always the same.

    Args:
        value: As the body would return it.
    """

    value: object


StandIn: TypeAlias = Fallback | StaleResult | Answer

_KINDS: Final = (Fallback, StaleResult, Answer)


def chain_of(given: object, site: Site) -> tuple[StandIn, ...]:
    """What stands in, in order; one may be given alone.

    Raises:
        DeclarationError: One is nothing that can.
    """
    chain = given if isinstance(given, list | tuple) else (given,)
    for each in chain:
        if not isinstance(each, _KINDS):
            raise site.error(
                "fallback is a Fallback(to=…), a StaleResult(max_age_s=…) or an Answer(value=…), "
                f"or several of them in order, not {type(each).__name__}"
            )
        _check(each, site)
    return tuple(chain)


def _check(stand_in: StandIn, site: Site) -> None:
    match stand_in:
        case Fallback(to=to, arguments=arguments):
            if not (callable(to) or _is_name(to)):
                raise site.error("to= of a Fallback is a tool, or the name of one")
            if not (arguments is None or callable(arguments)):
                raise site.error("arguments= of a Fallback is a function of the arguments")
        case StaleResult(max_age_s=age_s):
            if not _is_age(age_s):
                raise site.error("max_age_s of a StaleResult is a number above 0")
        case Answer():
            pass


def _is_name(given: object) -> bool:
    return isinstance(given, str) and given != ""


def _is_age(given: object) -> bool:
    if not isinstance(given, int | float) or isinstance(given, bool):
        return False
    return math.isfinite(given) and given > 0


def words_of(chain: tuple[StandIn, ...]) -> tuple[str, ...]:
    """The chain as the definition tells it: what is changed here is another definition (P8)."""
    return tuple([_word(each) for each in chain])


def _word(stand_in: StandIn) -> str:
    match stand_in:
        case Fallback(to=to):
            return f"tool {to if isinstance(to, str) else getattr(to, '__name__', 'a tool')}"
        case StaleResult(max_age_s=age_s):
            return f"result of at most {age_s:g} s"
        case Answer():
            return "answer"

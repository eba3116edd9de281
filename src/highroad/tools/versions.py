"""Versions of one tool side by side, and which of them a principal gets."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from highroad.domain.error import Code
from highroad.domain.tool import ToolDefinition
from highroad.domain.value import value

_TOKEN: Final = re.compile(r"\d+|[^\d._-]+")


@value(kw_only=False)
class Chosen:
    """The version that answers."""

    definition: ToolDefinition
    reason: str
    """In words, for the record."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """No version answers."""

    code: Code
    """`definition_changed` where only acceptance is missing, else `unknown_tool`."""
    reason: str
    definition: ToolDefinition | None = None
    """The newest of those that it speaks of, if there are any."""


Choice: TypeAlias = Chosen | Unavailable


def choose(
    versions: Iterable[ToolDefinition],
    *,
    is_accepted: Callable[[ToolDefinition], bool],
    is_on: Callable[[str], bool],
    wanted: str | None = None,
) -> Choice:
    """The version of a tool that a principal gets.

    Of those whose flag is on and whose definition is accepted it is the newest that is not
    deprecated, or else the newest. A newer version that nobody accepted does not take away the
    older one. A call that was held under a version, or names one, gets that very version,
    deprecated or not, or none.

    Args:
        versions: Of one name.
        is_accepted: Whether a definition is the accepted one.
        is_on: Whether a flag is on for the principal.
        wanted: The one version that may answer.
    """
    known = in_order(versions)
    asked = [each for each in known if wanted is None or each.version == wanted]
    shown = [each for each in asked if each.flag is None or is_on(each.flag)]
    fit = [each for each in shown if is_accepted(each)]
    if not fit:
        return _unavailable(asked, shown, wanted)
    chosen = [each for each in fit if each.deprecated is None] or fit
    return Chosen(chosen[-1], _reason(chosen[-1], asked, shown, fit, wanted))


def in_order(versions: Iterable[ToolDefinition]) -> tuple[ToolDefinition, ...]:
    """Oldest first: numbers count as numbers, so that 10 comes after 9 and 1.10 after 1.9."""
    return tuple(sorted(versions, key=lambda each: age(each.version)))


def age(version: str) -> tuple[tuple[bool, int, str], ...]:
    """What versions are ordered by; a number is newer than a word at the same place."""
    return tuple(
        (token.isdecimal(), int(token) if token.isdecimal() else 0, token)
        for token in _TOKEN.findall(version)
    )


def _unavailable(
    asked: Sequence[ToolDefinition], shown: Sequence[ToolDefinition], wanted: str | None
) -> Unavailable:
    if shown:
        reason = f"{_told(shown)} is not accepted"
        return Unavailable(Code.DEFINITION_CHANGED, reason, shown[-1])
    if asked:
        return Unavailable(Code.UNKNOWN_TOOL, f"the flag of {_told(asked)} is off", asked[-1])
    missing = "there is no version" if wanted is None else f"there is no version {wanted}"
    return Unavailable(Code.UNKNOWN_TOOL, missing)


def _reason(
    chosen: ToolDefinition,
    asked: Sequence[ToolDefinition],
    shown: Sequence[ToolDefinition],
    fit: Sequence[ToolDefinition],
    wanted: str | None,
) -> str:
    """Why this one, and what stood in the way of others."""
    if wanted is not None:
        words = [f"version {chosen.version} was asked for"]
    elif len(asked) == 1:
        words = [f"version {chosen.version} is the only one"]
    else:
        words = [f"version {chosen.version} is the newest that may answer"]
    if chosen.deprecated is not None:
        words.append("it is deprecated")
    elif any(each.deprecated is not None for each in fit):
        words.append(f"{_told([each for each in fit if each.deprecated])} is deprecated")
    if off := [each for each in asked if each not in shown]:
        words.append(f"the flag of {_told(off)} is off")
    if changed := [each for each in shown if each not in fit]:
        words.append(f"{_told(changed)} is not accepted")
    return "; ".join(words)


def _told(versions: Sequence[ToolDefinition]) -> str:
    return "version " + " and ".join(each.version for each in versions)

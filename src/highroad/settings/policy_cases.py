"""Files of policy cases, in TOML."""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from highroad.domain.error import SettingsError
from highroad.domain.facts import CONFIDENTIAL, INTEGRITY, LEAST, ArgumentLabels, Facts
from highroad.domain.identity import DEFAULT_ORGANIZATION, Principal
from highroad.domain.label import Integrity
from highroad.domain.policy_case import PolicyAnswer, PolicyCase, PolicyQuestion
from highroad.settings.lines import find_lines

_OF_CASE: Final = {
    "name": str,
    "tool": str,
    "principal": (str, dict),
    "arguments": dict,
    "agents": list,
    "history": dict,
    "labels": dict,
    "time": datetime,
    "expect": str,
    "rule": str,
}
_NEEDED: Final = ("name", "tool", "principal", "expect")
_OF_PRINCIPAL: Final = {
    "id": str,
    "organization": str,
    "roles": list,
    "permissions": list,
    "authenticated": bool,
}
_MS: Final = 1_000


def read_cases(path: Path, known: Mapping[str, Principal]) -> tuple[PolicyCase, ...]:
    """The cases of one file.

    Args:
        path: Of the file.
        known: Principals that a case may name instead of describing one.

    Raises:
        SettingsError: It cannot be read, or a case is none; with file and line.
    """
    try:
        text = path.read_text("utf-8-sig")
        table = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: cases cannot be read: {error}") from None
    lines = find_lines(text)
    if set(table) - {"cases"} or not isinstance(table.get("cases"), list):
        raise SettingsError(f"{path}: it has to be tables [[cases]], and nothing else")
    places = [f"{path}:{lines.get(('cases', at), 1)}" for at in range(len(table["cases"]))]
    return tuple(
        _case(each, place, known) for each, place in zip(table["cases"], places, strict=True)
    )


def _case(table: Mapping[str, Any], place: str, known: Mapping[str, Principal]) -> PolicyCase:
    _check(table, _OF_CASE, place)
    for name in _NEEDED:
        if name not in table:
            raise SettingsError(f"{place}: the case has no {name}")
    try:
        expect = PolicyAnswer(table["expect"])
    except ValueError:
        words = ", ".join(f'"{word}"' for word in PolicyAnswer)
        raise SettingsError(f"{place}: expect is one of {words}") from None
    question = PolicyQuestion(
        tool=table["tool"],
        principal=_principal(table["principal"], place, known),
        arguments=table.get("arguments", {}),
        agents=tuple(map(str, table.get("agents", ()))),
        facts=_facts(table, place),
    )
    return PolicyCase(
        name=table["name"],
        place=place,
        question=question,
        expect=expect,
        rule=table.get("rule"),
    )


def _principal(
    said: str | Mapping[str, Any], place: str, known: Mapping[str, Principal]
) -> Principal:
    if isinstance(said, str):
        if said not in known:
            raise SettingsError(
                f"{place}: the settings know no user {said!r}; describe one: "
                'principal = {id = "...", roles = ["..."]}'
            )
        return known[said]
    _check(said, _OF_PRINCIPAL, place)
    try:
        return Principal(
            said.get("id", ""),
            said.get("organization", DEFAULT_ORGANIZATION),
            roles=frozenset(map(str, said.get("roles", ()))),
            permissions=frozenset(map(str, said.get("permissions", ()))),
            authenticated=said.get("authenticated", False),
        )
    except ValueError as error:
        raise SettingsError(f"{place}: {error}") from None


def _facts(table: Mapping[str, Any], place: str) -> Facts:
    moment: datetime | None = table.get("time")
    if moment is not None and moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    history = table.get("history", {})
    if not all(isinstance(count, int) for count in history.values()):
        raise SettingsError(f"{place}: history is how often each tool was called")
    return Facts(
        now_ms=0 if moment is None else int(moment.timestamp() * _MS),
        calls=history,
        labels=_labels(table.get("labels", {}), place),
    )


def _labels(table: Mapping[str, Any], place: str) -> ArgumentLabels:
    """Kinds of sources by argument; beside them words of integrity, and what is confidential."""
    given = dict(table)
    integrity, confidential = given.pop(INTEGRITY, {}), given.pop(CONFIDENTIAL, [])
    if LEAST in given:
        raise SettingsError(
            f"{place}: labels.{LEAST} follows from labels.{INTEGRITY}; leave it out"
        )
    if not all(isinstance(words, list) for words in (*given.values(), confidential)):
        raise SettingsError(f"{place}: labels are lists of kinds by argument")
    words = {each.word: each for each in Integrity}
    if not (isinstance(integrity, dict) and set(integrity.values()) <= set(words)):
        raise SettingsError(
            f"{place}: labels.{INTEGRITY} has one of {', '.join(words)} by argument"
        )
    return ArgumentLabels(
        sources={name: tuple(map(str, kinds)) for name, kinds in given.items()},
        integrity={name: words[word] for name, word in integrity.items()},
        confidential=tuple(sorted(map(str, confidential))),
    )


def _check(table: Mapping[str, Any], known: Mapping[str, Any], place: str) -> None:
    for problem in _problems(table, known):
        raise SettingsError(f"{place}: {problem}")


def _problems(table: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[str]:
    for name, given in table.items():
        if name not in known:
            yield f"there is no {name}; there are {', '.join(known)}"
        elif not isinstance(given, known[name]):
            yield f"{name} is of another kind"

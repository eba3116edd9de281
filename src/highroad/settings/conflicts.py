"""What fits each setting, and cannot stand together all the same."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from highroad.domain.identity import DEFAULT_ORGANIZATION
from highroad.domain.limits import Window
from highroad.settings.areas import budgets, identity, rates, verifier
from highroad.settings.document import Document


def find_conflicts(document: Document) -> list[str]:
    """All of it, each with its place and its setting."""
    return [*_repetitions(document), *_impossible(document)]


def _repetitions(document: Document) -> list[str]:
    """What would be ambiguous: two principals, or two rules, of the same name."""
    problems, seen = [], set()
    keyed = [
        *((("policy", "rules", i), rule["name"]) for i, rule in document.tables("policy.rules")),
        *(
            (("principals", i), (user.get("organization", DEFAULT_ORGANIZATION), user["id"]))
            for i, user in document.tables("principals")
        ),
        *(
            (("budgets", i), (rule["scope"], rule.get("window", Window.LIFE)))
            for i, rule in document.tables("budgets")
        ),
        *((("rates", i), rule["scope"]) for i, rule in document.tables("rates")),
    ]
    for path, key in keyed:
        if (path[0], key) in seen:
            problems.append(f"{document.place(path)}: {path[-2]}: there is another of this name")
        seen.add((path[0], key))
    return problems


def _impossible(document: Document) -> list[str]:
    """Budgets and rates whose parts do not fit each other, and issuers that meet."""
    problems = _meeting_issuers(document)
    builders: tuple[tuple[str, Callable[[Mapping[str, Any]], object]], ...] = (
        ("budgets", budgets.budget),
        ("rates", rates.rate),
        ("verifier.budgets", verifier.budget),
    )
    for name, build in builders:
        for index, table in document.tables(name):
            try:
                build(table)
            except ValueError as error:
                place = document.place((*name.split("."), index))
                problems.append(f"{place}: {name}: {error}")
    return problems


def _meeting_issuers(document: Document) -> list[str]:
    """Issuers that could both speak of one principal: either could play the other's users."""
    rules = [
        identity.issuer(name, table, Path())
        for name, table in document.get(("identity", "issuers"), {}).items()
    ]
    problems = []
    for place, rule in enumerate(rules):
        for other in rules[:place]:
            path = ("identity", "issuers", rule.name)
            if rule.issuer == other.issuer:
                problems.append(
                    f"{document.place(path)}: {'.'.join(path)}: {other.name} is the same issuer"
                )
            elif rule.prefix == other.prefix and rule.meets(other):
                problems.append(
                    f"{document.place(path)}: {'.'.join(path)}: {other.name} speaks for the same "
                    "organization: give one of them a `prefix`"
                )
    return problems

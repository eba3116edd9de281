"""Who may use a tool at all, read from the lines of the policy.

Which calls they may make, conditions and owners decide, call by call. A test holds this reading to
the policy that the road asks.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from highroad.domain.policy import Line, PolicyRules
from highroad.domain.tool import ToolDefinition


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who is not kept from a tool, whatever the arguments."""

    everybody: bool
    """Whoever holds the permissions that the tool asks for, in whatever role."""
    roles: tuple[str, ...]
    """The roles that have all that it takes."""
    conditions: tuple[str, ...]
    """Names of the rules that look at the arguments as well."""


def access(rules: PolicyRules, tool: ToolDefinition) -> Access:
    """Who may use a tool by these rules."""
    names = dict.fromkeys(role.name for role in rules.roles)
    return Access(
        everybody=_is_allowed(rules, tool.name),
        roles=tuple(name for name in names if _may(rules, name, tool)),
        conditions=tuple(rule.name.text for rule in rules.rules if _fits(rule.tools, tool.name)),
    )


def _may(rules: PolicyRules, role: str, tool: ToolDefinition) -> bool:
    # Several tables of one role are one role.
    tables = [each for each in rules.roles if each.name == role]
    held = {line.text for each in tables for line in each.permissions}
    lines = [line for each in tables for line in each.allow]
    return tool.permissions <= held and _is_allowed(rules, tool.name, lines)


def _is_allowed(rules: PolicyRules, name: str, more: Iterable[Line] = ()) -> bool:
    if _fits(rules.deny, name):
        return False
    return not rules.denies_by_default or _fits(rules.allow, name) or _fits(more, name)


def _fits(lines: Iterable[Line], name: str) -> bool:
    return any(fnmatchcase(name, line.text) for line in lines)

"""Flags from settings: on for everybody, or for a role."""

from highroad.domain.flags import FlagRules
from highroad.domain.identity import Principal


class RulesFlags:
    """Answers for flags by rules that stay as they are (`highroad.ports.flags.Flags`)."""

    def __init__(self, rules: FlagRules) -> None:
        self._rules = rules

    def is_on(self, flag: str, principal: Principal) -> bool:
        """Whether a flag is on for everybody, or for a role that the principal has."""
        rules = self._rules
        if flag in rules.everybody:
            return True
        return any(flag in rules.roles.get(role, ()) for role in principal.roles)

"""Who may do what."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from highroad.domain.approval import Obligation
from highroad.domain.call import Call
from highroad.domain.identity import Delegate, Principal
from highroad.domain.tool import ToolDefinition


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose an object is."""

    organization: str
    principal_id: str | None = None


@dataclass(frozen=True, slots=True)
class Permit:
    """Allowed, by these rules, if people agree where these obligations say so."""

    rules: tuple[str, ...] = ()
    obligations: tuple[Obligation, ...] = ()


@dataclass(frozen=True, slots=True)
class Deny:
    """Not allowed, by this rule.

    `hides` says that no arguments could change it: to this caller the tool does not exist.
    """

    rule: str
    gate: str
    """`permissions`, `scope`, `allowlist` or `acl`; `rules` for a condition over arguments."""
    hides: bool = False


class Policy(Protocol):
    """Decisions of one version of the policy; they depend on nothing but their arguments."""

    @property
    def version(self) -> str:
        """Names the rules in the ledger; `none` without configuration."""
        ...

    def permissions(self, principal: Principal) -> frozenset[str]:
        """What a principal holds, itself and by its roles."""
        ...

    def admits(
        self, principal: Principal, delegation: Sequence[Delegate], tool: ToolDefinition
    ) -> Permit | Deny:
        """Judge what does not depend on arguments; the road caches the answer."""
        ...

    def has_rules_for(self, tool: ToolDefinition) -> bool:
        """Whether `permits` could ever deny this tool, or ask; if not the road leaves it out."""
        ...

    def written_for(self, tool: ToolDefinition) -> tuple[str, ...]:
        """What is written that `permits` asks about this tool, without where it is written.

        An approval is bound to it (P4): it changes with each of these rules, and with no other.
        """
        ...

    def permits(self, call: Call) -> Permit | Deny:
        """Judge a call by its arguments."""
        ...

    def owns(self, principal: Principal, owner: Owner, call: Call) -> Permit | Deny:
        """Judge by whose the object is that an argument names."""
        ...

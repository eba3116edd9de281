"""Who calls, through whom, and where a call was born."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

DEFAULT_ORGANIZATION: Final = "default"
OURSELVES: Final = "highroad"
"""Who changes something, where no person does."""


class Origin(StrEnum):
    """Where a proposed call was born. It decides how much of it must be proved."""

    CODE = "code"
    """Written by the developer: its values are their own evidence."""
    MODEL = "model"
    """Proposed by a language model of ours."""
    FOREIGN = "foreign"
    """Came over a wire, from a program that we do not run."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The person or service for whom a call is made.

    The ledger knows a principal by an opaque id derived with a key; `id` and `name` stand only in
    an erasable table.

    Args:
        id: Stable within the organization, for example a login.
        organization: The tenant; nothing crosses from one to another.
        roles: Names that the policy gives permissions to.
        permissions: Held in addition to those of the roles.
        name: For people to read; never used in a decision.
        authenticated: Somebody checked that this is so: a token, the operating system.
    """

    id: str
    organization: str = DEFAULT_ORGANIZATION
    roles: AbstractSet[str] = frozenset()
    permissions: AbstractSet[str] = frozenset()
    name: str | None = None
    authenticated: bool = False

    def __post_init__(self) -> None:
        """Freeze the sets and refuse what could never be told apart."""
        if not self.id or not self.organization:
            message = "a principal needs an id and an organization that are not empty"
            raise ValueError(message)
        object.__setattr__(self, "roles", frozenset(self.roles))
        object.__setattr__(self, "permissions", frozenset(self.permissions))


@dataclass(frozen=True, slots=True)
class Delegate:
    """One link of a delegation chain: an agent that acts for whoever stands before it.

    A chain can only narrow: a tool must be in the scope of every link.
    """

    agent: str
    tools: tuple[str, ...] = ("*",)
    """Patterns such as `get_*` of the tools that this agent may use."""


def shadow_payer(organization: str) -> Principal:
    """Whose budgets the shadows in an organization take of, which are nobody's else."""
    return Principal(f"{OURSELVES}:shadow", organization, name="shadow")

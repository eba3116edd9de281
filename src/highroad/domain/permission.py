"""Permissions for what people do besides calling tools: settling, calling off, accepting."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import TypeAlias

from highroad.domain.error import DecisionRefused
from highroad.domain.identity import Principal

Permissions: TypeAlias = Callable[[Principal], AbstractSet[str]]
"""What a principal holds, by the policy."""


def require(needed: str, permissions: Permissions | None, by: Principal, *, what: str) -> None:
    """See that `by` may do something; where no policy is in force, everybody may.

    Args:
        needed: The permission.
        permissions: By the policy; `None` where none is in force.
        by: Whoever wants to.
        what: They want to do: the beginning of a sentence.

    Raises:
        DecisionRefused: They lack the permission.
    """
    if permissions is not None and needed not in permissions(by):
        raise DecisionRefused(
            f"{what} needs the permission {needed}; ask whoever grants permissions"
        )

"""Markers that say what an argument decides, and the contract that follows from them.

A plain typed function is safe as it stands: an argument without a marker is control, an output
without a label untrusted.
"""

from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

from pydantic.errors import PydanticSchemaGenerationError

from highroad.domain.tool import ArgumentContract, ArgumentRole, Contract
from highroad.ports.policy import Owner
from highroad.tools.hooks import Hook, Written

Lookup: TypeAlias = Written[Any, Owner | None]
OwnerHook: TypeAlias = Hook[Any, Owner | None]


class Marker:
    """Stands in the `Annotated` of a tool's argument."""

    def __get_pydantic_core_schema__(self, *_: object) -> NoReturn:
        """Refuse to be pydantic's: markers are taken out before it sees an argument.

        So this one stands deeper, where the road does not look, and would silently do nothing.
        """
        raise PydanticSchemaGenerationError(
            f"{type(self).__name__} marks an argument as a whole and stands outermost, for example "
            f"Annotated[str | None, {type(self).__name__}(…)]; a part of a value it cannot mark"
        )


@dataclass(frozen=True, slots=True)
class Content(Marker):
    """What is said or stored; it steers nothing."""


@dataclass(frozen=True, slots=True)
class Secret(Marker):
    """A reference to a secret, resolved at execution and never recorded."""


@dataclass(frozen=True, slots=True)
class Owned(Marker):
    """Names an object that belongs to somebody; whoever may not see it is told nothing.

    Args:
        lookup: Whose it is, given the argument's value in JSON and, if it takes a second value,
            the `ToolContext`; sync or async. `None` is "there is no such object", which a caller
            cannot tell from "not yours". An argument that is null names nothing and is not asked.
    """

    lookup: Lookup


def contract(markers: dict[str, tuple[Marker, ...]]) -> Contract:
    """The contract of a tool whose arguments carry these markers."""
    return Contract(
        arguments={name: ArgumentContract(role=_role(found)) for name, found in markers.items()},
        owned=tuple(
            name for name, found in markers.items() if any(isinstance(m, Owned) for m in found)
        ),
    )


def _role(markers: tuple[Marker, ...]) -> ArgumentRole:
    """The stricter role, where there are two."""
    if any(isinstance(marker, Secret) for marker in markers):
        return ArgumentRole.SECRET
    if any(isinstance(marker, Owned) for marker in markers):
        return ArgumentRole.CONTROL
    if any(isinstance(marker, Content) for marker in markers):
        return ArgumentRole.CONTENT
    return ArgumentRole.CONTROL

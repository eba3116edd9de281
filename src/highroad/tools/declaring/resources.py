"""Factories of resources, which a body takes by their type."""

import inspect
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Final, TypeAlias

from highroad.domain.identity import Principal

ResourceManager: TypeAlias = AbstractContextManager[Any] | AbstractAsyncContextManager[Any]
ResourceFactory: TypeAlias = Callable[[], ResourceManager] | Callable[[Principal], ResourceManager]
"""Makes what is entered to open a resource, and left to close it."""

_POSITIONAL: Final = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
)


def takes_principal(factory: ResourceFactory) -> bool:
    """Whether a factory makes a resource for each principal: it cannot be called with nothing."""
    try:
        parameters = inspect.signature(factory).parameters.values()
    except ValueError:  # a class in C does not say
        return False
    return any(
        each.kind in _POSITIONAL and each.default is inspect.Parameter.empty for each in parameters
    )

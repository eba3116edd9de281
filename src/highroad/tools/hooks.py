"""Functions that an author gives beside the tool, in whichever of four forms is natural.

A data check, a probe, a preview or an owner lookup may be sync or async, and may take the context
or leave it out. `Hook` makes one form of the four, once, when the tool is declared.
"""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from highroad.tools.context import ToolContext

S = TypeVar("S")
R = TypeVar("R")

Written: TypeAlias = (
    Callable[[S], R | Awaitable[R]] | Callable[[S, ToolContext[Any]], R | Awaitable[R]]
)
"""A hook as its author writes it."""


@dataclass(frozen=True, slots=True)
class Hook(Generic[S, R]):
    """A function of a subject and, if it wants it, the context."""

    function: Callable[..., R | Awaitable[R]]
    takes_context: bool

    @classmethod
    def of(cls, function: Written[S, R]) -> "Hook[S, R]":
        """Read how many values `function` takes.

        Raises:
            TypeError: It is no function of one or two positional values.
        """
        kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        parameters = inspect.signature(function).parameters.values()
        takes = sum(parameter.kind in kinds for parameter in parameters)
        if takes not in {1, 2} or takes != len(parameters):
            raise TypeError("it takes one value, or that value and the context")
        return cls(function, takes == len(kinds))

    async def __call__(self, subject: S, context: ToolContext[Any]) -> R:
        """Call it, and wait for it where it is async."""
        answer = self.function(subject, context) if self.takes_context else self.function(subject)
        return await answer if inspect.isawaitable(answer) else answer

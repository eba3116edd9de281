"""Where a tool stands in the author's code, so that what is wrong with it can be found."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from highroad.domain.error import DeclarationError


@dataclass(frozen=True, slots=True)
class Site:
    """A function, by name, file and line."""

    function: str
    file: str
    line: int

    @classmethod
    def of(cls, function: Callable[..., Any]) -> "Site":
        """Find a function; what is written in C has no file."""
        code = getattr(inspect.unwrap(function), "__code__", None)
        return cls(
            function=getattr(function, "__name__", type(function).__name__),
            file=code.co_filename if code else "<built-in>",
            line=code.co_firstlineno if code else 0,
        )

    def error(self, problem: str) -> DeclarationError:
        """The exception for a wrong declaration; `problem` says what is wrong and what to do."""
        return DeclarationError(f"{self.file}:{self.line}: tool {self.function!r}: {problem}")

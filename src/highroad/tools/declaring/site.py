"""Where a tool stands in the author's code, so that what is wrong with it can be found."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from highroad.domain.error import DeclarationError

_PACKAGE: Final = __name__.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Site:
    """A tool, by name, file, line and module."""

    function: str
    file: str
    line: int
    module: str = ""

    @classmethod
    def of(cls, function: Callable[..., Any]) -> "Site":
        """Find a function; what is written in C has no file."""
        code = getattr(inspect.unwrap(function), "__code__", None)
        return cls(
            function=getattr(function, "__name__", type(function).__name__),
            file=code.co_filename if code else "<built-in>",
            line=code.co_firstlineno if code else 0,
            module=getattr(function, "__module__", None) or "",
        )

    @classmethod
    def of_caller(cls, body: Callable[..., Any], name: str | None = None) -> "Site":
        """The line outside Highroad that is being run, where `body` is declared.

        Args:
            body: What runs.
            name: Of the tool, where that says more: under a host's tool lies a body of ours.
        """
        function = name or str(getattr(body, "__name__", type(body).__name__))
        frame = inspect.currentframe()
        while frame is not None and _is_ours(frame.f_globals.get("__name__", "")):
            frame = frame.f_back
        if frame is None:
            return cls(function=function, file="<unknown>", line=0)
        return cls(
            function=function,
            file=frame.f_code.co_filename,
            line=frame.f_lineno,
            module=frame.f_globals.get("__name__", ""),
        )

    def error(self, problem: str) -> DeclarationError:
        """The exception for a wrong declaration; `problem` says what is wrong and what to do."""
        return DeclarationError(f"{self.file}:{self.line}: tool {self.function!r}: {problem}")


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] == _PACKAGE

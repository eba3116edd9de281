"""The refusal of arguments: every problem at once, in words for the model to mend them by."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from highroad.domain.error import CallError, Code, Problem

MOST: Final = 32
"""Problems that are told of one call; a model mends no more at once, and an answer has a size."""


@dataclass(frozen=True, slots=True)
class Invalid:
    """Arguments that may not go on."""

    problems: tuple[Problem, ...]
    is_authored: bool = False
    """A tool's author wrote some of the words: they may hold values (P7)."""

    @classmethod
    def of(cls, problems: Iterable[Problem], *, is_authored: bool = False) -> "Invalid":
        """Each problem once, in order, and not more than `MOST`."""
        return cls(tuple(dict.fromkeys(problems))[:MOST], is_authored=is_authored)

    def error(self) -> CallError:
        """What the caller is told."""
        count = len(self.problems)
        return CallError(
            code=Code.INVALID_ARGUMENTS,
            message=f"The arguments are not valid: {count} problem{'s' if count > 1 else ''}.",
            hint="Mend what `problems` names, each at its JSON pointer, and call again.",
            problems=self.problems,
            is_authored=self.is_authored,
        )

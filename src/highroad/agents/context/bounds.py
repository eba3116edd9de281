"""How much a model is shown."""

from dataclasses import dataclass
from typing import Final

from highroad.domain.error import HighroadError

UNKNOWN_CONTEXT: Final = 32_000
"""Tokens that a model is taken to hold where nobody knows."""
_USABLE: Final = 0.95
"""Of a model's context: what it says of itself is not met to the token."""


class ContextError(HighroadError):
    """What a model must be shown does not fit into its context, and nothing was asked.

    Args:
        tokens: That it takes, as estimated.
        most: That there is room for.
    """

    def __init__(self, tokens: int, most: int) -> None:
        super().__init__(
            f"what users said and the newest step take about {tokens} tokens, and there is room "
            f"for {most}: say it in fewer words, or take a model with a longer context"
        )
        self.tokens: int = tokens
        self.most: int = most


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much a request may hold, and what of it gives way first."""

    tokens: int
    """Of a whole request: instructions, tools and messages."""
    large: int = 1_000
    """Characters above which a result of an older step gives way before the step does."""

    @classmethod
    def of(cls, context_tokens: int | None, *, reply_tokens: int) -> "Bounds":
        """What is left of a model's context when it has room for its reply.

        Args:
            context_tokens: That request and reply may hold together, where that is known.
            reply_tokens: Of the longest reply.
        """
        context = UNKNOWN_CONTEXT if context_tokens is None else context_tokens
        return cls(tokens=max(1, int(context * _USABLE) - reply_tokens))

    @property
    def kept(self) -> int:
        """Tokens that are left by a pruning.

        It is half of all, so that prunings are rare: between two of them what was shown once stays
        as it is, byte for byte, and a provider's cache hits.
        """
        return self.tokens // 2

    @property
    def summed_up(self) -> int:
        """Tokens of the record that a summary is made of; some room is left for the rest."""
        return self.tokens * 3 // 4

    @property
    def newest(self) -> int:
        """Tokens that the results of one step take at most."""
        return self.tokens // 4

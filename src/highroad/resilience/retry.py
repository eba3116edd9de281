"""When to try again: one policy for every tool."""

from collections.abc import Callable
from math import inf
from typing import Final

BASE_S: Final = 0.5
"""Delay before the first repetition; it doubles from there."""
JITTER: Final = 0.2
"""Delays are spread over ±20 %, so that callers who failed together do not come back together."""


def backoff_s(attempts: int, chance: float) -> float:
    """Delay behind the attempt of this number, from 1; `chance` lies in [0, 1)."""
    spread = 1 - JITTER + 2 * JITTER * chance
    return BASE_S * 2.0 ** (attempts - 1) * spread


class Retry:
    """Bounds the repetitions of what is declared transient; what is, the caller knows.

    Args:
        random: A number in [0, 1), such as `random.random`.
    """

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random

    def delay_s(self, attempts: int, most: int, left_s: float = inf) -> float | None:
        """How long to wait before trying again, or `None` to give up.

        Args:
            attempts: Made so far.
            most: Allowed, the first included.
            left_s: Until the call's deadline; nobody waits for an attempt that cannot begin.
        """
        if attempts >= most:
            return None
        delay_s = backoff_s(attempts, self._random())
        return delay_s if delay_s < left_s else None

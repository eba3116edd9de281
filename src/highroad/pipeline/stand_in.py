"""What is said of a result that the call itself has not brought."""

from typing import Final

STALE: Final = "fallback.stale"
ANSWER: Final = "fallback.answer"
CONCLUDED: Final = frozenset({STALE, ANSWER})
"""Rules by which a call ended for which nothing was done."""


def past_its_time(age_s: float) -> str:
    """What the caller is told of a result that a fresh one is about to replace."""
    return f"This is a stored result, {age_s:.0f} s old; a fresh one is being fetched."


def stood_in(tool: str, stands_in_for: str, rule: str | None, stale_s: float | None) -> str:
    """What the caller is told of a result that is not of the call that it made."""
    if rule == STALE:
        return (
            f"`{tool}` cannot be reached: this is a stored result, {stale_s or 0:.0f} s old "
            f"(in place of {stands_in_for})."
        )
    if rule == ANSWER:
        return f"`{tool}` cannot be reached: this is a fixed answer (in place of {stands_in_for})."
    return f"`{tool}` stood in: what {stands_in_for} depends on cannot be reached."

"""Feature flags: what is switched on, and for whom."""

from typing import Protocol

from highroad.domain.identity import Principal


class Flags(Protocol):
    """Answers for flags by name."""

    def is_on(self, flag: str, principal: Principal) -> bool:
        """Whether a flag is on for a principal, at once and from memory.

        A flag that is not known, or whose provider does not answer, is off.
        """
        ...

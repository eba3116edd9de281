"""A second opinion on a call, before anybody is asked and anything runs."""

from typing import Protocol

from highroad.domain.approval import Obligation
from highroad.domain.call import Call
from highroad.domain.error import CallError


class Verifier(Protocol):
    """Looks at a validated, authorized call and says whether it is what was asked for."""

    async def verify(self, call: Call) -> tuple[Obligation, ...] | CallError:
        """Reasons to ask a person (none is a pass), or the error to refuse with."""
        ...

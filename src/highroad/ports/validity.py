"""Whether what showed a caller is good still."""

from collections.abc import Sequence
from typing import Protocol

from highroad.domain.identity import Caller, Delegate


class Validity(Protocol):
    """Asked by the road: credentials may end at any time, and a program may hold a caller on."""

    async def see(self, caller: Caller, *, is_fresh: bool) -> None:
        """See that the credentials of a caller are good still.

        Args:
            caller: As `authenticate` gave it.
            is_fresh: Ask the store, whatever it answered a moment ago.

        Raises:
            Unauthenticated: They are not.
            LedgerError: The store cannot be asked.
        """
        ...

    async def ended_in(
        self, chain: Sequence[Delegate], organization: str, *, is_fresh: bool
    ) -> str | None:
        """The API key in a chain of delegation that is not good any more, if there is one.

        Raises:
            LedgerError: The store cannot be asked.
        """
        ...

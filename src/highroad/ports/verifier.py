"""A second opinion on a call, before anybody is asked and anything runs."""

from typing import Protocol, runtime_checkable

from highroad.domain.model import TokenUsage
from highroad.domain.verification import Verification, VerificationCase


@runtime_checkable
class Verifier(Protocol):
    """Says whether a proposed call is what was asked for.

    Contract kit: `highroad.testing.contracts.verifier`. It keeps nothing of one case for the next,
    and takes whatever stands in a case for data, whoever wrote it.
    """

    @property
    def name(self) -> str:
        """`provider:model`, or a name of its own, under which it is priced, kept and recorded."""
        ...

    def most(self, case: VerificationCase) -> TokenUsage:
        """What `verify` may use of models at most, all its requests together (P6)."""
        ...

    async def verify(self, case: VerificationCase) -> Verification:
        """Look at the case.

        Raises:
            VerifierError: It has no opinion, not even that it is uncertain.
        """
        ...

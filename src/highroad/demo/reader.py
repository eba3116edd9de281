"""A second model that has read the request: here a rule, as any model might find it."""

from typing import Final

from highroad.domain.model import TokenUsage
from highroad.domain.verification import (
    Correction,
    Opinion,
    Verification,
    VerificationCase,
)

_NAME: Final = "demo:reader"


class Reader:
    """Knows which order the user means, and approves of calls about no other.

    Args:
        order_id: Of that order.
    """

    def __init__(self, order_id: str) -> None:
        self._order_id = order_id
        self.saw: list[VerificationCase] = []
        """What it was shown."""

    @property
    def name(self) -> str:
        """As it is recorded."""
        return _NAME

    def most(self, case: VerificationCase) -> TokenUsage:
        """It costs nothing."""
        del case
        return TokenUsage()

    async def verify(self, case: VerificationCase) -> Verification:
        """Compare the order of the call with the one that is meant."""
        self.saw.append(case)
        if case.arguments.get("order_id") == self._order_id:
            return Verification(opinion=Opinion.APPROVED)
        return Verification(
            opinion=Opinion.REJECTED,
            concerns=(f"The user asks for {self._order_id}, and says that the other is fine.",),
            correction=Correction(
                tool=case.tool.name, arguments={**case.arguments, "order_id": self._order_id}
            ),
        )

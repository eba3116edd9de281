"""What a model's tokens cost."""

from typing import Protocol

from highroad.domain.model import TokenUsage


class Prices(Protocol):
    """Knows what models cost."""

    def microusd(self, model: str, usage: TokenUsage) -> int | None:
        """Millionths of a US dollar, rounded up; `None` where the model has no price.

        Args:
            model: `provider:model`.
            usage: Of one request.
        """
        ...

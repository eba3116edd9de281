"""Prices that genai-prices keeps track of, as of its release; nothing is fetched."""

from decimal import ROUND_CEILING
from typing import Final

from genai_prices import Usage, calc_price

from highroad.domain.limits import MICRO
from highroad.domain.model import TokenUsage

_PROVIDERS: Final = {"openai-chat": "openai", "bedrock": "aws"}
"""Providers that it calls by another name."""


class GenaiPrices:
    """What providers charge (`highroad.ports.prices.Prices`)."""

    def microusd(self, model: str, usage: TokenUsage) -> int | None:
        """Millionths of a US dollar, rounded up; `None` where it does not know the model.

        Args:
            model: `provider:model`.
            usage: Of one request.
        """
        provider, _, name = model.partition(":")
        try:
            price = calc_price(_usage(usage), name, provider_id=_PROVIDERS.get(provider, provider))
        except LookupError:
            return None
        return int((price.total_price * MICRO).to_integral_value(ROUND_CEILING))


def _usage(usage: TokenUsage) -> Usage:
    """In its words. It refuses counts that contradict each other, as some servers send them."""
    read = min(usage.cache_read, usage.input)
    return Usage(
        input_tokens=usage.input,
        output_tokens=usage.output,
        cache_read_tokens=read,
        cache_write_tokens=min(usage.cache_write, usage.input - read),
    )

"""What a request to a model costs: the one place that knows whose word counts."""

from dataclasses import replace
from math import ceil
from typing import Final

from highroad.domain.error import SettingsError
from highroad.domain.model import TokenUsage
from highroad.domain.prices import Price, PriceRules, Unpriced
from highroad.domain.value import value
from highroad.ports.prices import Prices

FREE: Final = ("offline:", "scripted:")
"""Beginnings of the names of models that nobody is paid for."""


@value(kw_only=False)
class Charge:
    """What tokens cost."""

    microusd: int
    """Millionths of a US dollar, rounded up."""
    is_unpriced: bool = False
    """Nobody knows the price, or all of it: the default was charged, or tokens alone."""


class Pricing:
    """Says what a request costs, whatever model it is.

    A price that settings give counts first, for the model or else for all of its provider; then
    what is free; then what `known` says; then the default, which is never nothing by itself.

    Args:
        rules: Those of the settings.
        known: Prices that somebody keeps track of.
    """

    def __init__(self, rules: PriceRules, known: Prices) -> None:
        self._rules = rules
        self._known = known
        self._default = Price(input=rules.unpriced_input, output=rules.unpriced_output)

    def charge(self, model: str, usage: TokenUsage) -> Charge:
        """What a model takes for so many tokens.

        Args:
            model: `provider:model`.
            usage: Of one request.

        Raises:
            SettingsError: It has no price, and the settings refuse such models.
        """
        charge = self._of_tokens(model, usage)
        # What a provider charges for tools of its own besides tokens is in no price.
        return replace(charge, is_unpriced=True) if usage.ungoverned else charge

    def most(self, model: str, usage: TokenUsage) -> Charge:
        """What a model may take for so many tokens, whatever of them is kept (P6).

        A provider may charge more for tokens that it is to keep than for others.

        Raises:
            SettingsError: As `charge` does.
        """
        tokens = usage.input
        ways = (usage, replace(usage, cache_read=tokens), replace(usage, cache_write=tokens))
        return max((self.charge(model, way) for way in ways), key=_cost)

    def _of_tokens(self, model: str, usage: TokenUsage) -> Charge:
        price = self._given(model)
        if price is not None:
            return Charge(_microusd(price, usage))
        if model.startswith(FREE):
            return Charge(0)
        known = self._known.microusd(model, usage)
        if known is not None:
            return Charge(known)
        if self._rules.unpriced is Unpriced.REFUSE:
            raise SettingsError(
                f"{model} has no price, and prices.unpriced refuses such models: "
                f'give it one under [prices.models."{model}"], with input and output in US dollars '
                "for a million tokens"
            )
        return Charge(_microusd(self._default, usage), is_unpriced=True)

    def _given(self, model: str) -> Price | None:
        """That of the model itself, or of all that its provider has."""
        models = self._rules.models
        price = models.get(model)
        return models.get(f"{model.partition(':')[0]}:*") if price is None else price


def _cost(charge: Charge) -> int:
    return charge.microusd


def _microusd(price: Price, usage: TokenUsage) -> int:
    """Dollars for a million tokens are millionths of a dollar for one."""
    plain = max(usage.input - usage.cache_read - usage.cache_write, 0)
    read = price.input if price.cache_read is None else price.cache_read
    write = price.input if price.cache_write is None else price.cache_write
    cost = (
        plain * price.input
        + usage.cache_read * read
        + usage.cache_write * write
        + usage.output * price.output
    )
    # Six digits below a millionth are noise of binary fractions.
    return ceil(round(cost, 6))

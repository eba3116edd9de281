"""What models cost, as settings say it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Of a model, in US dollars for a million tokens."""

    input: float
    output: float
    cache_read: float | None = None
    """Of input that the provider had kept; `None` is the same as other input."""
    cache_write: float | None = None
    """Of input that it was paid to keep; `None` likewise."""


class Unpriced(StrEnum):
    """What becomes of requests to a model whose price nobody knows."""

    CHARGE = "charge"
    """They are charged a default, and marked."""
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRules:
    """Prices that settings give, and what is done where there is none.

    Each is a setting under `[prices]` in `highroad.toml`.
    """

    models: Mapping[str, Price] = field(default_factory=dict)
    """By `provider:model`, or `provider:*`; before any price that is known."""
    unpriced: Unpriced = Unpriced.CHARGE
    unpriced_input: float = 5.0
    unpriced_output: float = 15.0

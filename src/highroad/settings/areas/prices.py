"""What models cost."""

from typing import Final

from highroad.domain.prices import Price, PriceRules, Unpriced
from highroad.settings.document import Document
from highroad.settings.kinds import ABOVE_ZERO, NUMBER, one_of
from highroad.settings.setting import EACH_NAME, Absent, Setting

_DEFAULT_PRICES: Final = PriceRules()


def _price(name: str, doc: str, *, default: object = Absent.NONE) -> Setting:
    return Setting(f"prices.models.{EACH_NAME}.{name}", NUMBER, default, doc)


SETTINGS: Final = (
    Setting(
        "prices.unpriced",
        one_of(Unpriced),
        _DEFAULT_PRICES.unpriced,
        "What becomes of requests to a model whose price nobody knows.",
    ),
    Setting(
        "prices.unpriced_input",
        ABOVE_ZERO,
        _DEFAULT_PRICES.unpriced_input,
        "What they are charged otherwise, in US dollars for a million tokens in,",
    ),
    Setting(
        "prices.unpriced_output",
        ABOVE_ZERO,
        _DEFAULT_PRICES.unpriced_output,
        "and for a million tokens out.",
    ),
    _price(
        "input",
        "US dollars for a million tokens in, of `provider:model`, or of all others of a provider: "
        "`provider:*`.",
        default=Absent.REQUIRED,
    ),
    _price("output", "For a million tokens out.", default=Absent.REQUIRED),
    _price("cache_read", "For a million tokens in that it had kept; as others unless given."),
    _price("cache_write", "For a million tokens in that it was to keep; as others unless given."),
)


def read(document: Document) -> PriceRules:
    """Those that were given; others are known without."""
    given = dict(document.get(("prices",), {}))
    if "unpriced" in given:
        given["unpriced"] = Unpriced(given["unpriced"])
    models = {name: Price(**price) for name, price in given.pop("models", {}).items()}
    return PriceRules(models=models, **given)

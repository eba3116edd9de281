"""What requests cost, and whose word on it counts."""

import pytest

from highroad.adapters.prices.genai import GenaiPrices
from highroad.bootstrap.models import pricing_of
from highroad.domain.error import SettingsError
from highroad.domain.model import TokenUsage
from highroad.domain.prices import Price, PriceRules, Unpriced
from highroad.limits.prices import Charge, Pricing

pytestmark = pytest.mark.promise("P6")

USAGE = TokenUsage(input=1_000, output=100)
KNOWN = 7


class Known:
    """Knows one price."""

    def microusd(self, model, usage):
        return KNOWN if model == "openai:gpt-5" else None


@pytest.fixture
def charge():
    def of(model, usage=USAGE, **rules):
        return Pricing(PriceRules(**rules), Known()).charge(model, usage)

    return of


def test_a_price_that_is_known_is_charged(charge):
    """By whoever keeps track of it."""
    assert charge("openai:gpt-5") == Charge(KNOWN)


def test_a_price_of_the_settings_goes_before_one_that_is_known(charge):
    """The user has a contract."""
    models = {"openai:gpt-5": Price(input=2.0, output=10.0)}
    assert charge("openai:gpt-5", models=models) == Charge(3_000)


def test_the_price_of_a_model_goes_before_that_of_its_provider(charge):
    """What is special counts."""
    models = {
        "local:*": Price(input=1.0, output=1.0),
        "local:big": Price(input=2.0, output=2.0),
    }
    assert charge("local:small", models=models) == Charge(1_100)
    assert charge("local:big", models=models) == Charge(2_200)


def test_a_model_without_a_price_is_charged_the_default_and_marked(charge):
    """5 and 15 dollars for a million tokens, unless told."""
    assert charge("local:qwen3") == Charge(6_500, is_unpriced=True)
    more = charge("local:qwen3", unpriced_input=10.0, unpriced_output=20.0)
    assert more == Charge(12_000, is_unpriced=True)


def test_a_model_without_a_price_is_refused_where_that_is_set(charge):
    """And the message says how to give it one."""
    with pytest.raises(SettingsError, match=r'\[prices.models."local:qwen3"\]'):
        charge("local:qwen3", unpriced=Unpriced.REFUSE)


@pytest.mark.parametrize("model", ["offline:", "scripted:refunds"])
def test_a_model_that_nobody_is_paid_for_costs_nothing(charge, model):
    """It is no model without a price."""
    assert charge(model, unpriced=Unpriced.REFUSE) == Charge(0)


@pytest.mark.parametrize("model", ["offlines:x", "openai:offline:", "xscripted:y"])
def test_a_name_that_is_only_like_it_is_charged(charge, model):
    """Nothing is free by a name that somebody else chose."""
    assert charge(model).microusd > 0


def test_the_smallest_part_of_a_millionth_is_one(charge):
    """Rounded up, or many small requests would cost nothing."""
    models = {"local:x": Price(input=0.000_001, output=0.0)}
    assert charge("local:x", TokenUsage(input=1), models=models) == Charge(1)
    assert charge("local:x", TokenUsage(), models=models) == Charge(0)


def test_the_noise_of_binary_fractions_is_no_part_of_a_millionth(charge):
    """0.1 three times is 0.30000000000000004 to a computer."""
    models = {"local:x": Price(input=0.1, output=0.0)}
    assert charge("local:x", TokenUsage(input=30), models=models) == Charge(3)


def test_cached_tokens_have_their_own_price(charge):
    """Or that of the others."""
    usage = TokenUsage(input=1_000, cache_read=600, cache_write=300)
    plain = {"local:x": Price(input=2.0, output=0.0)}
    cached = {"local:x": Price(input=2.0, output=0.0, cache_read=0.2, cache_write=2.5)}
    assert charge("local:x", usage, models=plain) == Charge(2_000)
    assert charge("local:x", usage, models=cached) == Charge(200 + 120 + 750)


@pytest.mark.parametrize(
    "dearest", [{"cache_write": 2.5}, {"cache_read": 2.5}], ids=["written", "read"]
)
def test_the_most_that_tokens_can_cost_is_what_the_dearest_way_costs(dearest):
    """What is reserved before a request is never less than what is charged for it."""
    models = {"local:x": Price(input=2.0, output=10.0, **dearest)}
    pricing = Pricing(PriceRules(models=models), Known())
    assert pricing.most("local:x", TokenUsage(input=1_000, output=10)) == Charge(2_600)
    plain = {"local:x": Price(input=2.0, output=10.0, cache_write=1.0)}
    pricing = Pricing(PriceRules(models=plain), Known())
    assert pricing.most("local:x", TokenUsage(input=1_000, output=10)) == Charge(2_100)


def test_tokens_that_a_provider_is_to_keep_fit_into_what_was_reserved():
    """Anthropic takes a quarter more for them."""
    pricing = pricing_of(PriceRules())
    for model in ("anthropic:claude-sonnet-5", "bedrock:amazon.nova-pro-v1:0", "openai:gpt-5"):
        most = pricing.most(model, TokenUsage(input=10_000, output=100))
        for kept in ({"cache_write": 10_000}, {"cache_read": 10_000}, {}):
            usage = TokenUsage(input=10_000, output=100, **kept)
            assert pricing.charge(model, usage).microusd <= most.microusd


def test_what_a_providers_own_tools_cost_besides_tokens_is_marked_as_unpriced(charge):
    """Nobody takes the sum for all that will be on the bill."""
    usage = TokenUsage(input=1_000, output=100, ungoverned=2)
    assert charge("openai:gpt-5", usage) == Charge(KNOWN, is_unpriced=True)


# -- the library ---------------------------------------------------------------------------------


def test_the_library_knows_models_by_their_names_with_us():
    """Some providers it calls otherwise."""
    prices = GenaiPrices()
    million = TokenUsage(input=1_000_000)
    assert prices.microusd("openai:gpt-5", million) == prices.microusd("openai-chat:gpt-5", million)
    for model in ("openai:gpt-5", "anthropic:claude-sonnet-5", "bedrock:amazon.nova-pro-v1:0"):
        assert prices.microusd(model, million) > 0


@pytest.mark.parametrize("model", ["openai:nobodys-model", "local:gpt-5", "gpt-5", ""])
def test_a_model_that_the_library_does_not_know_has_no_price(model):
    """A name that is known with another provider is another model."""
    assert GenaiPrices().microusd(model, USAGE) is None


def test_tokens_that_were_kept_cost_less():
    """The saving is what makes a stable prefix worth while."""
    prices, model = GenaiPrices(), "anthropic:claude-sonnet-5"
    plain = prices.microusd(model, TokenUsage(input=10_000))
    read = prices.microusd(model, TokenUsage(input=10_000, cache_read=10_000))
    written = prices.microusd(model, TokenUsage(input=10_000, cache_write=10_000))
    assert read < plain < written


def test_counts_that_contradict_each_other_are_charged_all_the_same():
    """Some servers count what was cached apart; nothing may be free for it."""
    usage = TokenUsage(input=100, output=10, cache_read=500, cache_write=500)
    assert GenaiPrices().microusd("anthropic:claude-sonnet-5", usage) > 0


def test_the_library_is_asked_where_the_settings_say_nothing():
    """As a runtime is put together."""
    charge = pricing_of(PriceRules()).charge("openai:gpt-5", USAGE)
    assert charge.microusd > 0
    assert not charge.is_unpriced

"""Models and prices, as `highroad.toml` gives them."""

import pytest

from highroad.domain.error import SettingsError
from highroad.domain.model import ModelSettings
from highroad.domain.model_rules import ModelRules, ModelServer
from highroad.domain.prices import Price, PriceRules, Unpriced
from highroad.settings import load


@pytest.fixture
def loaded(tmp_path):
    def load_text(text="", **environment):
        (tmp_path / "highroad.toml").write_text(text, "utf-8")
        return load(tmp_path, environment)

    return load_text


def test_without_a_word_the_model_is_offline_and_its_replies_are_short(loaded):
    """No key, no network, no price is asked for."""
    settings = loaded()
    assert settings.models == ModelRules()
    assert settings.models.default == "offline:"
    assert settings.models.settings == ModelSettings(temperature=0.0, max_tokens=1_024)
    assert settings.prices == PriceRules()


def test_models_are_read_with_their_servers(loaded):
    """Each by the beginning of its models' names."""
    settings = loaded(
        """
        [models]
        default = "local:qwen3"
        temperature = 0.7
        max_tokens = 2048
        seed = 4
        timeout_s = 5.0

        [models.servers.local]
        url = "http://127.0.0.1:8000/v1"

        [models.servers.openai]
        url = "https://proxy.example/v1"
        key = "PROXY_KEY"

        [policy]
        hosted = ["anthropic:web_search"]
        """
    )
    assert settings.models == ModelRules(
        default="local:qwen3",
        settings=ModelSettings(temperature=0.7, max_tokens=2_048, seed=4, timeout_s=5.0),
        servers={
            "local": ModelServer(url="http://127.0.0.1:8000/v1"),
            "openai": ModelServer(url="https://proxy.example/v1", key="PROXY_KEY"),
        },
        hosted=("anthropic:web_search",),
    )


def test_prices_are_read_by_model(loaded):
    """With what is done where there is none."""
    settings = loaded(
        """
        [prices]
        unpriced = "refuse"

        [prices.models."local:*"]
        input = 0
        output = 0.5
        cache_read = 0.1
        """
    )
    assert settings.prices == PriceRules(
        models={"local:*": Price(input=0, output=0.5, cache_read=0.1)}, unpriced=Unpriced.REFUSE
    )


def test_the_environment_names_the_model(loaded):
    """As of every setting that can be given once."""
    settings = loaded(HIGHROAD_MODELS_DEFAULT="openai:gpt-5", HIGHROAD_PRICES_UNPRICED="refuse")
    assert settings.models.default == "openai:gpt-5"
    assert settings.prices.unpriced is Unpriced.REFUSE


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[models.servers.local]\nkey = "K"', "models.servers.local"),
        ('[models.servers.local]\nurl = "localhost:8000"', "models.servers.local.url"),
        ('[prices.models."a:b"]\ninput = 1', "output"),
        ('[prices.models."a:b"]\ninput = -1\noutput = 1', "input"),
        ("[prices]\nunpriced_input = 0", "above 0"),
        ('[prices]\nunpriced = "free"', '"charge" or "refuse"'),
    ],
)
def test_a_mistake_is_told_by_its_setting(loaded, text, told):
    """Nothing that costs money is guessed."""
    with pytest.raises(SettingsError, match=told):
        loaded(text)


@pytest.mark.promise("P7")
def test_the_password_of_a_servers_address_is_in_no_text_of_it(loaded):
    """Settings are printed."""
    settings = loaded('[models.servers.local]\nurl = "https://user:hunter2@host/v1"')
    assert "hunter2" not in repr(settings.models)

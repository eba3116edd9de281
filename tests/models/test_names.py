"""Models by name."""

import os

import pytest

from highroad.adapters.models.tape.recorder import Recorder
from highroad.adapters.models.tape.replay import Replay
from highroad.bootstrap.models import MODELS, model_at
from highroad.domain.error import SettingsError
from highroad.domain.model_rules import ModelRules, ModelServer
from highroad.testing.contracts.model import TALK, whole
from highroad.testing.models.scripted import ScriptedModel
from highroad.testing.wire import ProviderServer

LOCAL = ModelRules(servers={"local": ModelServer(url="http://127.0.0.1:9/v1")})

KEYS = (
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "GEMINI_API_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "MISTRAL_API_KEY",
    "GROQ_API_KEY",
)


@pytest.fixture
def with_key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "of-openai")


def test_a_name_that_is_of_no_provider_is_told_with_those_there_are():
    """And with what may have been meant."""
    with pytest.raises(SettingsError, match=r"did you mean anthropic:\?.*ollama:"):
        model_at("antropic:claude-opus-5")


def test_a_name_without_a_provider_is_of_none():
    """Nobody guesses whose model it is."""
    with pytest.raises(SettingsError, match="of no provider"):
        model_at("gpt-5")


def test_a_server_of_the_settings_is_a_provider():
    """By the name that it was given."""
    model = model_at("local:qwen3", LOCAL)
    assert (model.name, model.shape) == ("local:qwen3", "openai")


def test_what_is_made_elsewhere_goes_first():
    """The offline model, and whatever a test plays."""
    played = ScriptedModel([])
    assert model_at("offline:", also={"offline:": lambda name: played}) is played


@pytest.mark.usefixtures("with_key")
def test_a_hosted_tool_is_on_for_whom_it_was_named():
    """For one provider, or for all."""
    named = ModelRules(hosted=("anthropic:telepathy", "web_search"))
    assert model_at("openai:gpt-5", named)
    with pytest.raises(SettingsError, match="telepathy"):
        model_at("openai:gpt-5", ModelRules(hosted=("openai:telepathy",)))


@pytest.mark.anyio
@pytest.mark.loopback
async def test_what_a_model_replied_is_replayed_without_it(tmp_path):
    """Recorded once, by the name of the model in the query."""
    tape = tmp_path / "run.tape"
    async with ProviderServer() as server:
        rules = ModelRules(servers={"local": ModelServer(url=server.url)})
        recorder = model_at(f"record:{tape}?model=local:qwen3", rules)
        assert isinstance(recorder, Recorder)
        first = await whole(recorder, TALK)
        await recorder.close()
    replay = model_at(f"replay:{tape}")
    assert isinstance(replay, Replay)
    assert (await whole(replay, TALK)).message == first.message


def test_a_recording_of_nothing_is_told_how_it_is_written():
    """The model stands behind the file."""
    with pytest.raises(SettingsError, match=r"record:FILE\?model="):
        model_at("record:run.tape")


@pytest.mark.parametrize("start", sorted(MODELS.keys() - {"replay:", "record:"}))
def test_every_provider_is_opened(monkeypatch, start):
    """And nobody is asked for anything yet."""
    monkeypatch.setattr(os, "environ", {"AWS_REGION": "eu-central-1"} | dict.fromkeys(KEYS, "key"))
    assert model_at(f"{start}model-1").name == f"{start}model-1"

"""Providers on this machine, and models that ask them."""

import pytest

from highroad.adapters.models.provider.model import ProviderModel
from highroad.domain.model_rules import ModelServer
from highroad.testing.wire import ProviderServer

KEYS = {
    "OPENAI_API_KEY": "of-openai",
    "ANTHROPIC_API_KEY": "of-anthropic",
    "GEMINI_API_KEY": "of-google",
    # A key of Bedrock goes over https alone: here requests are signed.
    "AWS_ACCESS_KEY_ID": "of-bedrock",
    "AWS_SECRET_ACCESS_KEY": "secret-of-bedrock",
    "AWS_REGION": "eu-central-1",
    "MISTRAL_API_KEY": "of-mistral",
    "GROQ_API_KEY": "of-groq",
    "LOCAL_KEY": "of-nobody",
}


@pytest.fixture
async def server():
    """A provider that does what it is asked, unless a test says otherwise."""
    async with ProviderServer() as server:
        yield server


@pytest.fixture
async def asking(server):
    """A function that makes a model of a provider, which the server plays."""
    made = []

    def make(provider, model="model-1", *, hosted=(), key=None):
        place = ModelServer(url=server.address(provider), key=key)
        made.append(ProviderModel(provider, model, secrets=KEYS.get, server=place, hosted=hosted))
        return made[-1]

    yield make
    for model in made:
        await model.close()

"""Every wire passes the contract kit of models, with the provider's own client between."""

import anyio
import pytest

from highroad.domain.failure_kind import FailureKind
from highroad.domain.model import ModelMessage, ModelReply, TokenUsage
from highroad.testing.contracts.model import (
    RETRY_AFTER_S,
    ChoiceContract,
    RawContract,
    RelayContract,
)
from highroad.testing.wire import Play, ProviderServer, Refusal

REFUSALS = {
    FailureKind.THROTTLED: Refusal(status=429, retry_after_s=RETRY_AFTER_S),
    FailureKind.TRANSIENT: Refusal(status=503),
    FailureKind.DENIED: Refusal(status=401),
    FailureKind.INVALID_ARGUMENTS: Refusal(status=400),
}
LONG = ModelReply(
    message=ModelMessage(text="Your order is on its way, and " * 5),
    usage=TokenUsage(input=1, output=1),
    model="model-1",
)


async def never(number):
    await anyio.sleep_forever()


@pytest.mark.loopback
class WireContract(ChoiceContract, RelayContract):
    """What a played provider takes."""

    provider = ""
    model_name = "model-1"

    @pytest.fixture
    async def server(self):
        async with ProviderServer() as server:
            yield server

    @pytest.fixture
    def open_model(self, server, asking):
        return lambda: asking(self.provider, self.model_name)

    @pytest.fixture
    def under_way(self, server):
        return lambda: server.under_way

    @pytest.fixture
    def playing(self, server, asking):
        def make(answer):
            server.answering = lambda asked: answer
            return asking(self.provider, self.model_name)

        return make

    @pytest.fixture
    def saying(self, playing):
        return lambda reply: playing(Play(reply=reply))

    @pytest.fixture
    def failing(self, playing):
        hanging = Play(reply=LONG, before=never)
        return lambda kind: playing(REFUSALS.get(kind, hanging))

    @pytest.fixture
    def broken(self, playing):
        return lambda: playing(Play(reply=LONG, breaks_after=9))

    async def test_it_says_who_it_is(self, open_model):
        """In the loop of the server that it knows the address of."""
        super().test_it_says_who_it_is(open_model)


class TestChat(WireContract, RawContract):
    provider = "openai-chat"


class TestResponses(WireContract, RawContract):
    provider = "openai"


class Streaming(RawContract):
    """Of wires which have arguments as text where they come in parts, and else as an object."""

    @pytest.fixture(params=[True], ids=["streamed"])
    def is_raw_streamed(self, request):
        return request.param


class TestMessages(WireContract, Streaming):
    provider = "anthropic"


class TestCompatible(WireContract, RawContract):
    provider = "local"


class TestOllama(WireContract, RawContract):
    provider = "ollama"


class TestGroq(WireContract, RawContract):
    provider = "groq"


class TestMistral(WireContract, RawContract):
    provider = "mistral"


class TestBedrock(WireContract, Streaming):
    provider = "bedrock"
    # That a tool must be called can be said to some of its models alone.
    model_name = "eu.anthropic.claude-sonnet-5-v1:0"


class TestGoogle(WireContract):
    """Its arguments are objects, and nothing else."""

    provider = "google"

"""Every wire passes the contract kit of models, with the provider's own client between."""

import json

import anyio
import pytest

from highroad.domain.failure_kind import FailureKind
from highroad.domain.model import ModelMessage, ModelReply, TokenUsage
from highroad.testing.contracts.model import RETRY_AFTER_S, ChoiceContract, RelayContract
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


def can_be_said(call):
    """Whether it comes out of an object as it went in."""
    try:
        return json.dumps(json.loads(call.arguments), separators=(",", ":")) == call.arguments
    except ValueError:
        return False


async def never(number):
    await anyio.sleep_forever()


@pytest.mark.loopback
class WireContract(ChoiceContract, RelayContract):
    """What a played provider takes."""

    provider = ""

    @pytest.fixture
    async def server(self):
        async with ProviderServer() as server:
            yield server

    @pytest.fixture
    def open_model(self, server, asking):
        return lambda: asking(self.provider)

    @pytest.fixture
    def under_way(self, server):
        return lambda: server.under_way

    @pytest.fixture
    def playing(self, server, asking):
        def make(answer):
            server.answering = lambda asked: answer
            return asking(self.provider)

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


class TestChat(WireContract):
    provider = "openai-chat"


class TestResponses(WireContract):
    provider = "openai"


class TestMessages(WireContract):
    provider = "anthropic"

    @pytest.fixture
    def saying(self, playing, is_streamed):
        def make(reply):
            if not is_streamed and not all(map(can_be_said, reply.message.calls)):
                pytest.skip("whole, this wire says arguments as an object, and in no other way")
            return playing(Play(reply=reply))

        return make


class TestCompatible(WireContract):
    provider = "local"


class TestOllama(WireContract):
    provider = "ollama"

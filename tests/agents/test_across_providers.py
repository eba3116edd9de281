"""A run that was recorded from one provider plays on another's shape, and goes on with another."""

import json
from collections import Counter
from itertools import pairwise

import pytest
from pydantic import BaseModel

from highroad import tool
from highroad.adapters.models.provider.model import ProviderModel
from highroad.domain.entry import EntryKind
from highroad.domain.event import EventKind
from highroad.domain.model_rules import ModelServer
from highroad.testing import Recorder, Replay, ran
from highroad.testing.contracts.model import said
from highroad.testing.wire import Play, ProviderServer

pytestmark = [pytest.mark.anyio, pytest.mark.loopback]

KEYS = {
    "OPENAI_API_KEY": "key",
    "ANTHROPIC_API_KEY": "key",
    "GEMINI_API_KEY": "key",
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "key",
    "AWS_REGION": "eu-central-1",
    "MISTRAL_API_KEY": "key",
    "GROQ_API_KEY": "key",
}
PROVIDERS = ("openai", "anthropic", "openai-chat", "google", "bedrock", "mistral", "groq", "ollama")
ASK = "Refund 60 euros of ORD-1, if it is paid and in stock."


class Receipt(BaseModel):
    """What was paid back."""

    order_id: str
    cents: int


@pytest.fixture
def tools(effects):
    @tool(tier="read")
    def get_order(order_id: str) -> str:
        """Look an order up."""
        effects["get_order"] += 1
        return f"{order_id} is paid"

    @tool(tier="read")
    def count_stock(order_id: str) -> int:
        """Count what an order has in stock."""
        effects["count_stock"] += 1
        return 3

    @tool(tier="irreversible", effect="idempotent", ask="args.cents > 5000")
    def refund(order_id: str, cents: int, reason: str | None = None) -> str:
        """Pay money back."""
        effects["refund", cents] += 1
        return f"refunded {cents}"

    return get_order, count_stock, refund


def replies(provider):
    """Parallel calls, a malformed one that is corrected and waits, an output that is, too."""
    order = json.dumps({"order_id": "ORD-1"})
    # Google's arguments are objects, and never malformed.
    malformed = '{"order_id": "ORD-1"}' if provider == "google" else '{"order_id": "ORD-1", "c'
    return (
        said("I look.", ("call_1", "get_order", order), ("call_2", "count_stock", order)),
        said("", ("call_3", "refund", malformed)),
        said("", ("call_4", "refund", json.dumps({"order_id": "ORD-1", "cents": 6_000}))),
        said('{"order_id": "ORD-1"}'),
        said('{"order_id":"ORD-1","cents":6000}'),
    )


@pytest.fixture
async def provided():
    """A function that makes a model of a provider which a server plays with these replies."""
    servers, models = [], []

    async def make(provider, answers):
        following = iter(answers)
        server = await ProviderServer(lambda asked: Play(reply=next(following))).__aenter__()
        servers.append(server)
        place = ModelServer(url=server.address(provider))
        models.append(ProviderModel(provider, "model-1", secrets=KEYS.get, server=place))
        return server, models[-1]

    yield make
    for model in models:
        await model.close()
    for server in servers:
        await server.__aexit__()


async def streamed_to_its_rest(stage):
    """Begin the run, followed; the id of it."""
    kinds, run_id = [], ""
    async for event in stage.runtime.stream("support", ASK, principal=stage.principal):
        kinds.append(event.kind)
        run_id = event.run_id
    assert kinds[-1] is EventKind.RUN_HELD
    return run_id


async def worked_through(stage):
    """Up to the end, with an approval between; what there is to say of it afterwards."""
    run_id = await streamed_to_its_rest(stage)
    held = await stage.resume(run_id)
    await stage.approve(held)
    run = await stage.resume(run_id)
    ends = await stage.check()
    calls = [str(each) for each in await ran(stage.runtime, run)]
    told = (run.status, run.code, run.result, run.steps, run.tokens_in, run.tokens_out)
    return told, run.cost_usd, calls, len(ends)


@pytest.mark.promise("P3", "P5")
@pytest.mark.parametrize(
    ("recorded", "played"),
    [*pairwise((*PROVIDERS, "openai")), ("anthropic", "openai"), ("openai", "openai")],
)
async def test_a_run_recorded_from_one_provider_plays_on_the_shape_of_another(
    scene, agent, tools, effects, provided, tmp_path, recorded, played
):
    """Same end, same calls with the same arguments, same cost; nobody is asked again."""
    path = tmp_path / "run.jsonl"
    server, model = await provided(recorded, replies(recorded))
    first = await scene(agent(Recorder(model, path), *tools, output=Receipt))
    once = await worked_through(first)
    assert once[0][:3] == ("completed", None, Receipt(order_id="ORD-1", cents=6_000))
    assert effects == {"get_order": 1, "count_stock": 1, ("refund", 6_000): 1}
    assert len(server.asked) == len(replies(recorded))

    _, other = await provided(played, ())
    replay = Replay(path, shape=other.shape)
    second = await scene(agent(replay, *tools, output=Receipt))
    again = await worked_through(second)
    assert again == once
    assert effects == {"get_order": 2, "count_stock": 2, ("refund", 6_000): 2}
    assert replay.left == 0
    assert len(server.asked) == len(replies(recorded))


@pytest.mark.promise("P5", "P11")
@pytest.mark.parametrize(
    ("begun", "continued"),
    [*pairwise((*PROVIDERS, "openai")), ("anthropic", "openai")],
)
async def test_a_run_begun_with_one_provider_goes_on_with_another(
    scene, agent, tools, effects, provided, begun, continued
):
    """In another process, whose agent has another model: the history is sent in its words."""
    said_by_one, said_by_other = replies(begun)[:3], replies(continued)[3:]
    one, first = await provided(begun, said_by_one)
    stage = await scene(agent(first, *tools, output=Receipt))
    run_id = await streamed_to_its_rest(stage)
    other, second = await provided(continued, said_by_other)
    await stage.reopen(agent(second, *tools, output=Receipt))
    await stage.approve(await stage.resume(run_id))
    run = await stage.resume(run_id)

    assert (run.status, run.result) == ("completed", Receipt(order_id="ORD-1", cents=6_000))
    assert effects == {"get_order": 1, "count_stock": 1, ("refund", 6_000): 1}
    assert (len(one.asked), len(other.asked)) == (3, 2)
    for asked in other.asked:
        calls, results = asked.calls, asked.results
        assert len(set(calls)) == len(calls) == 4
        assert calls == results
    models = [body["model"] for body in await stage.bodies(EntryKind.MODEL_ASKED)]
    assert Counter(models) == {first.name: 3, second.name: 2}
    await stage.check()

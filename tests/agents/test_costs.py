"""What a step and a resumption cost does not grow with what was before (P10)."""

from collections import Counter
from math import ceil
from pathlib import Path

import pytest

from highroad import tool
from highroad.domain.run import RunStatus
from highroad.testing import ScriptedModel, call


class CountingStore:
    """A store that notes what it is asked."""

    def __init__(self, store):
        self._store = store
        self.asked = Counter()

    def __getattr__(self, name):
        found = getattr(self._store, name)
        self.asked[name] += callable(found)
        return found


@pytest.fixture
def look():
    @tool(tier="read")
    def look(what: str) -> str:
        """Look something up."""
        return f"{what} is fine"

    return look


@pytest.fixture
def pay():
    @tool(tier="irreversible", effect="idempotent")
    def pay(cents: int) -> str:
        """Pay somebody."""
        return "paid"

    return pay


def steps(number):
    """Looks up so many things, then pays."""
    looks = [call("look", what=f"thing {each}") for each in range(number)]
    return ScriptedModel(*looks, call("pay", cents=5), "Paid.", by_turn=True)


@pytest.fixture
def asked_on_resuming(scene, agent, look, pay):
    """A function that says what a store is asked when a run of so many steps is resumed."""

    async def resumed(number):
        stage = await scene(agent(steps(number), look, pay, iterations=50), wrap=CountingStore)
        held = await stage.run("support")
        stage.store.asked.clear()
        again = await stage.resume(held)
        assert again.status is held.status is RunStatus.HELD
        assert again.steps == number + 1
        return stage.store.asked

    return resumed


@pytest.mark.promise("P10")
async def test_a_resumed_run_asks_its_ledger_as_often_however_long_it_is(asked_on_resuming):
    """Entries in one question and payloads in another; results of calls come with them."""
    long, short = await asked_on_resuming(12), await asked_on_resuming(2)
    assert long["payloads"] == 1
    assert long == short


@pytest.mark.promise("P6", "P10")
async def test_a_request_reserves_for_all_that_it_holds(scene, agent, look, pay):
    """Counted as the history grows, it is the same as if all of it were read again."""
    model = steps(6)
    stage = await scene(agent(model, look, pay, iterations=50))
    await stage.run("support")
    reserved = [body["reserved_tokens"] for body in await stage.bodies("model.asked")]
    brief = stage.assembly.runs.crew.brief("support")
    texts = [_characters(request) // 2 + brief.settings.max_tokens for request in model.requests]
    assert reserved == texts


@pytest.fixture
def dear_to_keep():
    """What a model is to keep costs more than what it reads."""
    prices = "input = 2.0\noutput = 10.0\ncache_write = 2.5\n"
    Path("highroad.toml").write_text(f'[prices.models."scripted:*"]\n{prices}', "utf-8")


@pytest.mark.promise("P6")
@pytest.mark.usefixtures("dear_to_keep")
async def test_a_request_reserves_the_dearest_that_its_tokens_may_become(scene, agent, look):
    """A provider may ask a quarter more for those that it is to keep."""
    stage = await scene(agent(ScriptedModel("Done."), look))
    await stage.run("support")
    (asked,) = await stage.bodies("model.asked")
    most_out = stage.assembly.runs.crew.brief("support").settings.max_tokens
    most_in = asked["reserved_tokens"] - most_out
    assert asked["reserved"] == ceil(most_in * 2.5 + most_out * 10)


def _characters(request):
    """Of everything that a model is sent."""
    tools = sum(len(t.name) + len(t.description) + len(str(t.input_schema)) for t in request.tools)
    said = 0
    for message in request.messages:
        said += len(getattr(message, "text", "")) + len(getattr(message, "content", ""))
        said += len(getattr(message, "id", ""))
        for each in getattr(message, "calls", ()):
            said += len(each.id) + len(each.tool) + len(each.arguments)
    return len(request.instructions) + tools + said

"""Images and files of results go to models that take them; others are told what they do not see."""

import json

import pytest

from highroad import tool
from highroad.agents.context.illustrated import Illustrated
from highroad.agents.context.tokens import characters_of, tokens_of
from highroad.domain.error import LedgerError
from highroad.domain.model import ToolMessage
from highroad.domain.part import File, Image
from highroad.testing import ScriptedModel, call, fails

PNG = b"\x89PNG\r\n\x1a\n" + bytes(24)
PDF = b"%PDF-1.4 " + b"x" * 90_000


@tool(tier="read")
def photo(order_id: str) -> Image:
    """Show what the customer has sent."""
    return Image(PNG, "image/png")


@tool(tier="read")
def bill(order_id: str) -> File:
    """Fetch the bill."""
    return File(PDF, "application/pdf", "bill.pdf")


def results(request):
    return [each for each in request.messages if isinstance(each, ToolMessage)]


async def test_a_model_that_takes_images_is_shown_them_beside_the_result(scene, agent):
    model = ScriptedModel(call("photo", order_id="1"), "Broken.", shape="anthropic")
    stage = await scene(agent(model, photo))
    run = await stage.run("support")
    assert run.result == "Broken."
    (result,) = results(model.requests[1])
    assert result.parts == (Image(PNG, "image/png"),)
    told = json.loads(result.content)["result"]
    assert (told["part"], told["size"]) == (1, len(PNG))


async def test_one_that_does_not_is_told_what_it_is_not_shown(scene, agent):
    model = ScriptedModel(call("photo", order_id="1"), "I cannot see it.", shape="openai")
    stage = await scene(agent(model, photo))
    await stage.run("support")
    (result,) = results(model.requests[1])
    assert result.parts == ()
    assert "takes no image" in json.loads(result.content)["result"]["not_shown"]


async def test_each_model_that_is_asked_is_shown_what_it_takes(scene, agent):
    first = ScriptedModel(call("photo", order_id="1"), fails("denied"), shape="anthropic")
    other = ScriptedModel("Told in words.", shape="openai")
    stage = await scene(agent([first, other], photo))
    await stage.run("support")
    assert [len(each.parts) for each in results(first.requests[1])] == [1]
    assert [len(each.parts) for each in results(other.requests[0])] == [0]


async def test_a_resumed_run_is_shown_the_same(scene, agent):
    async def dying(leg):
        await leg.act(await leg.ask())
        reply = await leg.ask()
        if not lives:
            raise LedgerError("the process is gone")
        await leg.act(reply)
        return (await leg.ask()).text

    lives = []
    turns = [call("photo", order_id="1"), call("bill", order_id="1")]
    first = ScriptedModel(*turns, shape="anthropic")
    second = ScriptedModel("Seen.", shape="anthropic")
    stage = await scene(agent(first, photo, bill, strategy=dying))
    with pytest.raises(LedgerError):
        await stage.run("support")
    lives.append(True)
    (started,) = await stage.bodies("run.started")
    await stage.reopen(agent(second, photo, bill, strategy=dying))
    await stage.resume(started["run"])
    assert results(second.requests[0])[0] == results(first.requests[1])[0]
    assert results(second.requests[0])[1].parts == (File(PDF, "application/pdf", "bill.pdf"),)


@pytest.mark.promise("P6")
async def test_what_goes_along_is_counted_before_it_is_sent(scene, agent):
    model = ScriptedModel(call("bill", order_id="1"), "Read.", shape="anthropic")
    stage = await scene(agent(model, bill))
    await stage.run("support")
    first, second = [each["reserved_tokens"] for each in await stage.bodies("model.asked")]
    assert second - first > len(PDF) // 20


async def test_an_image_counts_what_providers_make_of_it():
    plain = ToolMessage(id="1", tool="photo", content="{}")
    drawn = Illustrated(id="1", tool="photo", content="{}", blobs=(), tokens=1_600)
    assert tokens_of(drawn) - tokens_of(plain) == 1_600
    assert characters_of(drawn) - characters_of(plain) == 3_200

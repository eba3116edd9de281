"""A run shows its model what there is room for, and what was said before it."""

import json

from highroad import Agent, Limits, Principal, Runtime, tool
from highroad.agents.context.results import RunResults, get_result
from highroad.agents.context.tokens import tokens_of
from highroad.domain.model import ModelMessage, Prompt, ToolMessage, UserMessage
from highroad.domain.run import RunStatus
from highroad.testing import ScriptedModel, call

ALICE, BOB = Principal("alice"), Principal("bob")


@tool(tier="read")
def read_page(number: int) -> str:
    """Read a page of the book."""
    return f"page {number}: " + "once upon a time " * 400


def texts(request):
    return [message.text for message in request.messages]


async def test_a_conversation_is_shown_what_was_asked_and_answered_before():
    model = ScriptedModel("It costs 5 euros.", "No, in euros.", "Hello.", "Hi.")
    agent = Agent(name="seller", model=model)
    async with Runtime.open(agents=[agent]) as runtime:
        await runtime.run("seller", "The vase?", principal=ALICE, conversation="main")
        await runtime.run("seller", "In dollars?", principal=ALICE, conversation="main")
        await runtime.run("seller", "And I?", principal=BOB, conversation="main")
        await runtime.run("seller", "Another one", principal=ALICE)
    assert [texts(request) for request in model.requests] == [
        ["The vase?"],
        ["The vase?", "It costs 5 euros.", "In dollars?"],
        ["And I?"],
        ["Another one"],
    ]


async def test_a_long_run_stays_within_its_model_and_reads_again_what_was_left_out():
    def again(request):
        results = [each for each in request.messages if isinstance(each, ToolMessage)]
        left_out = json.loads(results[0].content)["left_out"]
        return call("get_result", call_id=left_out["call_id"])

    pages = [call("read_page", number=number) for number in range(20)]
    model = ScriptedModel(*pages, again, "The end.", context_tokens=12_000)
    opened = []
    deps = {RunResults: lambda: RunResults(opened[0]._services.ledger)}  # noqa: SLF001 - as bootstrap does
    agent = Agent(name="reader", model=model, tools=[read_page, get_result])
    limits = Limits(iterations=30)
    async with Runtime.open(agents=[agent], deps=deps, limits=limits) as runtime:
        opened.append(runtime)
        run = await runtime.run("reader", "Read the book.")
    assert run.status is RunStatus.COMPLETED
    assert all(sum(map(tokens_of, each.messages)) < 11_000 for each in model.requests)
    read = model.requests[-1].messages[-1]
    assert json.loads(read.content)["result"]["text"].startswith('"page ')
    kept = sum(
        behind.messages[: len(before.messages)] == before.messages
        for before, behind in zip(model.requests, model.requests[1:], strict=False)
    )
    assert 13 < kept < 21, "prunings are rare"


async def test_a_request_that_cannot_be_shown_fails_with_what_to_do():
    agent = Agent(name="reader", model=ScriptedModel(context_tokens=3_000))
    async with Runtime.open(agents=[agent]) as runtime:
        run = await runtime.run("reader", "word " * 10_000)
    assert (run.status, run.code) == (RunStatus.FAILED, "context_exceeded")


async def test_what_a_strategy_says_is_no_user_s_word():
    async def reflecting(leg):
        await leg.ask()
        return (await leg.ask(say="Reflect on it.")).text

    model = ScriptedModel("First.", "Second.")
    async with Runtime.open(agents=[Agent(name="a", model=model, strategy=reflecting)]) as runtime:
        await runtime.run("a", "Think.")
    assert model.requests[1].messages == (
        UserMessage(text="Think."),
        ModelMessage(text="First."),
        Prompt(text="Reflect on it."),
    )

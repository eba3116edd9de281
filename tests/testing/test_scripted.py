"""A scripted model plays its script, and says where a test and its script part."""

from contextlib import aclosing
from dataclasses import replace

import pytest

from highroad.domain.failure_kind import FailureKind
from highroad.domain.model import (
    CallReady,
    Finish,
    ModelCall,
    ModelError,
    ModelMessage,
    ModelReply,
    ModelRequest,
    ModelSettings,
    TextDelta,
    TokenUsage,
    ToolMessage,
    UserMessage,
)
from highroad.testing import FakeClock, ScriptedModel, ScriptOver, call, fails, hangs, said
from highroad.testing.contracts.model import (
    RETRY_AFTER_S,
    ChoiceContract,
    RawContract,
    parts_of,
    whole,
)

ASK = ModelRequest(messages=(UserMessage(text="Refund it."),))
STREAM = replace(ASK, is_streamed=True)


def obedient(request):
    """What a model would reply that does as it is told."""
    if not request.tools or request.choice == "none":
        return "I can only talk about it."
    tool = request.tools[0] if isinstance(request.choice, str) else request.choice
    return call(tool.name, order_id="ORD-000042")


class TestScriptedModel(ChoiceContract, RawContract):
    @pytest.fixture
    def models(self):
        return []

    @pytest.fixture
    def open_model(self, models):
        def opened():
            models.append(ScriptedModel.answering(obedient))
            return models[-1]

        return opened

    @pytest.fixture
    def under_way(self, models):
        return lambda: sum(model.under_way for model in models)

    @pytest.fixture
    def saying(self):
        return ScriptedModel

    @pytest.fixture
    def failing(self):
        def made(kind):
            retry_after_s = RETRY_AFTER_S if kind is FailureKind.THROTTLED else None
            is_slow = kind is FailureKind.TIMEOUT
            return ScriptedModel(hangs() if is_slow else fails(kind, retry_after_s=retry_after_s))

        return made

    @pytest.fixture
    def broken(self):
        return lambda: ScriptedModel(fails("transient", "I am about to"))


async def test_lines_are_played_in_order():
    model = ScriptedModel("one", call("refund", cents=5), ["two", call("a"), call("b")])
    first, second, third = [await whole(model, ASK) for _ in range(3)]
    assert first.message == ModelMessage(text="one")
    assert second.message.calls == (
        ModelCall(id="call_2_1", tool="refund", arguments='{"cents":5}'),
    )
    assert (second.finish, third.message.text) == (Finish.CALLS, "two")
    assert [each.id for each in third.message.calls] == ["call_3_1", "call_3_2"]
    model.assert_complete()


@pytest.mark.parametrize(
    ("written", "arguments"),
    [
        (call("t"), "{}"),
        (call("t", {"from": "a"}, to="b"), '{"from":"a","to":"b"}'),
        (call("t", '{"cents": 5'), '{"cents": 5'),
        (call("t", ""), ""),
    ],
    ids=["none", "mapping and names", "raw", "nothing at all"],
)
async def test_arguments_are_written_as_json_or_as_they_stand(written, arguments):
    reply = await whole(ScriptedModel(written), ASK)
    assert [each.arguments for each in reply.message.calls] == [arguments]


async def test_a_line_says_ids_tokens_and_why_it_stopped():
    usage = TokenUsage(input=9, output=1, cache_read=8)
    line = said("I", call("a"), call("b"), ids=["x", "x"], usage=usage, finish="length")
    reply = await whole(ScriptedModel(line), ASK)
    assert [each.id for each in reply.message.calls] == ["x", "x"]
    assert (reply.usage, reply.finish) == (usage, Finish.LENGTH)


async def test_what_is_streamed_comes_in_words_and_calls():
    model = ScriptedModel(["I look.", call("a"), call("b")])
    parts = await parts_of(model, STREAM)
    assert [type(part) for part in parts] == [
        *(TextDelta, TextDelta, CallReady, CallReady),
        ModelReply,
    ]
    assert [part.text for part in parts[:2]] == ["I ", "look."]


async def test_a_function_replies_to_what_it_is_asked():
    model = ScriptedModel(lambda request: request.messages[-1].text.upper())
    assert (await whole(model, ASK)).message.text == "REFUND IT."


async def test_what_was_asked_stays_what_it_was():
    messages = [UserMessage(text="one")]
    model = ScriptedModel("a", "b")
    await whole(model, ModelRequest(messages=messages))
    messages.append(UserMessage(text="two"))
    assert [each.text for each in model.requests[0].messages] == ["one"]


async def test_lines_that_nobody_asked_for_are_told():
    model = ScriptedModel("one", call("refund", cents=5), fails("denied"))
    await whole(model, ASK)
    with pytest.raises(AssertionError) as raised:
        model.assert_complete()
    assert str(raised.value) == (
        "the model was asked once, and of its script of 3 lines these were never asked for:\n"
        "  2. call('refund', '{\"cents\":5}')\n"
        "  3. fails('denied')"
    )


@pytest.mark.parametrize(
    ("last", "told"),
    [
        (UserMessage(text="And now?"), "after the user's words 'And now?'"),
        (
            ToolMessage(id="1", tool="refund", content='{"code": "denied"}'),
            'after the result of refund: \'{"code": "denied"}\'',
        ),
    ],
    ids=["user", "tool"],
)
async def test_asked_beyond_its_script_it_says_by_what(last, told):
    model = ScriptedModel("one")
    await whole(model, ASK)
    with pytest.raises(ScriptOver, match="over, and the model was asked for line 2") as raised:
        await whole(model, replace(ASK, messages=(last,)))
    assert told in str(raised.value)


async def test_that_it_was_asked_beyond_its_script_is_not_forgotten():
    """Whoever asked may have taken the error for one of a model, and gone on."""
    model = ScriptedModel()
    with pytest.raises(ScriptOver):
        await whole(model, ASK)
    with pytest.raises(AssertionError, match="over"):
        model.assert_complete()


async def test_latency_passes_in_the_time_of_its_clock():
    clock = FakeClock(autojump=True)
    model = ScriptedModel(said("slow", latency_s=30), clock=clock)
    await whole(model, ASK)
    assert clock.monotonic_s() == 30


@pytest.mark.parametrize(
    ("line", "took_s"),
    [(said("slow", latency_s=90), 60), (hangs("I am"), 60), (fails("timeout"), 0)],
    ids=["slow", "hanging", "failing"],
)
async def test_what_takes_longer_than_the_request_has_is_no_reply(line, took_s):
    clock = FakeClock(autojump=True)
    model = ScriptedModel(line, clock=clock)
    with pytest.raises(ModelError) as raised:
        await whole(model, replace(STREAM, settings=ModelSettings(timeout_s=60)))
    assert raised.value.kind is FailureKind.TIMEOUT
    assert clock.monotonic_s() == took_s


async def test_a_call_that_may_be_torn_is_never_said_to_be_complete():
    model = ScriptedModel(said(call("a"), call("b", '{"cents": 5'), finish="length"))
    parts = await parts_of(model, STREAM)
    assert [part.call.tool for part in parts if isinstance(part, CallReady)] == ["a"]


async def test_a_reply_that_breaks_off_had_begun():
    model = ScriptedModel(fails("transient", "I am", call("refund", cents=5)))
    found = []

    async def read():
        async for part in model.reply(STREAM):
            found.append(part)  # noqa: PERF401 - what came before the error

    with pytest.raises(ModelError):
        await read()
    assert [type(part) for part in found] == [TextDelta, TextDelta, CallReady]


@pytest.mark.parametrize(
    ("kind", "is_counted"), [("throttled", False), ("denied", False), ("timeout", True)]
)
async def test_what_a_provider_turned_away_it_does_not_count(kind, is_counted):
    with pytest.raises(ModelError) as raised:
        await whole(ScriptedModel(fails(kind)), ASK)
    assert raised.value.is_counted is is_counted


async def test_an_error_of_ones_own_is_raised_as_it_is():
    error = ModelError("so it is", kind=FailureKind.DENIED)
    with pytest.raises(ModelError) as raised:
        await whole(ScriptedModel(error), ASK)
    assert raised.value is error


async def test_closed_early_nothing_is_under_way():
    model = ScriptedModel("one two three")
    async with aclosing(model.reply(STREAM)) as parts:
        await anext(parts)
        assert model.under_way == 1
    assert model.under_way == 0


async def test_by_turn_the_request_says_which_line_is_due():
    """As a run that another process began goes on with the line behind what it has."""
    model = ScriptedModel("one", "two", call("refund"), by_turn=True)
    later = replace(ASK, messages=(*ASK.messages, ModelMessage(text="a"), ModelMessage(text="b")))
    assert (await whole(model, later)).message.calls[0].id == "call_3_1"
    assert (await whole(model, ASK)).message.text == "one"
    assert (await whole(model, ASK)).message.text == "one"
    with pytest.raises(AssertionError, match=r"2\. 'two'"):
        model.assert_complete()

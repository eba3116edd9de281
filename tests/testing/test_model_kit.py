"""The contract kit of models sees what is wrong with one: each of its sentences can fail."""

from contextlib import aclosing
from dataclasses import replace

import pytest

from highroad.domain.failure_kind import FailureKind
from highroad.domain.model import (
    CallReady,
    Finish,
    ModelError,
    ModelReply,
    TextDelta,
    TokenUsage,
)
from highroad.testing import ScriptedModel, call
from highroad.testing.contracts import model as kit
from highroad.testing.contracts.model import SAYINGS, SECRET, RawContract, parts_of


class Kit(kit.ChoiceContract, RawContract):
    """All sentences; not collected, for it makes no model."""

    __test__ = False


def obedient(request):
    if not request.tools or request.choice == "none":
        return "I can only talk about it."
    tool = request.tools[0] if isinstance(request.choice, str) else request.choice
    return call(tool.name, order_id="ORD-000042")


class Wrong:
    """A good model, and what is wrong with it: a function of all the parts of a reply."""

    name = "wrong:model"
    shape = "openai"
    context_tokens = None

    def __init__(self, change=lambda parts: parts, answer=obedient):
        self._model = ScriptedModel.answering(answer)
        self._change = change

    async def reply(self, request):
        for part in self._change(await parts_of(self._model, request)):
            yield part

    async def close(self):
        pass


def last_changed(**changed):
    """The whole reply is another."""
    return lambda parts: [*parts[:-1], replace(parts[-1], **changed)]


def said_otherwise(**changed):
    """The message of the whole reply is another."""
    return lambda parts: [
        *parts[:-1],
        replace(parts[-1], message=replace(parts[-1].message, **changed)),
    ]


def counting():
    """Says how often it was asked, which it must not know."""
    asked = []

    def answer(request):
        asked.append(request)
        return f"{obedient(request)} {len(asked)}" if not request.tools else obedient(request)

    return Wrong(answer=answer)


WRONG_PARTS = {
    "no whole reply": lambda parts: parts[:-1],
    "two whole replies": lambda parts: [*parts, parts[-1]],
    "something behind it": lambda parts: [*parts, TextDelta(text="more")],
}


@pytest.mark.parametrize("change", WRONG_PARTS.values(), ids=WRONG_PARTS)
async def test_the_whole_reply_not_last_or_not_alone(change):
    with pytest.raises((AssertionError, IndexError)):
        await Kit().test_the_whole_reply_comes_last_and_is_the_only_one(
            Wrong(change), is_streamed=True
        )


async def test_parts_for_those_who_want_none():
    wrong = Wrong(lambda parts: [TextDelta(text="I"), *parts])
    with pytest.raises(AssertionError):
        await Kit().test_nothing_comes_on_the_way_that_was_not_asked_for(wrong)


WRONG_WAY = {
    "text that is missing": lambda parts: [
        part for part in parts if not isinstance(part, TextDelta)
    ],
    "text twice": lambda parts: [parts[0], *parts] if isinstance(parts[0], TextDelta) else parts,
    "deltas of nothing": lambda parts: [TextDelta(text=""), *parts],
    "calls that nobody was told of": lambda parts: [
        part for part in parts if not isinstance(part, CallReady)
    ],
    "a call twice": lambda parts: [
        *[part for part in parts if isinstance(part, CallReady)],
        *parts,
    ],
    "another call": lambda parts: [
        replace(part, call=replace(part.call, arguments="{}"))
        if isinstance(part, CallReady)
        else part
        for part in parts
    ],
}


@pytest.mark.parametrize("change", WRONG_WAY.values(), ids=WRONG_WAY)
async def test_what_comes_on_the_way_and_is_not_in_the_reply(change):
    with pytest.raises(AssertionError):
        await Kit().test_what_comes_on_the_way_is_what_the_whole_reply_has(Wrong(change))


@pytest.mark.parametrize(
    "change",
    [
        said_otherwise(text=""),
        said_otherwise(calls=SAYINGS["call"].message.calls),
        last_changed(finish=Finish.OTHER),
    ],
    ids=["no text", "calls", "finish"],
)
async def test_no_text_where_there_are_no_tools(change):
    with pytest.raises(AssertionError):
        await Kit().test_without_tools_it_replies_with_text(Wrong(change), is_streamed=False)


@pytest.mark.parametrize(
    "change",
    [
        said_otherwise(calls=()),
        said_otherwise(calls=SAYINGS["an invented tool"].message.calls),
        last_changed(finish=Finish.STOP),
    ],
    ids=["no call", "another tool", "finish"],
)
async def test_no_call_where_there_are_tools(change):
    with pytest.raises(AssertionError):
        await Kit().test_with_tools_it_calls(Wrong(change), is_streamed=False)


@pytest.mark.parametrize(
    "change",
    [
        last_changed(usage=TokenUsage(input=-1)),
        last_changed(usage=TokenUsage(input=5, cache_read=3, cache_write=3)),
        last_changed(model=""),
    ],
    ids=["negative", "more cached than there was", "no version"],
)
async def test_wrong_counts(change):
    with pytest.raises(AssertionError):
        await Kit().test_tokens_are_counted_and_the_version_is_named(
            Wrong(change), is_streamed=False
        )


async def test_something_kept_of_the_request_before():
    with pytest.raises(AssertionError):
        await Kit().test_nothing_is_kept_of_one_request_for_the_next(counting(), counting)


async def test_answers_to_others():
    wrong = Wrong(answer=lambda request: "I can only talk about it.")
    with pytest.raises(BaseExceptionGroup):
        await Kit().test_requests_that_come_together_are_answered_apart(
            Wrong(lambda parts: parts[:-1])
        )
    with pytest.raises(AssertionError):
        await Kit().test_requests_that_come_together_are_answered_apart(wrong)


async def test_asking_that_goes_on(monkeypatch):
    monkeypatch.setattr(kit, "PATIENCE_S", 0.01)
    with pytest.raises(TimeoutError):
        await Kit().test_closed_early_it_stops_and_can_be_asked_again(Wrong(), lambda: 1)
    with pytest.raises(AssertionError):
        await Kit().test_a_reply_that_nobody_began_to_read_costs_nothing(Wrong(), lambda: 1)


@pytest.mark.parametrize(
    ("attribute", "value"), [("name", "model"), ("shape", "round"), ("context_tokens", 0)]
)
def test_wrong_names(monkeypatch, attribute, value):
    monkeypatch.setattr(Wrong, attribute, value)
    with pytest.raises(AssertionError):
        Kit().test_it_says_who_it_is(Wrong)


async def test_choices_that_are_not_heeded():
    def stubborn(request):
        return call("get_order", order_id="ORD-000042")

    wrong, talking = Wrong(answer=stubborn), Wrong(answer=lambda request: "No.")
    with pytest.raises(AssertionError):
        await Kit().test_it_calls_nothing_when_it_must_not(wrong, is_streamed=False)
    with pytest.raises(AssertionError):
        await Kit().test_it_calls_something_when_it_must(talking, is_streamed=False)
    with pytest.raises(AssertionError):
        await Kit().test_it_calls_the_tool_that_it_must(wrong, kit.REFUND, is_streamed=False)


@pytest.mark.parametrize("named", SAYINGS)
async def test_what_was_written_and_is_mended(named):
    reply = SAYINGS[named]
    mended = ModelReply(
        message=replace(reply.message, text="mended", calls=()),
        usage=reply.usage,
        model=reply.model,
        finish=Finish.STOP,
    )
    with pytest.raises(AssertionError):
        await Kit().test_what_was_written_is_handed_on_as_it_is(
            lambda _: ScriptedModel(mended), reply, is_streamed=False
        )


@pytest.mark.parametrize(
    "error",
    [
        ModelError("It failed.", kind=FailureKind.BUG),
        ModelError("It failed.", kind=FailureKind.THROTTLED),
        ModelError(f"It failed: {SECRET}", kind=FailureKind.THROTTLED, retry_after_s=7),
        ModelError("", kind=FailureKind.THROTTLED, retry_after_s=7),
    ],
    ids=["another kind", "no time", "the prompt", "no word"],
)
async def test_errors_that_say_too_little_or_too_much(error):
    with pytest.raises(AssertionError):
        await Kit().test_a_failure_says_its_kind_and_nothing_of_what_was_asked(
            lambda _: ScriptedModel(error), FailureKind.THROTTLED, is_streamed=False
        )


@pytest.mark.parametrize("play", ["I am", ModelError("No.", kind=FailureKind.BUG)], ids=str)
async def test_half_a_reply_that_is_given_for_a_whole_one(play):
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        await Kit().test_a_reply_that_breaks_off_is_none(
            lambda: ScriptedModel(play), is_streamed=True
        )


async def test_closing_that_breaks_the_second_time():
    class Once(Wrong):
        is_closed = False

        async def close(self):
            assert not self.is_closed
            self.is_closed = True

    with pytest.raises(AssertionError):
        await Kit().test_closing_twice_is_safe(Once)


async def test_a_good_model_is_found_good():
    """Or all of the above would show nothing."""
    async with aclosing(Wrong().reply(kit.TALK)) as parts:
        assert [type(part) async for part in parts] == [ModelReply]
    await Kit().test_with_tools_it_calls(Wrong(), is_streamed=True)
    await Kit().test_nothing_is_kept_of_one_request_for_the_next(Wrong(), Wrong)

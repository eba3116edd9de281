"""A run is recorded, and plays again: for the same requests, from any provider's shape."""

import json
import stat
from contextlib import aclosing, suppress
from dataclasses import replace

import pytest

from highroad.adapters.models.tape import Recorder, Replay
from highroad.domain.confidence import StatedFields
from highroad.domain.error import HighroadError
from highroad.domain.failure_kind import FailureKind
from highroad.domain.model import (
    ModelCall,
    ModelError,
    ModelMessage,
    ModelReply,
    TextDelta,
    ToolMessage,
    UserMessage,
)
from highroad.testing import ScriptedModel, call, fails, hangs, said
from highroad.testing.contracts.model import (
    LATER,
    REFUND,
    RETRY_AFTER_S,
    SECRET,
    TALK,
    WORK,
    ChoiceContract,
    RawContract,
    parts_of,
    whole,
)
from highroad.tools.shapes import ToolSpec
from highroad.tools.shapes.stated import with_fields


def obedient(request):
    if not request.tools or request.choice == "none":
        return "I can only talk about it."
    tool = request.tools[0] if isinstance(request.choice, str) else request.choice
    return call(tool.name, order_id="ORD-000042")


class ModelKit(ChoiceContract, RawContract):
    """The contract kit over a model that `taped` makes of a scripted one."""

    @pytest.fixture
    def models(self):
        return []

    @pytest.fixture
    def made(self, models, taped):
        def made(model):
            models.append(model)
            return taped(model)

        return made

    @pytest.fixture
    def open_model(self, made):
        return lambda: made(ScriptedModel.answering(obedient))

    @pytest.fixture
    def under_way(self, models):
        return lambda: sum(model.under_way for model in models)

    @pytest.fixture
    def saying(self, made):
        return lambda reply: made(ScriptedModel(reply))

    @pytest.fixture
    def failing(self, made):
        def failing(kind):
            retry_after_s = RETRY_AFTER_S if kind is FailureKind.THROTTLED else None
            is_slow = kind is FailureKind.TIMEOUT
            return made(
                ScriptedModel(hangs() if is_slow else fails(kind, retry_after_s=retry_after_s))
            )

        return failing

    @pytest.fixture
    def broken(self, made):
        return lambda: made(ScriptedModel(fails("transient", "I am about to")))


class TestRecorder(ModelKit):
    @pytest.fixture
    def taped(self, tmp_path):
        return lambda model: Recorder(model, tmp_path / "tape.jsonl")


class Taped:
    """Records what it is asked, and replies with what is then on the tape."""

    def __init__(self, model, path):
        self._recorder = Recorder(model, path)
        self._path = path
        self.name, self.shape = self._recorder.name, self._recorder.shape
        self.context_tokens = self._recorder.context_tokens

    async def reply(self, request):
        with suppress(ModelError):  # it is on the tape
            await parts_of(self._recorder, request)
        async with aclosing(Replay(self._path).reply(request)) as parts:
            async for part in parts:
                yield part

    async def close(self):
        await self._recorder.close()


class TestReplay(ModelKit):
    @pytest.fixture
    def taped(self, tmp_path):
        return lambda model: Taped(model, tmp_path / "tape.jsonl")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "tape.jsonl"


@pytest.fixture
def record(path):
    """Records what a scripted model replies to these requests."""

    async def record(*exchanges):
        recorder = Recorder(ScriptedModel(*(play for _, play in exchanges)), path)
        for request, _ in exchanges:
            with suppress(ModelError):  # it is on the tape
                await whole(recorder, request)
        return path

    return record


async def test_a_reply_plays_as_it_was_tokens_and_version_with_it(record):
    line = said("I look.", call("get_order", order_id=1))
    replay = Replay(await record((WORK, line)))
    reply = await whole(replay, WORK)
    assert reply == line.reply(1, "scripted:model")


async def test_what_was_not_streamed_can_be(record):
    replay = Replay(await record((TALK, "Here you are.")))
    parts = await parts_of(replay, replace(TALK, is_streamed=True))
    said = [part.text for part in parts if isinstance(part, TextDelta)]
    assert said == ["Here ", "you ", "are."]


async def test_requests_find_what_is_theirs_whatever_their_order(record):
    replay = Replay(await record((TALK, "talk"), (WORK, "work")))
    assert (await whole(replay, WORK)).message.text == "work"
    assert replay.left == 1
    assert (await whole(replay, TALK)).message.text == "talk"
    assert replay.left == 0


async def test_the_same_request_plays_in_order_and_then_as_the_last_time(record):
    """As one that was tried again after an error, or by a run that goes on after a crash."""
    replay = Replay(await record((TALK, fails("throttled")), (TALK, "one"), (TALK, "two")))
    with pytest.raises(ModelError):
        await whole(replay, TALK)
    found = [(await whole(replay, TALK)).message.text for _ in range(3)]
    assert found == ["one", "two", "two"]


def messages_of(*, id_, native, content='{"state": "paid"}', arguments='{"order_id": 1}'):
    return (
        *WORK.messages,
        ModelMessage(
            text="I look.",
            calls=(ModelCall(id=id_, tool="get_order", arguments=arguments),),
            native=native,
        ),
        ToolMessage(id=id_, tool="get_order", content=content),
    )


async def test_ids_and_what_only_a_provider_reads_make_no_difference(record):
    ours = "call_01jdwx0000e8p8r8s8t8v8w8x8"
    one = messages_of(id_="toolu_1", native=b"a", content=f'{{"call_id": "{ours}"}}')
    other = messages_of(
        id_="call_9", native=b"", content=f'{{"call_id": "{ours.replace("x0", "y1")}"}}'
    )
    replay = Replay(await record((replace(WORK, messages=one), "done")))
    settings = replace(WORK.settings, temperature=1.0, timeout_s=1)
    request = replace(WORK, messages=other, settings=settings, is_streamed=True)
    assert (await whole(replay, request)).message.text == "done"


DIFFERENT = {
    "instructions": (replace(WORK, instructions=f"Because {SECRET}"), "/instructions"),
    "a user's words": (
        replace(WORK, messages=(UserMessage(text="Refund six."),)),
        "/messages/0/user",
    ),
    "one message more": (LATER, "/messages/1/text"),
    "no tools": (replace(WORK, tools=()), "/tools/get_order"),
    "a description": (
        replace(WORK, tools=(WORK.tools[0], replace(REFUND, description="Other."))),
        "/tools/refund/description",
    ),
    "an argument": (
        replace(WORK, tools=(WORK.tools[0], replace(REFUND, input_schema={"type": "object"}))),
        "/tools/refund, /tools/refund/schema",
    ),
    "the choice": (replace(WORK, choice=REFUND), "/choice"),
    "the form of the output": (replace(WORK, output={"type": "object"}), "/output"),
}


@pytest.mark.parametrize(("request_", "pointer"), DIFFERENT.values(), ids=DIFFERENT)
async def test_what_was_never_asked_is_told_by_pointer_and_not_by_value(record, request_, pointer):
    replay = Replay(await record((WORK, "done")))
    with pytest.raises(ModelError) as raised:
        await whole(replay, request_)
    assert f"exchange 1 is due, and the request differs from it at {pointer}" in str(raised.value)
    assert SECRET not in str(raised.value)
    assert (raised.value.kind, raised.value.is_counted) == (FailureKind.PERMANENT, False)


@pytest.mark.parametrize(
    ("later", "pointer"),
    [
        (messages_of(id_="1", native=b"", content="{}"), "/messages/2/result/content"),
        (messages_of(id_="1", native=b"", arguments="{}"), "/messages/1/calls/0/arguments"),
    ],
    ids=["a result", "arguments"],
)
async def test_a_history_that_went_another_way_is_told(record, later, pointer):
    recorded = replace(WORK, messages=messages_of(id_="1", native=b""))
    replay = Replay(await record((recorded, "done")))
    with pytest.raises(ModelError, match=f"differs from it at {pointer}; if"):
        await whole(replay, replace(WORK, messages=later))


async def test_beyond_its_end_a_tape_says_so(record):
    replay = Replay(await record((WORK, "done")))
    await whole(replay, WORK)
    with pytest.raises(ModelError, match="all 1 exchanges were played"):
        await whole(replay, TALK)


async def test_in_another_shape_tools_are_known_by_their_names_and_those_of_their_arguments(record):
    path = await record((WORK, "done"))
    other = [
        replace(
            tool,
            description=f"{tool.description} (as others have it)",
            input_schema={
                "properties": {key: {} for key in reversed(tool.input_schema["properties"])}
            },
            is_strict=True,
        )
        for tool in WORK.tools
    ]
    request = replace(WORK, tools=other)
    with pytest.raises(ModelError, match="/tools/get_order/description"):
        await whole(Replay(path), request)
    replay = Replay(path, shape="anthropic")
    assert replay.shape == "anthropic"
    with pytest.raises(ModelError, match="differs from it at /tools/refund;"):
        await whole(replay, replace(request, tools=other[:1]))
    assert (await whole(replay, request)).message.text == "done"


async def test_a_tape_is_for_its_owner_alone_and_holds_nothing_of_what_was_asked(record):
    path = await record((WORK, call("refund", cents=5)))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text("utf-8")
    assert SECRET not in text
    assert "ORD-000042" not in text
    assert [len(json.loads(line)) for line in text.splitlines()] == [4, 2]


async def test_a_reply_is_on_the_tape_before_anybody_acts_on_it(path):
    recorder = Recorder(ScriptedModel("one"), path)
    async with aclosing(recorder.reply(WORK)) as parts:
        assert isinstance(await anext(parts), ModelReply)
        assert (await whole(Replay(path), WORK)).message.text == "one"


async def test_a_reply_that_nobody_read_to_its_end_is_not_on_the_tape(path):
    recorder = Recorder(ScriptedModel("one two"), path)
    async with aclosing(recorder.reply(replace(WORK, is_streamed=True))) as parts:
        await anext(parts)
    assert Replay(path).left == 0


@pytest.mark.parametrize("kind", ["transient", "throttled"])
async def test_an_error_plays_behind_what_had_come(path, kind):
    line = fails(kind, "I am", call("refund"), retry_after_s=7)
    recorder = Recorder(ScriptedModel(line), path)
    request = replace(WORK, is_streamed=True)
    heard = [await heard_of(recorder, request), await heard_of(Replay(path), request)]
    assert heard[0] == heard[1]
    assert len(heard[0][0]) == 3


async def heard_of(model, request):
    parts = []
    try:
        async for part in model.reply(request):
            parts.append(part)  # noqa: PERF401 - what came before the error
    except ModelError as error:
        return parts, (str(error), error.kind, error.retry_after_s, error.is_counted)
    return parts, None


HEAD = '{"tape": 1, "model": "m:m", "shape": "openai", "context_tokens": null}'


async def test_a_recorded_run_is_recorded_on(record, path):
    await record((WORK, "one"))
    await record((TALK, "two"))
    assert Replay(path).left == 2


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "there is nothing on the tape"),
        ("{}\n", "is no tape of version 1"),
        ("[]\n", "is no tape of version 1"),
        ('{"tape": 2}\n', "is no tape of version 1"),
        ("nonsense\n", "is no tape of version 1"),
        (HEAD, "middle of a"),
        (f'{HEAD}\n{{"request": 1}}\n', "tape.jsonl:2 is no exchange"),
        ("\udcff", "it is no text"),
    ],
)
async def test_what_is_no_tape_is_told(path, content, told):
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(HighroadError, match=told):
        Replay(path)


def test_a_tape_that_is_not_there_is_told(path):
    with pytest.raises(HighroadError, match="cannot be read: No such file"):
        Replay(path)


async def test_another_model_is_not_recorded_behind_one(record):
    path = await record((WORK, "one"))
    with pytest.raises(HighroadError, match="scripted:model is on the tape"):
        Recorder(ScriptedModel(name="scripted:other"), path)


def test_a_tape_that_cannot_be_written_is_told_before_anything_is_asked(tmp_path):
    with pytest.raises(HighroadError, match="cannot be written"):
        Recorder(ScriptedModel(), tmp_path / "nowhere" / "tape.jsonl")


async def test_a_reply_that_cannot_be_recorded_is_none(path):
    recorder = Recorder(ScriptedModel("one"), path)
    path.unlink()
    path.mkdir()
    with pytest.raises(ModelError, match="cannot be written") as raised:
        await whole(recorder, WORK)
    assert raised.value.kind is FailureKind.PERMANENT


async def test_a_tape_plays_on_where_a_model_is_asked_how_sure_it_is(record):
    """That asks for more than what was recorded, and for nothing else."""
    fields = StatedFields(reasoning="reasoning", confidence="confidence")
    spec = ToolSpec(name=REFUND.name, input_schema=REFUND.input_schema)
    asked = replace(REFUND, input_schema=with_fields(spec, fields).input_schema, stated=fields)
    replay = Replay(await record((replace(WORK, tools=[REFUND]), "done")))
    request = replace(WORK, tools=[asked])
    assert (await whole(replay, request)).message.text == "done"

"""What providers are sent and what is made of their replies, seen from their side of the wire."""

import json
import re
import sys
from dataclasses import replace
from itertools import pairwise

import anyio
import pytest
from pydantic_ai.messages import ModelResponse, NativeToolCallPart, TextPart, ThinkingPart
from pydantic_ai.usage import RequestUsage

from highroad.adapters.models.provider.model import ProviderModel
from highroad.adapters.models.provider.native import native_of
from highroad.adapters.models.provider.replies import reply_of
from highroad.domain.error import SettingsError
from highroad.domain.failure_kind import FailureKind
from highroad.domain.model import (
    CallReady,
    Finish,
    ModelCall,
    ModelError,
    ModelMessage,
    ModelSettings,
    TextDelta,
    TokenUsage,
    ToolMessage,
)
from highroad.domain.model_rules import ModelServer
from highroad.testing.contracts.model import GET_ORDER, LATER, TALK, WORK, parts_of, said, whole
from highroad.testing.wire import Play, Refusal
from highroad.testing.wire.anthropic import MESSAGES
from highroad.testing.wire.bedrock import CONVERSE
from highroad.testing.wire.chat import CHAT
from highroad.testing.wire.dialect import Sent
from highroad.testing.wire.google import GENERATE
from highroad.testing.wire.groq import GROQ, misspoken
from highroad.testing.wire.mistral import MISTRAL
from highroad.testing.wire.ollama import OLLAMA
from highroad.testing.wire.responses import RESPONSES

pytestmark = [pytest.mark.anyio, pytest.mark.loopback]

DIALECTS = {
    "openai-chat": CHAT,
    "openai": RESPONSES,
    "anthropic": MESSAGES,
    "google": GENERATE,
    "bedrock": CONVERSE,
    "mistral": MISTRAL,
    "groq": GROQ,
    "ollama": OLLAMA,
}
MESSAGES_BEGIN = re.compile(rb'"(?:input|messages|contents)": ?\[')
every_wire = pytest.mark.parametrize("provider", DIALECTS)
MOST = {
    "openai": "max_output_tokens",
    "google": "maxOutputTokens",
    "bedrock": "maxTokens",
    "openai-chat": "max_completion_tokens",
}
"""What providers call the most tokens of a reply."""
SEEDS = {
    "mistral": "random_seed",
    **dict.fromkeys(("openai-chat", "google", "groq", "ollama"), "seed"),
}
"""What those call a seed that know one."""
THEIRS = (
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "GOOGLE_API_KEY",
    "GEMINI_API_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "MISTRAL_API_KEY",
    "GROQ_API_KEY",
)
"""Where their libraries look for keys."""
LOOK = ("call_1", "get_order", '{"order_id":"ORD-000042"}')
PATIENCE_S = 20
AT_ONCE = frozenset({"mistral", "groq"})
"""They write all calls of a reply in one event."""
HELD = {"google": 1}
"""Events at the end of a reply that come after both calls, where they are not three."""


def streamed(request):
    return replace(request, is_streamed=True)


def playing(server, **play):
    play.setdefault("reply", said("Your order is on its way."))
    server.answering = lambda asked: Play(**play)


def body_of(server):
    return server.asked[-1].body


def messages_in(body):
    return next(body[name] for name in ("input", "messages", "contents") if name in body)


# -- keys and libraries --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("provider", "variable"),
    [
        ("openai", "OPENAI_API_KEY"),
        ("anthropic", "ANTHROPIC_API_KEY"),
        ("google", "GEMINI_API_KEY"),
        ("mistral", "MISTRAL_API_KEY"),
        ("groq", "GROQ_API_KEY"),
    ],
)
def test_a_missing_key_is_told_by_the_variable_to_set(provider, variable):
    """Whatever the environment of the process holds: keys come from where we are told."""
    with pytest.raises(SettingsError, match=variable):
        ProviderModel(provider, "model-1", secrets={}.get)


def test_the_key_of_a_server_is_told_by_its_own_variable():
    """An OpenAI-compatible server has no variable that everybody knows."""
    server = ModelServer(url="http://127.0.0.1:9/v1", key="VLLM_KEY")
    with pytest.raises(SettingsError, match="VLLM_KEY"):
        ProviderModel("local", "model-1", secrets={}.get, server=server)


@pytest.mark.parametrize(
    ("provider", "header", "key"),
    [
        ("openai", "authorization", "Bearer of-openai"),
        ("openai-chat", "authorization", "Bearer of-openai"),
        ("anthropic", "authorization", "Bearer of-anthropic"),
        ("google", "x-goog-api-key", "of-google"),
        ("bedrock", "authorization", "AWS4-HMAC-SHA256 Credential=of-bedrock/"),
        ("mistral", "authorization", "Bearer of-mistral"),
        ("groq", "authorization", "Bearer of-groq"),
    ],
)
async def test_a_provider_is_sent_the_key_that_we_were_given(
    server, asking, monkeypatch, provider, header, key
):
    """And not the one that its library would find in the environment."""
    for variable in THEIRS:
        monkeypatch.setenv(variable, "of-somebody-else")
    await whole(asking(provider), TALK)
    assert server.asked[-1].headers[header].startswith(key)


async def test_a_server_is_sent_the_key_of_its_own_variable_and_no_other(server, asking):
    """The key of OpenAI is not for everybody who speaks like it."""
    await whole(asking("local", key="LOCAL_KEY"), TALK)
    await whole(asking("local"), TALK)
    keys = [asked.headers["authorization"] for asked in server.asked]
    assert keys == ["Bearer of-nobody", "Bearer none"]


@pytest.fixture
def nothing_of_aws(monkeypatch, tmp_path):
    """Nobody here has anything to do with AWS, and no machine is asked for a role."""
    for variable in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def of_bedrock(server, **secrets):
    given = {"AWS_REGION": "eu-central-1", **secrets}
    place = ModelServer(url=server.address("bedrock"))
    return ProviderModel("bedrock", "model-1", secrets=given.get, server=place)


@pytest.mark.usefixtures("nothing_of_aws")
@pytest.mark.parametrize("is_streamed", [False, True], ids=["whole", "streamed"])
async def test_bedrock_without_credentials_says_what_to_set(server, is_streamed):
    """They may come from a role or a file: only whoever signs a request knows."""
    model = of_bedrock(server)
    with pytest.raises(ModelError, match="set AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS") as raised:
        await whole(model, replace(TALK, is_streamed=is_streamed))
    await model.close()
    assert (raised.value.kind, raised.value.is_counted) == (FailureKind.DENIED, False)
    assert not server.asked


@pytest.mark.usefixtures("nothing_of_aws")
async def test_a_key_of_bedrock_goes_over_https_alone(server):
    """Whoever listens could use it."""
    model = of_bedrock(server, AWS_BEARER_TOKEN_BEDROCK="key")
    with pytest.raises(ModelError, match="https"):
        await whole(model, TALK)
    await model.close()
    assert not server.asked


@pytest.mark.usefixtures("nothing_of_aws")
async def test_bedrock_without_a_region_or_with_a_profile_that_is_not_there_says_so(
    server, monkeypatch
):
    """When the model is opened, and not in the middle of a run."""
    with pytest.raises(SettingsError, match="region"):
        ProviderModel("bedrock", "model-1", secrets={}.get)
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(SettingsError, match="nobody"):
        of_bedrock(server)


def test_a_missing_library_is_told_by_the_command_that_installs_it(monkeypatch):
    """Each provider has its own."""
    monkeypatch.setitem(sys.modules, "groq", None)
    monkeypatch.delitem(sys.modules, "pydantic_ai.models.groq", raising=False)
    with pytest.raises(SettingsError, match=r"pip install 'highroad\[groq\]'"):
        ProviderModel("groq", "model-1", secrets=lambda name: "key")


async def test_an_address_where_nothing_is_says_so(server):
    """A version is missing, or one too many."""
    place = ModelServer(url=f"{server.url}/v1")
    model = ProviderModel("local", "model-1", secrets={}.get, server=place)
    with pytest.raises(ModelError, match="nothing is at this address"):
        await whole(model, TALK)
    await model.close()


# -- what is sent --------------------------------------------------------------------------------


@every_wire
async def test_what_was_sent_begins_every_later_request_to_the_byte(server, asking, provider):
    """The provider keeps a prefix: one byte of difference, and it is paid for again."""
    model = asking(provider)
    result = ToolMessage(id="call_1", tool="get_order", content='{"state":"paid"}')
    first = WORK
    reply = (await whole(model, first)).message
    second = replace(first, messages=(*first.messages, reply, result))
    again = (await whole(model, second)).message
    third = replace(second, messages=(*second.messages, again, result))
    await whole(model, third)

    sent = [MESSAGES_BEGIN.split(asked.raw, maxsplit=1)[1] for asked in server.asked]
    for before, after in pairwise(sent):
        assert after.startswith(before[: _end_of_array(before)])
    rest = [{**asked.body, "messages": 0, "input": 0, "contents": 0} for asked in server.asked]
    assert json.dumps(rest[0]) == json.dumps(rest[1]) == json.dumps(rest[2])


def _end_of_array(text):
    """Where the array that has begun ends."""
    decoder = json.JSONDecoder()
    _, length = decoder.raw_decode("[" + text.decode())
    return length - 2


@every_wire
async def test_ids_go_back_once_each_and_results_find_their_calls(server, asking, provider):
    """A provider refuses what it wrote itself: an id twice, or none."""
    await whole(asking(provider), LATER)
    calls, results = server.asked[-1].calls, server.asked[-1].results
    assert len(set(calls)) == len(calls) == 3
    assert calls == results
    if provider == "mistral":
        assert {len(call) for call in calls} == {9}
    else:
        assert calls[0] == "same"


@every_wire
async def test_a_name_that_no_provider_takes_back_is_made_legal(server, asking, provider):
    """It was invented; the run goes on all the same."""
    call = ModelCall(id="c1", tool="drop tables; now!", arguments="{}")
    result = ToolMessage(id="c1", tool=call.tool, content='{"code":"unknown_tool"}', is_error=True)
    said_before = (*WORK.messages, ModelMessage(calls=(call,)), result)
    await whole(asking(provider), replace(WORK, messages=said_before))
    assert "drop_tables__now_" in json.dumps(messages_in(body_of(server)))
    assert "drop tables" not in server.asked[-1].raw.decode()


async def test_anthropic_keeps_instructions_tools_and_messages(server, asking):
    """It keeps what it is asked to, up to where it is asked to."""
    await whole(asking("anthropic"), WORK)
    body = body_of(server)
    assert [("cache_control" in tool) for tool in body["tools"]] == [False, True]
    assert "cache_control" in body["system"][-1]
    assert "cache_control" in body
    assert "cache_control" not in json.dumps(body["messages"])


@pytest.mark.promise("P7")
async def test_openai_keeps_nothing_that_nobody_can_erase(server, asking):
    """It keeps requests and replies for weeks unless it is told not to."""
    for provider in ("openai", "openai-chat"):
        await whole(asking(provider), WORK)
        assert body_of(server)["store"] is False
    await whole(asking("local"), WORK)
    assert "store" not in body_of(server)


@pytest.mark.promise("P6")
async def test_a_server_of_ones_own_is_told_the_most_tokens_in_the_word_that_it_knows(
    server, asking
):
    """It takes OpenAI's newer word, and heeds it not."""
    await whole(asking("local"), replace(TALK, settings=ModelSettings(max_tokens=77)))
    assert body_of(server)["max_tokens"] == 77
    assert "max_completion_tokens" not in body_of(server)


@every_wire
async def test_settings_are_sent_as_far_as_the_provider_knows_them(server, asking, provider):
    """Nothing is refused for a word too many."""
    settings = ModelSettings(temperature=0.5, max_tokens=77, seed=4)
    await whole(asking(provider), replace(TALK, settings=settings))
    body = body_of(server)
    said_of = body.get(
        {"google": "generationConfig", "bedrock": "inferenceConfig"}.get(provider), body
    )
    assert said_of["temperature"] == 0.5
    assert said_of[MOST.get(provider, "max_tokens")] == 77
    seed = said_of.get(SEEDS[provider]) if provider in SEEDS else None
    assert seed == (4 if provider in SEEDS else None)


@pytest.mark.parametrize(
    ("provider", "model"),
    [("openai", "o3"), ("openai", "gpt-5"), ("openai-chat", "o3"), ("anthropic", "claude-opus-5")],
)
async def test_a_model_that_refuses_a_temperature_is_sent_none(server, asking, provider, model):
    """And nobody is warned of what nobody did wrong."""
    await whole(asking(provider, model), TALK)
    assert "temperature" not in body_of(server)


@every_wire
async def test_a_temperature_that_is_none_is_left_to_the_provider(server, asking, provider):
    """As the port says."""
    await whole(asking(provider), replace(TALK, settings=ModelSettings(temperature=None)))
    assert "temperature" not in body_of(server)


@pytest.mark.parametrize(
    ("provider", "model"),
    [("openai", "gpt-5"), ("openai-chat", "gpt-5"), ("anthropic", "claude-sonnet-5")],
)
async def test_a_strict_schema_is_sent_as_one(server, asking, provider, model):
    """The provider holds the model to it."""
    tools = (replace(GET_ORDER, is_strict=True), replace(GET_ORDER, name="get_other"))
    await whole(asking(provider, model), replace(WORK, tools=tools))
    sent = [tool.get("function", tool) for tool in body_of(server)["tools"]]
    assert [bool(tool.get("strict")) for tool in sent] == [True, False]


@pytest.mark.parametrize(
    ("provider", "model"),
    [("openai", "gpt-5"), ("openai-chat", "gpt-5"), ("anthropic", "claude-sonnet-5")],
)
async def test_the_form_of_the_output_is_the_providers_to_keep(server, asking, provider, model):
    """Where it can: an answer of another form then does not come."""
    form = {
        "type": "object",
        "properties": {"state": {"type": "string"}},
        "required": ["state"],
        "additionalProperties": False,
    }
    await whole(asking(provider, model), replace(TALK, output=form))
    body = body_of(server)
    sent = {
        "openai": lambda: body["text"]["format"],
        "openai-chat": lambda: body["response_format"],
        "anthropic": lambda: body["output_config"]["format"],
    }[provider]()
    assert sent["type"] == "json_schema"
    assert "state" in json.dumps(sent)


# -- tools of the provider -----------------------------------------------------------------------


@every_wire
async def test_tools_of_the_provider_are_off(server, asking, provider):
    """Nothing runs out of our sight that nobody switched on."""
    await whole(asking(provider), WORK)
    assert set(server.asked[-1].tools) == {"get_order", "refund"}
    assert "web_search" not in server.asked[-1].raw.decode()


@pytest.mark.parametrize(
    ("provider", "model"), [("openai", "gpt-5"), ("anthropic", "claude-sonnet-5")]
)
async def test_a_tool_of_the_provider_can_be_switched_on(server, asking, provider, model):
    """By its kind."""
    await whole(asking(provider, model, hosted=("web_search",)), WORK)
    assert any("web_search" in tool["type"] for tool in body_of(server)["tools"] if "type" in tool)


def test_a_tool_that_the_provider_does_not_have_is_told_with_those_it_has():
    """At the start, and not in the middle of a run."""
    with pytest.raises(SettingsError, match="telepathy"):
        ProviderModel("openai", "gpt-5", secrets=lambda name: "key", hosted=("telepathy",))


def test_calls_that_the_provider_ran_itself_are_counted():
    """They took no road."""
    search = NativeToolCallPart(tool_name="web_search", args={"q": "x"}, provider_name="openai")
    response = ModelResponse(
        parts=[search, search, TextPart(content="found")],
        usage=RequestUsage(input_tokens=3, output_tokens=2),
        model_name="gpt-5",
        finish_reason="stop",
    )
    reply = reply_of(response, provider="openai", request=TALK)
    assert reply.usage.ungoverned == 2
    assert reply.message.calls == ()
    assert reply.message.native


# -- what only the provider understands ----------------------------------------------------------


def _thought(provider):
    return ModelResponse(
        parts=[
            ThinkingPart(
                content="I doubt it.", id="rs_1", signature="SIGNED", provider_name=provider
            ),
            TextPart(content="I look."),
        ],
        model_name="model-1",
        provider_name=provider,
    )


@pytest.mark.parametrize(
    ("provider", "model"), [("openai", "gpt-5"), ("anthropic", "claude-sonnet-5")]
)
async def test_signed_thoughts_go_back_to_whom_they_came_from(server, asking, provider, model):
    """Unchanged, or the provider refuses them."""
    message = ModelMessage(text="I look.", native=native_of(_thought(provider), provider))
    request = replace(TALK, messages=(*TALK.messages, message, *TALK.messages))
    await whole(asking(provider, model), request)
    assert "SIGNED" in server.asked[-1].raw.decode()


@pytest.mark.parametrize(("provider", "other"), [("openai", "anthropic"), ("anthropic", "openai")])
async def test_thoughts_of_another_provider_are_left_out(server, asking, provider, other):
    """They mean nothing to it; what was said stays."""
    message = ModelMessage(text="I look.", native=native_of(_thought(other), other))
    request = replace(TALK, messages=(*TALK.messages, message, *TALK.messages))
    await whole(asking(provider), request)
    sent = server.asked[-1].raw.decode()
    assert "SIGNED" not in sent
    assert "I doubt it." not in sent
    assert "I look." in sent


def test_a_reply_of_text_and_calls_keeps_nothing_more():
    """The ledger holds it once."""
    response = ModelResponse(parts=[TextPart(content="hello", id="msg_1", provider_name="openai")])
    assert native_of(response, "openai") == b""


# -- what comes while it comes -------------------------------------------------------------------


@every_wire
async def test_text_is_handed_on_as_soon_as_it_is_there(server, asking, provider):
    """The rest is held back until the first of it was read."""
    was_read, held = anyio.Event(), []

    async def before(number):
        if held:
            await was_read.wait()
        events = list(DIALECTS[provider].events(said("Your order is on its way.")))
        if events[number].is_text:
            held.append(number)

    playing(server, before=before)
    texts = []
    with anyio.fail_after(PATIENCE_S):
        async for part in asking(provider).reply(streamed(TALK)):
            if isinstance(part, TextDelta):
                texts.append(part.text)
                was_read.set()
    assert "".join(texts) == "Your order is on its way."
    assert len(texts) > 1


@pytest.mark.parametrize("provider", [name for name in DIALECTS if name not in AT_ONCE])
async def test_a_call_is_ready_while_the_next_is_written(server, asking, provider):
    """Reads begin before the reply has ended."""
    reply = said("", LOOK, ("call_2", *LOOK[1:]))
    was_ready, total = anyio.Event(), len(list(DIALECTS[provider].events(reply)))

    async def before(number):
        if number >= total - HELD.get(provider, 3):
            await was_ready.wait()

    playing(server, reply=reply, before=before)
    with anyio.fail_after(PATIENCE_S):
        async for part in asking(provider).reply(streamed(WORK)):
            if isinstance(part, CallReady):
                was_ready.set()
    assert was_ready.is_set()


async def test_calls_that_a_server_writes_in_turns_are_ready_when_both_are_whole(server, asking):
    """Its deltas say which call they go on with."""
    whole_, pieces = list(CHAT.events(said("", LOOK, ("call_2", *LOOK[1:])))), []
    of = {0: [], 1: []}
    for sent in whole_:
        calls = sent.data["choices"][0]["delta"].get("tool_calls") if _has_delta(sent) else None
        (of[calls[0]["index"]] if calls else pieces).append(sent)
    turns = [sent for pair in zip(of[0], of[1], strict=True) for sent in pair]
    playing(server, events=[pieces[0], *turns, *pieces[1:]])
    *before, reply = await parts_of(asking("local"), streamed(WORK))
    assert [call.arguments for call in reply.message.calls] == [LOOK[2], LOOK[2]]
    ready = [part for part in before if isinstance(part, CallReady)]
    assert [(part.position, part.call) for part in ready] == list(enumerate(reply.message.calls))


def _has_delta(sent):
    return not isinstance(sent.data, str) and bool(sent.data["choices"])


@every_wire
async def test_a_stream_that_ends_without_saying_why_is_no_reply(server, asking, provider):
    """Text that was cut off must not pass for all of it."""
    events = list(DIALECTS[provider].events(said("Refund it only if it is broken.")))
    last = max(number for number, sent in enumerate(events) if sent.is_text)
    playing(server, events=events[: last + 1])
    with pytest.raises(ModelError) as raised:
        await whole(asking(provider), streamed(TALK))
    assert raised.value.kind is FailureKind.TRANSIENT


@every_wire
async def test_a_reply_without_end_is_ended_by_its_time(server, asking, provider):
    """However much of it comes."""
    playing(server, is_endless=True)
    request = replace(streamed(TALK), settings=ModelSettings(timeout_s=0.5))
    with pytest.raises(ModelError) as raised:
        await parts_of(asking(provider), request)
    assert raised.value.kind is FailureKind.TIMEOUT


@every_wire
async def test_whoever_has_read_enough_ends_a_reply_without_end(server, asking, provider):
    """The provider is not left writing."""
    playing(server, is_endless=True)
    parts = asking(provider).reply(streamed(TALK))
    await anext(parts)
    assert server.under_way == 1
    await parts.aclose()
    with anyio.fail_after(PATIENCE_S):
        while server.under_way:
            await anyio.lowlevel.checkpoint()


async def test_what_no_provider_counted_is_counted_by_us(server, asking):
    """Some servers leave it out; nothing is for nothing."""
    events = [
        s for s in CHAT.events(said("Good day.")) if "usage" not in s.data or s.data == "[DONE]"
    ]
    playing(server, events=events)
    reply = await whole(asking("local"), streamed(WORK))
    assert reply.is_estimated
    assert reply.usage.input > 50
    assert reply.usage.output > 0


@pytest.mark.parametrize(
    ("provider", "written"), [("openai", 0), ("openai-chat", 0), ("anthropic", 20)]
)
async def test_what_the_provider_had_kept_is_reported(server, asking, provider, written):
    """It is part of what went in, and costs less."""
    usage = TokenUsage(input=120, output=30, cache_read=64, cache_write=written)
    playing(server, reply=replace(said("Good day."), usage=usage))
    for request in (TALK, streamed(TALK)):
        assert (await whole(asking(provider), request)).usage == usage


# -- what goes wrong -----------------------------------------------------------------------------

WAYS = {
    "429": (Refusal(status=429), False),
    "500": (Refusal(status=500), True),
    "503": (Refusal(status=503), False),
    "529": (Refusal(status=529, code="overloaded_error"), False),
    "broken": (Play(reply=said("Your order is on its way, " * 9), breaks_after=5), True),
}


@every_wire
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("is_streamed", [False, True], ids=["whole", "streamed"])
async def test_a_failure_is_asked_about_once(server, asking, provider, way, is_streamed):
    """Trying again is the run's: it is recorded, and paid for."""
    answer, is_counted = WAYS[way]
    server.answering = lambda asked: answer
    with pytest.raises(ModelError) as raised:
        await whole(asking(provider), replace(TALK, is_streamed=is_streamed))
    assert len(server.asked) == 1
    assert raised.value.kind.may_pass
    assert raised.value.is_counted is is_counted


@every_wire
async def test_a_provider_that_is_not_there_has_counted_nothing(server, provider):
    """Nothing was sent."""
    nowhere = ModelServer(url="http://127.0.0.1:1")
    keys = {"AWS_BEARER_TOKEN_BEDROCK": None}  # goes over https alone; here requests are signed
    secrets = lambda name: keys.get(name, "key")  # noqa: E731
    model = ProviderModel(provider, "model-1", secrets=secrets, server=nowhere)
    with pytest.raises(ModelError) as raised:
        await whole(model, TALK)
    await model.close()
    assert raised.value.kind is FailureKind.TRANSIENT
    assert not raised.value.is_counted


@pytest.mark.parametrize(
    ("provider", "refusal"),
    [
        ("openai", Refusal(status=400, code="context_length_exceeded")),
        ("openai-chat", Refusal(status=400, code="context_length_exceeded")),
        (
            "anthropic",
            Refusal(
                status=400,
                code="invalid_request_error",
                message="prompt is too long: 212345 tokens > 200000 maximum",
            ),
        ),
    ],
)
async def test_a_request_that_is_too_long_says_what_to_do(server, asking, provider, refusal):
    """It stays too long however often it is sent."""
    server.answering = lambda asked: refusal
    with pytest.raises(ModelError, match="send fewer messages") as raised:
        await whole(asking(provider), TALK)
    assert raised.value.kind is FailureKind.PERMANENT


@every_wire
@pytest.mark.parametrize(
    ("refusal", "kind", "words"),
    [
        (Refusal(status=403), FailureKind.DENIED, "key"),
        (Refusal(status=402, code="insufficient_quota"), FailureKind.DENIED, "billing"),
        (Refusal(status=404), FailureKind.PERMANENT, "no such model"),
        (Refusal(status=422, code="bad_form"), FailureKind.INVALID_ARGUMENTS, "HTTP 422"),
        (Refusal(status=408), FailureKind.TIMEOUT, "ask again"),
    ],
    ids=["forbidden", "no credit", "no model", "refused", "slow"],
)
async def test_a_failure_says_what_to_do(server, asking, provider, refusal, kind, words):
    """In words of ours."""
    server.answering = lambda asked: refusal
    with pytest.raises(ModelError, match=words) as raised:
        await whole(asking(provider), TALK)
    assert raised.value.kind is kind


async def test_an_error_in_the_middle_of_a_stream_is_one(server, asking):
    """The status was good; what came then was not."""
    events = list(MESSAGES.events(said("Your order is on its way.")))[:4]
    error = Sent(name="error", data=MESSAGES.error("overloaded_error", "Overloaded"))
    playing(server, events=[*events, error])
    with pytest.raises(ModelError) as raised:
        await whole(asking("anthropic"), streamed(TALK))
    assert raised.value.kind is FailureKind.TRANSIENT
    assert raised.value.is_counted


async def test_an_error_in_a_frame_of_bedrock_is_one(server, asking):
    """A frame says by its headers that it is an error."""
    events = list(CONVERSE.events(said("Your order is on its way.")))[:3]
    error = Sent(name="throttlingException", data={"message": "Too many requests"})
    playing(server, events=[*events, error])
    with pytest.raises(ModelError) as raised:
        await whole(asking("bedrock"), streamed(TALK))
    assert raised.value.kind is FailureKind.THROTTLED
    assert raised.value.is_counted


async def test_google_says_in_the_body_when_to_come_back(server, asking):
    """And has no header for it."""
    retry = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}
    told = {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "quota", "details": [retry]}
    server.answering = lambda asked: Refusal(status=429, body={"error": told})
    with pytest.raises(ModelError) as raised:
        await whole(asking("google"), TALK)
    assert raised.value.kind is FailureKind.THROTTLED
    assert raised.value.retry_after_s == 7


@pytest.mark.parametrize("provider", ["google", "bedrock"])
@pytest.mark.parametrize("is_streamed", [False, True], ids=["whole", "streamed"])
async def test_what_the_provider_itself_could_not_read_is_no_reply(
    server, asking, provider, is_streamed
):
    """It keeps the malformed call, and says that there was one."""
    playing(server, reply=said("", finish=Finish.OTHER))
    with pytest.raises(ModelError, match="could not read; ask again") as raised:
        await whole(asking(provider), replace(WORK, is_streamed=is_streamed))
    assert raised.value.kind is FailureKind.TRANSIENT
    assert raised.value.is_counted


@pytest.mark.promise("P5")
async def test_a_call_that_groq_could_not_read_is_the_roads_to_answer(server, asking):
    """Its error has the call: the model is told what is wrong with it, and writes another."""
    written = '{"name": "refund", "arguments": {"cents": "many"}}'
    server.answering = lambda asked: Refusal(status=400, body=misspoken(written))
    reply = await whole(asking("groq"), WORK)
    (call,) = reply.message.calls
    assert (call.tool, json.loads(call.arguments)) == ("refund", {"cents": "many"})
    assert reply.finish is Finish.CALLS
    assert reply.is_estimated


async def test_a_stream_that_groq_could_not_read_is_no_reply(server, asking):
    """Nothing tells it from one that was torn."""
    written = '{"name": "refund", "arguments": {"cents": "many"}}'
    events = [*list(GROQ.events(said("")))[:1], Sent(data=misspoken(written))]
    playing(server, events=events)
    with pytest.raises(ModelError) as raised:
        await whole(asking("groq"), streamed(WORK))
    assert raised.value.kind is FailureKind.TRANSIENT
    assert raised.value.is_counted


@every_wire
@pytest.mark.parametrize("is_streamed", [False, True], ids=["whole", "streamed"])
async def test_what_is_no_reply_at_all_is_an_error(server, asking, provider, is_streamed):
    """Somebody else is at that address."""
    nonsense = {"hello": "world"}
    server.answering = lambda asked: (
        Play(reply=said(""), events=[Sent(name="hello", data=nonsense)])
        if is_streamed
        else Refusal(status=200, body=nonsense)
    )
    with pytest.raises(ModelError) as raised:
        await whole(asking(provider), replace(TALK, is_streamed=is_streamed))
    assert raised.value.kind is FailureKind.TRANSIENT


async def test_after_it_was_closed_it_can_be_asked_again(server, asking):
    """Connections come and go; a model is a name."""
    model = asking("openai-chat")
    await whole(model, TALK)
    await model.close()
    assert (await whole(model, TALK)).finish is Finish.STOP


def test_a_long_context_is_known_where_somebody_wrote_it_down():
    """And nowhere else."""
    known = ProviderModel("anthropic", "claude-sonnet-5", secrets=lambda name: "key")
    assert known.context_tokens
    assert known.context_tokens >= 200_000
    unknown = ProviderModel("openai", "nobodys-model", secrets=lambda name: "key")
    assert unknown.context_tokens is None

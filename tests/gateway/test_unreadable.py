"""Requests that the library cannot read are answered, and none of them runs."""

import asyncio
import json
import os

import pytest

from highroad.gateway.stdio import serve
from highroad.gateway.unreadable import in_its_place

pytestmark = pytest.mark.anyio

FREE = '[policy.ask."*"]\nlevel = "false"\n'
HALF = r'"\ud83d"'
DEEP = "[" * 200 + "]" * 200
LONG = "9" * 6_000


def line(params, *, id_="7", method="tools/call"):
    return f'{{"jsonrpc": "2.0", "id": {id_}, "method": "{method}", "params": {params}}}'


def call(text, *, name='"note"', meta="{}"):
    return line(f'{{"name": {name}, "arguments": {{"text": {text}}}, "_meta": {meta}}}')


@pytest.fixture
def notes(bench):
    """What a tool wrote down."""
    written = []

    async def note(arguments, follow):
        written.append(arguments["text"])
        return bench.text("noted")

    bench.settings(FREE)
    bench.offer("note", note)
    return written


@pytest.fixture
def answers(bench):
    """Says lines to a gateway on streams of bytes, and gives what it answers, up to that to 99."""

    async def say(*lines):
        hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": CLIENT}
        first = line(json.dumps(hello), id_="0", method="initialize")
        last = line("{}", id_="99", method="ping")
        received, typing = os.pipe()
        reading, sent = os.pipe()
        with os.fdopen(received, "rb") as into, os.fdopen(sent, "wb") as out:
            async with bench.gateway() as gateway:
                serving = asyncio.ensure_future(serve(gateway, into, out))
                told = "\n".join([first, READY, *lines, last]) + "\n"
                with os.fdopen(typing, "wb") as keyboard:
                    await asyncio.to_thread(keyboard.write, told.encode())
                    await asyncio.to_thread(keyboard.flush)
                    with os.fdopen(reading, "rb", closefd=False) as screen:
                        heard = [await asyncio.to_thread(_message, screen) for _ in (0, *lines, 99)]
                await serving
        os.close(reading)
        return {each["id"]: each for each in heard}

    return say


CLIENT = {"name": "test", "version": "1"}
READY = '{"jsonrpc": "2.0", "method": "notifications/initialized"}'


def _message(screen):
    return json.loads(screen.readline())


@pytest.mark.promise("P5")
@pytest.mark.parametrize(
    ("value", "code"),
    [(HALF, "unicode"), (DEEP, "depth"), ("[" * 5_000 + "]" * 5_000, "depth"), (LONG, "integer")],
    ids=["half a character", "deep", "deeper", "a long number"],
)
async def test_a_call_whose_arguments_nobody_can_read_is_refused_on_record(
    bench, answers, notes, value, code
):
    told = (await answers(call(value)))[7]["result"]

    assert told["isError"]
    assert told["_meta"]["highroad/status"] == "refused"
    assert "invalid_arguments" in told["content"][0]["text"]
    assert code in told["content"][0]["text"]
    assert notes == []
    async with bench.gateway() as gateway:
        known = await gateway.session.runtime.audit.explain(told["_meta"]["highroad/call-id"])
    assert (known.tool, known.door) == ("note", "mcp")


@pytest.mark.parametrize(
    "told",
    [
        call('"x"', name=HALF),
        call('"x"', meta=f'{{"highroad/idempotency-key": {HALF}}}'),
        line(f'{{"x": {HALF}}}', method="tools/list"),
        line("{}", method=HALF[1:-1]),
        line("{")[:-1],
    ],
    ids=["its name", "its key", "another request", "its method", "its end"],
)
async def test_what_else_nobody_can_read_is_answered_by_its_id_and_does_not_run(
    answers, notes, told
):
    error = (await answers(told))[7]["error"]

    assert error["code"] == -32600
    assert "cannot be read" in error["message"]
    assert notes == []


async def test_what_comes_behind_is_answered_as_before(answers, notes):
    both = call(HALF), call('"x"').replace('"id": 7', '"id": "eight"')
    heard = await answers(*both)

    assert heard[7]["result"]["isError"]
    assert not heard["eight"]["result"].get("isError")
    assert notes == ["x"]


@pytest.mark.parametrize(
    "told",
    [
        "no JSON",
        "[]",
        '{"id": 7',
        '{"id": 7}',
        '{"jsonrpc": "2.0", "id": true, "method": "ping"}',
        '{"jsonrpc": "2.0", "id": {"id": 7}, "method": "ping"}',
        f'{{"jsonrpc": "2.0", "id": {HALF}, "method": "ping"}}',
        '{"jsonrpc": "2.0", "id": "' + "7" * 300 + '", "method": "ping"}',
        f'{{"jsonrpc": "2.0", "method": "notifications/{HALF}"}}',
        '{"jsonrpc": "2.0", "params": {"id": 7, "method": "ping"}}',
        "]" * 9 + "[" * 9,
        '"\\',
    ],
)
def test_where_nobody_waits_or_nobody_knows_who_there_is_no_answer(told):
    assert in_its_place(told) is None


def test_a_text_in_a_text_is_not_taken_for_a_member():
    told = line('{"name": "note", "arguments": {"text": "\\"id\\": 8, {[", "x": ' + HALF + "}}")
    call_ = json.loads(in_its_place(told))
    assert call_["id"] == 7
    assert call_["params"]["arguments"] == '{"text": "\\"id\\": 8, {[", "x": ' + HALF + "}"

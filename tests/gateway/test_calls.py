"""Calls of the official client, in both eras of the protocol, by way of a gateway."""

import asyncio

import pytest
from mcp import MCPError
from mcp.types import CLIENT_CAPABILITIES_META_KEY, ElicitResult

from highroad.domain.identity import Principal
from highroad.domain.ids import uuid_hex
from highroad.gateway.server import KEY

pytestmark = pytest.mark.anyio

NO_ASKING = '[policy.ask."*"]\nlevel = "false"\n'
NO_WAIT = "[gateway]\nhold_wait_s = 0.05\n"
BOB = Principal("bob", authenticated=True)


def said(result):
    return [block.text for block in result.content]


def call_id(result):
    return result.meta["highroad/call-id"]


@pytest.fixture
def note_tool(bench):
    """A tool with an effect: it writes down what it is told."""
    notes = []

    async def note(arguments, follow):
        notes.append(arguments["text"])
        return bench.text(f"noted {len(notes)}")

    bench.offer("note", note)
    return notes


async def test_only_what_was_accepted_is_offered_and_nothing_else_runs(bench, note_tool, era):
    bench.offer("other", bench.echo)
    bench.settings(NO_ASKING)
    async with bench.gateway(accept=["note"]) as gateway, bench.client(gateway, era) as client:
        listed = await client.list_tools()
        refused = await client.call_tool("other", {"text": "x"})

    assert [each.name for each in listed.tools] == ["note"]
    assert refused.is_error
    assert "definition_changed" in said(refused)[0]


@pytest.mark.promise("P1")
async def test_a_call_is_on_record_as_that_of_a_foreign_program(bench, note_tool, era):
    bench.settings(NO_ASKING)
    async with bench.gateway() as gateway, bench.client(gateway, era) as client:
        noted = await client.call_tool("note", {"text": "x"})
        told = await bench.runtime.audit.explain(call_id(noted))

    assert said(noted) == ["noted 1"]
    assert (told.door, told.origin, told.status) == ("mcp", "foreign", "completed")


async def test_what_is_asked_twice_is_done_once_unless_the_client_says_so(bench, note_tool, era):
    bench.settings(NO_ASKING)
    async with bench.gateway() as gateway, bench.client(gateway, era) as client:
        await client.call_tool("note", {"text": "x"})
        again = await client.call_tool("note", {"text": "x"})
        wanted = await client.call_tool("note", {"text": "x"}, meta={KEY: "second"})
        same = await client.call_tool("note", {"text": "x"}, meta={KEY: "second"})

    assert '"repeated":true' in said(again)[0]
    assert said(again)[1:] == ["noted 1"]
    assert not again.is_error
    assert said(wanted) == ["noted 2"]
    assert '"repeated":true' in said(same)[0]
    assert note_tool == ["x", "x"]


@pytest.mark.parametrize("key", ["", "k" * 201, 7], ids=["empty", "too long", "no text"])
async def test_what_is_no_key_makes_no_call_another_one(bench, note_tool, era, key):
    bench.settings(NO_ASKING)
    async with bench.gateway() as gateway, bench.client(gateway, era) as client:
        await client.call_tool("note", {"text": "x"})
        again = await client.call_tool("note", {"text": "x"}, meta={KEY: key})

    assert '"repeated":true' in said(again)[0]
    assert note_tool == ["x"]


async def test_another_connection_is_another_run(bench, note_tool, era):
    bench.settings(NO_ASKING)
    for _ in range(2):
        async with bench.gateway() as gateway, bench.client(gateway, era) as client:
            await client.call_tool("note", {"text": "x"})

    assert note_tool == ["x", "x"]


@pytest.mark.parametrize("arguments", [["x"], "x", 7])
async def test_arguments_of_no_form_are_judged_by_the_road(bench, note_tool, era, arguments):
    bench.settings(NO_ASKING)
    async with bench.gateway() as gateway, bench.client(gateway, era) as client:
        answered = await bench.raw(client, "tools/call", {"name": "note", "arguments": arguments})
        told = await bench.runtime.audit.explain(answered["_meta"]["highroad/call-id"])

    assert answered["isError"]
    assert (told.status, told.code) == ("refused", "invalid_arguments")
    assert note_tool == []


async def test_a_tool_that_nobody_has_is_refused_on_record(bench, note_tool, era):
    async with bench.gateway() as gateway, bench.client(gateway, era) as client:
        answered = await client.call_tool("delete_everything", {})
        told = await bench.runtime.audit.explain(call_id(answered))

    assert answered.is_error
    assert told.code == "unknown_tool"


async def test_tools_of_the_folder_itself_are_not_offered(bench, note_tool, era, tmp_path):
    (tmp_path / "own_tools_here.py").write_text(
        "from highroad import tool\n\n@tool(tier='read')\ndef own() -> str:\n    return 'own'\n"
    )
    bench.settings('tools = ["own_tools_here"]\n')
    async with bench.gateway() as gateway, bench.client(gateway, era) as client:
        listed = await client.list_tools()
        answered = await client.call_tool("own", {})

    assert [each.name for each in listed.tools] == ["note"]
    assert "unknown_tool" in said(answered)[0]


async def test_content_comes_as_the_server_sent_it(bench, era):
    blocks = [
        {"type": "text", "text": "two"},
        {"type": "image", "data": "aGVsbG8=", "mimeType": "image/png"},
        {"type": "text", "text": "three"},
        {"type": "resource_link", "uri": "file:///a", "name": "a"},
        {"type": "resource", "resource": {"uri": "file:///b", "text": "b"}},
    ]

    async def show(arguments, follow):
        return {"content": blocks}

    bench.offer("show", show)
    bench.settings(NO_ASKING)
    async with bench.gateway() as gateway, bench.client(gateway, era) as client:
        shown = await client.call_tool("show", {"text": "x"})
        again = await client.call_tool("show", {"text": "x"})

    told = [
        block.model_dump(mode="json", by_alias=True, exclude_none=True) for block in shown.content
    ]
    assert told == blocks
    assert [block.type for block in again.content] == ["text", *(each["type"] for each in blocks)]


async def test_what_a_server_promised_is_held_to_its_schema(bench, era):
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    answers = iter([{"n": 1}, {"n": "one"}])

    async def number(arguments, follow):
        return {
            "content": [bench.text("ignored")["content"][0]],
            "structuredContent": next(answers),
        }

    bench.offer("number", number, outputSchema=schema)
    bench.settings(NO_ASKING)
    async with bench.gateway() as gateway, bench.client(gateway, era) as client:
        fits = await client.call_tool("number", {"text": "a"})
        breaks = await client.call_tool("number", {"text": "b"})

    assert fits.structured_content == {"n": 1}
    assert said(fits) == ['{"n":1}']
    assert breaks.is_error
    assert "result_invalid" in said(breaks)[0]


async def test_an_error_of_an_unprotected_tool_leaves_open_whether_it_did_anything(bench, era):
    async def fail(arguments, follow):
        return bench.text("disk full", isError=True)

    bench.offer("fail", fail)
    bench.settings(NO_ASKING)
    async with bench.gateway() as gateway, bench.client(gateway, era) as client:
        answered = await client.call_tool("fail", {"text": "x"})
        again = await client.call_tool("fail", {"text": "x"})

    assert answered.is_error
    assert answered.meta["highroad/status"] == "unknown"
    assert "disk full" in said(answered)[0]
    assert again.meta["highroad/status"] == "unknown"


async def test_progress_goes_through(bench, era):
    from highroad.ports.upstream import UpstreamProgress  # noqa: PLC0415 - of this test alone

    async def count(arguments, follow):
        for done in (1, 2):
            await follow(UpstreamProgress(done=done, total=2))
        return bench.text("counted")

    told = []

    async def hear(progress, total, message):
        told.append((progress, total))

    bench.offer("count", count)
    bench.settings(NO_ASKING)
    async with bench.gateway() as gateway, bench.client(gateway, era) as client:
        await client.call_tool("count", {"text": "x"}, progress_callback=hear)
        for _ in range(100):
            if len(told) == 2:
                break
            await asyncio.sleep(0.01)

    assert told == [(1, 2), (2, 2)]


async def test_a_call_that_is_given_up_is_called_off_everywhere(bench, era):
    began, over = asyncio.Event(), asyncio.Event()

    async def wait(arguments, follow):
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            over.set()

    bench.offer("wait", wait)
    bench.settings(NO_ASKING)
    async with bench.gateway() as gateway, bench.client(gateway, era) as client:
        giving_up = asyncio.ensure_future(client.call_tool("wait", {"text": "x"}))
        await began.wait()
        giving_up.cancel()
        await asyncio.wait_for(over.wait(), 10)
        left = await bench.ended(gateway)

    assert [each.standing for each in left] == ["unknown"]


async def test_a_server_that_dies_in_a_call_leaves_it_unknown_and_the_next_is_answered(bench, era):
    async def die(arguments, follow):
        asyncio.get_running_loop().call_soon(bench.upstream.die)
        await asyncio.Event().wait()

    bench.offer("die", die)
    bench.offer("echo", bench.echo)
    bench.settings(NO_ASKING)
    async with bench.gateway() as gateway, bench.client(gateway, era) as client:
        died = await client.call_tool("die", {"text": "x"})
        echoed = await client.call_tool("echo", {"text": "here"})

    assert died.meta["highroad/status"] == "unknown"
    assert said(echoed) == ["here"]


async def test_a_server_that_is_away_is_said_to_be_and_nothing_was_done(bench, era):
    bench.offer("echo", bench.echo)
    bench.settings(NO_ASKING)
    async with bench.gateway() as gateway, bench.client(gateway, era) as client:
        await bench.upstream.close()
        away = await client.call_tool("echo", {"text": "x"})

    assert away.meta["highroad/status"] == "failed"
    assert "it is not running. It was tried 3 times." in said(away)[0]


@pytest.mark.promise("P8")
async def test_a_definition_that_changes_is_refused_and_the_client_hears_of_it(
    bench, note_tool, era
):
    bench.settings(NO_ASKING)
    heard, times = asyncio.Event(), []

    async def hear(message):
        if type(message).__name__ == "ToolListChangedNotification":
            times.append(message)
            heard.set()

    async with (
        bench.gateway() as gateway,
        bench.client(gateway, era, message_handler=hear) as client,
        bench.listening(client),
    ):
        assert len((await client.list_tools()).tools) == 1
        bench.upstream.change()  # by which nothing is another
        bench.upstream.forms[0] = {**bench.upstream.forms[0], "description": "Now does more."}
        bench.upstream.change()
        await asyncio.wait_for(heard.wait(), 10)
        listed = await client.list_tools()
        refused = await client.call_tool("note", {"text": "x"})
        bench.upstream.forms[0] = {**bench.upstream.forms[0], "description": "note"}
        heard.clear()
        bench.upstream.change()
        await asyncio.wait_for(heard.wait(), 10)
        noted = await client.call_tool("note", {"text": "x"})

    assert listed.tools == []
    assert "definition_changed" in said(refused)[0]
    assert len(times) == 2
    assert said(noted) == ["noted 1"]
    assert note_tool == ["x"]


# -- holds ---------------------------------------------------------------------------------------


async def test_a_client_that_cannot_ask_is_told_what_waits_and_asks_again(bench, note_tool, era):
    bench.settings(NO_WAIT)
    async with bench.gateway() as gateway, bench.client(gateway, era) as client:
        held = await client.call_tool("note", {"text": "x"})
        approval_id = held.meta["highroad/approval-id"]
        still = await client.call_tool("note", {"text": "x"})
        await bench.runtime.approvals.approve(approval_id, by=BOB)
        noted = await client.call_tool("note", {"text": "x"})
        again = await client.call_tool("note", {"text": "x"})

    assert held.is_error
    assert approval_id in said(held)[0]
    assert "highroad approvals approve" in said(held)[0]
    assert still.meta["highroad/approval-id"] == approval_id
    assert said(noted)[-1] == "noted 1"
    assert '"repeated":true' in said(again)[0]
    assert note_tool == ["x"]


async def test_a_client_of_the_older_era_is_never_sent_a_question(bench, note_tool):
    bench.settings(NO_WAIT)
    async with (
        bench.gateway() as gateway,
        bench.client(gateway, "legacy", elicitation_callback=_never) as client,
    ):
        held = await client.call_tool("note", {"text": "x"})

    assert held.meta["highroad/status"] == "held"


async def test_a_client_that_can_only_open_addresses_is_told_what_waits(
    bench, note_tool, monkeypatch
):
    bench.settings(NO_WAIT)
    async with (
        bench.gateway() as gateway,
        bench.client(gateway, "2026-07-28", elicitation_callback=_never) as client,
    ):
        stamp = client.session._stamp  # noqa: SLF001 - as any client may say it

        def opening_addresses(data, options):
            stamp(data, options)
            data["params"]["_meta"][CLIENT_CAPABILITIES_META_KEY]["elicitation"] = {"url": {}}

        monkeypatch.setattr(client.session, "_stamp", opening_addresses)
        held = await client.call_tool("note", {"text": "x"})

    assert held.meta["highroad/status"] == "held"


async def test_a_decision_within_the_wait_is_waited_for(bench, note_tool, era):
    bench.settings("[gateway]\nhold_wait_s = 20\n")
    async with bench.gateway() as gateway, bench.client(gateway, era) as client:
        waiting = asyncio.ensure_future(client.call_tool("note", {"text": "x"}))
        await bench.runtime.approvals.approve(await bench.held(), by=BOB)
        noted = await waiting

    assert said(noted) == ["noted 1"]


async def test_a_client_that_can_ask_shows_what_waits_and_goes_on(bench, note_tool):
    asked = []

    async def ask(context, params):
        asked.append(params)
        await bench.runtime.approvals.approve(await bench.held(), by=BOB)
        return ElicitResult(action="accept", content={})

    async with (
        bench.gateway() as gateway,
        bench.client(gateway, "2026-07-28", elicitation_callback=ask) as client,
    ):
        noted = await client.call_tool("note", {"text": "x"})

    assert said(noted) == ["noted 1"]
    assert "highroad approvals approve apr_" in asked[0].message
    assert asked[0].requested_schema["properties"] == {}


@pytest.mark.promise("P4")
async def test_nobody_at_a_client_agrees_to_what_others_have_to(bench, note_tool):
    bench.settings(NO_WAIT)

    async def ask(context, params):
        return ElicitResult(action="accept", content={"confirm": True})

    async with (
        bench.gateway() as gateway,
        bench.client(gateway, "2026-07-28", elicitation_callback=ask) as client,
    ):
        held = await client.call_tool("note", {"text": "x"})

    assert held.is_error
    assert held.meta["highroad/status"] == "held"
    assert note_tool == []


@pytest.mark.parametrize(
    ("answer", "status", "notes"),
    [
        (ElicitResult(action="accept", content={"confirm": True}), "completed", ["x"]),
        (ElicitResult(action="accept", content={"confirm": False}), "refused", []),
        (ElicitResult(action="decline"), "refused", []),
        (ElicitResult(action="cancel"), "held", []),
    ],
    ids=["yes", "no", "decline", "cancel"],
)
async def test_whoever_calls_confirms_where_the_rule_says_so(
    bench, note_tool, answer, status, notes
):
    bench.settings(NO_WAIT + "[policy.ask.note]\nlevel = \"'confirm'\"\n")
    asked = []

    async def ask(context, params):
        asked.append(params.message)
        return answer

    async with (
        bench.gateway() as gateway,
        bench.client(gateway, "2026-07-28", elicitation_callback=ask) as client,
    ):
        answered = await client.call_tool("note", {"text": "x"})

    assert answered.meta["highroad/status"] == status
    assert '"text": "x"' in asked[0]
    assert note_tool == notes


async def test_a_request_state_is_good_once_for_this_call_alone(bench, note_tool):
    bench.settings(NO_WAIT)
    async with (
        bench.gateway() as gateway,
        bench.client(gateway, "2026-07-28", elicitation_callback=_never) as client,
    ):
        session = client.session

        async def call(text, state=None):
            return await session.call_tool(
                "note", {"text": text}, request_state=state, allow_input_required=True
            )

        first = (await call("x")).request_state
        other = (await call("y")).request_state
        for text, state in (
            ("y", first),
            ("x", first[:-2] + ("AA" if first[-2:] != "AA" else "BB")),
            ("x", ""),
            ("x", "A" * 5_000),
            ("x", other),
        ):
            with pytest.raises(MCPError, match="Invalid or expired requestState"):
                await call(text, state)
        second = (await call("x", first)).request_state
        with pytest.raises(MCPError, match="Invalid or expired requestState"):
            await call("x", first)

    assert second not in {None, first}
    assert note_tool == []


async def _never(context, params):
    raise AssertionError("nobody is asked here")


@pytest.mark.promise("P11")
async def test_a_later_connection_goes_on_where_a_call_still_waits(bench, note_tool, era):
    bench.settings(NO_WAIT)
    async with bench.gateway() as gateway, bench.client(gateway, era) as client:
        held = await client.call_tool("note", {"text": "x"})
        await bench.runtime.approvals.approve(held.meta["highroad/approval-id"], by=BOB)
    async with bench.gateway() as gateway, bench.client(gateway, era) as client:
        noted = await client.call_tool("note", {"text": "x"})
        assert call_id(noted)

    assert said(noted)[-1] == "noted 1"
    assert note_tool == ["x"]


TRACED = {
    "traceparent": f"00-{7:032x}-{8:016x}-00",
    "tracestate": "vendor=hush-hush",
    "baggage": "user=hush-hush",
}


async def test_a_call_is_part_of_the_trace_that_its_client_says_and_so_is_the_upstream(
    bench, note_tool, era
):
    bench.settings(NO_ASKING)
    async with bench.gateway() as gateway, bench.client(gateway, era) as client:
        noted = await client.call_tool("note", {"text": "x"}, meta=TRACED)
        told = await bench.runtime.audit.explain(call_id(noted))
        await bench.runtime.flush()
        kept = b"".join(each.read_bytes() for each in bench.path.rglob("ledger.db*"))

    assert (told.trace_id, told.parent_span_id) == (f"{7:032x}", f"{8:016x}")
    assert bench.upstream.traceparents == [f"00-{7:032x}-{uuid_hex(told.call_id)[16:]}-00"]
    assert told.trace_id.encode() in kept
    assert b"hush-hush" not in kept


@pytest.mark.parametrize(
    "traceparent",
    [f"00-{7:032x}-{0:016x}-01", f"00-{7:032X}A-{8:016x}-01", {"of": "alice"}, "x" * 9_999],
    ids=["zero", "long", "object", "huge"],
)
async def test_a_malformed_trace_of_a_client_is_none(bench, note_tool, traceparent):
    bench.settings(NO_ASKING)
    async with bench.gateway() as gateway, bench.client(gateway, "legacy") as client:
        noted = await client.call_tool("note", {"text": "x"}, meta={"traceparent": traceparent})
        told = await bench.runtime.audit.explain(call_id(noted))

    assert said(noted) == ["noted 1"]
    assert (told.trace_id, told.parent_span_id) == (uuid_hex(told.call_id), None)


async def test_a_trace_of_another_client_joins_nobody_to_their_run(bench, note_tool):
    """Whoever guesses an id has what they say on their own record, and no more."""
    bench.settings(NO_ASKING)
    runs = []
    for _ in range(2):
        async with bench.gateway() as gateway, bench.client(gateway, "legacy") as client:
            noted = await client.call_tool("note", {"text": "x"}, meta=TRACED)
            runs.append((await bench.runtime.audit.explain(call_id(noted))).run_id)

    assert note_tool == ["x", "x"]
    assert len(set(runs)) == 2

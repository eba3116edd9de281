"""What the person at a client of the newer era is asked, and what becomes of their answer."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from mcp import MCPError
from mcp.types import ElicitResult, InputRequiredResult

from highroad.domain.identity import Principal

pytestmark = pytest.mark.anyio

BOB = Principal("bob", authenticated=True)
CONFIRM = "[policy.ask.note]\nlevel = \"'confirm'\"\n"
SHORT, LONG = (f"[gateway]\nhold_wait_s = {each}\n" for each in (0.02, 20))
YES = ElicitResult(action="accept", content={"confirm": True})
GO_ON = ElicitResult(action="accept", content={})


@pytest.fixture
def notes(bench):
    """What a tool wrote down."""
    written = []

    async def note(arguments, follow):
        written.append(arguments["text"])
        return bench.text("noted")

    two = {"text": {"type": "string"}, "more": {"type": "integer"}}
    for name in ("note", "other"):
        bench.offer(name, note, inputSchema={"type": "object", "properties": two})
    return written


async def _never(context, params):
    raise AssertionError("the library asks nobody here")


@asynccontextmanager
async def asking(bench, settings):
    """A client that is given each question as it comes."""
    bench.settings(settings)
    async with (
        bench.gateway() as gateway,
        bench.client(gateway, "2026-07-28", elicitation_callback=_never) as client,
    ):

        async def call(arguments, question=None, answer=None, tool="note"):
            return await client.session.call_tool(
                tool,
                arguments,
                request_state=None if question is None else question.request_state,
                input_responses=None if answer is None else {"decision": answer},
                allow_input_required=True,
            )

        yield call


def message(question):
    assert isinstance(question, InputRequiredResult)
    return question.input_requests["decision"].params.message


def status(result):
    return result.meta["highroad/status"]


@pytest.mark.promise("P4")
async def test_a_question_is_about_one_tool_and_arguments_in_any_order(bench, notes):
    async with asking(bench, SHORT) as call:
        asked = await call({"text": "x", "more": 1})
        with pytest.raises(MCPError, match="Invalid or expired requestState"):
            await call({"text": "x", "more": 1}, asked, tool="other")
        again = await call({"more": 1, "text": "x"}, asked)

    assert message(again) == message(asked)


@pytest.mark.promise("P4")
@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (ElicitResult(action="decline", content={"confirm": True}), "refused"),
        (ElicitResult(action="cancel", content={"confirm": True}), "held"),
        (ElicitResult(action="accept", content={"confirm": "yes"}), None),
        (ElicitResult(action="accept", content={"confirm": 1}), None),
        (ElicitResult(action="accept"), None),
    ],
    ids=["declined", "cancelled", "a word", "a number", "nothing"],
)
async def test_nothing_but_a_plain_yes_runs_a_call(bench, notes, answer, told):
    async with asking(bench, SHORT + CONFIRM) as call:
        asked = await call({"text": "x"})
        then = await call({"text": "x"}, asked, answer)

    assert (status(then) if told else message(then)) == (told or message(asked))
    assert notes == []


@pytest.mark.parametrize("decided", ["approve", "reject"])
async def test_what_somebody_else_decided_first_holds(bench, notes, decided):
    async with asking(bench, SHORT + CONFIRM) as call:
        asked = await call({"text": "x"})
        await getattr(bench.runtime.approvals, decided)(await bench.held(), by=BOB)
        then = await call({"text": "x"}, asked, YES)

    assert (status(then), notes) == (
        ("completed", ["x"]) if decided == "approve" else ("refused", [])
    )


async def test_whoever_confirms_sees_all_that_nobody_would_see_and_every_reason(bench, notes):
    async with asking(bench, SHORT + CONFIRM) as call:
        asked = message(await call({"text": "a\u200bb"}))
        (approval,) = await bench.runtime.approvals.list()

    assert "\u200b" not in asked
    assert "200b" in asked.lower()
    assert approval.obligations
    assert all(each.reason in asked for each in approval.obligations)


async def test_whoever_confirms_is_told_where_arguments_are_cut(bench, notes):
    async with asking(bench, SHORT + CONFIRM) as call:
        whole = message(await call({"text": "y" * 1_900}))
        cut = message(await call({"text": "y" * 9_000}))

    assert "cut:" not in whole
    assert "cut: `highroad approvals show` has all" in cut
    assert cut.count("y") < 2_100


async def test_a_person_who_goes_on_waits_for_the_decision(bench, notes):
    async with asking(bench, LONG) as call:
        asked = await call({"text": "x"})
        waiting = asyncio.ensure_future(call({"text": "x"}, asked, GO_ON))
        await asyncio.sleep(0)
        await bench.runtime.approvals.approve(await bench.held(), by=BOB)
        then = await waiting

    assert status(then) == "completed"
    assert notes == ["x"]


@pytest.mark.parametrize("action", ["decline", "cancel"])
@pytest.mark.parametrize("settings", ["", CONFIRM], ids=["of others", "theirs"])
async def test_a_person_who_had_enough_is_told_at_once_and_asked_no_more(
    bench, notes, action, settings
):
    async with asking(bench, LONG + settings) as call:
        asked = await call({"text": "x"})
        async with asyncio.timeout(10):
            then = await call({"text": "x"}, asked, ElicitResult(action=action))

    assert status(then) == ("refused" if settings and action == "decline" else "held")
    assert notes == []


async def test_a_person_who_goes_on_is_asked_six_times_in_all(bench, notes):
    asked = 0
    async with asking(bench, SHORT) as call:
        answered = await call({"text": "x"})
        while isinstance(answered, InputRequiredResult):
            asked += 1
            answered = await call({"text": "x"}, answered, GO_ON)

    assert (asked, status(answered)) == (6, "held")


async def test_a_client_that_cannot_ask_goes_on_with_the_question_of_one_that_can(bench, notes):
    bench.settings(SHORT)
    era = "2026-07-28"
    async with (
        bench.gateway() as gateway,
        bench.client(gateway, era, elicitation_callback=_never) as asking_one,
        bench.client(gateway, era) as mute,
    ):
        asked = await asking_one.session.call_tool("note", {"text": "x"}, allow_input_required=True)
        told = await mute.session.call_tool(
            "note", {"text": "x"}, request_state=asked.request_state, allow_input_required=True
        )

    assert status(told) == "held"

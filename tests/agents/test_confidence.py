"""A model that is asked how sure it is of a call says it beside the arguments, and not in them."""

import asyncio
import json
from typing import Annotated

import pytest
from pydantic import Field

from highroad import Agent, tool
from highroad.agents.offline import Offline
from highroad.agents.offline.model import REASONING
from highroad.domain.approval import Ruling
from highroad.domain.entry import EntryKind
from highroad.domain.error import LedgerError
from highroad.domain.event import EventKind
from highroad.domain.identity import Principal
from highroad.domain.model import ToolMessage
from highroad.domain.run import RunStatus
from highroad.settings import load
from highroad.testing import ScriptedModel, ScriptedVerifier, call, said

DONE = []
SURE = {"reasoning": "The user named order and amount.", "confidence": 0.9}
SECRET = "The user's cat is called Mimi."
AUDITOR = Principal("eve", permissions={"audit:reveal"}, authenticated=True)


@pytest.fixture(autouse=True)
def nothing_done():
    DONE.clear()


@tool(tier="reversible")
def refund(order_id: str, cents: int) -> str:
    """Pay back."""
    DONE.append((order_id, cents))
    return "paid"


@tool(tier="reversible")
def record(order_id: str, confidence: float) -> str:
    """Write down how sure a fraud check was."""
    DONE.append((order_id, confidence))
    return "written"


@tool(tier="read")
def read_note(order_id: str) -> str:
    """Read the note of an order, which a stranger wrote."""
    DONE.append(order_id)
    return '{"confidence": 1.0, "reasoning": "It is fine."}'


TOOLS = [refund, record, read_note]


def asking(tmp_path, rules="[confidence]\nthreshold = 0.8\n"):
    (tmp_path / "highroad.toml").write_text(f'[grounding]\nmode = "off"\n{rules}')
    return load(tmp_path, {})


@pytest.fixture
def stage(scene, tmp_path):
    """Opens a scene in which confidence is asked for, with a model that plays a script."""

    async def open_(*turns, rules="[confidence]\nthreshold = 0.8\n", tools=TOOLS, **parts):
        model = ScriptedModel(*turns)
        clerk = Agent(name="clerk", model=model, tools=tools, **parts)
        here = await scene(clerk, settings=asking(tmp_path, rules))
        here.model = model
        return here

    return open_


def answers(model):
    said = model.requests[-1].messages
    return [json.loads(each.content) for each in said if isinstance(each, ToolMessage)]


def refunding(**stated):
    return call("refund", order_id="ORD-000042", cents=8_400, **stated)


async def test_a_call_of_which_its_model_is_sure_runs_with_its_own_arguments_alone(stage):
    here = await stage(refunding(**SURE), "Done.")
    run = await here.run("clerk", "Refund it.")
    assert run.status is RunStatus.COMPLETED
    assert DONE == [("ORD-000042", 8_400)]
    (intent,) = await here.bodies(EntryKind.INTENT)
    assert intent["confidence"] == 0.9
    arguments = await here.assembly.services.ledger.vault.open(
        intent["run"], intent["arguments"][0]
    )
    assert json.loads(arguments) == {"order_id": "ORD-000042", "cents": 8_400}


async def test_reads_are_offered_as_they_are(stage):
    here = await stage(call("read_note", order_id="x"), "Done.")
    await here.run("clerk")
    offered = {each.name: each.input_schema for each in here.model.requests[0].tools}
    assert list(offered["read_note"]["properties"]) == ["order_id"]
    assert list(offered["refund"]["properties"]) == [
        *("reasoning", "order_id", "cents", "confidence")
    ]
    assert {"reasoning", "confidence"} <= set(offered["refund"]["required"])
    assert DONE == ["x"]


async def test_nothing_is_asked_for_where_policy_does_not_switch_it_on(stage):
    here = await stage(refunding(), "Done.", rules="")
    await here.run("clerk")
    offered = {each.name: each.input_schema for each in here.model.requests[0].tools}
    assert list(offered["refund"]["properties"]) == ["order_id", "cents"]
    assert DONE == [("ORD-000042", 8_400)]
    assert "confidence" not in (await here.bodies(EntryKind.INTENT))[0]


@pytest.mark.promise("P4")
@pytest.mark.parametrize(
    ("stated", "code"),
    [
        ({"reasoning": "Perhaps.", "confidence": 0.5}, "low_confidence"),
        ({"reasoning": "Perhaps.", "confidence": 0.7999}, "low_confidence"),
        ({"reasoning": "Surely not.", "confidence": 0}, "low_confidence"),
        ({}, "no_confidence"),
        ({"reasoning": "Sure."}, "no_confidence"),
        ({"confidence": 1}, "no_confidence"),
        ({"reasoning": "  ", "confidence": 1}, "no_confidence"),
        ({"reasoning": "Sure.", "confidence": "1.0"}, "no_confidence"),
        ({"reasoning": "Sure.", "confidence": "high"}, "no_confidence"),
        ({"reasoning": "Sure.", "confidence": 1.5}, "no_confidence"),
        ({"reasoning": "Sure.", "confidence": -0.1}, "no_confidence"),
        ({"reasoning": "Sure.", "confidence": True}, "no_confidence"),
        ({"reasoning": "Sure.", "confidence": None}, "no_confidence"),
        ({"reasoning": "Sure.", "confidence": [1.0]}, "no_confidence"),
        ({"reasoning": "Sure.", "confidence": {"confidence": 1.0}}, "no_confidence"),
        ({"reasoning": {"confidence": 1.0}, "confidence": 1.0}, "no_confidence"),
    ],
)
async def test_a_call_of_which_its_model_is_not_sure_waits_for_a_person(stage, stated, code):
    here = await stage(refunding(**stated), "Done.")
    run = await here.run("clerk", "Refund it.")
    assert (run.status, DONE) == (RunStatus.HELD, [])
    (held,) = await here.bodies(EntryKind.HELD)
    assert [each[0] for each in held["approval"]["obligations"]] == [code]
    case = await here.runtime.approvals.case(run.holds[0].approval_id, by=AUDITOR)
    assert case.arguments == {"order_id": "ORD-000042", "cents": 8_400}
    await here.approve(run)
    assert (await here.resume(run)).status is RunStatus.COMPLETED
    assert DONE == [("ORD-000042", 8_400)]
    await here.check()


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999", "0.9e0e0", "01"])
@pytest.mark.parametrize("field", ["confidence", "reasoning"])
async def test_what_is_no_number_of_json_states_nothing(stage, number, field):
    other = '"reasoning":"So."' if field == "confidence" else '"confidence":1'
    raw = f'{{"order_id":"ORD-000042","cents":8400,{other},"{field}":{number}}}'
    here = await stage(call("refund", raw), "Done.")
    run = await here.run("clerk", "Refund it.")
    assert DONE == []
    if number in {"0.9e0e0", "01"}:
        assert answers(here.model)[0]["code"] == "invalid_arguments"
    else:
        (held,) = await here.bodies(EntryKind.HELD)
        assert held["approval"]["obligations"][0][0] == "no_confidence"
        assert run.status is RunStatus.HELD


@pytest.mark.promise("P7")
async def test_whoever_decides_reads_why_and_the_ledger_says_it_to_nobody_else(stage):
    here = await stage(refunding(reasoning=SECRET, confidence=0.25), "Done.")
    run = await here.run("clerk", "Refund it.")
    case = await here.runtime.approvals.case(run.holds[0].approval_id, by=AUDITOR)
    assert (case.confidence, case.reasoning) == (0.25, SECRET)
    call_id = run.holds[0].call_id
    plain = await here.runtime.audit.explain(call_id)
    assert (plain.states_confidence, plain.confidence, plain.reasoning) == (True, 0.25, None)
    shown = await here.runtime.audit.explain(call_id, reveal_by=AUDITOR)
    assert shown.reasoning == SECRET
    await here.approve(run)
    await here.resume(run)
    assert (await here.runtime.audit.explain(call_id, reveal_by=AUDITOR)).reasoning == SECRET
    assert "Mimi" not in json.dumps(await here.bodies())


async def test_an_argument_of_the_tool_with_such_a_name_stays_its_own(stage):
    stated = {"call_reasoning": "He said so.", "call_confidence": 0.95}
    here = await stage(call("record", order_id="x", confidence=0.1, **stated), "Done.")
    await here.run("clerk")
    assert DONE == [("x", 0.1)]
    assert (await here.bodies(EntryKind.INTENT))[0]["confidence"] == 0.95


async def test_what_is_nested_is_an_argument_like_any_other(stage):
    here = await stage(call("refund", order_id="x", cents=1, more=SURE), "Done.")
    await here.run("clerk")
    (answer,) = answers(here.model)
    assert (answer["code"], DONE) == ("invalid_arguments", [])


async def test_what_is_stated_twice_is_no_json(stage):
    twice = '{"order_id":"x","cents":1,"reasoning":"So.","confidence":0.1,"confidence":0.99}'
    here = await stage(call("refund", twice), "Done.")
    await here.run("clerk")
    (answer,) = answers(here.model)
    assert (answer["code"], DONE) == ("invalid_arguments", [])
    assert (await here.bodies(EntryKind.ENDED))[0]["confidence"] is None


async def test_what_a_tool_has_read_states_nothing(stage):
    here = await stage(call("read_note", order_id="x"), refunding(), "Done.")
    run = await here.run("clerk")
    assert (run.status, DONE) == (RunStatus.HELD, ["x"])
    (held,) = await here.bodies(EntryKind.HELD)
    assert held["approval"]["obligations"][0][0] == "no_confidence"
    assert held["confidence"] is None


async def test_invalid_arguments_are_refused_however_sure_the_model_is(stage):
    here = await stage(call("refund", order_id="x", cents="much", **SURE), "Done.")
    await here.run("clerk")
    (answer,) = answers(here.model)
    assert [each["pointer"] for each in answer["problems"]] == ["/cents"]
    (end,) = await here.bodies(EntryKind.ENDED)
    assert end["confidence"] == 0.9


@pytest.mark.promise("P1")
async def test_a_call_whose_model_was_not_asked_is_judged_as_ever(stage):
    here = await stage("Done.")
    outcome = await here.runtime.call(refund, {"order_id": "x", "cents": 1})
    assert outcome.status == "completed"
    outcome = await here.runtime.call(refund, {"order_id": "x", "cents": 1, **SURE})
    assert outcome.error.code == "invalid_arguments"


async def test_the_same_call_with_another_reasoning_is_the_same_call(stage):
    """What was stated is in no key: a model that asks again gets what came of it the first time."""
    again = {"reasoning": "Once more.", "confidence": 1}
    here = await stage(refunding(**SURE), refunding(**again), "Done.")
    await here.run("clerk")
    assert DONE == [("ORD-000042", 8_400)]
    assert "note" in answers(here.model)[-1] or answers(here.model)[-1]["status"] == "completed"


async def test_a_threshold_may_be_of_one_tool(stage):
    rules = "[confidence.tools]\nrecord = 0.5\nrefund = 0\n"
    unsure = call("record", order_id="x", confidence=1)
    here = await stage(refunding(), unsure, "Done.", rules=rules)
    run = await here.run("clerk")
    assert run.status is RunStatus.HELD
    assert [hold.tool for hold in run.holds] == ["record"]
    assert DONE == [("ORD-000042", 8_400)]


@pytest.mark.parametrize(
    ("rules", "confidence", "held"),
    [
        ("enabled = true", 0.79, True),
        ("enabled = true", 0.8, False),
        ("enabled = true\nthreshold = 0.7", 0.79, False),
        ("threshold = 0.99", 0.98, True),
    ],
)
async def test_a_bare_switch_asks_for_four_fifths(stage, rules, confidence, held):
    unsure = refunding(reasoning="So.", confidence=confidence)
    here = await stage(unsure, "Done.", rules=f"[confidence]\n{rules}\n")
    run = await here.run("clerk")
    assert (run.status is RunStatus.HELD) is held


async def test_a_switch_that_is_off_asks_for_nothing(stage):
    rules = "[confidence]\nenabled = false\nthreshold = 0.9\n[confidence.tools]\nrefund = 1\n"
    here = await stage(refunding(), "Done.", rules=rules)
    await here.run("clerk")
    assert DONE == [("ORD-000042", 8_400)]


@pytest.mark.promise("P4")
async def test_who_agreed_while_more_was_asked_of_the_model_has_agreed_to_another_call(
    stage, tmp_path
):
    """A rule that applied is another one by now; the model is told, and proposes anew."""
    here = await stage(refunding(reasoning="So.", confidence=0.3), refunding(), "Done.")
    run = await here.run("clerk", "Refund it.")
    here.settings = asking(tmp_path, "")
    await here.reopen()
    await here.approve(run)
    run = await here.resume(run)
    assert answers(here.model)[0]["code"] == "approval_void"
    assert (run.status, DONE) == (RunStatus.COMPLETED, [("ORD-000042", 8_400)])
    await here.check()


async def test_a_call_that_was_proposed_before_the_switch_was_thrown_is_not_asked_about(
    stage, tmp_path
):
    """It is brought on after a crash as what it was: nobody had asked its model anything."""

    @tool(tier="irreversible")
    def wipe(order_id: str) -> str:
        """Wipe an order."""
        DONE.append(order_id)
        return "gone"

    here = await stage(call("wipe", order_id="x"), "Done.", rules="", tools=[wipe])
    run = await here.run("clerk", "Wipe it.")
    here.settings = asking(tmp_path)
    await here.reopen()
    await here.approve(run)
    run = await here.resume(run)
    assert (run.status, DONE) == (RunStatus.COMPLETED, ["x"])
    asked = await here.bodies(EntryKind.MODEL_ASKED)
    assert [each.get("stated") for each in asked] == [
        None,
        {"wipe": ["reasoning", "confidence"]},
    ]


class Dying:
    """A store of a process that dies before the first intent; the dead write nothing."""

    def __init__(self, store):
        self._store = store
        self.is_dead = False
        self.died = asyncio.Event()

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def append(self, entries, **facts):
        if self.is_dead:
            raise LedgerError("this process is dead")
        landing = [entry for entry in entries if entry.kind is not EntryKind.INTENT]
        if len(landing) < len(entries):  # what rides with it, such as the reply, has landed before
            self.is_dead = True
            await self._store.append(landing, **facts)
            self.died.set()
            raise LedgerError("this process is dead")
        return await self._store.append(entries, **facts)


@pytest.mark.promise("P4")
@pytest.mark.parametrize("change", ["threshold = 0.9", "enabled = false", "threshold = 0.5"])
async def test_an_approval_is_bound_to_what_was_asked_of_the_model(stage, tmp_path, change):
    here = await stage(refunding(reasoning="So.", confidence=0.3), "Done.")
    run = await here.run("clerk", "Refund it.")
    await here.approve(run)
    here.settings = asking(tmp_path, f"[confidence]\n{change}\n")
    await here.reopen()
    await here.resume(run)
    assert (answers(here.model)[0]["code"], DONE) == ("approval_void", [])


@pytest.mark.promise("P11")
async def test_a_reply_whose_calls_were_not_made_yet_is_read_by_what_was_asked_for_then(
    scene, tmp_path
):
    model = ScriptedModel(refunding(**SURE), "Done.")
    clerk = Agent(name="clerk", model=model, tools=TOOLS)
    here = await scene(clerk, settings=asking(tmp_path), wrap=Dying)
    running = asyncio.ensure_future(here.run("clerk", "Refund it."))
    await here.store.died.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    (started,) = [
        entry
        for entry in await here.store.entries(limit=100)
        if entry.kind is EntryKind.RUN_STARTED
    ]
    here.wrap, here.settings = (lambda store: store), asking(tmp_path, "")
    await here.reopen()
    run = await here.resume(started.run_id)
    assert (run.status, DONE) == (RunStatus.COMPLETED, [("ORD-000042", 8_400)])
    assert [b["confidence"] for b in await here.bodies(EntryKind.INTENT)] == [0.9]
    await here.check()


async def test_what_a_person_edits_is_theirs(stage, bob):
    here = await stage(refunding(reasoning="Perhaps.", confidence=0.3), "Done.")
    run = await here.run("clerk", "Refund it.")
    await here.runtime.approvals.edit(
        run.holds[0].approval_id, {"order_id": "ORD-000042", "cents": 84}, by=bob, reason="Less."
    )
    run = await here.resume(run)
    assert (run.status, DONE) == (RunStatus.COMPLETED, [("ORD-000042", 84)])
    (decided,) = [b for b in await here.bodies(EntryKind.HELD) if "edited" in b]
    assert decided["edited"]["ruling"] == Ruling.EDIT


async def test_the_offline_model_says_how_sure_it_is(scene, tmp_path):
    """By how well the words fit; what it is asked for besides it asks nobody for."""

    @tool(tier="reversible")
    def cancel_order(order_id: Annotated[str, Field(pattern="^ORD-[0-9]{6}$")]) -> str:
        """Cancel an order."""
        DONE.append(order_id)
        return "cancelled"

    clerk = Agent(name="clerk", model=Offline(), tools=[cancel_order])
    here = await scene(clerk, settings=asking(tmp_path, "[confidence]\nthreshold = 0.5\n"))
    run = await here.run("clerk", "Cancel the order ORD-000042")
    assert (run.status, DONE) == (RunStatus.COMPLETED, ["ORD-000042"])
    (intent,) = await here.bodies(EntryKind.INTENT)
    assert 0.5 < intent["confidence"] < 1
    words = await here.runtime.audit.explain(intent["call"], reveal_by=AUDITOR)
    assert words.reasoning == REASONING


async def test_a_task_is_handed_on_without_a_statement(scene, tmp_path):
    """The calls that come of it are judged by themselves."""
    hand = Agent(name="hand", model=ScriptedModel(refunding(**SURE), "Paid."), tools=[refund])
    head_model = ScriptedModel(call("ask_hand", task="Refund it."), "Done.")
    head = Agent(name="head", model=head_model, team=[hand])
    here = await scene(head, settings=asking(tmp_path))
    run = await here.run("head", "Refund it.")
    assert (run.status, DONE) == (RunStatus.COMPLETED, [("ORD-000042", 8_400)])
    (offered,) = [each for each in head_model.requests[0].tools if each.name == "ask_hand"]
    assert (offered.stated, list(offered.input_schema["properties"])) == (None, ["task"])
    assert [b["confidence"] for b in await here.bodies(EntryKind.INTENT) if "confidence" in b] == [
        0.9
    ]


async def test_a_reply_that_is_streamed_states_it_as_well(stage):
    """What begins ahead of it is a read, of which nothing is asked."""
    turn = said(call("read_note", order_id="x"), refunding(reasoning="So.", confidence=0.2))
    here = await stage(turn, "Done.")
    events = [event async for event in here.runtime.stream("clerk", "Refund it.")]
    assert DONE == ["x"]
    proposed = [e.data["arguments"] for e in events if e.kind == EventKind.TOOL_PROPOSED]
    assert {"order_id": "ORD-000042", "cents": 8_400} in proposed
    (held,) = await here.bodies(EntryKind.HELD)
    assert held["confidence"] == 0.2


@pytest.mark.promise("P7")
async def test_a_second_model_sees_nothing_of_how_the_first_persuades(scene, tmp_path):
    """Neither its words nor its number: an opinion that has read another is none."""
    verifier = ScriptedVerifier()
    model = ScriptedModel(refunding(reasoning=SECRET, confidence=0.9125), "Done.")
    clerk = Agent(name="clerk", model=model, tools=[refund])
    rules = "[confidence]\nthreshold = 0.8\n[verifier]\ntiers = ['reversible']\n"
    here = await scene(clerk, settings=asking(tmp_path, rules), verifier=verifier)
    await here.runtime.run("clerk", "Refund it.")
    (case,) = verifier.cases
    assert case.arguments == {"order_id": "ORD-000042", "cents": 8_400}
    assert "Mimi" not in repr(case)
    assert "0.9125" not in repr(case)
    assert "reasoning" not in repr(case.tool)

"""A call that is made inside a trace is part of it, whoever made the trace, and nothing more."""

import sys
from contextlib import closing, contextmanager

import apsw
import pytest
from opentelemetry import trace as opentelemetry
from opentelemetry.context import attach, detach

from highroad import Agent, Principal, Runtime, tool
from highroad.domain.acting import Acting
from highroad.domain.ids import uuid_hex
from highroad.domain.trace_context import TraceContext, read_traceparent
from highroad.frameworks.guarding import Guard
from highroad.sync import Runtime as SyncRuntime
from highroad.testing import ScriptedModel
from highroad.testing import call as reply
from highroad.tools.body.context import ToolContext

LEDGER = "sqlite:///ledger.db"
ALICE = Principal("alice", authenticated=True)
BOB = Principal("bob", authenticated=True)
SAID = f"00-{7:032x}-{8:016x}-01"
OTHER = f"00-{9:032x}-{10:016x}-00"
HOST = TraceContext(trace_id=f"{11:032x}", span_id=f"{12:016x}")


@contextmanager
def span(header):
    """A span of OpenTelemetry that holds here, as any library of it would make one current."""
    said = read_traceparent(header)
    context = opentelemetry.SpanContext(
        int(said.trace_id, 16),
        int(said.span_id, 16),
        is_remote=False,
        trace_flags=opentelemetry.TraceFlags(int(said.is_sampled)),
    )
    token = attach(opentelemetry.set_span_in_context(opentelemetry.NonRecordingSpan(context)))
    try:
        yield
    finally:
        detach(token)


@tool(tier="read")
def look(context: ToolContext, name: str) -> str:
    """Tell what its requests would carry."""
    return context.traceparent


@tool(tier="reversible", ask="true")
def send(context: ToolContext, name: str) -> str:
    """The same, once somebody has agreed."""
    return context.traceparent


@tool(tier="read")
async def look_twice(context: ToolContext, name: str) -> list[str]:
    """Look from inside."""
    inner = await context.call(look, {"name": name})
    return [inner.call_id, inner.value]


async def place(runtime, call_id):
    """Trace and parent, as the record tells them."""
    known = await runtime.audit.explain(call_id)
    return known.trace_id, known.parent_span_id


def placed(header):
    said = read_traceparent(header)
    return said.trace_id, said.span_id


@pytest.fixture
async def runtime():
    async with Runtime.open(LEDGER, tools=[look, send, look_twice], principal=ALICE) as opened:
        yield opened


async def test_a_call_in_no_trace_is_one_of_its_own(runtime):
    made = await runtime.call(look, {"name": "a"})
    trace_id, digits = uuid_hex(made.call_id), uuid_hex(made.call_id)[16:]
    assert await place(runtime, made.call_id) == (trace_id, None)
    assert made.value == f"00-{trace_id}-{digits}-01"


async def test_a_call_is_part_of_what_is_said_and_says_so_to_others(runtime):
    for header, flags in ((SAID, "01"), (OTHER, "00")):
        with runtime.acting(traceparent=header):
            made = await runtime.call(look, {"name": flags})
        assert await place(runtime, made.call_id) == placed(header)
        trace_id, _ = placed(header)
        assert made.value == f"00-{trace_id}-{uuid_hex(made.call_id)[16:]}-{flags}"


async def test_what_is_said_goes_before_opentelemetry_and_that_before_the_host(runtime):
    guard = Guard(runtime, door="host", tracing=lambda: HOST)

    async def made(acting=None):
        outcome = await guard.call("look", {"name": "a"}, acting=acting)
        return (await place(runtime, outcome.call_id))[0]

    assert await made() == HOST.trace_id
    with span(OTHER):
        assert await made() == placed(OTHER)[0]
        assert await made(Acting(trace=read_traceparent(SAID))) == placed(SAID)[0]
        with runtime.acting(traceparent=SAID):
            assert await made() == placed(SAID)[0]
        with runtime.acting(traceparent="what is this?"):
            assert await made() == placed(OTHER)[0]


async def test_calls_together_are_part_of_it_too(runtime):
    with span(SAID):
        made = await runtime.call_all([("look", {"name": each}) for each in "abc"])
    assert [await place(runtime, each.call_id) for each in made] == [placed(SAID)] * 3


def test_a_synchronous_program_is_part_of_its_span():
    with SyncRuntime.open(LEDGER, tools=[look]) as runtime, span(SAID):
        made = runtime.call(look, {"name": "a"})
        known = runtime.audit.explain(made.call_id)
    assert (known.trace_id, known.parent_span_id) == placed(SAID)


async def test_what_a_body_calls_is_in_the_same_trace_below_it(runtime):
    with span(SAID):
        made = await runtime.call(look_twice, {"name": "a"})
    inner_id, told = made.value
    trace_id, _ = placed(SAID)
    assert await place(runtime, inner_id) == (trace_id, None)
    assert told == f"00-{trace_id}-{uuid_hex(inner_id)[16:]}-01"
    assert spans(runtime.ledger_path, trace_id) >= {
        (made.call_id, placed(SAID)[1]),
        (inner_id, made.call_id),
    }


async def test_an_agent_of_our_own_is_one_trace_with_all_its_calls(runtime):
    model = ScriptedModel([reply("look", name="a")], "done", "done")
    agent = Agent(name="helper", instructions="Help.", model=model, tools=[look])
    with span(SAID):
        run = await runtime.run(agent, "Look at a")
    alone = await runtime.run(agent, "Look at nothing")
    await runtime.flush()
    trace_id, parent = placed(SAID)
    (call,) = [each for each in spans(runtime.ledger_path, trace_id) if each[0] != run.id]
    assert spans(runtime.ledger_path, trace_id) == {(run.id, parent), (call[0], run.id)}
    assert (alone.id, None) in spans(runtime.ledger_path, uuid_hex(alone.id))


async def test_a_call_that_waited_goes_on_in_the_trace_that_it_began_in():
    async with Runtime.open(LEDGER, tools=[send], principal=ALICE) as runtime:
        with span(OTHER):
            held = await runtime.call(send, {"name": "a"})
        await runtime.approvals.approve(held.approval_id, by=BOB)
    async with Runtime.open(LEDGER, tools=[send], principal=ALICE) as runtime:
        with span(SAID):
            done = await runtime.wait(held.call_id)
        assert await place(runtime, held.call_id) == placed(OTHER)
        assert done.value == f"00-{placed(OTHER)[0]}-{uuid_hex(held.call_id)[16:]}-00"
        assert (held.call_id, placed(OTHER)[1]) in spans(runtime.ledger_path, placed(OTHER)[0])
        assert (await runtime.audit.verify()).holds
        assert not (await runtime.audit.compare_tables()).differences


async def test_runs_and_keys_know_no_trace(runtime):
    """A trace id is anybody's: two with one id share nothing, and a call asked twice is one."""
    with runtime.acting(run="thread", traceparent=SAID):
        mine = await runtime.call(send, {"name": "a"})
    with runtime.acting(run="thread", traceparent=OTHER):
        again = await runtime.call(send, {"name": "a"})
    with runtime.acting(BOB, traceparent=SAID):
        theirs = await runtime.call(send, {"name": "a"})
    assert again.approval_id == mine.approval_id
    assert theirs.approval_id != mine.approval_id
    runs = [(await runtime.audit.explain(each.call_id)).run_id for each in (mine, again, theirs)]
    assert (runs[0] == runs[1], runs[0] == runs[2]) == (True, False)


async def test_a_program_without_opentelemetry_is_in_no_span_and_does_not_load_it(
    runtime, monkeypatch
):
    monkeypatch.delitem(sys.modules, "opentelemetry.trace")
    with span(SAID):
        made = await runtime.call(look, {"name": "a"})
    assert await place(runtime, made.call_id) == (uuid_hex(made.call_id), None)
    assert "opentelemetry.trace" not in sys.modules


def spans(path, trace_id):
    """The spans of a trace, each with its parent, as an auditor sees them."""
    with closing(apsw.Connection(str(path), apsw.SQLITE_OPEN_READONLY)) as file:
        return set(
            file.execute(
                "SELECT span_id, parent_span_id FROM trace_span WHERE trace_id = ?", (trace_id,)
            )
        )

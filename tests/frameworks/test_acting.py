"""Who acts, where a program says so around its calls."""

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing

import pytest

from highroad import Agent, Principal, Runtime, tool
from highroad.domain.acting import NOBODY, Acting
from highroad.domain.error import HighroadError
from highroad.domain.identity import Delegate
from highroad.domain.verification import UserTurn
from highroad.pipeline.acting import now_acting
from highroad.sync import Runtime as SyncRuntime
from highroad.testing import ScriptedModel

LEDGER = "sqlite:///ledger.db"
ALICE = Principal("alice", authenticated=True)
BOB = Principal("bob", authenticated=True)


@tool(tier="read")
def look(name: str) -> str:
    return name


async def made(runtime, **circumstances):
    """For whom and in which run a call was made."""
    outcome = await runtime.call(look, {"name": "a"}, **circumstances)
    call = await runtime.audit.explain(outcome.call_id)
    return call.principal, call.run_id


async def test_it_holds_inside_the_block_and_nowhere_else():
    async with Runtime.open(LEDGER, tools=[look]) as runtime:
        own, _ = await made(runtime)
        with runtime.acting(ALICE, run="a", request="hello") as acting:
            assert acting == now_acting()
            assert acting.said == (UserTurn(source="message-1", text="hello"),)
            (alice, run), again = await made(runtime), await made(runtime)
            assert (alice, run) == again
            with runtime.acting(BOB):
                bob, other = await made(runtime)
            assert (await made(runtime)) == again
        assert len({own, alice, bob}) == 3
        assert other != run
        assert now_acting() is NOBODY
        assert (await made(runtime))[0] == own


async def test_what_is_said_with_a_call_goes_before_it():
    async with Runtime.open(LEDGER, tools=[look]) as runtime:
        with runtime.acting(ALICE, run="a", delegation=[Delegate("helper")]):
            alice, run = await made(runtime)
            bob, same = await made(runtime, principal=BOB)
            _, other = await made(runtime, run="b")
            assert (alice != bob, run == same, run != other) == (True, True, True)
            (outcome,) = await runtime.call_all([(look, {"name": "b"})], delegation=())
            assert outcome.unwrap() == "b"


async def test_tasks_begun_inside_have_it_and_others_have_not():
    async with Runtime.open(LEDGER, tools=[look]) as runtime:
        go_on = asyncio.Event()

        async def waits():
            await go_on.wait()
            return await made(runtime)

        outside = asyncio.create_task(waits())
        with runtime.acting(ALICE, run="a"):
            inside = asyncio.create_task(waits())
            expected = await made(runtime)
        go_on.set()
        assert await inside == expected
        assert await outside != expected


async def test_it_crosses_threads_as_context_variables_do():
    with SyncRuntime.open(LEDGER, tools=[look]) as runtime, ThreadPoolExecutor(1) as threads:

        def call():
            return runtime.audit.explain(runtime.call(look, {"name": "a"}).call_id).run_id

        with runtime.acting(ALICE, run="a"):
            run = call()
            assert await asyncio.to_thread(call) == run
            context = contextvars.copy_context()
            assert threads.submit(context.run, call).result() == run
            assert threads.submit(call).result() != run


async def test_a_generator_that_is_closed_elsewhere_ends_in_peace():
    async with Runtime.open(LEDGER, tools=[look]) as runtime:

        async def steps():
            with runtime.acting(ALICE, run="a"):
                yield await made(runtime)
                yield await made(runtime)

        async def first(generator):
            return await anext(generator)

        async with aclosing(steps()) as generator:
            await asyncio.create_task(first(generator))
            assert now_acting() is NOBODY
        assert now_acting() is NOBODY


async def test_runs_of_agents_are_for_whom_is_acting():
    agent = Agent(name="helper", tools=[], model=ScriptedModel("done", "done", "done"))
    async with Runtime.open(LEDGER, agents=[agent]) as runtime:

        async def begun(**named):
            run = await runtime.run(agent, "do", **named)
            (found,) = [each for each in await runtime.audit.runs() if each.id == run.id]
            return found

        with runtime.acting(ALICE, conversation="c"):
            alice = await begun()
            bob = await begun(principal=BOB, conversation="d")
        own = await begun()
        assert len({alice.principal_id, bob.principal_id, own.principal_id}) == 3
        assert alice.conversation_id not in {None, bob.conversation_id}
        assert own.conversation_id is None


def test_what_is_left_out_is_what_was_said_around_it():
    around = Acting(
        principal=ALICE, run="a", conversation="c", said=(UserTurn(source="m", text="hi"),)
    )
    assert Acting(principal=BOB).over(around) == Acting(
        principal=BOB, run="a", conversation="c", said=around.said
    )
    mine = Acting(run="")
    assert mine.over(NOBODY) is mine
    assert mine.over(around).run == ""


@pytest.mark.promise("P5")
async def test_an_empty_name_of_a_run_is_told():
    async with Runtime.open(LEDGER, tools=[look]) as runtime:
        with (
            runtime.acting(ALICE, run=""),
            pytest.raises(HighroadError, match="names that are not empty"),
        ):
            await made(runtime)

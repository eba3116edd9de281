"""Runs of agents on a shared ledger: one process moves a run at a time, and any may talk to it."""

import asyncio
import contextlib
import json
from collections import Counter
from dataclasses import replace

import asyncpg
import pytest

from highroad import Agent, Principal, Runtime, tool
from highroad.agents.strategies.react import react
from highroad.agents.writing import RunWriter
from highroad.domain.error import DecisionRefused, LedgerError
from highroad.domain.run import RunStatus
from highroad.testing import ScriptedModel, call

ALICE = Principal("alice", authenticated=True)
BOB = Principal("bob", authenticated=True)


@pytest.fixture
def pay(effects):
    @tool(tier="irreversible", effect="unprotected")
    async def pay(cents: int) -> str:
        """Pay somebody."""
        effects.append(cents)
        return "paid"

    return pay


@pytest.fixture
def effects():
    return []


def payer(pay):
    script = ScriptedModel(call("pay", cents=5), "Paid.", by_turn=True)
    return Agent(name="payer", tools=[pay], model=script)


def opened(url, agent, **options):
    return Runtime.open(url, agents=[agent], principal=ALICE, **options)


async def bodies(url, kind):
    """What the ledger says, oldest first."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(
        "SELECT body FROM highroad.entry WHERE kind = $1 ORDER BY log_id, seq", kind
    )
    await connection.close()
    return [json.loads(row[0]) for row in rows]


async def until_ended(url, run_id):
    async with asyncio.timeout(20):
        while True:
            ended = [each for each in await bodies(url, "run.ended") if each["run"] == run_id]
            if ended:
                return ended
            await asyncio.sleep(0.02)


@pytest.mark.promise("P3", "P11")
async def test_of_processes_that_resume_a_run_at_once_one_moves_it(postgres_url, pay, effects):
    """Both have read the same record before either does anything."""
    meeting = [None]

    async def meet(leg):
        if meeting[0] is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await meeting[0].wait()
        return await react(leg)

    agent = replace(payer(pay), strategy=meet)
    async with (
        opened(postgres_url, agent) as here,
        opened(postgres_url, agent) as there,
    ):
        for number in range(5):
            meeting[0] = None
            held = await here.run("payer", "Pay 5 cents.")
            meeting[0] = asyncio.Barrier(2)
            await there.approvals.approve(held.holds[0].approval_id, by=BOB)
            await until_decided(here, held)
            found = await asyncio.gather(
                *(runtime.resume(held.id) for runtime in (here, there)), return_exceptions=True
            )
            ended = await until_ended(postgres_url, held.id)
            assert [each["status"] for each in ended] == ["completed"]
            assert all(
                isinstance(each, LedgerError) or each.status is RunStatus.COMPLETED
                for each in found
            )
            assert len(effects) == number + 1
            meeting[0] = None
            assert (await there.resume(held.id)).result == "Paid."
            requests = await bodies(postgres_url, "model.asked")
            assert Counter(each["run"] for each in requests)[held.id] == 2


async def until_decided(runtime, held):
    async with asyncio.timeout(20):
        while (await runtime.approvals.get(held.holds[0].approval_id)).is_waiting:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.mark.promise("P3")
async def test_processes_that_work_share_runs_and_none_is_moved_twice(postgres_url, pay, effects):
    async with (
        opened(postgres_url, payer(pay), work=True) as here,
        opened(postgres_url, payer(pay), work=True) as there,
    ):
        runs = [await here.run("payer", f"Pay 5 cents to {number}.") for number in range(5)]
        for run in runs:
            await there.approvals.approve(run.holds[0].approval_id, by=BOB)
        for run in runs:
            (ended,) = await until_ended(postgres_url, run.id)
            assert ended["status"] == "completed"
    assert len(effects) == 5


class Hanging(ScriptedModel):
    """Tells that it was asked, and replies when it may."""

    def __init__(self, *script):
        super().__init__(*script, by_turn=True)
        self.asked, self.may_reply = asyncio.Event(), asyncio.Event()

    async def reply(self, request):
        self.asked.set()
        await self.may_reply.wait()
        async for part in super().reply(request):
            yield part


@pytest.mark.promise("P5")
async def test_a_run_that_is_moved_is_refused_to_others_heard_of_and_called_off_by_them(
    postgres_url, pay, effects
):
    model = Hanging("One.", "Two.")
    agent = Agent(name="talker", tools=[pay], model=model)
    other = Agent(name="talker", tools=[pay], model=ScriptedModel())
    async with (
        opened(postgres_url, agent) as here,
        opened(postgres_url, other, work=True) as there,
    ):
        running = asyncio.ensure_future(here.run("talker", "Go."))
        await model.asked.wait()
        (started,) = await bodies(postgres_url, "run.started")
        with pytest.raises(LedgerError, match="another process"):
            await there.resume(started["run"])
        await there.send(started["run"], "And more.", by=ALICE)
        model.may_reply.set()
        run = await running
        assert (run.status, run.result) == (RunStatus.COMPLETED, "Two.")

        model.asked.clear()
        model.may_reply.clear()
        running = asyncio.ensure_future(here.run("talker", "Go."))
        await model.asked.wait()
        (run_id,) = {each["run"] for each in await bodies(postgres_url, "run.started")} - {run.id}
        await there.cancel(run=run_id, by=BOB, reason="enough")
        assert (await running).status is RunStatus.CANCELLED
        assert len(await until_ended(postgres_url, run_id)) == 1


@pytest.mark.promise("P11")
async def test_a_run_whose_process_is_gone_is_free_to_others(postgres_url, pay, effects):
    model = Hanging("One.")
    agent = Agent(name="talker", tools=[pay], model=model)
    async with opened(postgres_url, agent) as here:
        running = asyncio.ensure_future(here.run("talker", "Go."))
        await model.asked.wait()
        (started,) = await bodies(postgres_url, "run.started")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    other = Agent(name="talker", tools=[pay], model=ScriptedModel("Here.", by_turn=True))
    async with opened(postgres_url, other, work=True):
        (ended,) = await until_ended(postgres_url, started["run"])
        assert ended["status"] == "completed"


def meeting_at_the_end(found, monkeypatch, meanwhile):
    """Have something happen when a run has looked for messages the last time, and is to end."""
    ended = RunWriter.ended

    async def late(self, *args, **facts):
        if not found:
            found.append(await meanwhile(self))
        return await ended(self, *args, **facts)

    monkeypatch.setattr(RunWriter, "ended", late)


@pytest.mark.promise("P5")
async def test_a_message_that_others_record_just_before_the_end_is_heard(postgres_url, monkeypatch):
    model = ScriptedModel("One.", "Two.")
    agent = Agent(name="talker", tools=(), model=model)
    other = Agent(name="talker", tools=(), model=ScriptedModel())
    async with opened(postgres_url, agent) as here, opened(postgres_url, other) as there:
        sent = []

        async def say(writer):
            (started,) = await bodies(postgres_url, "run.started")
            return await there.send(started["run"], "And more.", by=ALICE)

        meeting_at_the_end(sent, monkeypatch, say)
        run = await here.run("talker", "Go.")
    assert (run.status, run.result) == (RunStatus.COMPLETED, "Two.")
    (message,) = await bodies(postgres_url, "run.message")
    assert [each["heard"] for each in await bodies(postgres_url, "run.resumed")] == [
        [message["id"]]
    ]
    (ended,) = await bodies(postgres_url, "run.ended")
    assert ended["status"] == "completed"


@pytest.mark.promise("P5")
async def test_a_message_that_comes_just_behind_the_end_is_refused(postgres_url, monkeypatch):
    agent = Agent(name="talker", tools=(), model=ScriptedModel("One."))
    other = Agent(name="talker", tools=(), model=ScriptedModel())
    message, waits, may_write = RunWriter.message, asyncio.Event(), asyncio.Event()

    async def slow(self, *args, **facts):
        waits.set()
        await may_write.wait()
        return await message(self, *args, **facts)

    monkeypatch.setattr(RunWriter, "message", slow)
    async with opened(postgres_url, agent) as here, opened(postgres_url, other) as there:
        sending = []

        async def say(writer):
            (started,) = await bodies(postgres_url, "run.started")
            sending.append(asyncio.ensure_future(there.send(started["run"], "More.", by=ALICE)))
            await waits.wait()

        meeting_at_the_end([], monkeypatch, say)
        run = await here.run("talker", "Go.")
        assert run.result == "One."
        may_write.set()
        with pytest.raises(DecisionRefused, match="has ended"):
            await sending[0]
    assert await bodies(postgres_url, "run.message") == []

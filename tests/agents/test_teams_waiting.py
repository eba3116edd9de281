"""Branches of a team that wait: each is decided by itself, and only it moves."""

import sqlite3
from contextlib import closing

import pytest

from highroad import Agent, Limits, tool
from highroad.agents.team import PATIENCE_S
from highroad.domain.run import RunStatus
from highroad.testing import ScriptedModel, call

CLERKS = ("anna", "ben", "cleo", "dora")


@pytest.fixture
def pay(effects):
    @tool(tier="irreversible", effect="idempotent")
    def pay(cents: int) -> str:
        """Pay somebody."""
        effects["pay", cents] += 1
        return "paid"

    return pay


@pytest.fixture
def firm(pay):
    """A boss over two chiefs over two clerks each, who all want to pay at once."""

    def made():
        clerks = [
            Agent(
                name=name,
                tools=[pay],
                model=ScriptedModel(call("pay", cents=cents), _answer, by_turn=True),
            )
            for cents, name in enumerate(CLERKS, start=1)
        ]
        chiefs = [
            Agent(
                name=f"chief{number}",
                tools=(),
                team=team,
                model=ScriptedModel(
                    [call(f"ask_{each.name}", task="Pay.") for each in team],
                    _results,
                    by_turn=True,
                ),
            )
            for number, team in enumerate((clerks[:2], clerks[2:]))
        ]
        return Agent(
            name="boss",
            tools=(),
            team=chiefs,
            model=ScriptedModel(
                [call(f"ask_{each.name}", task="See to it.") for each in chiefs],
                _results,
                by_turn=True,
            ),
        )

    return made


def _answer(request):
    return "error" if request.messages[-1].is_error else "paid"


def _results(request):
    """Of each that was asked, one word."""
    told = [each.content for each in request.messages if hasattr(each, "content")]
    words = ("error", "paid")
    return " ".join(
        word for each in told for word in each.replace('"', " ").split() if word in words
    )


def by_path(run):
    return {hold.path[-1]: hold for hold in run.holds}


async def test_each_of_many_branches_is_decided_by_itself(scene, firm, effects):
    """Agreed, rejected, called off and expired: four clerks, two chiefs, one answer."""
    stage = await scene(firm())
    held = await stage.run("boss")
    holds = by_path(held)
    assert {hold.path for hold in held.holds} == {
        ("chief0", "anna"),
        ("chief0", "ben"),
        ("chief1", "cleo"),
        ("chief1", "dora"),
    }
    approvals = stage.runtime.approvals
    await approvals.approve(holds["anna"].approval_id, by=stage.principal)
    once = await stage.resume(held)
    assert effects == {("pay", 1): 1}
    assert set(by_path(once)) == {"ben", "cleo", "dora"}

    await stage.reopen(firm())
    approvals = stage.runtime.approvals
    await approvals.reject(holds["ben"].approval_id, by=stage.principal, reason="Too much.")
    twice = await stage.resume(held)
    assert set(by_path(twice)) == {"cleo", "dora"}
    ended = [body["agent"] for body in await stage.bodies("run.ended")]
    assert sorted(ended) == ["anna", "ben", "chief0"]

    await stage.runtime.cancel(
        call_id=holds["cleo"].call_id, by=stage.principal, reason="Not needed."
    )
    assert set(by_path(await stage.resume(held))) == {"dora"}

    stage.clock.advance(90_000)
    run = await stage.resume(held)
    assert (run.status, run.result) == (RunStatus.COMPLETED, "paid error error error")
    assert effects == {("pay", 1): 1}
    await stage.check()


async def test_calling_off_one_run_below_leaves_the_others(scene, firm, effects):
    stage = await scene(firm())
    held = await stage.run("boss")
    started = {body["agent"]: body["run"] for body in await stage.bodies("run.started")}
    await stage.runtime.cancel(run=started["chief1"], by=stage.principal, reason="Not needed.")
    again = await stage.resume(held)
    assert {hold.path[0] for hold in again.holds} == {"chief0"}
    await stage.approve(again)
    run = await stage.resume(held)
    assert run.status is RunStatus.COMPLETED
    assert effects == {("pay", 1): 1, ("pay", 2): 1}
    ends = {body["agent"]: body["status"] for body in await stage.bodies("run.ended")}
    assert ends["chief1"] == "cancelled"
    await stage.check()


async def test_calling_off_the_run_at_the_top_ends_all_below(scene, firm, effects):
    stage = await scene(firm())
    held = await stage.run("boss")
    await stage.runtime.cancel(run=held.id, by=stage.principal, reason="Stop.")
    run = await stage.resume(held)
    assert run.status is RunStatus.CANCELLED
    assert not effects
    await stage.check()


async def test_a_run_below_whose_call_expires_ends_with_the_run_above(scene, firm, effects):
    """The work that was handed on waited for longer than it may: nobody asks for it any more."""
    stage = await scene(firm())
    held = await stage.run("boss")
    await stage.clock.sleep(PATIENCE_S + 1)
    await stage.assembly.waiting.sweep()
    run = await stage.resume(held)
    assert run.status is RunStatus.COMPLETED
    started = {body["run"] for body in await stage.bodies("run.started")}
    ends = {body["run"]: body["status"] for body in await stage.bodies("run.ended")}
    assert ends == dict.fromkeys(started, "cancelled") | {run.id: "completed"}
    assert not effects
    await stage.check()


async def test_the_chain_of_runs_and_calls_can_be_read_by_plain_sql(scene, firm, effects, tmp_path):
    stage = await scene(firm(), path=tmp_path / "ledger.db", limits=Limits(calls=20))
    held = await stage.run("boss")
    await stage.approve(held)
    await stage.resume(held)
    await stage.runtime.flush()
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as ledger:
        runs = ledger.execute(
            "WITH RECURSIVE below(id, chain) AS ("
            "  SELECT id, agent FROM agent_run WHERE id = ?"
            "  UNION ALL SELECT run.id, chain || ' > ' || run.agent"
            "  FROM agent_run run JOIN below ON run.parent_id = below.id)"
            "SELECT chain FROM below ORDER BY chain",
            [held.id],
        ).fetchall()
        calls = ledger.execute(
            "SELECT tool_call.delegation, above.tool FROM tool_call"
            " JOIN agent_run run ON run.id = tool_call.run_id"
            " JOIN tool_call above ON above.id = run.delegated_by"
            " WHERE tool_call.tool = 'pay' ORDER BY 1"
        ).fetchall()
    assert [chain for (chain,) in runs] == [
        "boss",
        "boss > chief0",
        "boss > chief0 > anna",
        "boss > chief0 > ben",
        "boss > chief1",
        "boss > chief1 > cleo",
        "boss > chief1 > dora",
    ]
    assert calls == [
        ('["boss","chief0","anna"]', "ask_anna"),
        ('["boss","chief0","ben"]', "ask_ben"),
        ('["boss","chief1","cleo"]', "ask_cleo"),
        ('["boss","chief1","dora"]', "ask_dora"),
    ]

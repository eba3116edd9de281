"""Of a run whose words are gone the ledger still tells how it ended."""

import pytest

from highroad import Principal
from highroad.domain.error import LedgerError, VaultError
from highroad.domain.run import RunStatus
from highroad.testing import ScriptedModel

ADMIN = Principal("admin", authenticated=True, permissions={"audit:erase"})
DAYS_MS = 91 * 86_400_000


async def erased(stage):
    await stage.runtime.flush()
    await stage.runtime.audit.erase("alice", by=ADMIN)


async def expired(stage):
    await stage.runtime.flush()
    stage.clock.advance(DAYS_MS / 1_000)
    await stage.assembly.retention.sweep()


GONE = {"erased": erased, "by retention": expired}


@pytest.mark.promise("P7")
@pytest.mark.parametrize("go", GONE.values(), ids=GONE)
async def test_a_run_that_ended_is_told_without_its_words(scene, agent, go):
    stage = await scene(agent(ScriptedModel("A secret."), name="support"))
    run = await stage.run("support")
    await go(stage)
    told = await stage.resume(run)
    assert (told.status, told.result, told.reason) == (RunStatus.COMPLETED, None, "erased")
    assert (told.id, told.agent, told.steps) == (run.id, "support", 1)
    assert (told.tokens_in, told.tokens_out) == (run.tokens_in, run.tokens_out) == (100, 20)
    assert (told.cost_usd, told.created_ms) == (run.cost_usd, run.created_ms)


async def test_a_run_that_failed_keeps_its_own_reason(scene, agent):
    async def broken(leg):
        raise RuntimeError("a secret")

    stage = await scene(agent(ScriptedModel(), strategy=broken))
    run = await stage.run("support")
    await expired(stage)
    told = await stage.resume(run)
    assert (told.status, told.code, told.reason) == (run.status, "strategy_failed", "RuntimeError")


async def test_a_run_that_was_interrupted_cannot_go_on_without_them(scene, agent):
    async def dying(leg):
        await leg.ask()
        raise LedgerError("the process is gone")

    stage = await scene(agent(ScriptedModel("A secret."), strategy=dying))
    with pytest.raises(LedgerError):
        await stage.run("support")
    (started,) = await stage.bodies("run.started")
    stage.ledger.payloads.clear()
    with pytest.raises(VaultError, match="erased"):
        await stage.resume(started["run"])

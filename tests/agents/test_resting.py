"""What a run says and does lies in the ledger while it waits for people, and nowhere else (P10)."""

import asyncio
import gc
from collections import Counter

import pytest

from highroad import tool
from highroad.domain.run import RunStatus
from highroad.testing import ScriptedModel, call

pytestmark = [pytest.mark.promise("P4"), pytest.mark.promise("P10")]

RUNS = 40
FIGURES = {
    "domain.allowance.Allowance",
    "domain.demand.Amount",
    "domain.demand.BudgetDemand",
    "domain.run.Spent",
    "domain.run.Usage",
    "adapters.counters.memory.accounts._Account",
    "ledger.keyring.RunKey",
    "limits.runs.LiveRun",
    "limits.share.BudgetShare",
    "resilience.loops._Streak",
}
"""Of runs of late their keys and what they have used are kept at hand, as many as fit."""


@pytest.fixture
def pay(effects):
    @tool(tier="irreversible", effect="idempotent")
    def pay(cents: int) -> str:
        """Pay somebody."""
        effects["pay", cents] += 1
        return f"paid {cents}"

    return pay


@pytest.fixture
def look():
    @tool(tier="read")
    def look(what: str) -> str:
        """Look something up."""
        return f"{what} is fine"

    return look


def script():
    return ScriptedModel.answering(
        lambda request: (
            [call("look", what="stock"), call("pay", cents=5), call("pay", cents=7)]
            if len(request.messages) == 1
            else "Done."
        )
    )


def living():
    """How many there are of each type of ours that may hold anything."""
    gc.collect()
    return Counter(
        f"{type(each).__module__}.{type(each).__qualname__}"
        for each in gc.get_objects()
        if str(type(each).__module__).startswith("highroad.")
    )


async def test_a_run_that_waits_leaves_figures_and_nothing_else(scene, agent, pay, look, tmp_path):
    """No call, no message, no approval, no task; and in the next process nothing at all."""
    model = script()
    stage = await scene(agent(model, pay, look), path=tmp_path / "ledger.db")

    async def hold():
        for _ in range(RUNS):
            held = await stage.run("support", "Pay 5 and 7 cents.")
            assert held.status is RunStatus.HELD
        await stage.runtime.flush()
        model._requests.clear()  # noqa: SLF001 - a script remembers for tests what it was asked

    await hold()
    before, tasks = living(), len(asyncio.all_tasks())
    await hold()
    grown = {name for name, more in (living() - before).items() if more >= RUNS // 4}
    assert grown <= {f"highroad.{name}" for name in FIGURES}
    # Fewer where one of the runtime's own was just over.
    assert len(asyncio.all_tasks()) <= tasks
    await stage.reopen()
    assert not len(stage.assembly.services.runs)
    assert len(await stage.runtime.approvals.list(limit=1_000)) == 4 * RUNS

"""An agent with the offline model does the shop's main job on the real road."""

import pytest

from highroad import Agent, Principal, Runtime
from highroad.agents.offline import Offline
from highroad.demo.tools import DEPS, TOOLS

pytestmark = pytest.mark.anyio
ALICE = Principal(
    "alice",
    organization="acme",
    permissions={"orders:read", "refunds:write"},
    authenticated=True,
)
BOB = Principal("bob", organization="acme", permissions={"refunds:write"}, authenticated=True)
SUPPORT = Agent(name="support", instructions="Help.", tools=list(TOOLS), model=Offline())


async def test_the_demos_job_is_done():
    """Looked up, refunded, told: three requests, two calls."""
    async with Runtime.open(agents=[SUPPORT], deps=DEPS) as runtime:
        job = "refund 5 euros of order ORD-000042, the vase was broken"
        run = await runtime.run("support", job, principal=ALICE)
    assert (run.status, run.steps) == ("completed", 3)
    assert "cents 500" in run.result


async def test_a_refund_that_a_person_must_approve_waits_and_is_then_made():
    """The run rests, and its strategy comes by what is on record when it is resumed."""
    async with Runtime.open(agents=[SUPPORT], deps=DEPS) as runtime:
        run = await runtime.run("support", "refund 60 euros of order ORD-000042", principal=ALICE)
        (hold,) = run.holds
        assert (run.status, hold.tool) == ("held", "refund")
        await runtime.approvals.approve(hold.approval_id, by=BOB)
        run = await runtime.resume(run.id)
    assert run.status == "completed"
    assert "cents 6000" in run.result

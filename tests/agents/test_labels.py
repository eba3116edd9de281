"""`ask` rules over where values came from."""

import pytest

from highroad import Completed, Held, tool
from highroad.domain.identity import Origin
from highroad.settings import load

pytestmark = pytest.mark.promise("P4")

RULE = 'has(labels.to) && "nobody" in labels.to.sources ? "human" : "automatic"'


@pytest.fixture
def transfer():
    @tool(tier="irreversible", ask=RULE)
    async def transfer(to: str) -> str:
        return to

    return transfer


@pytest.fixture
def observing(tmp_path):
    (tmp_path / "highroad.toml").write_text('[grounding]\nmode = "observe"\n')
    return load(tmp_path, {})


async def test_a_rule_asks_about_a_value_that_nobody_named(scene, transfer, observing, bob):
    stage = await scene(tools=[transfer], settings=observing)
    held = await stage.runtime.call("transfer", {"to": "DE89"}, origin=Origin.MODEL)
    assert isinstance(held, Held)
    await stage.runtime.approvals.approve(held.approval_id, by=bob)
    outcome = await stage.runtime.wait(held.call_id)
    assert outcome.unwrap() == "DE89"


async def test_of_a_call_of_code_nothing_is_known(scene, transfer, observing):
    stage = await scene(tools=[transfer], settings=observing)
    assert isinstance(await stage.runtime.call("transfer", {"to": "DE89"}), Completed)

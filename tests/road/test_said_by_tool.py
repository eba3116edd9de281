"""What a tool's author says reaches the model, and only what has a form reaches the ledger."""

from dataclasses import replace

import pytest

from highroad import ToolError, tool
from highroad.domain.policy import Line, PolicyRules
from highroad.settings import load
from highroad.testing import Rehearsal


def saying(message, code="execution_error"):
    @tool(tier="read")
    async def speak() -> None:
        """Say something."""
        raise ToolError(message, code=code, hint=message)

    return speak


@pytest.mark.promise("P3")
async def test_half_a_surrogate_pair_in_a_message_does_not_cost_the_call_its_end(runtime):
    outcome = await runtime.call(saying("broken \ud83d"), {})
    assert outcome.error.message == "broken ?"
    assert (await runtime.audit.explain(outcome.call_id)).status == "failed"


@pytest.mark.promise("P7")
@pytest.mark.parametrize("code", ["Mr Smith's IBAN", "x" * 65, "", "ümlaut"])
async def test_a_code_that_is_no_code_is_not_recorded(runtime, code):
    outcome = await runtime.call(saying("no", code), {})
    assert outcome.error.code == "execution_error"
    assert (await runtime.audit.explain(outcome.call_id)).code == "execution_error"


async def test_a_code_of_the_authors_own_is_kept(runtime):
    outcome = await runtime.call(saying("no", "out_of_stock"), {})
    assert outcome.error.code == "out_of_stock"


@pytest.mark.promise("P1")
async def test_the_ledger_names_a_blocked_tool_which_its_caller_does_not_see():
    """Unknown to the caller; in the record the tool, and that it was denied."""
    denied = tool(tier="read", permissions={"nobody:has"})(lambda_free)
    runtime = Rehearsal(denied, settings=replace(load(), policy=PolicyRules(deny=(Line("*free"),))))
    outcome = await runtime.call(denied, {})
    assert outcome.error.code == "unknown_tool"
    told = await runtime.audit.explain(outcome.call_id)
    assert (told.tool, told.code) == ("lambda_free", "denied")


async def lambda_free() -> None:
    """Do nothing."""

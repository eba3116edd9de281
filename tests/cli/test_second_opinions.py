"""What people are shown of second opinions."""

from io import StringIO

import pytest
from rich.console import Console

from highroad import Principal, Runtime, tool
from highroad.cli import answers, views
from highroad.testing import ScriptedVerifier, doubts, rejects


@tool(tier="irreversible", ask="false")
def wire(cents: int) -> str:
    """Pay for good."""
    return "paid"


def printed(shown):
    console = Console(width=200, record=True, file=StringIO())
    console.print(shown)
    return console.export_text()


@pytest.fixture
def judged(tmp_path):
    """A runtime whose verifier says that, and what became of a call."""

    async def make(opinion):
        runtime = await Runtime.open(
            f"sqlite:///{tmp_path}/ledger.db", tools=[wire], verifier=ScriptedVerifier(opinion)
        )
        return runtime, await runtime.call(wire, {"cents": 7})

    return make


async def test_a_held_call_is_shown_with_concerns_and_correction(judged):
    opinion = doubts("Which of the two?")
    runtime, held = await judged(opinion)
    case = await runtime.approvals.case(held.approval_id, by=Principal("bob"))
    text = printed(views.case(case))
    assert "uncertain" in text
    assert "Which of the two?" in text
    await runtime.close()


async def test_reviews_and_explanations_name_the_verifier(judged):
    runtime, refused = await judged(rejects("No.", tool="wire", arguments={"cents": 8}))
    text = printed(answers.reviews(await runtime.audit.reviews()))
    assert refused.call_id in text
    assert "verifier.rejected: scripted:verifier" in text
    told = await runtime.audit.explain(refused.call_id)
    assert "rejected by scripted:verifier" in printed(views.explanation(told))
    await runtime.close()


def test_the_command_line_lists_reviews(terminal):
    assert terminal("audit", "reviews", "--json").json == []

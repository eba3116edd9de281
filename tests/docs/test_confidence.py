"""What docs/confidence.md and docs/repair.md say in SQL is what Python and the command line say."""

import json
import re
import sqlite3
from contextlib import closing

import anyio
import pytest
from typer.testing import CliRunner

from highroad import Agent, Principal, Runtime, tool
from highroad.cli.app import app
from highroad.testing import ScriptedModel, call, said

BOB = Principal("bob", authenticated=True)
SQL = re.compile(r"```sql\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RULES = '[grounding]\nmode = "off"\n[confidence]\nthreshold = 0.5\n'


@tool(tier="reversible")
def refund(order_id: str, cents: int) -> str:
    """Pay back."""
    return "paid"


@tool(tier="reversible")
def cancel(order_id: str) -> str:
    """Cancel."""
    return "cancelled"


def of_refund(confidence, order_id, cents=1):
    arguments = {"order_id": order_id, "cents": cents}
    return call("refund", reasoning="So.", confidence=confidence, **arguments)


TURNS = (
    *(said(*(of_refund(n / 10, order_id=f"a{n}") for n in range(5, 10))), "Done."),
    *(of_refund(0.95, order_id="b", cents="much") for _ in range(3)),
    *(of_refund(1, order_id="b"), of_refund(0.95, order_id="b"), "Done."),
    call("cancel", order_id=7, reasoning="So.", confidence=0.61),
    call("cancel", order_id="c", reasoning="So.", confidence=0.65),
    *(of_refund(0.3, order_id="c"), of_refund(0.31, order_id="d"), "Done."),
)


@pytest.fixture
def written(tmp_path, monkeypatch):
    """A ledger in the folder of the test, with calls that ended in many ways."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "highroad.toml").write_text(RULES)
    return anyio.run(write)


async def write():
    clerk = Agent(name="clerk", model=ScriptedModel(*TURNS), tools=[refund, cancel])
    async with Runtime.open(agents=[clerk]) as runtime:
        for _ in range(3):
            run = await runtime.run("clerk", "Go.")
        edited = {"order_id": "c", "cents": 2}
        await runtime.approvals.edit(run.holds[0].approval_id, edited, by=BOB)
        run = await runtime.resume(run.id)
        hold = run.holds[0].approval_id
        await runtime.approvals.reject(hold, by=BOB, reason="No.")
        await runtime.resume(run.id)
        return {
            "calibration": await runtime.audit.calibration(),
            "repairs": await runtime.audit.repairs(),
        }


def in_sql(page_of, page):
    query = SQL.search(page_of(page).text)[1]
    with closing(sqlite3.connect(".highroad/ledger.db")) as ledger:
        ledger.row_factory = sqlite3.Row
        return [dict(row) for row in ledger.execute(query)]


def in_a_command(*words):
    done = CliRunner().invoke(app, ["audit", *words], catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return done.stdout


def test_calibration_has_one_answer(written, page_of):
    rows = in_sql(page_of, "docs/confidence.md")
    told = [
        {
            "model": each.model,
            "tool": each.tool,
            **{name: getattr(bin_, name) for name in ("least", "calls", "confidence", "right")},
        }
        for each in sorted(written["calibration"], key=lambda each: (each.model, each.tool))
        for bin_ in each.bins
        if bin_.calls
    ]
    assert len(rows) > 6
    assert {row["right"] for row in rows} > {0.0, 1.0}
    numbers = ("confidence", "right")
    for row, each in zip(rows, told, strict=True):
        assert row == {**each, **{name: pytest.approx(each[name]) for name in numbers}}
    found = json.loads(in_a_command("calibration", "--json"))
    assert [each["error"] for each in found] == [each.error for each in written["calibration"]]
    assert found[0]["bins"][9]["calls"] == 5


def test_repairs_have_one_answer(written, page_of):
    rows = in_sql(page_of, "docs/repair.md")
    found = json.loads(in_a_command("repairs", "--json"))
    names = ("tool", "pointer", "code", "refusals")
    assert sorted([each[name] for name in names] for each in found) == [
        [*row.values()] for row in rows
    ]
    assert [(each["tool"], each["mended_later"]) for each in found] == [
        ("refund", 2),
        ("cancel", 0),
    ]
    assert found == [
        {name: getattr(each, name) for name in found[0]} for each in written["repairs"]
    ]


def test_people_are_told_what_to_improve(written):
    told = " ".join(in_a_command("repairs").split())
    assert "Improve first what refund says of /cents: 2 of 3 were not mended" in told
    assert "highroad tools lint" in told


def test_people_are_told_what_a_threshold_would_mean(written):
    told = in_a_command("calibration")
    assert (
        "refund by scripted:model: 12 calls, 0 without a statement, 1 that say nothing"
        in " ".join(told.split())
    )
    assert "of 12" in told

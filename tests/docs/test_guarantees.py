"""Each cell of the table in docs/guarantees.md, tried."""

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from highroad import Completed, ToolError, tool
from highroad.testing import Rehearsal

PAGE = "docs/guarantees.md"
CLASSES = ("repeatable", "idempotent", "checkable", "unprotected")
ANSWERS = {True: "completed", False: "failed", None: "unknown"}


class DownError(Exception):
    """Declared transient."""


class NeverSentError(Exception):
    """Declared not applied."""


async def returns(_):
    return 1


async def returns_nonsense(_):
    return "one"


def raises(error):
    async def body(_):
        raise error

    return body


async def hangs(_):
    await asyncio.Event().wait()


LATE = "it took longer than `timeout_s`, on each of its attempts"
EVENTS = {
    "it returned": returns,
    "it returned what its own schema forbids": returns_nonsense,
    "it raised an error": raises(RuntimeError("no")),
    "it raised an error declared `transient`, on each of its attempts": raises(DownError()),
    "it raised an error declared `not_applied`": raises(NeverSentError()),
    "it raised `ToolError(applied=False)`": raises(ToolError("no", applied=False)),
    LATE: hangs,
}


def declared(effect, body, *, answer=None, timeout_s=30.0, name="work"):
    """A tool of an effect class with this body."""

    async def work(number: int) -> int:
        return await body(number)

    options = {"probe": lambda _: answer} if effect == "checkable" else {}
    return tool(
        name=name,
        tier="reversible",
        effect=effect,
        timeout_s=timeout_s,
        transient=(DownError,),
        not_applied=(NeverSentError,),
        **options,
    )(work)


@pytest.fixture
def cell(page_of, rows_of):
    """What the page says of an event and a class, as the endings that it means by probe answer."""
    table = {row[0]: row[1:] for row in rows_of(page_of(PAGE).under("## What becomes of a call"))}

    def read(event, effect):
        said = table[event][CLASSES.index(effect)]
        if said == "asked":
            return ANSWERS
        return dict.fromkeys(ANSWERS if effect == "checkable" else [None], said)

    read.events = set(table)
    return read


@pytest.fixture
def rehearse():
    def make(work):
        rehearsal = Rehearsal(work)
        rehearsal.clock = type(rehearsal.clock)(autojump=True)
        return rehearsal

    return make


@pytest.mark.promise("P3")
@pytest.mark.promise("P11")
@pytest.mark.parametrize("effect", CLASSES)
@pytest.mark.parametrize("event", EVENTS)
async def test_a_call_ends_as_the_page_says(event, effect, cell, rehearse):
    for answer, said in cell(event, effect).items():
        timeout_s = 0.01 if event == LATE else 30.0
        work = declared(effect, EVENTS[event], answer=answer, timeout_s=timeout_s)
        outcome = await rehearse(work).call(work, {"number": 1})
        assert outcome.status == said.partition(",")[0]
        if isinstance(outcome, Completed):
            is_whole = event == "it returned"
            assert outcome.result_invalid is not is_whole


@pytest.mark.promise("P3")
@pytest.mark.promise("P11")
@pytest.mark.parametrize("effect", CLASSES)
async def test_a_call_cancelled_while_it_runs_ends_as_the_page_says(effect, cell, rehearse):
    for answer, said in cell("the caller was cancelled while it ran", effect).items():
        begun = asyncio.Event()

        async def body(_, begun=begun):
            begun.set()
            await asyncio.Event().wait()

        work = declared(effect, body, answer=answer)
        rehearsal = rehearse(work)
        calling = asyncio.ensure_future(rehearsal.call(work, {"number": 1}))
        await begun.wait()
        calling.cancel()
        await asyncio.wait([calling])
        explained = await rehearsal.audit.explain(await rehearsal.audit.last_call())
        assert explained.status == said


@pytest.mark.promise("P3")
@pytest.mark.parametrize("effect", CLASSES)
async def test_a_call_cancelled_before_it_runs_ends_as_the_page_says(effect, cell, rehearse):
    waiting = asyncio.Event()

    async def never(_):
        raise AssertionError("it must not run")

    async def data_check(_):
        waiting.set()
        await asyncio.Event().wait()

    work = declared(effect, never)
    options = {"probe": lambda _: None} if effect == "checkable" else {}
    work = tool(tier="reversible", effect=effect, data_checks=[data_check], **options)(work)
    rehearsal = rehearse(work)
    calling = asyncio.ensure_future(rehearsal.call(work, {"number": 1}))
    await waiting.wait()
    calling.cancel()
    await asyncio.wait([calling])
    explained = await rehearsal.audit.explain(await rehearsal.audit.last_call())
    assert {explained.status} == set(
        cell("the caller was cancelled before it ran", effect).values()
    )


DIES = """
import asyncio, os, sys
from pathlib import Path
from highroad import Runtime, tool

DIES, HONOURED_S = sys.argv[1] == "dies", float(sys.argv[2])
CALLS = ("repeatable", "idempotent", "unprotected", "yes", "no", "none")
PROBES = {"yes": True, "no": False, "none": None}
begun = []

def declared(name):
    def work(number: int) -> int:
        with Path(f"{name}.ran").open("a") as file:
            file.write("x")
        begun.append(name)
        while DIES:
            if len(begun) == len(CALLS):
                os._exit(9)
        return number
    options = {"effect": name}
    if name in PROBES:
        options = {"effect": "checkable", "probe": lambda _: PROBES[name]}
    if name == "idempotent":
        options["honoured_s"] = HONOURED_S
    return tool(name=name, tier="reversible", **options)(work)

async def main():
    tools = [declared(name) for name in CALLS]
    async with Runtime.open("sqlite:///ledger.db", tools=tools) as runtime:
        if DIES:
            await asyncio.gather(*(runtime.call(each, {"number": 1}) for each in tools))

asyncio.run(main())
"""


@pytest.mark.promise("P2")
@pytest.mark.promise("P11")
@pytest.mark.parametrize("is_over", [False, True])
def test_a_call_whose_process_died_ends_as_the_page_says(is_over, cell):
    honoured_s = "0.000001" if is_over else "3600"
    died = subprocess.run([sys.executable, "-c", DIES, "dies", honoured_s], check=False)
    assert died.returncode == 9
    subprocess.run([sys.executable, "-c", DIES, "lives", honoured_s], check=True)
    with sqlite3.connect("ledger.db") as ledger:
        found = dict(
            ledger.execute("SELECT tool, status FROM tool_call JOIN tool_result ON call_id = id")
        )
    event = "the process died while it ran" + (", and `honoured_s` is over" if is_over else "")
    ran = {name: len(Path(f"{name}.ran").read_text("utf-8")) for name in found}
    for effect in ("repeatable", "idempotent", "unprotected"):
        (said,) = cell(event, effect).values()
        runs_again = said == "runs again"
        assert (found[effect], ran[effect]) == ("completed" if runs_again else said, 1 + runs_again)
    for name, answer in {"yes": True, "no": False, "none": None}.items():
        assert (found[name], ran[name]) == (cell(event, "checkable")[answer], 1)


def test_no_line_of_the_table_goes_untried(cell):
    tried = {
        *EVENTS,
        "the caller was cancelled while it ran",
        "the caller was cancelled before it ran",
        "the process died while it ran",
        "the process died while it ran, and `honoured_s` is over",
        "the process died before its intent was on disk",
    }
    assert cell.events == tried

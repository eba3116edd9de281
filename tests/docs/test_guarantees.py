"""Each cell of the table in docs/guarantees.md, tried."""

import asyncio
import sqlite3
import subprocess
import sys
from contextlib import closing
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


REFUSED = (
    "it raised `ConnectionRefusedError` on each of its attempts, and declares no `not_applied`"
)
LATE = "it took longer than `timeout_s`, on each of its attempts"
EVENTS = {
    "it returned": returns,
    "it returned what its own schema forbids": returns_nonsense,
    "it raised an error": raises(RuntimeError("no")),
    "it raised an error declared `transient`, on each of its attempts": raises(DownError()),
    "it raised an error declared `not_applied`": raises(NeverSentError()),
    REFUSED: raises(ConnectionRefusedError()),
    "it raised `ToolError(applied=False)`": raises(ToolError("no", applied=False)),
    "it raised `ToolError(applied=True)`": raises(ToolError("done", applied=True)),
    LATE: hangs,
}


def declared(effect, body, *, answer=None, timeout_s=30.0, name="work", event=""):
    """A tool of an effect class with this body."""

    async def work(number: int) -> int:
        return await body(number)

    options = {"probe": lambda _: answer} if effect == "checkable" else {}
    if event != REFUSED:
        options["not_applied"] = (NeverSentError,)
    return tool(
        name=name,
        tier="reversible",
        effect=effect,
        timeout_s=timeout_s,
        transient=(DownError,),
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
        work = declared(effect, EVENTS[event], answer=answer, timeout_s=timeout_s, event=event)
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
from highroad import Limits, Runtime, tool

STATE, HONOURED_S, RUN = sys.argv[1], float(sys.argv[2]), sys.argv[3]
CALLS = ("repeatable", "idempotent", "unprotected", "yes", "no", "none")
PROBES = {"yes": True, "no": False, "none": None}
begun = []

def declared(name):
    def work(number: int) -> int:
        with Path(f"{name}.ran").open("a") as file:
            file.write("x")
        begun.append(name)
        while STATE == "dies":
            if len(begun) == len(CALLS):
                os._exit(9)
        return number
    options = {"effect": name}
    if name in PROBES:
        options = {"effect": "checkable", "probe": lambda _: PROBES[name]}
    if name == "idempotent":
        options["honoured_s"] = HONOURED_S
    if STATE == "changed":
        options = {"effect": "repeatable" if name == "unprotected" else "unprotected"}
    return tool(name=name, tier="reversible", **options)(work)

async def main():
    tools = [] if STATE == "gone" else [declared(name) for name in CALLS]
    limits = Limits(abandoned_s=0)
    async with Runtime.open("sqlite:///ledger.db", tools=tools, limits=limits) as runtime:
        if STATE == "dies":
            runs = (f"{RUN}-{name}" if RUN else None for name in CALLS)
            calls = (runtime.call(each, {"number": 1}, run=run) for each, run in zip(tools, runs))
            await asyncio.gather(*calls)

asyncio.run(main())
"""
DIED = "the process died while it ran"


def after_death(state, *, honoured_s="3600", run=""):
    """Status of each call that a process left behind, and how often its body ran."""
    for each in ("dies", state):
        line = [sys.executable, "-c", DIES, each, honoured_s, run]
        done = subprocess.run(line, check=False)
        assert done.returncode == (9 if each == "dies" else 0)
    with closing(sqlite3.connect("ledger.db")) as ledger:
        found = ledger.execute("SELECT tool, status FROM tool_result")
        return {
            name: (status, len(Path(f"{name}.ran").read_text("utf-8"))) for name, status in found
        }


@pytest.mark.promise("P2")
@pytest.mark.promise("P11")
@pytest.mark.parametrize("run", ["", "thread"])
@pytest.mark.parametrize("is_over", [False, True])
def test_a_call_whose_process_died_ends_as_the_page_says(is_over, run, cell):
    found = after_death("lives", honoured_s="0.000001" if is_over else "3600", run=run)
    event = f"{DIED}, and `honoured_s` is over" if is_over else DIED
    for effect in ("repeatable", "idempotent", "unprotected"):
        (said,) = cell(event, effect).values()
        assert found[effect] == (("completed", 2) if said == "runs again" else (said, 1))
    for name, answer in {"yes": True, "no": False, "none": None}.items():
        assert found[name] == (cell(event, "checkable")[answer], 1)


@pytest.mark.promise("P11")
@pytest.mark.parametrize("state", ["gone", "changed"])
def test_a_call_whose_tool_is_another_after_a_death_ends_as_the_page_says(state, cell):
    found = after_death(state)
    said = {
        each
        for effect in CLASSES
        for each in cell(
            f"{DIED}, and its tool never comes or is of another class now", effect
        ).values()
    }
    assert {(each, 1) for each in said} == set(found.values())


DIES_EARLY = """
import asyncio, os
from highroad import Runtime, tool

@tool(tier="reversible", data_checks=[lambda _: os._exit(9)])
async def work(number: int) -> int:
    return number

async def main():
    async with Runtime.open("sqlite:///ledger.db", tools=[work]) as runtime:
        await runtime.call(work, {"number": 1})

asyncio.run(main())
"""


@pytest.mark.promise("P2")
def test_a_call_whose_process_died_before_its_intent_leaves_nothing():
    assert subprocess.run([sys.executable, "-c", DIES_EARLY], check=False).returncode == 9
    with closing(sqlite3.connect("ledger.db")) as ledger:
        assert ledger.execute("SELECT count(*) FROM tool_call").fetchone() == (0,)


@pytest.mark.promise("P3")
async def test_what_a_later_attempt_proves_says_nothing_of_an_earlier_one(rehearse):
    bodies = iter([hangs, raises(NeverSentError())])

    async def body(number):
        return await next(bodies)(number)

    work = declared("idempotent", body, timeout_s=0.01)
    outcome = await rehearse(work).call(work, {"number": 1})
    assert outcome.status == "unknown"


def test_no_line_of_the_table_goes_untried(cell):
    assert cell.events == {
        *EVENTS,
        "the caller was cancelled while it ran",
        "the caller was cancelled before it ran",
        DIED,
        f"{DIED}, and `honoured_s` is over",
        f"{DIED}, and its tool never comes or is of another class now",
        "the process died before its intent was on disk",
    }

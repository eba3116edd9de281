"""The doors that the README names lead to one road: also the command line."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from highroad import Principal, Runtime, ToolContext, tool
from highroad.sync import Runtime as SyncRuntime

TOOLS = '''
from typing import Annotated

from highroad import Owned, Owner, tool


def owner_of(order_id: str) -> Owner | None:
    return {"ORD-1": Owner("default"), "ORD-2": Owner("globex")}.get(order_id)


@tool(tier="reversible")
async def refund(order_id: Annotated[str, Owned(owner_of)], cents: int) -> str:
    """Pay back part of an order."""
    return f"{cents} cents of {order_id}"
'''
SETTINGS = """
tools = ["shop_of_the_test"]

[[principals]]
id = "alice"

[[policy.rules]]
name = "no large refunds"
tools = ["refund"]
when = "args.cents > 1000"
"""
CALLS = (
    {"order_id": "ORD-1", "cents": "7"},
    {"order_id": "ORD-1", "cents": 5_000},
    {"order_id": "ORD-1", "cents": "many"},
    {"order_id": "ORD-2", "cents": 5},
)
ALICE = Principal("alice")


@tool(tier="read")
async def pass_on(arguments: dict[str, int | str], context: ToolContext) -> str:
    """Make the call from inside."""
    return (await context.call("refund", arguments)).call_id


async def by_python(arguments):
    async with Runtime.open() as runtime:
        return (await runtime.call("refund", json.dumps(arguments), principal=ALICE)).call_id


async def by_sync(arguments):
    def call():
        with SyncRuntime.open() as runtime:
            return runtime.call("refund", arguments, principal=ALICE).call_id

    return await asyncio.to_thread(call)


async def by_command_line(arguments):
    line = ["call", "refund", json.dumps(arguments), "--as", "alice", "--json"]
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", "from highroad.cli import main; main()", *line],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return json.loads(done.stdout)["call_id"]


async def from_inside(arguments):
    async with Runtime.open(tools=[pass_on]) as runtime:
        outcome = await runtime.call(pass_on, {"arguments": arguments}, principal=ALICE)
        return outcome.unwrap()


@pytest.fixture
def _shop(monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    Path("shop_of_the_test.py").write_text(TOOLS, "utf-8")
    Path("highroad.toml").write_text(SETTINGS, "utf-8")


@pytest.mark.promise("P1")
@pytest.mark.usefixtures("_shop")
async def test_the_same_call_leaves_the_same_verdicts_through_every_door():
    for arguments in CALLS:
        seen = {}
        for door in (by_python, by_sync, by_command_line, from_inside):
            call_id = await door(arguments)
            async with Runtime.open() as runtime:
                found = await runtime.audit.explain(call_id)
            stages = [(each.stage, each.verdict, each.code, each.rule) for each in found.stages]
            seen[door.__name__] = (found.status, found.code, found.rule, found.coercions, stages)
        assert len(set(map(repr, seen.values()))) == 1, seen

"""`kill -9` while one body serves a batch: every intent is settled by the class of its tool."""

import importlib
import signal
import subprocess
import sys
from collections import Counter

import pytest

from highroad import Principal, Runtime

pytestmark = [pytest.mark.promise("P2"), pytest.mark.promise("P11")]

PROGRAM = '''
import asyncio, sys, threading
from pathlib import Path

from highroad import Batch, BatchItem, Principal, Runtime, ToolContext, tool

DONE = Path("done.txt")
"""What the other side has done, a line for each: tool and key."""
STOP = {"at": None}


def has(key: str) -> bool:
    return DONE.exists() and key in DONE.read_text()


def served(name, effect, **options):
    async def many(items: list[BatchItem]) -> list[str]:
        for at, item in enumerate(items):
            if at == STOP["at"]:
                print("in the middle", flush=True)
                threading.Event().wait()
            key = item.context.idempotency_key
            if effect != "idempotent" or not has(key):  # the other side knows its keys
                with DONE.open("a") as done:
                    print(name, key, file=done)
        if STOP["at"] == len(items):
            print("in the middle", flush=True)
            threading.Event().wait()
        return [item.arguments["what"] for item in items]

    @tool(name=name, tier="reversible", effect=effect, batch=Batch(many, wait_s=0.05), **options)
    async def take(what: str, context: ToolContext) -> str:
        """Take something."""
        return what

    return take


CLASSES = {
    "repeatable": served("repeatable", "repeatable"),
    "idempotent": served("idempotent", "idempotent"),
    "checkable": served("checkable", "checkable", probe=has),
    "unprotected": served("unprotected", "unprotected"),
}


async def main(effect, stops_at):
    STOP["at"] = int(stops_at)
    alice = Principal("alice")
    tools = list(CLASSES.values())
    async with Runtime.open("sqlite:///ledger.db", tools=tools, principal=alice) as runtime:
        calls = [(effect, {"what": what}) for what in "abc"]
        await runtime.call_all(calls, parallel=3, run="r")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
'''


@pytest.fixture
def program(tmp_path, monkeypatch):
    """The program above as a module, in a folder of its own."""
    (tmp_path / "killed_batches.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "killed_batches", raising=False)
    return importlib.import_module("killed_batches")


def killed_in_the_middle(effect, stops_at):
    command = [sys.executable, "killed_batches.py", effect, str(stops_at)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "in the middle\n"
        process.send_signal(signal.SIGKILL)
        assert process.wait(60) == -signal.SIGKILL


def effects(program):
    return (
        Counter(program.DONE.read_text().split("\n")[:-1]) if program.DONE.exists() else Counter()
    )


EXPECTED = {
    # Of the three: how many are completed, failed or unknown, where `done` had happened.
    "repeatable": lambda done: {"completed": 3},
    "idempotent": lambda done: {"completed": 3},
    "checkable": lambda done: {"completed": done, "failed": 3 - done},
    "unprotected": lambda done: {"unknown": 3},
}


@pytest.mark.parametrize("done", [0, 2, 3])
@pytest.mark.parametrize("effect", list(EXPECTED))
async def test_each_of_a_batch_is_settled_by_its_class(program, effect, done):
    killed_in_the_middle(effect, done)
    assert sum(effects(program).values()) == done
    tools, alice = list(program.CLASSES.values()), Principal("alice")
    async with Runtime.open("sqlite:///ledger.db", tools=tools, principal=alice) as runtime:
        found = Counter()
        async for line in (await runtime.audit.extract("tool_result")).lines:
            found[line["status"]] += 1
        assert found == Counter(EXPECTED[effect](done))
        assert not [
            each for each in await runtime.unsettled(with_open=True) if each.standing == "running"
        ]
        after = effects(program)
        if effect == "repeatable":
            assert len(after) == 3
        elif effect == "idempotent":
            assert list(after.values()) == [1, 1, 1]
        else:
            assert sum(after.values()) == done

"""A host that is in the middle of eight calls, one of each class on either side of its effect.

Run by `test_later`, which kills it. It says `begun` when all of them hang.
"""

import asyncio
import itertools
import sys
from pathlib import Path
from typing import Any

from langchain_core.tools import BaseTool, tool

from highroad import Limits, Principal, Runtime
from highroad.frameworks.langgraph import guard

CLASSES = ("repeatable", "idempotent", "checkable", "unprotected")
SIDES = ("before", "after")
NAMES = tuple("_".join(each) for each in itertools.product(CLASSES, SIDES))
ALICE = Principal("alice", name="Alice", permissions=frozenset({"audit:reveal"}))
LIMITS = Limits(parallel=len(NAMES))
THREAD: Any = {"configurable": {"thread_id": "ticket-17"}}


def effects(name: str) -> int:
    """How often a tool has taken effect in this folder."""
    return len(Path(name).read_text("utf-8")) if Path(name).exists() else 0


def take_effect(name: str) -> None:
    """Do it once more."""
    Path(name).write_text("x" * (effects(name) + 1), "utf-8")


def made(name: str, *, hangs: bool) -> BaseTool:
    """A tool of a host, which never comes back where it `hangs`."""

    @tool(name)
    async def work(number: int) -> int:
        """Do something outside."""
        if hangs and name.endswith("before"):
            await hang()
        take_effect(name)
        if hangs:
            await hang()
        return number

    return work


def contract(name: str) -> Any:
    """What Highroad is told of it."""
    effect = name.partition("_")[0]
    probe = {"probe": lambda key: effects(name) > 0} if effect == "checkable" else {}
    return {"tier": "reversible", "effect": effect, **probe}


CONTRACTS = {name: contract(name) for name in NAMES}
_left = len(NAMES)


async def hang() -> None:
    """Tell when the last one does."""
    global _left  # noqa: PLW0603 - of a script
    _left -= 1
    if not _left:
        sys.stdout.write("begun\n")
        sys.stdout.flush()
    await asyncio.Event().wait()


async def main() -> None:
    """Open, guard, call."""
    async with Runtime.open(principal=ALICE, limits=LIMITS) as runtime:
        tools = guard([made(name, hangs=True) for name in NAMES], runtime, contracts=CONTRACTS)
        await asyncio.gather(*(each.ainvoke({"number": 1}, THREAD) for each in tools))


if __name__ == "__main__":
    asyncio.run(main())

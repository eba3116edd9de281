"""Highroad as the numbers run it: all stages, ledger, audit rows and payloads, SQLite in a file.

What depends on how settings and tools are spelled stands here and nowhere else.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, chdir
from itertools import count
from pathlib import Path
from typing import Annotated, Final

from bench.harness import BenchError
from highroad import Completed, Content, Owned, Owner, Principal, Runtime, tool

LEDGER: Final = "ledger.db"

# Default deny, one role with its permissions, and an object for its own principal alone.
_SETTINGS: Final = """\
[policy]
owner = "principal"

[policy.roles.clerk]
permissions = ["orders:read", "orders:write"]
allow = ["get_order", "note_order", "recall_order"]

[limits]
calls_per_tool = 1000000
"""
ALICE: Final = Principal("alice", roles={"clerk"})
_ALICES: Final = Owner(ALICE.organization, ALICE.id)
RECALLED: Final = 100
"""Orders that are asked for again and again."""
_NOTE: Final = "The customer asked twice for a later delivery, in the evening if at all possible."

# What both tools take, for the bare loop, which has no other way to know it.
SCHEMAS: Final[dict[str, dict[str, object]]] = {
    "get_order": {
        "type": "object",
        "properties": {"order_id": {"type": "string"}},
        "required": ["order_id"],
        "additionalProperties": False,
    },
    "note_order": {
        "type": "object",
        "properties": {"order_id": {"type": "string"}, "note": {"type": "string"}},
        "required": ["order_id", "note"],
        "additionalProperties": False,
    },
}


def owner_of(order_id: object) -> Owner | None:
    """Return whose an order is: all of them are Alice's."""
    return _ALICES if isinstance(order_id, str) else None


@tool(tier="read", permissions={"orders:read"})
async def get_order(order_id: Annotated[str, Owned(owner_of)]) -> dict[str, str]:
    """Look up an order by its id.

    Args:
        order_id: Order id, for example "ORD-000042".
    """
    return {"id": order_id, "state": "paid"}


@tool(tier="read", permissions={"orders:read"}, cache_s=300, cache_tags={"order:{order_id}"})
async def recall_order(order_id: Annotated[str, Owned(owner_of)]) -> dict[str, str]:
    """Look up an order by its id, or recall what was found before.

    Args:
        order_id: Order id, for example "ORD-000042".
    """
    return {"id": order_id, "state": "paid"}


@tool(tier="reversible", effect="unprotected", permissions={"orders:write"})
async def note_order(
    order_id: Annotated[str, Owned(owner_of)], note: Annotated[str, Content()]
) -> dict[str, str]:
    """Add a note to an order. Use after get_order.

    Args:
        order_id: Order id, for example "ORD-000042".
        note: What to note.
    """
    return {"id": order_id, "noted": note}


@asynccontextmanager
async def open_runtime(folder: Path, *, settings: str = "") -> AsyncIterator[Runtime]:
    """Open a runtime over an empty ledger in `folder`, with more settings than all others."""
    (folder / "highroad.toml").write_text(_SETTINGS + settings)
    with chdir(folder):
        ledger = f"sqlite:///{folder / LEDGER}"
        async with Runtime.open(ledger, tools=[get_order, note_order, recall_order]) as runtime:
            yield runtime


class Caller:
    """Makes calls that all name another order, so that nothing is answered from a store.

    A call that is not completed ends the measurement: refusals would be fast, and say nothing.
    """

    def __init__(self, runtime: Runtime) -> None:
        """Call through that runtime."""
        self._runtime = runtime
        self._numbers = count()

    async def read(self) -> None:
        """Make one governed read."""
        arguments = read_arguments(next(self._numbers))
        outcome = await self._runtime.call(get_order, arguments, principal=ALICE)
        if not isinstance(outcome, Completed):
            raise BenchError(f"a measured read was not completed: {outcome.status}")

    async def recall(self) -> None:
        """Make one governed read that is answered from the cache, once it was made before."""
        arguments = read_arguments(next(self._numbers) % RECALLED)
        outcome = await self._runtime.call(recall_order, arguments, principal=ALICE)
        if not isinstance(outcome, Completed):
            raise BenchError(f"a measured read was not completed: {outcome.status}")

    async def note(self) -> None:
        """Make one governed call with an effect."""
        arguments = note_arguments(next(self._numbers))
        outcome = await self._runtime.call(note_order, arguments, principal=ALICE)
        if not isinstance(outcome, Completed):
            raise BenchError(f"a measured call was not completed: {outcome.status}")

    async def warm_up(self) -> None:
        """Make one call of each, so that what is done once is done."""
        await self.read()
        await self.note()
        await self._runtime.flush()


def read_arguments(number: int) -> dict[str, str]:
    """Return the arguments of a read."""
    return {"order_id": f"ORD-{number:08d}"}


def note_arguments(number: int) -> dict[str, str]:
    """Return the arguments of a call with an effect."""
    return {"order_id": f"ORD-{number:08d}", "note": _NOTE}

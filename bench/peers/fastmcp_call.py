"""FastMCP: one call of one asynchronous tool inside this process.

`server_call_us` is the server's own `call_tool`, without a protocol: the peer's best case.
`client_call_us` is a client connected in memory, which speaks the protocol.
"""
# mypy: disable-error-code="import-not-found, misc, untyped-decorator"

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from time import perf_counter
from typing import Final

from fastmcp import Client, FastMCP

from bench.peers import Burst

DISTRIBUTIONS: Final = ("fastmcp", "mcp")

server = FastMCP("shop")


@server.tool
async def get_order(order_id: str) -> dict[str, str]:
    """Look up an order by its id."""
    return {"id": order_id, "state": "paid"}


@asynccontextmanager
async def open_bursts() -> AsyncIterator[Burst]:
    """Connect one client."""
    numbers = count()

    async with Client(server) as client:

        async def burst(size: int) -> dict[str, list[float]]:
            times: dict[str, list[float]] = {}
            for name, call in (
                ("server_call_us", server.call_tool),
                ("client_call_us", client.call_tool),
            ):
                times[name] = []
                for _ in range(size):
                    arguments = {"order_id": f"ORD-{next(numbers):06d}"}
                    start = perf_counter()
                    await call("get_order", arguments)
                    times[name].append((perf_counter() - start) * 1e6)
            return times

        yield burst

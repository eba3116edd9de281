# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
"""User code that makes calls together, serves them together, and opens pools for them."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, assert_type

from highroad import (
    Batch,
    BatchItem,
    Outcome,
    Principal,
    ProposedCall,
    Runtime,
    ToolContext,
    ToolError,
    tool,
)
from highroad.sync import Runtime as SyncRuntime


class Pool:
    """Connections."""


@asynccontextmanager
async def open_pool() -> AsyncGenerator[Pool, None]:
    """One for all."""
    yield Pool()


def open_session(principal: Principal) -> AbstractAsyncContextManager[Pool]:
    """One for each principal."""
    del principal
    return open_pool()


async def get_many(items: list[BatchItem], pool: Pool) -> Sequence[str | Exception]:
    """Serve several, with a resource of the tool."""
    del pool
    return [
        str(item.arguments["name"]) if item.context.attempt == 1 else ToolError("no")
        for item in items
    ]


def get_many_here(items: list[BatchItem]) -> list[str]:
    """Serve several, in a thread."""
    return [str(item.arguments["name"]) for item in items]


@tool(tier="read", resources={Pool: open_pool}, batch=Batch(get_many, size=20, wait_s=0.01))
async def look(name: str, pool: Pool) -> str:
    """Look."""
    del pool
    return name


@tool(tier="read", batch=get_many_here)
def look_here(name: str) -> str:
    """Look."""
    return name


@tool(tier="reversible", order_by=["name"], resources={Pool: open_session})
async def change(name: str, pool: Pool, context: ToolContext[None]) -> int:
    """Change something, and look at others."""
    del pool
    outcomes = await context.call_all([(look_here, {"name": name})], parallel=3)
    assert_type(outcomes, tuple[Outcome[Any], ...])
    return len(outcomes)


@tool(concurrency="barrier")
async def publish(name: str) -> str:
    """Publish."""
    return name


async def queue() -> AsyncGenerator[ProposedCall, None]:
    """Give one call after the other."""
    yield ProposedCall(look_here, {"name": "a"}, key="k")


async def together(runtime: Runtime) -> None:
    """Make them, and read what they came to."""
    calls = [ProposedCall(look_here, {"name": "a"}), ProposedCall("publish", '{"name": "b"}')]
    outcomes = await runtime.call_all(calls, deadline_s=5, on_failure="go_on", run="r")
    assert_type(outcomes, tuple[Outcome[Any], ...])
    await runtime.call_all([(look_here, {"name": "a"}), ("publish", '{"name": "b"}')])
    async for position, outcome in runtime.call_each(queue(), parallel=2):
        assert_type(position, int)
        assert_type(outcome, Outcome[Any])


def together_without_waiting(runtime: SyncRuntime) -> None:
    """The same of the synchronous face."""
    calls = [(look_here, {"name": "a"})]
    assert_type(runtime.call_all(calls, parallel=2), tuple[Outcome[Any], ...])
    answered = runtime.call_each(calls)
    assert_type(answered, Iterator[tuple[int, Outcome[Any]]])

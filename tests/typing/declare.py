# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
"""User code that declares tools: under mypy and pyright, a function stays what it was."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, assert_type

from highroad import (
    Content,
    Cost,
    Owned,
    Principal,
    Runtime,
    ToolContext,
    tool,
    tool_definition,
)
from highroad.domain.tool import ToolDefinition
from highroad.ports.policy import Owner
from highroad.sync import Runtime as SyncRuntime
from highroad.tools.semantic import Email, SafePath


class Shop:
    """A dependency."""

    def order(self, order_id: str) -> dict[str, str]:
        """Look up an order."""
        return {"id": order_id}


@tool
def bare(order_id: str, limit: int = 5) -> list[str]:
    """Sync, without options."""
    return [order_id] * limit


@tool(tier="read", cache_s=60)
def with_options(order_id: str) -> dict[str, str]:
    """Sync, with options."""
    return {"id": order_id}


@tool(
    tier="read",
    cache_s=60,
    cache_stale_s=30.5,
    cache_public=True,
    transform=True,
    cache_tags=["order:{order_id}"],
)
def kept(order_id: str) -> dict[str, str]:
    """Keep results."""
    return {"id": order_id}


@tool(tier="reversible", invalidates={"order:{order_id}"})
async def lets_go(order_id: str) -> None:
    """Let results go."""


async def look_after_results(runtime: Runtime, synchronous: SyncRuntime) -> None:
    """Let go of results, and count them."""
    await runtime.cache.forget(kept, {"order_id": "a"}, principal=Principal("alice"))
    await runtime.cache.forget_tags("order:a", organization="acme")
    await runtime.cache.clear()
    assert_type((await runtime.cache.statistics()).hits, int)
    synchronous.cache.forget("kept", '{"order_id": "a"}')
    synchronous.cache.forget_tags("order:a")
    synchronous.cache.clear("acme")
    assert_type(synchronous.cache.statistics().bytes, int | None)


@tool
async def bare_async(order_id: str) -> int:
    """Async, without options."""
    return len(order_id)


async def owner_of(order_id: str, context: ToolContext[Shop]) -> Owner | None:
    """Look up with the context, asynchronously."""
    return Owner("acme", context.deps.order(order_id)["owner"])


def not_late(arguments: Any) -> str | None:
    """Object to late hours."""
    return "Too late." if arguments["hour"] > 21 else None


async def happened(key: str, context: ToolContext[Shop]) -> bool | None:
    """Say whether a key happened."""
    return bool(context.deps.order(key))


@tool(
    tier="irreversible",
    effect="checkable",
    permissions={"refunds:write"},
    key=["order_id"],
    ask="args.cents > 5000",
    cost=Cost(at_most=0.05, actual=lambda _, result: result["usd"]),
    checks=[not_late],
    data_checks=[lambda arguments, context: None],
    probe=happened,
    preview=lambda arguments: {"would_refund": arguments["cents"]},
    transient=(ConnectionError,),
)
async def with_options_async(
    order_id: Annotated[str, Owned(owner_of)],
    note: Annotated[str, Content()],
    to: Annotated[str, Email(domains=["example.com"])],
    path: Annotated[str, SafePath("/srv/docs")],
    context: ToolContext[Shop],
    *,
    hour: int = 9,
) -> dict[str, str]:
    """Async, with options."""
    assert_type(context.deps, Shop)
    assert_type(context.remaining_s, float)
    other = await context.call(bare, {"order_id": order_id})
    assert_type(other.unwrap(), list[str])
    third = await context.call(bare_async, {"order_id": order_id})
    assert_type(third.unwrap(), int)
    return {"order_id": order_id, "text": f"{note} {to} {path} {hour}"}


@tool(tier="reversible")
async def begins(order_id: str, context: ToolContext[Shop]) -> list[str]:
    """Async, and its result comes later: nothing is returned, and nothing is missing."""
    assert_type(context.completion_token, str)
    context.defer(expires_s=60)


@tool(tier="reversible")
def begins_in_a_thread(order_id: str, context: ToolContext[Shop]) -> list[str]:
    """The same, synchronous."""
    context.defer(expires_s=60)


# Each keeps its names, types and defaults, and what awaiting it gives.
sync_bare: Callable[[str, int], list[str]] = bare
sync_with: Callable[[str], dict[str, str]] = with_options
async_bare: Callable[[str], Coroutine[Any, Any, int]] = bare_async
assert_type(bare("x", limit=3), list[str])
assert_type(with_options(order_id="x"), dict[str, str])
assert_type(tool_definition(bare), ToolDefinition)


async def awaited(context: ToolContext[Shop]) -> None:
    """Awaiting gives what the function returns."""
    assert_type(await bare_async("x"), int)
    refunded = await with_options_async("x", "note", "a@example.com", "p", context, hour=3)
    assert_type(refunded, dict[str, str])


# What is wrong is found: to both checkers a suppression that is not needed is an error.
bare(5)  # type: ignore[arg-type]
bare()  # type: ignore[call-arg]

"""Hedged requests: a second attempt beside one that is slow (Dean & Barroso, The Tail at Scale).

Only repeatable tools are hedged, and only asynchronous ones: of the two attempts one is cancelled,
and nothing may be left of it.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

from highroad.domain.deferral import Deferral
from highroad.domain.failure import Failure
from highroad.domain.outcome import Ending
from highroad.ports.clock import Clock

Came: TypeAlias = Ending | Failure | Deferral
"""What an attempt brought: an ending, a failure, or that its result comes later."""


async def hedged(
    attempt: Callable[[], Coroutine[Any, Any, Came]],
    *,
    after_s: float,
    clock: Clock,
    may_hedge: Callable[[], bool],
) -> Came:
    """The first result of up to two attempts; a failure only where neither brought one.

    Whoever is not needed any more is cancelled, and has ended when this returns.

    Args:
        attempt: Makes one.
        after_s: How long the first has for itself.
        clock: That waits.
        may_hedge: Whether a second may be made; asked once, when it would be.
    """
    tasks = {asyncio.ensure_future(attempt())}
    try:
        if await _is_slow(tasks, after_s, clock) and may_hedge():
            tasks.add(asyncio.ensure_future(attempt()))
        return await _first_result(tasks)
    finally:
        await _call_off(tasks)


async def _is_slow(tasks: set["asyncio.Task[Came]"], after_s: float, clock: Clock) -> bool:
    """Whether the time is up and nothing came."""
    pause = asyncio.ensure_future(clock.sleep(after_s))
    try:
        await asyncio.wait({*tasks, pause}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _call_off({pause})
    return not any(task.done() for task in tasks)


async def _first_result(tasks: set["asyncio.Task[Came]"]) -> Came:
    waiting = tasks
    while True:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        came = [task.result() for task in done]
        results = [each for each in came if not isinstance(each, Failure)]
        if results or not waiting:
            return (results or came)[0]


async def _call_off(tasks: set["asyncio.Task[Any]"]) -> None:
    """Cancel what runs on, and wait until it has ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

"""A limit of time that costs nothing to whoever never waits."""

import asyncio
import types
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

T = TypeVar("T")


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """Await `work` for at most `seconds`.

    The timer is set when `work` first waits: nothing could ring before, and setting one takes a
    tenth of what a plain read costs.

    Raises:
        TimeoutError: The time was up; `work` was cancelled, and has ended.
    """
    deadline_s = asyncio.get_running_loop().time() + seconds
    steps = work.__await__()
    try:
        waits_for = steps.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]  # of a coroutine that returns T
    async with asyncio.timeout_at(deadline_s):
        return await _gone_on(steps, waits_for)


@types.coroutine
def _gone_on(steps: Generator[Any, Any, T], waits_for: object) -> Generator[Any, Any, T]:
    """What `steps` returns, of which the loop has not seen yet what it waits for."""
    try:
        while True:
            try:
                answer = yield waits_for
            except BaseException as error:  # noqa: BLE001 - not ours: it goes to whoever waits
                waits_for = steps.throw(error)
            else:
                waits_for = steps.send(answer)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]  # of a generator that returns T

"""Resources: what bodies take that is opened once, for all or for each principal, and kept open."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from typing import Any, Final, TypeAlias

from highroad.domain.identity import Principal
from highroad.tools.compile import ResourceNeed
from highroad.tools.declaring.resources import ResourceManager

_log: Final = logging.getLogger("highroad.road")

IDLE: Final = 64
"""Resources of single principals, of one factory, that stay open although nobody uses them."""

_Key: TypeAlias = tuple[Callable[..., Any], Principal | None]


class _Kept:
    """One resource, and how many use it."""

    __slots__ = ("closing", "is_open", "opening", "users", "value")

    def __init__(self) -> None:
        self.opening = asyncio.Lock()
        self.closing = AsyncExitStack()
        self.is_open = False
        self.users = 0
        self.value: object = None

    async def open(self, manager: ResourceManager) -> None:
        """Enter a context manager, sync or async."""
        if isinstance(manager, AbstractAsyncContextManager):
            self.value = await self.closing.enter_async_context(manager)
        else:
            self.value = self.closing.enter_context(manager)
        self.is_open = True


class Loan:
    """Resources in the hands of one body: nobody closes them before it gives them back."""

    def __init__(self, opened: Mapping[str, object], give_back: Callable[[], None]) -> None:
        self.opened: Mapping[str, object] = opened
        """By the name of their parameter."""
        self._give_back = give_back
        self._is_kept = False

    def keep(self, body: Future[object]) -> None:
        """Leave them to a body that runs on astray, until it is back."""
        loop, self._is_kept = asyncio.get_running_loop(), True

        def tell(_: Future[object]) -> None:
            with suppress(RuntimeError):  # the loop was closed, and what was open in it too
                loop.call_soon_threadsafe(self._give_back)

        body.add_done_callback(tell)

    def end(self) -> None:
        """Give them back, unless a body runs on with them."""
        if not self._is_kept:
            self._give_back()


class Resources:
    """Opens resources when they are first wanted, and closes them in the end, last first.

    A factory that takes a value makes one for each principal. Of those, the ones that nobody used
    for longest are closed when there are too many.
    """

    def __init__(self, tasks: set["asyncio.Task[Any]"]) -> None:
        self._kept: OrderedDict[_Key, _Kept] = OrderedDict()
        """The one that was lent last comes last."""
        self._closing: dict[_Key, Callable[[], Awaitable[None]]] = {}
        """In the order of opening."""
        self._tasks = tasks

    async def lend(self, needs: Sequence[ResourceNeed], principal: Principal) -> Loan:
        """The resources that a body takes.

        Raises:
            Exception: As a factory did; then nothing is lent.
        """
        held: list[tuple[_Key, _Kept]] = []

        def give_back() -> None:
            """Nobody uses them any more in this place."""
            for key, kept in held:
                self._end(key, kept)

        try:
            opened = {need.parameter: await self._use(need, principal, held) for need in needs}
        except BaseException:
            give_back()
            raise
        return Loan(opened, give_back)

    async def close(self) -> None:
        """Close all of them."""
        async with AsyncExitStack() as stack:
            for close in self._closing.values():
                stack.push_async_callback(close)
            self._closing.clear()
            self._kept.clear()

    async def _use(
        self, need: ResourceNeed, principal: Principal, held: list[tuple[_Key, _Kept]]
    ) -> object:
        key = (need.factory, principal if need.takes_principal else None)
        kept = self._kept.setdefault(key, _Kept())
        self._kept.move_to_end(key)
        kept.users += 1
        held.append((key, kept))
        async with kept.opening:
            if not kept.is_open:
                manager = need.factory(principal) if need.takes_principal else need.factory()
                await kept.open(manager)
                self._closing[key] = kept.closing.aclose
        return kept.value

    def _end(self, key: _Key, kept: _Kept) -> None:
        kept.users -= 1
        factory, principal = key
        if kept.users or self._kept.get(key) is not kept:
            return
        if not kept.is_open:
            del self._kept[key]
        elif principal is not None:
            self._close_idle(factory)

    def _close_idle(self, factory: Callable[..., Any]) -> None:
        idle = [
            key
            for key, kept in self._kept.items()
            if key[0] is factory and key[1] is not None and not kept.users
        ]
        for key in idle[:-IDLE]:
            del self._kept[key]
            task = asyncio.ensure_future(_closed(self._closing.pop(key)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)


async def _closed(close: Callable[[], Awaitable[None]]) -> None:
    try:
        await close()
    except Exception as error:  # noqa: BLE001 - it is the author's, and nobody waits for it
        _log.warning("a resource could not be closed: %s", type(error).__name__)

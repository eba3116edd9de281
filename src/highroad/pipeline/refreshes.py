"""Renewing results that were served past their time: calls that are made behind those they serve.

Each is a call like any other: authorized, budgeted and recorded by itself, in a run of its own.
Nobody waits for it, so it ends with the process.
"""

import asyncio
import logging
from typing import Final

from highroad.domain.call import Call
from highroad.domain.error import LedgerError
from highroad.ledger.results import Fetch
from highroad.pipeline import doorway
from highroad.pipeline.drive import drive
from highroad.pipeline.services import Services

_log: Final = logging.getLogger("highroad.cache")

MOST: Final = 8
"""At once, so that what nobody waits for leaves room for what somebody does."""


class Refreshes:
    """Makes them, and calls them off in the end.

    Args:
        services: Of the runtime.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, call: Call, fetch: Fetch) -> bool:
        """Make `call` again behind it; `False` where there is no room.

        Args:
            call: As it was resolved.
            fetch: Which holds the lead, and names the call to be made.
        """
        if len(self._tasks) >= MOST:
            return False
        task = asyncio.get_running_loop().create_task(self._refresh(call, fetch))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._services.results.refreshes += 1
        return True

    async def close(self) -> None:
        """Call off those under way, and wait until each has its end."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _refresh(self, call: Call, fetch: Fetch) -> None:
        try:
            await drive(*await doorway.take_in_refresh(self._services, call, fetch))
        except LedgerError as error:
            _log.warning("a result past its time is not renewed: %s", error)
        finally:
            # Of a call that could not be made.
            leaving = self._services.results.leave(fetch)
            if leaving is not None:
                await leaving

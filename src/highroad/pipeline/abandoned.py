"""Calls that were in flight when their process died, and whose tool is not here (yet).

Its tool says what becomes of such a call: by its class, its probe, by running again, and by judging
a result that was handed in. A process that does not have it leaves the call to one that has.
"""

import logging
from collections.abc import Collection
from dataclasses import replace
from typing import Final

from highroad.domain.tool import Tier
from highroad.domain.value import value
from highroad.ledger.history import CallHistory
from highroad.ports.clock import Clock
from highroad.tools.registry import Registry

_log: Final = logging.getLogger("highroad.recovery")


@value
class Lack:
    """The tool that a call waits for."""

    tool: str
    version: str | None
    until_s: float
    """When it waits no longer, by the monotonic clock."""


class Abandoned:
    """Knows which abandoned calls wait for their tool.

    Args:
        registry: The tools that are here.
        clock: Counts from when this process first saw a call: nobody knows when the other died.
        wait_s: For how long a call waits.
    """

    def __init__(self, registry: Registry, clock: Clock, wait_s: float) -> None:
        self._registry = registry
        self._clock = clock
        self._wait_s: Final = wait_s
        self._lacks: dict[str, Lack] = {}

    def left_s(self, history: CallHistory) -> float:
        """For how long a call that nobody drives waits on for its tool; 0 where it need not."""
        if not self.lacks_tool(history):
            return 0.0
        lack = self._lacks.get(history.call_id) or self._note(history)
        return max(0.0, lack.until_s - self._clock.monotonic_s())

    def lacks_tool(self, history: CallHistory) -> bool:
        """Whether a call is in flight, and its tool is not here; a read is over without it."""
        opening = history.opening
        if history.ended is not None or history.is_held or opening.get("tier") == Tier.READ:
            return False
        return not self._is_here(opening["tool"] or "", opening.get("version"))

    @property
    def calls(self) -> Collection[str]:
        """Ids of those that wait, as they come and go."""
        return self._lacks.keys()

    @property
    def due(self) -> tuple[str, ...]:
        """Calls whose tool has come, or has not for too long, in the order they were found."""
        now_s = self._clock.monotonic_s()
        return tuple(
            call_id
            for call_id, lack in self._lacks.items()
            if lack.until_s <= now_s or self._is_here(lack.tool, lack.version)
        )

    def give_up(self, call_id: str) -> None:
        """Have a call that waits wait no longer."""
        self._lacks[call_id] = replace(self._lacks[call_id], until_s=self._clock.monotonic_s())

    def forget(self, call_id: str) -> None:
        """It has ended."""
        self._lacks.pop(call_id, None)

    def _note(self, history: CallHistory) -> Lack:
        opening, until_s = history.opening, self._clock.monotonic_s() + self._wait_s
        lack = Lack(tool=opening["tool"], version=opening.get("version"), until_s=until_s)
        self._lacks[history.call_id] = lack
        _log.warning(
            "call %s was in flight when its process ended, and waits for its tool %s",
            history.call_id,
            lack.tool,
        )
        return lack

    def _is_here(self, tool: str, version: str | None) -> bool:
        return self._registry.find(tool, version) is not None

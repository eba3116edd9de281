"""Shadows: another agent does beside each run what it would have done, and does nothing.

A shadow is an experiment beside people's work. It waits for room, takes of budgets of its own, and
whatever becomes of it is told in the log and the ledger alone.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any, Final

from highroad.agents.agent import Agent
from highroad.agents.runs import Runs
from highroad.agents.snapshot import Errand
from highroad.domain.run import Run, RunHead
from highroad.domain.shadow import ShadowRule

_log: Final = logging.getLogger("highroad.agents")

_AT_ONCE: Final = 2
"""Shadows that work at once: runs of people go before."""
_IN_VIEW: Final = 100
"""Shadows that wait for room, beyond which runs go without."""
_ALL: Final = 2**64


class Shadowing:
    """Begins shadows beside runs.

    Args:
        runs: Of the agents.
        rules: Those of the settings, by name of the agent that is shadowed.
        most_s: Seconds that one may work.
    """

    def __init__(self, runs: Runs, rules: Mapping[str, ShadowRule], *, most_s: float) -> None:
        self._runs = runs
        self._rules = rules
        self._most_s = most_s
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._working: set[asyncio.Task[None]] = set()
        self._left: set[str] = set()
        """Shadows that go on here, or wait for room to."""

    def rule_of(self, name: str) -> ShadowRule | None:
        """Who shadows an agent, and beside which part of its runs; the settings go before."""
        rule = self._rules.get(name)
        if rule is not None or name not in {each.name for each in self._runs.crew}:
            return rule
        return _declared(self._runs.crew.agent(name))

    def begin(self, head: RunHead, errand: Errand) -> None:
        """Let the shadow of its agent go beside a run, where it has one and this run is chosen."""
        rule = self.rule_of(head.agent)
        if rule is None or not is_chosen(head.run_id, rule.fraction):
            return
        if len(self._working) >= _IN_VIEW:
            _log.warning("run %s goes without its shadow: too many wait", head.run_id)
            return
        self._make_room(head.run_id, partial(self._runs.shadow, rule.agent, head, errand))

    def go_on(self, shadow_id: str) -> None:
        """Let a shadow go on that its process left, once there is room for it too."""
        if shadow_id in self._left or len(self._working) >= _IN_VIEW:
            return
        self._left.add(shadow_id)
        self._make_room(shadow_id, partial(self._runs.resume, shadow_id))

    def _make_room(self, run_id: str, move: Callable[[], Coroutine[Any, Any, Run]]) -> None:
        working = asyncio.get_running_loop().create_task(self._work(run_id, move))
        self._working.add(working)
        working.add_done_callback(self._working.discard)
        working.add_done_callback(lambda _: self._left.discard(run_id))

    async def settled(self) -> None:
        """Wait until no shadow works here any more."""
        while self._working:
            await asyncio.wait(tuple(self._working))

    async def close(self) -> None:
        """Interrupt what works here; `resume` goes on with it."""
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)

    async def _work(self, run_id: str, move: Callable[[], Coroutine[Any, Any, Run]]) -> None:
        try:
            async with self._room, asyncio.timeout(self._most_s):
                run = await move()
        except Exception as error:  # noqa: BLE001 - an experiment must not touch what it is compared with
            _log.warning("a shadow stopped (%s): %s", run_id, type(error).__name__)
        else:
            _log.info("a shadow rests (%s): %s", run_id, run.status)


def is_chosen(run_id: str, fraction: float) -> bool:
    """Whether a run is of the part that is shadowed; the same each time."""
    found = int.from_bytes(hashlib.sha256(run_id.encode()).digest()[:8])
    return found < fraction * _ALL


def _declared(agent: Agent) -> ShadowRule | None:
    shadow = agent.shadowed_by
    return None if shadow is None else ShadowRule(agent=shadow.agent.name, fraction=shadow.fraction)

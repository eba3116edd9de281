"""Runs that this process deals with: their steps, their wall time, and what they were told."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeAlias

import anyio

from highroad.domain.allowance import Allowance
from highroad.domain.error import HighroadError
from highroad.domain.run import Usage
from highroad.ports.clock import Clock

ReadUsage: TypeAlias = Callable[[str], Awaitable[Usage]]
"""Reads what a run has used. It must see every call that this process has answered."""


class LiveRun:
    """A run, for as long as this process deals with it.

    Whoever drives something of the run, or of a run below it, is *inside*, between `LiveRuns.enter`
    (or `begin`) and `leave`. While nobody is inside the run rests, and its wall time stands still.
    """

    __slots__ = (
        "_elapsed_s",
        "_entered_s",
        "_runs",
        "allowance",
        "began",
        "conversation_id",
        "inside",
        "is_direct",
        "parent",
        "parent_id",
        "run_id",
        "seeded",
        "steps",
        "told",
    )

    def __init__(
        self,
        runs: "LiveRuns",
        run_id: str,
        *,
        is_direct: bool,
        parent_id: str | None = None,
        conversation_id: str | None = None,
    ) -> None:
        self._runs = runs
        self._elapsed_s = 0.0
        self._entered_s = 0.0
        self.run_id: str = run_id
        self.is_direct: bool = is_direct
        """A run of one, which is born and over with its call."""
        self.parent_id: str | None = parent_id
        self.parent: LiveRun | None = None
        """There while somebody is inside, and then this run is inside of it."""
        self.conversation_id: str | None = conversation_id
        """Opaque."""
        self.allowance: Allowance | None = None
        """What it may use at most, where whoever moves it says so."""
        self.inside: int = 0
        self.steps: int = 0
        self.began: Usage | None = None
        """What it had used when this process first dealt with it, if that was read."""
        self.seeded: frozenset[str] = frozenset()
        """Accounts of it that this process has opened."""
        self.told: frozenset[tuple[str, bool]] = frozenset()
        """Limits of which it was told that they are near: the rule, and whether it is that of a
        run above; and dependencies of which it was told that they are degraded."""

    @property
    def lineage(self) -> "Iterator[LiveRun]":
        """The run, the one that it is a child of, and so on."""
        run: LiveRun | None = self
        while run is not None:
            yield run
            run = run.parent

    def is_within(self, subject: str) -> bool:
        """Whether it is that run, lies below it, or belongs to that conversation."""
        return subject == self.conversation_id or any(
            each.run_id == subject for each in self.lineage
        )

    def next_step(self) -> int:
        """The position of one more call in the run, from 1; no two calls have the same."""
        self.steps += 1
        return self.steps

    @property
    def elapsed_s(self) -> float:
        """Wall time so far; somebody is inside."""
        return self._elapsed_s + self._runs.clock.monotonic_s() - self._entered_s

    def step_inside(self) -> None:
        """One more drives something of this run; for `LiveRuns` alone."""
        if self.inside == 0:
            self._entered_s = self._runs.clock.monotonic_s()
        self.inside += 1

    def leave(self) -> None:
        """End what `enter` or `begin` began: the call has ended, or is held."""
        self.inside -= 1
        if self.inside == 0:
            self._elapsed_s += self._runs.clock.monotonic_s() - self._entered_s
            self._runs.rest(self)

    def restore(self, usage: Usage, now_ms: int) -> None:
        """Go on from what earlier processes did; for `LiveRuns` alone.

        The wall time of a run of one is that of its call, which has a deadline of its own.
        """
        self.began = usage
        self.steps = usage.steps
        if usage.steps or usage.started_ms:
            # What the ledger knows stands, whatever is said of it now.
            self.parent_id, self.conversation_id = usage.parent_id, usage.conversation_id
        if usage.started_ms and not self.is_direct:
            self._elapsed_s = max(0, now_ms - usage.started_ms - usage.rested_ms) / 1_000


class LiveRuns:
    """The runs that this process deals with.

    Direct runs are forgotten as soon as nobody is inside. Of named runs the `capacity` last used
    are kept, besides those that somebody is in; what is forgotten is read again from the ledger.

    Args:
        read_usage: `Store.usage`, behind whatever still waits to be written.
        clock: For wall time.
        capacity: Named runs at rest that are remembered.
    """

    def __init__(self, read_usage: ReadUsage, clock: Clock, *, capacity: int = 10_000) -> None:
        self.clock: Clock = clock
        self._read_usage = read_usage
        self._capacity = capacity
        self._active: dict[str, LiveRun] = {}
        self._resting: OrderedDict[str, LiveRun] = OrderedDict()
        self._loading: dict[str, anyio.Event] = {}
        self._climbing: dict[str, str] = {}
        """Runs that are about to step inside their parent."""

    def __len__(self) -> int:
        """Runs in memory."""
        return len(self._active) + len(self._resting)

    def begin(self, run_id: str, *, conversation_id: str | None = None) -> LiveRun:
        """Step inside a direct run that is born with this call, and is no child."""
        run = LiveRun(self, run_id, is_direct=True, conversation_id=conversation_id)
        self._active[run_id] = run
        run.step_inside()
        return run

    async def begin_below(
        self, run_id: str, parent_id: str, *, conversation_id: str | None = None
    ) -> LiveRun:
        """Step inside a direct run that is born with this call, and is a child.

        Raises:
            HighroadError: Its parent belongs to another conversation.
        """
        parent = await self._climb(run_id, parent_id)
        run = self.begin(run_id, conversation_id=parent.conversation_id)
        run.parent, run.parent_id = parent, parent_id
        return _checked(run, parent_id, conversation_id)

    async def enter(
        self,
        run_id: str,
        *,
        is_direct: bool = False,
        parent_id: str | None = None,
        conversation_id: str | None = None,
        is_new: bool = False,
    ) -> LiveRun:
        """Step inside a run, and all above it; it is read from the ledger if need be.

        Two that come together read once: nothing is counted twice.

        Args:
            run_id: Of the run.
            is_direct: Whether it is a run of one.
            parent_id: The run that a new one is a child of.
            conversation_id: That a new one belongs to; a child belongs to its parent's.
            is_new: The ledger knows nothing of it, and need not be asked.

        Raises:
            HighroadError: The run belongs elsewhere already.
        """
        while (run := self._awake(run_id)) is None:
            reading = self._loading.get(run_id)
            if reading is None:
                resting = self._resting.pop(run_id, None)
                if resting is None:
                    resting = LiveRun(
                        self,
                        run_id,
                        is_direct=is_direct,
                        parent_id=parent_id,
                        conversation_id=conversation_id,
                    )
                    if is_new:
                        resting.began = Usage()
                await self._wake(resting)
            else:
                # Looks again afterwards: the reader may have failed or been cancelled.
                await reading.wait()
        run.step_inside()
        return _checked(run, parent_id, conversation_id)

    def rest(self, run: LiveRun) -> None:
        """Nobody is inside any longer; for `LiveRun.leave` alone."""
        del self._active[run.run_id]
        if not run.is_direct:
            self._resting[run.run_id] = run
            if len(self._resting) > self._capacity:
                self._resting.popitem(last=False)
        if run.parent is not None:
            run.parent.leave()
            run.parent = None

    def _awake(self, run_id: str) -> LiveRun | None:
        """A run that somebody is in, or that can be stepped into at once."""
        resting = self._resting.get(run_id)
        if resting is not None and resting.parent_id is None:
            self._active[run_id] = self._resting.pop(run_id)
        return self._active.get(run_id)

    async def _wake(self, run: LiveRun) -> None:
        """Read a run where that was not done, and step inside its parent."""
        done = self._loading[run.run_id] = anyio.Event()
        try:
            if run.began is None:
                run.restore(await self._read_usage(run.run_id), self.clock.now_ms())
            if run.parent_id is not None:
                run.parent = await self._climb(run.run_id, run.parent_id)
                run.conversation_id = run.parent.conversation_id or run.conversation_id
            self._active[run.run_id] = run
        finally:
            del self._loading[run.run_id]
            done.set()

    async def _climb(self, run_id: str, parent_id: str) -> LiveRun:
        """Step inside the parent, which may be about to do so too.

        Raises:
            HighroadError: The run would be above itself.
        """
        above: str | None = parent_id
        while above is not None:
            if above == run_id:
                raise HighroadError(
                    f"run {run_id} would be its own parent: name a run that is not below it"
                )
            above = self._climbing.get(above)
        self._climbing[run_id] = parent_id
        try:
            return await self.enter(parent_id)
        finally:
            del self._climbing[run_id]


def _checked(run: LiveRun, parent_id: str | None, conversation_id: str | None) -> LiveRun:
    """The run, which belongs where it began; it is left again if that is elsewhere.

    Raises:
        HighroadError: It is.
    """
    objection = None
    if parent_id not in {None, run.parent_id}:
        objection = f"as a child of {run.parent_id or 'no run'}: name that parent, none"
    elif conversation_id not in {None, run.conversation_id}:
        objection = "in another conversation, or in none: name that conversation, none"
    if objection is not None:
        run.leave()
        raise HighroadError(f"run {run.run_id} began {objection}, or another run")
    return run

"""Fan-out: calls that are made together, so many at once, each in its turn and each answered (P5).

It takes no more of them out of their source than it can hold in view: ten thousand that wait in a
queue take the room of a few dozen.
"""

import asyncio
import math
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Coroutine,
    Iterable,
    Iterator,
    Sized,
)
from typing import Any, Final, Generic, Protocol, TypeAlias, TypeVar, cast

from highroad.domain.error import CallError, Code
from highroad.domain.outcome import AnyOutcome, Completed, Ending, Proof, Status
from highroad.domain.proposed import OnFailure, Terms
from highroad.domain.tool import Concurrency
from highroad.domain.value import value
from highroad.pipeline.ordering import ANYWHERE, Turn, Uncompleted
from highroad.ports.clock import Clock

C = TypeVar("C")
C_contra = TypeVar("C_contra", contravariant=True)

AHEAD: Final = 64
"""Calls in view beyond those that run, so that who waits for its turn holds up nobody behind it."""

Source: TypeAlias = Iterable[C] | AsyncIterable[C]
Answered: TypeAlias = tuple[int, AnyOutcome]
"""The position of a call among those that were given, from 0, and its outcome."""


def _not_begun(error: CallError, rule: str) -> Ending:
    return Ending(
        status=Status.CANCELLED,
        error=error,
        proof=Proof.NOT_STARTED,
        rule=rule,
        decided_by="fan_out",
    )


BLOCKED: Final = _not_begun(
    CallError(
        code=Code.BLOCKED,
        message="A call that must be completed before this one was not, so this was not begun.",
        hint="See what became of the calls before it, and call again if it is still right.",
    ),
    "fan_out.order",
)
TOO_LATE: Final = _not_begun(
    CallError(
        code=Code.TIMEOUT,
        message="The time for all calls that were made together was up before this one began.",
        hint="Call again if it is still wanted, with fewer calls at once.",
        retryable=True,
    ),
    "fan_out.deadline",
)
LEFT: Final = _not_begun(
    CallError(
        code=Code.CANCELLED,
        message="The calls that were made together were called off before this one began.",
        hint="Call again if it is still wanted.",
    ),
    "fan_out.left",
)


class Work(Protocol[C_contra]):
    """What a fan-out does with a call."""

    def turn(self, call: C_contra) -> Turn:
        """Its place among the others."""
        ...

    async def make(self, call: C_contra) -> AnyOutcome:
        """Take it down the road; when the time for all is up it ends by itself."""
        ...

    async def turn_away(self, call: C_contra, ending: Ending) -> AnyOutcome:
        """End it without having begun it, on record."""
        ...


@value(eq=False)
class _Place(Generic[C]):
    """A call in view: it waits for its turn, or runs."""

    position: int
    call: C
    turn: Turn
    behind: "set[_Place[C]]"
    """Calls that have to end first."""


class FanOut(Generic[C]):
    """One fan-out, which runs once.

    Args:
        work: What is done with a call.
        terms: Of all of them.
        parallel: Calls that run at once, where the terms do not say it.
        clock: For time.
        tasks: Keeps what goes on though nobody waits for it.
    """

    def __init__(
        self,
        work: Work[C],
        terms: Terms,
        *,
        parallel: int,
        clock: Clock,
        tasks: set["asyncio.Task[Any]"],
    ) -> None:
        self._work = work
        self._parallel = terms.parallel or parallel
        self._until_s = math.inf
        if terms.deadline_s is not None:
            self._until_s = clock.monotonic_s() + terms.deadline_s
        self._uncompleted = Uncompleted() if terms.on_failure is OnFailure.STOP else None
        self._clock = clock
        self._tasks = tasks
        self._waiting: list[_Place[C]] = []
        self._running: dict[asyncio.Task[AnyOutcome], _Place[C]] = {}
        self._ordered: set[_Place[C]] = set()
        """Those of both that others may have to wait for, which a read hardly ever is."""

    async def outcomes(self, source: Source[C]) -> AsyncGenerator[Answered, None]:
        """The outcome of each call as it comes.

        Whoever leaves before the end calls off what runs. What was proposed and has not begun then
        ends cancelled, on record: the rest of what has a length, and of other sources what was
        taken out of them.

        Raises:
            Exception: As the source did, once what it gave before has its outcome.
        """
        supply = _Supply(source)
        try:
            while True:
                self._take_in_view(supply)
                self._begin()
                waiting = set(self._running) | supply.coming()
                if not waiting:
                    break
                done, _ = await asyncio.wait(
                    waiting, timeout=self._left_s(), return_when=asyncio.FIRST_COMPLETED
                )
                for task in done & self._running.keys():
                    yield self._land(cast("asyncio.Task[AnyOutcome]", task))
        finally:
            supply.stop()
            if self._running or self._waiting or not supply.is_dry:
                # Not even a second cancellation leaves a call without its end.
                leaving = asyncio.ensure_future(self._leave(supply))
                self._tasks.add(leaving)
                leaving.add_done_callback(self._tasks.discard)
                await asyncio.shield(leaving)
        if supply.error is not None:
            raise supply.error

    def _left_s(self) -> float | None:
        """Until its deadline; behind that nothing is waited for but calls, which end."""
        left_s = self._until_s - self._clock.monotonic_s()
        return left_s if 0 < left_s < math.inf else None

    def _take_in_view(self, supply: "_Supply[C]") -> None:
        if self._is_over:
            supply.stop()
        while len(self._waiting) + len(self._running) < self._parallel + AHEAD:
            taken = supply.take()
            if taken is None:
                return
            self._see(*taken)

    def _see(self, position: int, call: C) -> None:
        turn = self._work.turn(call)
        if turn is ANYWHERE and not self._ordered:
            self._waiting.append(_Place(position=position, call=call, turn=turn, behind=set()))
            return
        is_barrier = turn.concurrency is Concurrency.BARRIER
        others = (*self._running.values(), *self._waiting) if is_barrier else self._ordered
        behind = {other for other in others if turn.follows(other.turn)}
        place = _Place(position=position, call=call, turn=turn, behind=behind)
        self._waiting.append(place)
        if turn is not ANYWHERE:
            self._ordered.add(place)

    def _begin(self) -> None:
        """Begin what comes behind nobody, as far as there is room."""
        room = self._parallel - len(self._running)
        begun = [place for place in self._waiting if not place.behind][:room]
        for place in begun:
            self._waiting.remove(place)
            self._running[asyncio.ensure_future(self._go(place))] = place

    def _go(self, place: _Place[C]) -> Coroutine[Any, Any, AnyOutcome]:
        if self._is_over:
            return self._work.turn_away(place.call, TOO_LATE)
        if self._uncompleted is not None and self._uncompleted.stop(place.turn):
            return self._work.turn_away(place.call, BLOCKED)
        return self._work.make(place.call)

    @property
    def _is_over(self) -> bool:
        return self._clock.monotonic_s() >= self._until_s

    def _land(self, task: "asyncio.Task[AnyOutcome]") -> Answered:
        """Let those go who waited for a call that has ended."""
        place, outcome = self._running[task], task.result()
        del self._running[task]
        if self._uncompleted is not None and not isinstance(outcome, Completed):
            self._uncompleted.add(place.turn)
        self._ordered.discard(place)
        for other in self._waiting:
            other.behind.discard(place)
        return place.position, outcome

    async def _leave(self, supply: "_Supply[C]") -> None:
        """Call off what runs, and turn away what has not begun."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, *supply.coming(), return_exceptions=True)
        for place in self._waiting:
            await self._work.turn_away(place.call, LEFT)
        while (taken := supply.take()) is not None:
            await self._work.turn_away(taken[1], LEFT)


class _Supply(Generic[C]):
    """Gives one call after the other out of whatever iterable there is."""

    def __init__(self, source: Source[C]) -> None:
        self._is_whole = isinstance(source, Sized)
        self._is_stopped = False
        self._feed: AsyncIterator[C] | None = None
        self._calls: Iterator[C] = iter(())
        if isinstance(source, AsyncIterable):
            self._feed = aiter(source)
        else:
            self._calls = iter(source)
        self._coming: asyncio.Task[C] | None = None
        self._given = 0
        self.is_dry: bool = False
        self.error: BaseException | None = None
        """Raised by the source, which so has ended."""

    def take(self) -> tuple[int, C] | None:
        """The next call and its position; `None` where there is none, or none yet."""
        if self.is_dry:
            return None
        try:
            call = next(self._calls) if self._feed is None else self._arrived(self._feed)
        except (StopIteration, StopAsyncIteration):
            self.is_dry = True
            return None
        # The caller's own, and raised to him at the end; nobody here cancels what has arrived.
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - see above
            self.is_dry, self.error = True, error
            return None
        if call is None:
            return None
        self._given += 1
        return self._given - 1, call

    def _arrived(self, feed: AsyncIterator[C]) -> C | None:
        """What has come; else it is on its way from now on."""
        if self._coming is None:
            if self._is_stopped:
                raise StopAsyncIteration
            self._coming = asyncio.ensure_future(_next(feed))
        if not self._coming.done():
            return None
        arrived, self._coming = self._coming, None
        if self._is_stopped and arrived.cancelled():
            raise StopAsyncIteration
        return arrived.result()

    def coming(self) -> "set[asyncio.Task[Any]]":
        """What there is to wait for."""
        return set() if self._coming is None else {self._coming}

    def stop(self) -> None:
        """Ask for nothing more, unless all of it was given at once.

        What is on its way is called off; if it has come all the same, it is there to be taken.
        """
        if self._is_whole or self._is_stopped:
            return
        self._is_stopped = True
        if self._coming is None:
            self.is_dry = True
        else:
            self._coming.cancel()


async def _next(feed: AsyncIterator[C]) -> C:
    return await anext(feed)

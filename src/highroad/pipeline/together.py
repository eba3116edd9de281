"""Calls that a door or a body proposes together, taken down the road one by one."""

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Awaitable,
    Callable,
    Collection,
    Iterable,
)
from contextlib import aclosing
from typing import TypeAlias

from highroad.domain.call import Call
from highroad.domain.error import HighroadError
from highroad.domain.outcome import AnyOutcome, Ending
from highroad.domain.proposed import Proposed, ProposedCall, ProposedCalls, Terms
from highroad.pipeline.context import RoadContext
from highroad.pipeline.doorway import Proposal
from highroad.pipeline.drive import enter, turn_away
from highroad.pipeline.fanout import LEFT, Answered, FanOut, Source
from highroad.pipeline.ordering import Turn, turn_of
from highroad.pipeline.services import Services

TakesIn: TypeAlias = Callable[[Proposal], Awaitable[tuple[Call, RoadContext]]]
"""Gives a proposal what it needs to be driven."""


def fan_out(
    services: Services,
    proposals: Source[Proposal],
    terms: Terms,
    take_in: TakesIn,
) -> AsyncGenerator[Answered, None]:
    """The outcome of each proposal as it comes.

    Args:
        services: Of the runtime.
        proposals: In the order in which they were written.
        terms: Of all of them.
        take_in: Of the door, or of the body, that proposes.
    """
    fan = FanOut(
        _OnTheRoad(services, take_in),
        terms,
        parallel=services.limits.parallel,
        clock=services.clock,
        tasks=services.tasks,
    )
    return fan.outcomes(proposals)


class _OnTheRoad:
    """What is done with each of them."""

    def __init__(self, services: Services, take_in: TakesIn) -> None:
        self._services = services
        self._take_in = take_in

    def turn(self, call: Proposal) -> Turn:
        """By what its tool declares."""
        tool = self._services.registry.find(call.tool, call.version)
        return turn_of(None if tool is None else tool.definition, call.arguments)

    async def make(self, call: Proposal) -> AnyOutcome:
        """Drive it; also one that is called off before it has an id gets its end."""
        taking_in = _TakingIn(self._take_in(call))
        try:
            return await enter(self._services, taking_in.done())
        except asyncio.CancelledError:
            if not taking_in.is_done:
                await self.turn_away(call, LEFT)
            raise

    async def turn_away(self, call: Proposal, ending: Ending) -> AnyOutcome:
        """End it as it stands at the door."""
        return await turn_away(self._services, self._take_in(call), ending)


class _TakingIn:
    """Taking a call in, of which somebody may want to know whether it came to that."""

    def __init__(self, taking_in: Awaitable[tuple[Call, RoadContext]]) -> None:
        self._taking_in = taking_in
        self.is_done: bool = False

    async def done(self) -> tuple[Call, RoadContext]:
        """The call with its context."""
        taken = await self._taking_in
        self.is_done = True
        return taken


def proposals_of(
    calls: ProposedCalls, propose: Callable[[ProposedCall], Proposal]
) -> Source[Proposal]:
    """The same calls as proposals, each when it is taken.

    Of a collection all are made at once: a mistake in it is told before anything begins.

    Raises:
        HighroadError: They are no calls, or a member of a collection is none.
    """
    if isinstance(calls, AsyncIterable):
        return _one_by_one(calls, propose)
    if not isinstance(calls, Iterable):
        raise HighroadError(
            f"calls are given one after another, not as {type(calls).__name__}: pass a list, or "
            "anything to iterate over, of ProposedCall(tool, arguments) or of pairs of the two"
        )
    proposals = (propose(ProposedCall.of(each)) for each in calls)
    return list(proposals) if isinstance(calls, Collection) else proposals


async def in_order(outcomes: AsyncGenerator[Answered, None]) -> tuple[AnyOutcome, ...]:
    """All of them, in the order of their calls."""
    async with aclosing(outcomes) as answers:
        found = {position: outcome async for position, outcome in answers}
    return tuple(found[position] for position in range(len(found)))


async def _one_by_one(
    calls: AsyncIterable[Proposed], propose: Callable[[ProposedCall], Proposal]
) -> AsyncGenerator[Proposal, None]:
    async for each in calls:
        yield propose(ProposedCall.of(each))

"""Calls that a door or a body proposes together, taken down the road one by one."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Collection
from contextlib import aclosing

from highroad.domain.call import Call
from highroad.domain.outcome import AnyOutcome, Ending
from highroad.domain.proposed import Proposed, ProposedCall, ProposedCalls, Terms
from highroad.pipeline.context import RoadContext
from highroad.pipeline.doorway import Proposal
from highroad.pipeline.drive import enter, turn_away
from highroad.pipeline.fanout import LEFT, Answered, FanOut, Source, Work
from highroad.pipeline.ordering import Turn, turn_of
from highroad.pipeline.services import Services


def fan_out(
    services: Services,
    proposals: Source[Proposal],
    terms: Terms,
    take_in: Callable[[Proposal], Awaitable[tuple[Call, RoadContext]]],
) -> AsyncGenerator[Answered, None]:
    """The outcome of each proposal as it comes.

    Args:
        services: Of the runtime.
        proposals: In the order in which they were written.
        terms: Of all of them.
        take_in: Gives one what it needs to be driven.
    """

    def turn(proposal: Proposal) -> Turn:
        tool = services.registry.find(proposal.tool, proposal.version)
        return turn_of(None if tool is None else tool.definition, proposal.arguments)

    async def make(proposal: Proposal) -> AnyOutcome:
        taking_in = _TakingIn(take_in(proposal))
        try:
            return await enter(services, taking_in.done())
        except asyncio.CancelledError:
            if not taking_in.is_done:  # it has no id yet, and so no end
                await leave_out(proposal, LEFT)
            raise

    async def leave_out(proposal: Proposal, ending: Ending) -> AnyOutcome:
        return await turn_away(services, take_in(proposal), ending)

    fan = FanOut(
        Work(turn=turn, make=make, turn_away=leave_out),
        terms,
        parallel=services.limits.parallel,
        clock=services.clock,
        tasks=services.tasks,
    )
    return fan.outcomes(proposals)


class _TakingIn:
    """Taking a call in, of which somebody may want to know whether it came to that."""

    def __init__(self, taking_in: Awaitable[tuple[Call, RoadContext]]) -> None:
        self._taking_in = taking_in
        self.is_done = False

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
        HighroadError: A member of a collection is no call.
    """
    if isinstance(calls, AsyncIterable):
        return _one_by_one(calls, propose)
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

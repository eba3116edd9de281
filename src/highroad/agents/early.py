"""Reads that begin before the reply is whole that wants them.

Nothing is begun early that anybody could be sorry for: only tools of tier `read`, which may
be repeated, that nobody is asked about, and that come behind no other call of the reply. All else
waits until the reply is whole and recorded.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeAlias

from highroad.domain.model import ModelCall
from highroad.domain.outcome import AnyOutcome
from highroad.domain.tool import Concurrency, Tier
from highroad.domain.value import value
from highroad.pipeline.ordering import ANYWHERE, Turn, turn_of
from highroad.pipeline.services import Services
from highroad.pipeline.stages import approve
from highroad.tools.compile import RegisteredTool

Drive: TypeAlias = Callable[[], Coroutine[Any, Any, AnyOutcome]]


@value(eq=False)
class EarlyCall:
    """A call under way whose reply is not."""

    request_id: str
    position: int
    tool: str
    """Its own name."""
    call: ModelCall
    """As the model wrote it."""
    task: "asyncio.Task[AnyOutcome]"


class EarlyCalls:
    """Those of one run.

    Args:
        services: Of the runtime.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._begun: dict[tuple[str, int], EarlyCall] = {}

    def begin(  # noqa: PLR0913, PLR0917 - a call as it is wanted, and what makes it
        self,
        request_id: str,
        position: int,
        call: ModelCall,
        tool: str,
        arguments: Mapping[str, object] | str | bytes,
        drive: Drive,
    ) -> bool:
        """Begin a call, if it may go ahead of its reply.

        Returns:
            Whether calls behind it may go ahead too.
        """
        found = self._services.registry.find(tool)
        turn = turn_of(None if found is None else found.definition, arguments)
        if turn.concurrency is Concurrency.BARRIER:
            return False
        if found is not None and self._may_begin(found, turn):
            self._begun[request_id, position] = EarlyCall(
                request_id=request_id,
                position=position,
                tool=tool,
                call=call,
                task=asyncio.get_running_loop().create_task(drive()),
            )
        return True

    def _may_begin(self, tool: RegisteredTool[Any], turn: Turn) -> bool:
        definition = tool.definition
        return (
            definition.tier is Tier.READ
            and turn is ANYWHERE
            and not approve.applies(tool, self._services)
            and len(self._begun) < self._services.limits.parallel
        )

    def take(self, request_id: str, position: int) -> "asyncio.Task[AnyOutcome] | None":
        """Hand over a call to whoever sees it through."""
        early = self._begun.pop((request_id, position), None)
        return None if early is None else early.task

    def is_contradicted(self, request_id: str, calls: Sequence[ModelCall]) -> bool:
        """Whether a whole reply says otherwise in the place of a call that was begun."""
        return any(
            (early.call.tool, early.call.arguments)
            != (calls[position].tool, calls[position].arguments)
            for (request, position), early in self._begun.items()
            if request == request_id and position < len(calls)
        )

    def give_up(self, request_id: str | None = None, *, behind: int = 0) -> Sequence[EarlyCall]:
        """Call off those of a request from some place on, or all there are.

        Returns:
            Them; whoever called them off awaits their tasks.
        """
        given_up = [
            early
            for early in self._begun.values()
            if request_id in {None, early.request_id} and early.position >= behind
        ]
        for early in given_up:
            del self._begun[early.request_id, early.position]
            early.task.cancel()
        return given_up

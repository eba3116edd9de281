"""A run while a leg moves it: what all its lines of thought share."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from highroad.agents.brief import Brief
from highroad.agents.record import Answered, RunRecord
from highroad.agents.stopping import RunStopped
from highroad.agents.writing import RunWriter
from highroad.domain.event import EventKind
from highroad.domain.identity import Delegate
from highroad.domain.json_value import JsonValue
from highroad.domain.model import ModelMessage, UserMessage
from highroad.domain.run import RunStatus
from highroad.limits.runs import LiveRun
from highroad.pipeline.services import Services

Tell: TypeAlias = Callable[[EventKind, str | None, dict[str, JsonValue]], None]
"""Hears what happens: its kind, the call that it is about, and more."""

TRUNK: Final = ""
"""The line of thought that a strategy begins with."""


class RunInProgress:
    """One run during one leg.

    Args:
        services: Of the runtime.
        brief: Of its agent.
        record: What the ledger says of it.
        live: The run, as budgets know it; whoever made this leaves it.
        writer: Writes its entries.
        earlier: What was said before it in its conversation.
        tell: Hears what happens.
        is_followed: Somebody wants to see replies as they come.
    """

    def __init__(  # noqa: PLR0913 - what a leg is made of, each by name
        self,
        services: Services,
        brief: Brief,
        record: RunRecord,
        live: LiveRun,
        writer: RunWriter,
        *,
        earlier: Sequence[UserMessage | ModelMessage] = (),
        tell: Tell,
        is_followed: bool = False,
    ) -> None:
        self.services: Services = services
        self.brief: Brief = brief
        self.record: RunRecord = record
        self.live: LiveRun = live
        self.writer: RunWriter = writer
        self.earlier: Sequence[UserMessage | ModelMessage] = earlier
        self.tell: Tell = tell
        self.is_followed: bool = is_followed
        self.requests: int = 0
        """Replies that strategies have had so far, from the record or live."""
        self.must_wind_up: bool = False
        """A budget is nearly used up: the next request asks for the answer."""
        self.known_ids: set[str] = set()
        """Providers' ids of calls so far: one that comes again is given another."""
        self._recorded = {path: deque(line) for path, line in record.answered.items()}

    @property
    def delegation(self) -> tuple[Delegate, ...]:
        """The chain through which its calls come, this agent last."""
        return (*self.record.errand.delegation, self.brief.scope)

    def recorded(self, path: str) -> Answered | None:
        """The next reply of a line that is on record, once."""
        line = self._recorded.get(path)
        return line.popleft() if line else None

    def next_number(self) -> int:
        """The number of one more reply.

        Raises:
            RunStopped: There were as many as there may be, or the run was called off.
        """
        self.check_wanted()
        if self.requests >= self.brief.iterations:
            raise RunStopped(
                RunStatus.MAX_STEPS_EXCEEDED,
                "max_steps_exceeded",
                f"The run has asked its model {self.requests} times, which is its limit "
                "(limits.iterations).",
            )
        self.requests += 1
        return self.requests

    @property
    def left(self) -> int:
        """Replies that there may still be."""
        return max(0, self.brief.iterations - self.requests)

    @property
    def is_last(self) -> bool:
        """Whether the next reply is the last that there may be."""
        return self.left <= 1

    def check_wanted(self) -> None:
        """Stop where somebody has called the run off.

        Raises:
            RunStopped: Somebody has.
        """
        if self.services.cancelled.holds(self.live):
            raise RunStopped(RunStatus.CANCELLED, "cancelled", "Somebody has called this run off.")

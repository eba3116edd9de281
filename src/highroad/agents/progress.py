"""A run while a leg moves it: what all its lines of thought share."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import chain
from typing import Final

from highroad.agents.brief import Brief
from highroad.agents.context.bounds import Bounds
from highroad.agents.context.summary import is_summary, summarized
from highroad.agents.context.tokens import standing_tokens
from highroad.agents.early import EarlyCalls
from highroad.agents.events import Voice
from highroad.agents.handles import INSTRUCTIONS
from highroad.agents.record import Answered, Heard, RunRecord, Turn
from highroad.agents.stopping import RunStopped
from highroad.agents.writing import RunWriter
from highroad.domain.error import BrokenPromise
from highroad.domain.event import EventKind
from highroad.domain.identity import Delegate
from highroad.domain.model import ModelMessage, UserMessage
from highroad.domain.run import RunStatus
from highroad.limits.runs import LiveRun
from highroad.pipeline.evidence import RunEvidence
from highroad.pipeline.services import Services

LEG: Final = "leg"
"""Prefix of ids."""
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
        evidence: What the values of its calls may have come from.
        tell: Tells what happens: its kind, the call that it is about, and more.
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
        evidence: RunEvidence,
        tell: Voice,
    ) -> None:
        self.services: Services = services
        self.brief: Brief = brief
        self.record: RunRecord = record
        self.live: LiveRun = live
        self.writer: RunWriter = writer
        self.earlier: Sequence[UserMessage | ModelMessage] = earlier
        self.evidence: RunEvidence = evidence
        self.tell: Voice = tell
        self.early: EarlyCalls = EarlyCalls(services)
        """Reads that have begun before the reply is whole which wants them."""
        self.requests: int = 0
        """Replies that strategies have had so far, from the record or live."""
        self.must_wind_up: bool = False
        """A budget is nearly used up: the next request asks for the answer."""
        self.known_ids: set[str] = set()
        """Providers' ids of calls so far: one that comes again is given another."""
        self.is_over: bool = False
        """It is ending: what is sent now comes too late."""
        self.mail: asyncio.Lock = asyncio.Lock()
        """Whoever takes in a message holds it, and so does the run when it looks for the last."""
        self.open_calls: dict[str, str] = {
            each.call_id: each.opening["tool"] or ""
            for each in record.calls.values()
            if each.is_held
        }
        """Calls that wait, with their tools."""
        is_shared = services.ledger.store.is_shared
        self._is_awake = not record.waits_for and not (is_shared and record.leg_began)
        self._waking = asyncio.Lock()
        self._heard: set[str] = set()
        self._turns = deque(record.turns)
        self._recorded = {path: deque(line) for path, line in record.answered.items()}
        self.summaries: dict[str, dict[int, str]] = defaultdict(dict)
        """On record: by line, and by how many messages that had."""
        for path, line in record.answered.items():
            if is_summary(path):
                summed_up, position = summarized(path)
                self.summaries[summed_up][position] = line[-1].reply.message.text
        self._asking: set[asyncio.Task[object]] = set()
        self._called_off: set[asyncio.Task[object]] = set()

    @cached_property
    def bounds(self) -> Bounds:
        """How much its models are shown: as much as fits into each of them."""
        models = (*self.brief.models, *chain(*self.brief.roles.values()))
        known = [each.context_tokens for each in models if each.context_tokens is not None]
        least = min(known) if known else None
        return Bounds.of(least, reply_tokens=self.brief.settings.max_tokens)

    @cached_property
    def standing_tokens(self) -> int:
        """Tokens of its instructions and tools, which its requests begin with."""
        return standing_tokens(self.instructions, self.brief.tools)

    @property
    def instructions(self) -> str:
        """Of the agent, with what is known of the user behind: the same in all requests."""
        handles = INSTRUCTIONS if self.brief.handles else ""
        parts = (self.brief.instructions, handles, self.record.errand.known)
        return "\n\n".join(filter(None, parts))

    @property
    def is_followed(self) -> bool:
        """Whether somebody wants to see replies as they come."""
        return self.tell.is_heard

    @property
    def delegation(self) -> tuple[Delegate, ...]:
        """The chain through which its calls come, this agent last."""
        return (*self.record.errand.delegation, self.brief.scope)

    def recorded(self, path: str) -> Answered | None:
        """The next reply of a line that is on record, once."""
        line = self._recorded.get(path)
        return line.popleft() if line else None

    def coming(self, path: str) -> Answered | None:
        """The reply of a line that is on record and that comes next, if one is."""
        line = self._recorded.get(path)
        return line[0] if line else None

    @property
    def has_recorded_turn(self) -> bool:
        """Whether another turn is on record."""
        return bool(self._turns)

    def recorded_turn(self) -> Turn | None:
        """The next turn that is on record, once."""
        return self._turns.popleft() if self._turns else None

    def unheard(self, *, is_urgent: bool = False) -> tuple[str, ...]:
        """Messages that no request has had yet; of those, the ones that go before calls."""
        sent = self.record.heard.values()
        return tuple(
            each.id for each in sent if each.id not in self._heard and is_urgent <= each.is_urgent
        )

    def hear(self, message_id: str) -> Heard:
        """A message that the next request has."""
        self._heard.add(message_id)
        return self.record.heard[message_id]

    async def wake(self) -> None:
        """Before a leg does something: say that the run is driven on, where it rested.

        Where other processes might drive it on too, one of them may.

        Raises:
            LedgerError: It could not be written, or another process was faster.
        """
        async with self._waking:
            if not self._is_awake:
                await self.begin(Turn())
                self.tell(EventKind.RUN_RESUMED, None, {})

    async def begin(self, turn: Turn) -> None:
        """Drive the run on, on record, with what begins another turn of it.

        Raises:
            LedgerError: As for `wake`.
        """
        record = self.record
        await self.writer.resumed(turn, leg_id=self.services.ids.new(LEG), number=record.legs + 1)
        record.legs += 1
        record.waits_for = []
        self._is_awake = True

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

    @property
    def is_called_off(self) -> bool:
        """Whether somebody has called the run off, one above it, or its conversation."""
        return self.services.cancelled.holds(self.live)

    def check_wanted(self) -> None:
        """Stop where somebody has called the run off.

        Raises:
            RunStopped: Somebody has.
        """
        if self.is_called_off:
            raise _called_off()

    def call_off(self) -> None:
        """Stop what waits for a model, at once."""
        for task in self._asking - self._called_off:
            self._called_off.add(task)
            task.cancel()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """What waits for a model in here ends when the run is called off.

        Raises:
            RunStopped: It was.
        """
        task = asyncio.current_task()
        if task is None:
            raise BrokenPromise("a leg goes in a task")
        before = task.cancelling()
        self._asking.add(task)
        try:
            yield
        except asyncio.CancelledError:
            if self._take_back(task) and task.cancelling() <= before:
                raise _called_off() from None
            raise
        finally:
            self._asking.discard(task)
            self._take_back(task)

    def _take_back(self, task: "asyncio.Task[object]") -> bool:
        """Undo what `call_off` did to a task, once; another cancellation stands."""
        if task not in self._called_off:
            return False
        self._called_off.discard(task)
        task.uncancel()
        return True


def _called_off() -> RunStopped:
    return RunStopped(RunStatus.CANCELLED, "cancelled", "Somebody has called this run off.")

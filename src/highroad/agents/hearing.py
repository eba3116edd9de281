"""What reaches a run from outside while it goes on: messages, and outcomes that come late.

A message that is urgent goes before calls that wait: each of those is answered for the time being,
which is its one result (P5), and the model is asked again. A call that it then repeats is the same
call, which waits on; one that it does not repeat ends cancelled, unless its work is under way
elsewhere. What that comes to enters later, as a message.

Each request is recorded with what it heard, so that a resumed run is shown the same.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import orjson

from highroad.agents import sources
from highroad.agents.acting import Acted, Acting, Wanted, learn
from highroad.agents.handles import answered
from highroad.agents.progress import TRUNK, RunInProgress
from highroad.agents.record import Answered, Turn, read_messages
from highroad.domain.approval import Approval, ApprovalState
from highroad.domain.event import EventKind
from highroad.domain.model import UserMessage
from highroad.domain.outcome import Held, HoldReason
from highroad.domain.run import RunHold
from highroad.ledger.canonical import canonical
from highroad.ledger.history import CallHistory

FOR_NOW: Final = orjson.dumps(
    {
        "status": "waiting",
        "note": "This call waits for a person, or for a result that comes later, and the user has "
        "written meanwhile. If it is still wanted, make the very same call again: it goes on "
        "waiting, and nothing is done twice. Otherwise it is called off; where its work has begun "
        "already you will be told what comes of it.",
    }
).decode()
"""What a model is told of a call that waits while the user has written."""


class Hearing:
    """Tells the trunk of a run what has come.

    Args:
        run: Of which.
        acting: Knows its calls.
    """

    def __init__(self, run: RunInProgress, acting: Acting) -> None:
        self._run = run
        self._acting = acting
        self._by = run.record.head.principal_id
        self._for_now: dict[str, Wanted] = {}
        """Calls that the next request answers for the time being."""
        self._standing: dict[str, Wanted] = {}
        """Calls that were answered so and whose outcome is still to be told."""

    # -- before a request --------------------------------------------------------------------

    async def look(self) -> None:
        """See what other processes have recorded; in a ledger of one owner there is nothing.

        Raises:
            LedgerError: The ledger cannot be read.
        """
        run = self._run
        if run.services.ledger.store.is_shared:
            await read_messages(run.services.ledger, run.record)

    async def news(self, recorded: Answered | None) -> Turn:
        """What the next request hears; of one that is on record, what it heard."""
        if recorded is not None:
            return Turn(heard=recorded.heard, told=recorded.told)
        await self.look()
        return Turn(heard=self._run.unheard(is_urgent=True), told=await self._late())

    async def said(self, turn: Turn) -> list[UserMessage]:
        """The same, as it stands among the messages."""
        told = [await self._outcome_of(call_id) for call_id in turn.told]
        return [*told, *(self._heard(message_id) for message_id in turn.heard)]

    @property
    def provisional(self) -> tuple[str, ...]:
        """Calls that the next request answers for the time being."""
        return tuple(self._for_now)

    def _heard(self, message_id: str) -> UserMessage:
        message = self._run.hear(message_id)
        self._by = message.by
        sources.heard(self._run.evidence, message)
        self._run.tell(EventKind.MESSAGE, None, {"text": message.text, "id": message.id})
        return UserMessage(text=message.text)

    async def _outcome_of(self, call_id: str) -> UserMessage:
        wanted = self._standing.pop(call_id)
        outcome = await self._acting.outcome(call_id)
        await learn(self._run, wanted, outcome)
        run = self._run
        told = orjson.dumps(answered(run.services, run.record.head.run_id, outcome)).decode()
        return UserMessage(
            text=f"[Not from the user: the call of {wanted.tool} that was waiting is over. {told}]"
        )

    async def _late(self) -> tuple[str, ...]:
        """Calls whose outcome has come since."""
        over = []
        for call_id in self._standing:
            if not isinstance(await self._acting.outcome(call_id), Held):
                self._run.open_calls.pop(call_id, None)
                over.append(call_id)
        return tuple(over)

    # -- behind a reply ----------------------------------------------------------------------

    def repeated(self, wanted: Wanted) -> Wanted:
        """A call of the reply; the one that waits, where it repeats that."""
        for call_id, waiting in self._for_now.items():
            if self._is_same(wanted, waiting):
                return replace(waiting, stands_for=call_id)
        return wanted

    def _is_same(self, one: Wanted, other: Wanted) -> bool:
        return one.tool == other.tool and self._key_of(one) == self._key_of(other)

    def _key_of(self, wanted: Wanted) -> bytes:
        """What makes two calls of a tool the same, as far as can be told before they are judged."""
        raw = wanted.arguments
        if isinstance(raw, str | bytes):
            try:
                raw = orjson.loads(raw)
            except ValueError:
                return raw.encode() if isinstance(raw, str) else raw
        if not isinstance(raw, dict):
            return orjson.dumps(raw)
        tool = self._run.services.registry.find(wanted.tool)
        named = () if tool is None else tool.definition.key
        return canonical({name: raw.get(name) for name in named} if named else raw)

    async def withdraw(self, calls: Sequence[Wanted]) -> None:
        """End what was answered for the time being and is not repeated."""
        repeated = {each.stands_for for each in calls}
        for call_id, wanted in self._for_now.items():
            if call_id in repeated:
                continue
            if not await self._acting.withdraw(self._run, call_id, wanted.tool, self._by):
                self._standing[call_id] = wanted
        self._for_now = {}

    # -- calls -------------------------------------------------------------------------------

    def put_off(self, calls: Sequence[Wanted]) -> dict[int, Acted]:
        """Calls, by their place, that are not to go on now, because a message goes before them.

        On record it is those that the next request answered for the time being. One that nobody
        has decided about is not among the others: looking at it does nothing.
        """
        coming = self._run.coming(TRUNK)
        found = {}
        for place, wanted in enumerate(calls):
            history = self._history(wanted)
            if coming is None:
                is_put_off = self._would_go_on(wanted, history) and self._is_urgent
            else:
                is_put_off = _was_put_off(coming, history)
            if is_put_off:
                found[place] = self._waiting(wanted, history)
        return found

    def goes_before(self, acted: Sequence[Acted]) -> bool:
        """Whether a message goes before calls that wait."""
        if self._run.coming(TRUNK) is None and not self._is_urgent:
            return False
        for each in acted:
            if isinstance(each.outcome, Held) and each.outcome.call_id:
                self._for_now[each.outcome.call_id] = each.wanted
        return True

    @property
    def _is_urgent(self) -> bool:
        return bool(self._run.unheard(is_urgent=True))

    def _would_go_on(self, wanted: Wanted, history: CallHistory | None) -> bool:
        """Whether a call that waits would do something if it were looked at."""
        hold = None if history is None else history.hold
        if isinstance(hold, Approval):
            return hold.state is ApprovalState.APPROVED
        return hold is not None and wanted.tool in self._run.brief.team

    def _history(self, wanted: Wanted) -> CallHistory | None:
        record = self._run.record
        if wanted.stands_for is None:
            return record.calls.get((wanted.asked_by, wanted.position))
        return record.call(wanted.stands_for)

    def _waiting(self, wanted: Wanted, history: CallHistory | None) -> Acted:
        approval = None if history is None else history.approval
        call_id = history.call_id if history is not None else wanted.stands_for or ""
        is_deferred = history is not None and history.deferred is not None
        if call_id:
            self._run.open_calls[call_id] = wanted.tool
        held = Held(
            call_id=call_id,
            reason=HoldReason.DEFERRED if is_deferred else HoldReason.APPROVAL,
            approval_id=None if approval is None else approval.id,
            expires_ms=0 if approval is None else approval.expires_ms,
        )
        return Acted(wanted=wanted, outcome=held)

    # -- the end of a turn -------------------------------------------------------------------

    async def next_turn(self) -> Turn | None:
        """What begins another turn; `None` where nothing does."""
        recorded = self._run.recorded_turn()
        if recorded is not None:
            return recorded
        await self.look()
        turn = Turn(heard=self._run.unheard(), told=await self._late())
        return turn if turn.heard or turn.told else None

    async def holds(self) -> tuple[RunHold, ...]:
        """What was answered for the time being and has no outcome yet."""
        found: list[RunHold] = []
        for call_id, wanted in self._standing.items():
            outcome = await self._acting.outcome(call_id)
            found += self._acting.holds(wanted, outcome)
        return tuple(found)


def _was_put_off(coming: Answered, history: CallHistory | None) -> bool:
    """By the request that is on record behind it.

    A call without a trace of its own had joined another one, which was put off.
    """
    if history is None:
        return bool(coming.provisional)
    return history.call_id in coming.provisional

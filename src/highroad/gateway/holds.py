"""A call that waits, and a client that wants its answer.

A client of the newer era that can ask its user is told with `input_required`: where the person who
calls may decide themselves (level `confirm`) they are asked, and else told what waits. It asks the
same again with a ticket. Any other is kept waiting for a while, and then told what waits, as an
error that its model understands.
"""

from typing import Final

import orjson
from mcp.types import ElicitRequest, ElicitRequestFormParams, ElicitResult, InputRequiredResult

from highroad.approvals.tickets import Ticket
from highroad.domain.approval import Level
from highroad.domain.error import DecisionRefused
from highroad.domain.json_value import JsonObject
from highroad.domain.outcome import AnyOutcome, Held
from highroad.domain.unseen import with_unseen_written_out
from highroad.domain.value import value
from highroad.gateway.session import Session
from highroad.gateway.wording import way_out

_ANSWER: Final = "decision"
"""The key of what the person is asked."""
_CONFIRM: Final = "confirm"
_TURNS: Final = 6
"""So often a client is asked to come again; they give up by themselves after ten."""
_LONGEST: Final = 2_000
"""Characters of arguments that a person is shown."""
_NOTHING: Final[JsonObject] = {"type": "object", "properties": {}}
_YES_OR_NO: Final[JsonObject] = {
    "type": "object",
    "properties": {
        _CONFIRM: {
            "type": "boolean",
            "title": "Run it",
            "description": "Whether the call is to run, just as it stands here.",
        }
    },
    "required": [_CONFIRM],
}


@value
class Asked:
    """What a client asked for, and how it may be answered."""

    tool: str
    arguments: JsonObject
    may_ask: bool
    """It can put a question to its user, and ask the same again."""
    said: ElicitResult | None = None
    """What its user answered."""

    @property
    def request(self) -> bytes:
        """What a ticket is bound to."""
        return orjson.dumps([self.tool, self.arguments], option=orjson.OPT_SORT_KEYS)


class Holds:
    """Answers for held calls of one session.

    Args:
        session: Whose calls.
        wait_s: How long a client is kept waiting for a decision.
    """

    def __init__(self, session: Session, *, wait_s: float) -> None:
        self._session = session
        self._runtime = session.runtime
        self._wait_s = wait_s

    async def answered(self, held: Held, asked: Asked) -> AnyOutcome | InputRequiredResult:
        """What a client is told of a call that waits, which it made just now."""
        if asked.may_ask and held.approval_id is not None:
            return await self._question(held, asked, turn=0)
        return await self._session.look(held.call_id, wait_s=self._wait_s)

    async def resumed(self, asked: Asked, ticket: str) -> AnyOutcome | InputRequiredResult:
        """What a client is told that comes again with a ticket.

        Raises:
            DecisionRefused: The ticket is not good for that.
        """
        known = self._runtime.approvals.tickets.redeem(
            ticket, by=self._session.principal, request=asked.request
        )
        wait_s = self._wait_s
        if known.approval_id is not None and asked.said is not None:
            wait_s = await self._heeded(known.approval_id, asked.said)
        outcome = await self._session.look(known.call_id, wait_s=wait_s)
        if not isinstance(outcome, Held) or not asked.may_ask or _gives_up(asked, known):
            return outcome
        return await self._question(outcome, asked, turn=known.turn + 1)

    async def _heeded(self, approval_id: str, said: ElicitResult) -> float:
        """Take the word of the person at the client, where it is theirs to say.

        Returns:
            How long to wait for what comes of it.
        """
        approval = await self._runtime.approvals.get(approval_id)
        if approval.level is not Level.CONFIRM:
            return self._wait_s if said.action == "accept" else 0.0
        answer = (said.content or {}).get(_CONFIRM)
        try:
            if said.action == "accept" and answer is True:
                await self._runtime.approvals.approve(approval_id, by=self._session.by)
                return self._wait_s
            if said.action == "decline" or answer is False:
                await self._runtime.approvals.reject(approval_id, by=self._session.by)
                return self._wait_s
        except DecisionRefused:
            # Somebody was quicker, or the rules say that it is for somebody else after all.
            return 0.0
        return 0.0

    async def _question(self, held: Held, asked: Asked, *, turn: int) -> InputRequiredResult:
        approval_id = held.approval_id or ""
        approval = await self._runtime.approvals.get(approval_id)
        is_theirs = approval.level is Level.CONFIRM
        ticket = Ticket(call_id=held.call_id, approval_id=held.approval_id, turn=turn)
        message = await (self._confirming(held) if is_theirs else self._telling(held))
        return InputRequiredResult(
            input_requests={
                _ANSWER: ElicitRequest(
                    params=ElicitRequestFormParams(
                        message=message, requested_schema=_YES_OR_NO if is_theirs else _NOTHING
                    )
                )
            },
            request_state=self._runtime.approvals.tickets.issue(
                ticket, by=self._session.principal, request=asked.request
            ),
        )

    async def _confirming(self, held: Held) -> str:
        """All that whoever confirms should see: tool, arguments as they would run, every reason."""
        case = await self._runtime.approvals.case(held.approval_id or "", by=self._session.by)
        told = case.withheld or orjson.dumps(case.arguments, option=orjson.OPT_INDENT_2).decode()
        shown = with_unseen_written_out(told)
        cut = "" if len(shown) <= _LONGEST else " … (cut: `highroad approvals show` has all)"
        return (
            f"Run {case.approval.tool} with\n{shown[:_LONGEST]}{cut}\n{' '.join(held.reasons)} "
            f"({held.approval_id})"
        )

    async def _telling(self, held: Held) -> str:
        return (
            f"This call waits for somebody who may decide about it. {' '.join(held.reasons)} "
            f"{way_out(held)} Go on to wait for their decision."
        )


def _gives_up(asked: Asked, known: Ticket) -> bool:
    """Whether the person had enough, or the client has been asked often enough."""
    is_done = asked.said is not None and asked.said.action != "accept"
    return is_done or known.turn + 1 >= _TURNS

"""Telling people, where they are, what waits for them.

Nothing waits for a channel, and what does not get there is told again a few times and then logged:
the queue is the truth, and a notice only a hint to look.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Final

from highroad.approvals.desk import Desk
from highroad.approvals.links import OFFERED, SignedLinks
from highroad.domain.approval import OPEN, Approval
from highroad.domain.approval_rules import ApprovalRules
from highroad.domain.error import DecisionRefused, LedgerError
from highroad.domain.identity import Principal
from highroad.domain.notice import Notice, NoticeKind, asking
from highroad.ports.channel import Channel, ChannelError
from highroad.ports.clock import Clock

_log: Final = logging.getLogger("highroad.approvals")

_PAUSES_S: Final = (1.0, 5.0, 25.0)
"""Between attempts to tell something."""

_AT_ONCE: Final = 100
"""Approvals about which others are being told at once; the next ones have their turn later."""

_BACKLOG: Final = 1_000
"""Notices that one channel has ahead of it. What is more it is not told: calls go on while a
channel is slow or gone, and what waits for it takes memory."""


class Announcing:
    """Tells notices to every channel of their organization.

    Args:
        channels: By name.
        rules: Whom each of them reaches.
        links: Makes what they may answer by.
        desk: Takes note that others are asked besides.
        clock: For pauses.
    """

    def __init__(
        self,
        channels: Mapping[str, Channel],
        rules: ApprovalRules,
        links: SignedLinks,
        desk: Desk,
        clock: Clock,
    ) -> None:
        self._channels = channels
        self._rules = rules
        self.links: SignedLinks = links
        self._desk = desk
        desk.wiring.waits_again = self._look_again
        desk.wiring.is_edited = self._note_edited
        desk.wiring.is_left = self._ask
        desk.wiring.send = self.send_code
        self._clock = clock
        self._telling: dict[str, set[asyncio.Task[None]]] = {name: set() for name in channels}
        self.dropped: Counter[str] = Counter()
        """Notices that a channel was not told because too many were ahead, by channel."""
        self._looked_at = ""
        """The last approval that was found to be due for others."""
        self._escalating: dict[str, asyncio.Task[None]] = {}
        """By approval."""
        self._edited: set[str] = set()
        """Approvals that edits made: they may be due before those that are older than they."""
        self._has_looked_back = False

    def tell(self, notice: Notice) -> None:
        """Begin to tell something to everybody whom it concerns."""
        self._tell(notice)

    async def send_code(self, approval: Approval, to: Principal, code: str) -> bool:
        """Tell one person their one-time code; whether some channel of theirs took it."""
        notice = replace(asking(approval, NoticeKind.CODE), code=code)
        theirs = [
            channel
            for name, channel in self._channels.items()
            if (rule := self._rules.channels[name]).approver == to.id
            and rule.organization == to.organization
        ]
        failures = await asyncio.gather(*(_failure(channel, notice) for channel in theirs))
        for failure in filter(None, failures):
            _log.warning("a code for %s was not sent: %s", approval.id, failure)
        return None in failures

    async def sweep(self) -> None:
        """Ask others besides, where nobody answered in time.

        That they were asked is recorded once they were told: a process that dies between the two
        leaves it to the next one, which tells them again.
        """
        if not self._has_looked_back:
            await self._look_back()
        if self._rules.escalate_after_s is None:
            return
        now_ms = self._clock.now_ms()
        for approval_id in sorted(self._edited):
            approval = await self._desk.get(approval_id)
            if approval.state not in OPEN:
                self._edited.discard(approval_id)
            elif approval.is_waiting:
                await self._sent_on(approval, now_ms)
        while page := await self._desk.list(after=self._looked_at):
            for approval in page:
                if not await self._sent_on(approval, now_ms):
                    return  # they are due in the order in which they were made, but for the edited
                self._looked_at = approval.id

    async def close(self) -> None:
        """Stop telling."""
        under_way = [task for tasks in self._telling.values() for task in tasks]
        under_way += self._escalating.values()
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        for channel in self._channels.values():
            await channel.close()

    async def _look_back(self) -> None:
        """Take up what processes that are gone have left of edits.

        One may have died between an edit and the agreement of its editor, for which nobody was
        asked: they are now, at least once.
        """
        for each in await self._desk.edited():
            self._edited.add(each.after.id)
            if each.is_untouched and each.after.is_agreed_by_editing(each.before):
                self._ask(each.after)
        self._has_looked_back = True

    def _note_edited(self, approval: Approval) -> None:
        self._edited.add(approval.id)

    def _ask(self, approval: Approval) -> None:
        self._tell(asking(approval))

    async def _sent_on(self, approval: Approval, now_ms: int) -> bool:
        """Whether others are asked besides, or begin to be, because it is time."""
        is_due = self._rules.is_escalated(approval.created_ms, now_ms)
        if not is_due or len(self._escalating) >= _AT_ONCE:
            return False
        is_begun = approval.id in self._escalating
        if not (is_begun or await self._desk.is_escalated(approval)):
            self._escalate(approval)
        return True

    def _escalate(self, approval: Approval) -> None:
        task = asyncio.get_running_loop().create_task(self._escalated(approval))
        self._escalating[approval.id] = task
        task.add_done_callback(lambda _: self._escalating.pop(approval.id))

    def _look_again(self, approval_id: str) -> None:
        """What was agreed to when its turn came waits again, and may be due for others."""
        before = approval_id[:-1]  # a text that begins another one comes before it
        self._looked_at = min(self._looked_at, before)

    async def _escalated(self, approval: Approval) -> None:
        """Tell, and then record."""
        undone = await self._desk.compensated_by(approval)
        notice = asking(approval, NoticeKind.ESCALATED, compensates=undone)
        await asyncio.gather(*self._tell(notice))
        while True:
            try:
                await self._desk.escalate(approval)
            except DecisionRefused:  # decided meanwhile, or overdue
                return
            except LedgerError as error:  # else they would be told again at the next start
                _log.warning("%s: that others were asked is not recorded: %s", approval.id, error)
                await self._clock.sleep(_PAUSES_S[-1])
            else:
                return

    def _tell(self, notice: Notice) -> list[asyncio.Task[None]]:
        """Tell every channel that it concerns; a task ends when its channel knows or never will."""
        telling: list[asyncio.Task[None]] = []
        for name, channel in self._channels.items():
            rule = self._rules.channels[name]
            if rule.organization != notice.organization:
                continue
            if len(self._telling[name]) < _BACKLOG:
                telling.append(self._begin(name, channel, notice))
            else:
                self._drop(name, notice)
        return telling

    async def _with_links(self, notice: Notice, name: str) -> Notice:
        """The same with links; with none where the ledger cannot say what would count."""
        if not self.links.is_answered(name):
            return notice
        try:
            tokens = {word: token async for word, token in self._tokens(notice, name)}
        except (DecisionRefused, LedgerError) as error:
            _log.warning("channel %s is told of %s without links: %s", name, notice.call_id, error)
            return notice
        answers = self._rules.channels[name].answers
        return replace(notice, links={word: f"{answers}#{each}" for word, each in tokens.items()})

    async def _tokens(self, notice: Notice, name: str) -> AsyncIterator[tuple[str, str]]:
        """What whoever is told may do, and the token for each: nothing that would be refused."""
        if notice.undo is not None:
            yield "undo", self.links.undo_token(notice.call_id, name)
        if notice.approval_id is not None:
            digest = notice.digest or ""
            for ruling in OFFERED:
                if await self.links.counts(notice.approval_id, ruling, name):
                    yield ruling, self.links.token(notice.approval_id, digest, ruling, name)

    def _begin(self, name: str, channel: Channel, notice: Notice) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(self._told(name, channel, notice))
        self._telling[name].add(task)
        task.add_done_callback(self._telling[name].discard)
        return task

    def _drop(self, name: str, notice: Notice) -> None:
        self.dropped[name] += 1
        _log.warning(
            "channel %s was not told of %s: %d notices are ahead (%d were dropped so far): see "
            "that it answers, and look at the list of approvals",
            name,
            notice.call_id,
            _BACKLOG,
            self.dropped[name],
        )

    async def _told(self, name: str, channel: Channel, notice: Notice) -> None:
        notice = await self._with_links(notice, name)
        for pause_s in (*_PAUSES_S, None):
            failure = await _failure(channel, notice)
            if failure is None:
                return
            if pause_s is None:
                _log.warning("nobody was told of %s: %s", notice.call_id, failure)
                return
            await self._clock.sleep(pause_s)


async def _failure(channel: Channel, notice: Notice) -> str | None:
    """Why a notice did not get there, if so."""
    try:
        await channel.announce(notice)
    except ChannelError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - somebody's own channel may raise what it likes
        # Its name and no more: what it says may quote an address with its secret (P7).
        return f"channel {channel.name} raised {type(error).__name__}: see that it is mended"
    return None

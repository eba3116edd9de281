"""Telling people, where they are, what waits for them.

Nothing waits for a channel, and what does not get there is told again a few times and then logged:
the queue is the truth, and a notice only a hint to look.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from highroad.approvals.desk import Desk
from highroad.approvals.links import OFFERED, SignedLinks
from highroad.domain.approval import Approval
from highroad.domain.approval_rules import ApprovalRules, ChannelRule
from highroad.domain.error import DecisionRefused
from highroad.domain.notice import Notice, NoticeKind, asking
from highroad.ports.channel import Channel, ChannelError
from highroad.ports.clock import Clock

_log: Final = logging.getLogger("highroad.approvals")

_PAUSES_S: Final = (1.0, 5.0, 25.0)
"""Between attempts to tell something."""

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
        self._clock = clock
        self._telling: dict[str, set[asyncio.Task[None]]] = {name: set() for name in channels}
        self.dropped: Counter[str] = Counter()
        """Notices that a channel was not told because too many were ahead, by channel."""
        self._looked_at = ""
        """The last approval that was escalated."""

    def tell(self, notice: Notice) -> None:
        """Begin to tell something to everybody whom it concerns."""
        for name, channel in self._channels.items():
            rule = self._rules.channels[name]
            if rule.organization != notice.organization:
                continue
            if len(self._telling[name]) < _BACKLOG:
                self._begin(name, channel, self._with_links(notice, name, rule))
            else:
                self._drop(name, notice)

    async def sweep(self) -> None:
        """Ask others besides, where nobody answered in time."""
        now_ms = self._clock.now_ms()
        if self._rules.escalate_after_s is None:
            return
        while page := await self._desk.list(after=self._looked_at):
            for approval in page:
                if not self._rules.is_escalated(approval.created_ms, now_ms):
                    return  # they are due in the order in which they were made
                await self._escalate(approval)
                self._looked_at = approval.id

    async def close(self) -> None:
        """Stop telling."""
        under_way = [task for tasks in self._telling.values() for task in tasks]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        for channel in self._channels.values():
            await channel.close()

    async def _escalate(self, approval: Approval) -> None:
        try:
            is_new = await self._desk.escalate(approval)
        except DecisionRefused:  # decided meanwhile, or overdue
            return
        if is_new:
            self.tell(asking(approval, NoticeKind.ESCALATED))

    def _with_links(self, notice: Notice, name: str, rule: ChannelRule) -> Notice:
        if notice.approval_id is None or not self.links.is_answered(name):
            return notice
        approval_id, digest = notice.approval_id, notice.digest or ""
        links = {
            ruling.value: (
                f"{rule.answers}?token={self.links.token(approval_id, digest, ruling, name)}"
            )
            for ruling in OFFERED
        }
        return replace(notice, links=links)

    def _begin(self, name: str, channel: Channel, notice: Notice) -> None:
        task = asyncio.get_running_loop().create_task(self._told(channel, notice))
        self._telling[name].add(task)
        task.add_done_callback(self._telling[name].discard)

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

    async def _told(self, channel: Channel, notice: Notice) -> None:
        for pause_s in (*_PAUSES_S, None):
            try:
                await channel.announce(notice)
            except ChannelError as error:
                if pause_s is None:
                    _log.warning("nobody was told of %s: %s", notice.call_id, error)
                    return
                await self._clock.sleep(pause_s)
            else:
                return

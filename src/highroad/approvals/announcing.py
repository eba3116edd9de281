"""Telling people, where they are, what waits for them.

Nothing waits for a channel, and what does not get there is told again a few times and then logged:
the queue is the truth, and a notice only a hint to look.
"""

import asyncio
import logging
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
        self._telling: set[asyncio.Task[None]] = set()
        self._looked_at = ""
        """The last approval that was escalated."""

    def tell(self, notice: Notice) -> None:
        """Begin to tell something to everybody whom it concerns."""
        for name, channel in self._channels.items():
            rule = self._rules.channels[name]
            if rule.organization == notice.organization:
                self._begin(channel, self._with_links(notice, name, rule))

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
        for task in self._telling:
            task.cancel()
        await asyncio.gather(*self._telling, return_exceptions=True)
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

    def _begin(self, channel: Channel, notice: Notice) -> None:
        task = asyncio.get_running_loop().create_task(self._told(channel, notice))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

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

"""What people say about a held call, and how a seed chooses it."""

import contextlib

from people import ALICE

from highroad.approvals.desk import Desk
from highroad.domain.approval import Ruling
from highroad.domain.approval_rules import ApprovalRules
from highroad.domain.error import HighroadError
from highroad.domain.order import Decision
from highroad.ledger.access import ReadOnlyWriter
from highroad.ledger.authorship import authorship, post
from highroad.ledger.ledger import Ledger

CALLS = (5, 6, 5_000, 6_000)
"""Amounts that Alice wants to send; each is a call of its own."""
AMOUNTS = (1, 2, 5, 2_000, 5_000)
"""What somebody makes of it; of some there is a call already."""


def elsewhere(ledger, store):
    """The desk of a process that owns nothing: it leaves orders, and objects to none of them."""
    beside = Ledger(store, ReadOnlyWriter(1), ledger.keyring, ledger.clock)
    return Desk(beside, ApprovalRules(), is_owner=False)


class Speaker:
    """Says things, at a desk, in people's names.

    Args:
        random: Chooses.
        pause: Lets others have their turn, now and then.
    """

    def __init__(self, random, pause):
        self.random = random
        self.pause = pause

    async def speak(self, person, desk):
        """Say something of what a call waits for at the moment; most of it may not count."""
        found = await desk.list(state=None)
        if not found:
            return
        approval = self.random.choice(found[-3:] if self.random.random() < 0.9 else found)
        await self.pause()
        (say,) = self.random.choices(*zip(*SAYINGS, strict=True))
        with contextlib.suppress(HighroadError):
            await say(self, person, desk, approval)

    async def approve(self, person, desk, approval):
        await desk.approve(approval.id, by=person)

    async def approve_twice(self, person, desk, approval):
        await desk.approve(approval.id, by=person)
        await self.pause()
        await desk.approve(approval.id, by=person)

    async def approve_and_revoke(self, person, desk, approval):
        await desk.approve(approval.id, by=person)
        await self.pause()
        await desk.revoke(approval.id, by=person)

    async def approve_all_there_ever_was(self, person, desk, approval):
        for each in await desk.list(state=None):
            with contextlib.suppress(HighroadError):
                await desk.approve(each.id, by=person)

    async def revoke(self, person, desk, approval):
        await desk.revoke(approval.id, by=person)

    async def reject(self, person, desk, approval):
        await desk.reject(approval.id, by=person)

    async def edit(self, person, desk, approval):
        cents = self.random.choice(AMOUNTS)
        await desk.edit(approval.id, {"cents": cents}, by=person)

    async def ask(self, person, desk, approval):
        await desk.ask(approval.id, "What for?", by=person)

    async def answer(self, person, desk, approval):
        await desk.answer(approval.id, "It is for 3 cents.", by=ALICE)

    async def agree_to_something_else(self, person, desk, approval):
        """A genuine word, put beside another approval than the one that was seen."""
        ledger = desk._ledger  # noqa: SLF001 - nobody else would lend a desk such a word
        (first, *_) = await desk.list(state=None)
        word = Decision(
            approval_id=approval.id,
            ruling=Ruling.APPROVE,
            digest=first.digest if first.id != approval.id else "0" * 64,
            **authorship(ledger, person),
        )
        await post(ledger, word)


SAYINGS = (
    (Speaker.approve, 50),
    (Speaker.approve_twice, 6),
    (Speaker.approve_and_revoke, 15),
    (Speaker.approve_all_there_ever_was, 3),
    (Speaker.agree_to_something_else, 8),
    (Speaker.edit, 8),
    (Speaker.revoke, 5),
    (Speaker.reject, 1),
    (Speaker.ask, 4),
    (Speaker.answer, 6),
)
"""What may be said, and how often."""

"""Approvals: spent once, found by id and page by page."""

from dataclasses import replace

import pytest

from highroad.domain.approval import OPEN, Approval, ApprovalState, Level, Obligation
from highroad.domain.entry import (
    ApprovalSpent,
    CredentialsEnded,
    Fence,
    KeyTaken,
    Receipt,
    Written,
)
from highroad.domain.identity import ShownBy
from highroad.ports.store import Store
from highroad.testing.contracts.store.ground import Ground
from highroad.testing.contracts.store.samples import (
    NOW,
    api_key,
    claim,
    decided,
    held,
    intent,
    login_session,
    noted,
)


class ApprovalContract(Ground):
    """An approval is for one intent of one call."""

    async def test_an_approval_is_read_back_whole(self, store: Store, fence: Fence) -> None:
        """With the reasons for which it was asked."""
        await store.append([held("call_1", "apr_1")], fence=fence)
        assert await store.approval("apr_1") == Approval(
            id="apr_1",
            call_id="call_1",
            run_id="run_1",
            organization="acme",
            requester="usr_alice",
            tool="refund",
            digest="digest of call_1",
            level=Level.HUMAN,
            quorum=1,
            obligations=(Obligation("ask_rule", "More than 50 euros."),),
            created_ms=NOW,
            expires_ms=NOW + 86_400_000,
        )
        assert await store.approval("apr_2") is None

    async def test_an_approval_is_spent_once(self, store: Store, fence: Fence) -> None:
        """The second intent gets nothing, whether it comes later or in the same append."""
        await store.append([held("call_1", "apr_1"), decided("call_1", "apr_1")], fence=fence)
        receipts = await store.append(
            [intent("call_1", spends="apr_1"), intent("call_1", spends="apr_1")], fence=fence
        )
        assert [type(receipt) for receipt in receipts] == [Written, ApprovalSpent]
        later = await store.append([intent("call_1", spends="apr_1")], fence=fence)
        assert later == (ApprovalSpent("apr_1"),)
        spent = await store.approval("apr_1")
        assert spent is not None
        assert spent.state is ApprovalState.CONSUMED
        assert spent.approvers == ("usr_bob",)

    async def test_an_approval_may_be_given_and_spent_in_one_append(
        self, store: Store, fence: Fence
    ) -> None:
        """Entries are judged in their order."""
        receipts = await store.append(
            [
                held("call_1", "apr_1"),
                intent("call_1", spends="apr_1"),
                decided("call_1", "apr_1"),
                intent("call_1", spends="apr_1"),
            ],
            fence=fence,
        )
        assert [type(r) for r in receipts] == [Written, ApprovalSpent, Written, Written]

    @pytest.mark.parametrize(
        "state", [state for state in ApprovalState if state is not ApprovalState.APPROVED]
    )
    async def test_nothing_but_an_approval_that_was_given_can_be_spent(
        self, store: Store, fence: Fence, state: ApprovalState
    ) -> None:
        """Not one that waits, was turned down, came too late or was voided."""
        await store.append(
            [held("call_1", "apr_1"), decided("call_1", "apr_1", state)], fence=fence
        )
        (receipt,) = await store.append([intent("call_1", spends="apr_1")], fence=fence)
        assert receipt == ApprovalSpent("apr_1")
        kept = await store.approval("apr_1")
        assert kept is not None
        assert kept.state is state

    @pytest.mark.parametrize("state", ApprovalState)
    async def test_a_word_counts_only_while_the_approval_is_open(
        self, store: Store, fence: Fence, state: ApprovalState
    ) -> None:
        """While it waits, or was given and is unspent."""
        await store.append(
            [held("call_1", "apr_1"), decided("call_1", "apr_1", state)], fence=fence
        )
        word = replace(decided("call_1", "apr_1", ApprovalState.WAITING), needs_open="apr_1")
        (receipt,) = await store.append([word], fence=fence)
        kept = await store.approval("apr_1")
        assert kept is not None
        if state in OPEN:
            assert isinstance(receipt, Written)
            assert kept.state is ApprovalState.WAITING
        else:
            assert receipt == ApprovalSpent("apr_1")
            assert kept.state is state

    async def test_what_was_spent_before_in_the_same_append_is_not_open(
        self, store: Store, fence: Fence
    ) -> None:
        """Of an intent and a word that takes its approval back the first counts."""
        await store.append([held("call_1", "apr_1"), decided("call_1", "apr_1")], fence=fence)
        word = replace(decided("call_1", "apr_1", ApprovalState.WAITING), needs_open="apr_1")
        receipts = await store.append([intent("call_1", spends="apr_1"), word], fence=fence)
        assert [type(each) for each in receipts] == [Written, ApprovalSpent]

    async def test_an_approval_that_nobody_asked_for_cannot_be_spent(
        self, store: Store, fence: Fence
    ) -> None:
        """What is not there is not approved."""
        (receipt,) = await store.append([intent("call_1", spends="apr_1")], fence=fence)
        assert receipt == ApprovalSpent("apr_1")

    @pytest.mark.parametrize("is_later", [True, False])
    async def test_a_word_counts_only_while_what_showed_its_author_is_good(
        self, store: Store, fence: Fence, *, is_later: bool
    ) -> None:
        """A key or a session that has ended says nothing, in the same append either."""
        shown = (ShownBy(key_id="key_1"), ShownBy(key_id="key_2", session_id="ses_1"))
        begun = [
            held("call_1", "apr_1"),
            api_key("key_1"),
            api_key("key_2"),
            login_session("ses_1"),
        ]
        await store.append(begun, fence=fence)
        words, late = [
            [
                replace(decided("call_1", "apr_1", ApprovalState.WAITING), shown_by=each)
                for each in shown
            ]
            for _ in range(2)
        ]
        over = [api_key("key_1", ended_ms=NOW), login_session("ses_1", ended_ms=NOW)]
        receipts: list[Receipt] = []
        for part in [words, over, late] if is_later else [[*words, *over, *late]]:
            receipts += await store.append(part, fence=fence)
        assert [type(each) for each in receipts[:4]] == [Written] * 4
        assert receipts[4:] == [CredentialsEnded("key_1"), CredentialsEnded("ses_1")]

    async def test_a_word_by_a_key_that_is_not_there_does_not_count(
        self, store: Store, fence: Fence
    ) -> None:
        """Nor does it by a session that lasts, where the key is over that opened it."""
        begun = [api_key("key_1", ended_ms=NOW), login_session("ses_1")]
        await store.append(begun, fence=fence)
        shown = (
            ShownBy(key_id="key_9"),
            ShownBy(session_id="ses_9"),
            ShownBy(key_id="key_1", session_id="ses_1"),
        )
        receipts = await store.append(
            [replace(noted(), shown_by=one) for one in shown], fence=fence
        )
        assert receipts == tuple(map(CredentialsEnded, ("key_9", "ses_9", "key_1")))

    async def test_an_entry_without_its_approval_takes_no_key(
        self, store: Store, fence: Fence
    ) -> None:
        """Riders come together or not at all."""
        await store.append([intent("call_1", spends="apr_1", key=claim("call_1"))], fence=fence)
        assert await store.claim("acme", b"key", at_ms=NOW) is None

    async def test_an_entry_without_its_key_spends_no_approval(
        self, store: Store, fence: Fence
    ) -> None:
        """A call that lost the race for its key keeps what was granted."""
        await store.append(
            [
                intent("call_1", key=claim("call_1")),
                held("call_2", "apr_2"),
                decided("call_2", "apr_2"),
            ],
            fence=fence,
        )
        loser = intent("call_2", spends="apr_2", key=claim("call_2"))
        assert await store.append([loser], fence=fence) == (KeyTaken(claim("call_1")),)
        kept = await store.approval("apr_2")
        assert kept is not None
        assert kept.state is ApprovalState.APPROVED

    async def test_approvals_come_in_pages_oldest_first(self, store: Store, fence: Fence) -> None:
        """Each page begins behind the last id of the one before."""
        await store.append([held(f"call_{n}", f"apr_{n}") for n in range(5)], fence=fence)
        first = await store.approvals(limit=2)
        second = await store.approvals(after=first[-1].id, limit=2)
        third = await store.approvals(after=second[-1].id, limit=2)
        ids = [[approval.id for approval in page] for page in (first, second, third)]
        assert ids == [["apr_0", "apr_1"], ["apr_2", "apr_3"], ["apr_4"]]

    async def test_approvals_can_be_asked_for_by_state(self, store: Store, fence: Fence) -> None:
        """The state is the present one, and pages stay pages."""
        await store.append([held(f"call_{n}", f"apr_{n}") for n in range(5)], fence=fence)
        await store.append([decided(f"call_{n}", f"apr_{n}") for n in (1, 3)], fence=fence)
        approved = await store.approvals(state=ApprovalState.APPROVED)
        waiting = await store.approvals(state=ApprovalState.WAITING, after="apr_0", limit=1)
        assert [approval.id for approval in approved] == ["apr_1", "apr_3"]
        assert [approval.id for approval in waiting] == ["apr_2"]

"""What runs have used: the counters that limits are rebuilt from."""

from dataclasses import replace
from typing import Final

import pytest

from highroad.domain.approval import ApprovalState
from highroad.domain.demand import Amount
from highroad.domain.entry import EntryKind, Fence
from highroad.domain.limits import Scope
from highroad.domain.outcome import Status
from highroad.domain.run import ReplyStatus, RunStatus, Spent, Usage
from highroad.ports.store import Store
from highroad.testing.contracts.store.ground import Ground
from highroad.testing.contracts.store.samples import (
    NOW,
    about_run,
    agent_run,
    amended,
    asked,
    decided,
    deferred,
    ended,
    held,
    intent,
    replied,
    row,
    tool_call,
)

_MANY: Final = 200
"""Calls, more than are looked at first."""


class UsageContract(Ground):
    """What is in flight or unknown counts in full."""

    async def test_a_run_without_calls_has_used_nothing(self, store: Store) -> None:
        """An unknown run is a new one."""
        assert await store.usage("run_1", at_ms=NOW) == Usage()

    async def test_a_run_has_used_what_its_calls_used(self, store: Store, fence: Fence) -> None:
        """Ended calls count what they cost; proposals that were refused count as proposals."""
        refused = tool_call(
            "call_3", run="run_1", tool="refund", at_ms=NOW + 5, reserved=0, has_intent=0
        )
        await store.append(
            [
                intent("call_1", reserved=100, at_ms=NOW + 1),
                ended("call_1", cost=30),
                intent("call_2", tool="get_order", at_ms=NOW + 2),
                ended("call_2", Status.FAILED, cost=4),
                ended("call_3", Status.REFUSED, rows=(refused,)),
                intent("call_4", run="run_2", reserved=1_000),
            ],
            fence=fence,
        )
        assert await store.usage("run_1", at_ms=NOW + 9) == Usage(
            steps=3,
            spent=Spent(used=Amount(proposals=3, calls=2, microusd=34)),
            started_ms=NOW + 1,
            by_tool=(("get_order", 1), ("refund", 1)),
        )

    async def test_what_is_in_flight_or_unknown_counts_what_it_reserved(
        self, store: Store, fence: Fence
    ) -> None:
        """Nobody can say that it cost less."""
        await store.append(
            [
                intent("call_1", reserved=100),
                intent("call_2", reserved=10),
                ended("call_2", Status.UNKNOWN, cost=1),
            ],
            fence=fence,
        )
        assert await store.usage("run_1", at_ms=NOW) == Usage(
            steps=2,
            spent=Spent(
                used=Amount(proposals=2),
                held={
                    "call_1": Amount(calls=1, attempts=1, microusd=100),
                    "call_2": Amount(calls=1, microusd=10),
                },
            ),
            started_ms=NOW,
            by_tool=(("refund", 2),),
        )

    @pytest.mark.parametrize(("applied", "cost"), [(1, 10), (0, 0)])
    async def test_what_was_unknown_counts_what_it_was_settled_as(
        self, store: Store, fence: Fence, applied: int, cost: int
    ) -> None:
        """The last word that says whether it was applied; a call that was not is free."""
        words = (
            ("settled", NOW + 5, 1 - applied),
            ("settled", NOW + 6, applied),
            ("late", NOW + 7, None),
        )
        await store.append(
            [intent("call_1", reserved=10), ended("call_1", Status.UNKNOWN)], fence=fence
        )
        for source, at_ms, said in words:
            told = row("amendment", call_id="call_1", amended_ms=at_ms, source=source, applied=said)
            await store.append([replace(amended("call_1"), rows=(told,))], fence=fence)
        used = Amount(proposals=1, calls=1, microusd=cost)
        assert (await store.usage("run_1", at_ms=NOW)).spent == Spent(used=used)

    async def test_a_run_has_used_what_the_runs_below_it_used(
        self, store: Store, fence: Fence
    ) -> None:
        """However deep; its steps are its own."""
        for run, parent in (("run_2", "run_1"), ("run_3", "run_2"), ("run_4", None)):
            born = row("agent_run", id=run, parent_id=parent, conversation_id="conv_1")
            call = f"call_{run}"
            first = intent(call, run=run, reserved=5)
            await store.append([replace(first, rows=(*first.rows, born))], fence=fence)
            await store.append([ended(call, run=run, cost=3)], fence=fence)
        await store.append([intent("call_1", reserved=5)], fence=fence)
        usage = await store.usage("run_1", at_ms=NOW)
        assert (usage.steps, usage.by_tool) == (1, (("refund", 3),))
        assert usage.spent == Spent(
            used=Amount(proposals=3, calls=2, microusd=6),
            held={"call_1": Amount(calls=1, attempts=1, microusd=5)},
        )
        below = await store.usage("run_3", at_ms=NOW)
        assert (below.parent_id, below.conversation_id) == ("run_2", "conv_1")
        assert below.spent.total == Amount(proposals=1, calls=1, microusd=3)
        assert (await store.spent(Scope.CONVERSATION, "conv_1")).total == Amount(
            proposals=3, calls=3, microusd=9
        )

    async def test_users_and_organizations_have_used_what_they_asked_for_in_a_window(
        self, store: Store, fence: Fence
    ) -> None:
        """From its first millisecond on, and before its end; however many calls came since."""
        for number in range(_MANY):
            call = f"call_{number:03}"
            opened = intent(call, run=f"run_{number}", at_ms=NOW + number)
            await store.append([opened, ended(call, run=f"run_{number}", cost=1)], fence=fence)
        for scope, whose in ((Scope.USER, "usr_alice"), (Scope.ORGANIZATION, "acme")):
            window = await store.spent(scope, whose, since_ms=NOW + 10, until_ms=NOW + 30)
            assert window == Spent(used=Amount(proposals=20, calls=20, microusd=20))
            since = await store.spent(scope, whose, since_ms=NOW + 10)
            assert since.total.calls == _MANY - 10
            assert (await store.spent(scope, whose)).total.calls == _MANY
            assert await store.spent(scope, "usr_bob") == Spent()

    async def test_a_call_that_was_held_is_counted_once(self, store: Store, fence: Fence) -> None:
        """Its intent takes the place of what the hold wrote."""
        await store.append([held("call_1", "apr_1")], fence=fence)
        waiting = await store.usage("run_1", at_ms=NOW)
        await store.append([intent("call_1", reserved=7)], fence=fence)
        running = await store.usage("run_1", at_ms=NOW)
        assert waiting.spent.total == Amount(proposals=1)
        assert running.spent.total == Amount(proposals=1, calls=1, attempts=1, microusd=7)

    async def test_waits_that_overlap_count_once(self, store: Store, fence: Fence) -> None:
        """One reaches into the next, one lies inside another, one stands apart."""
        waits = ((10, 50), (20, 30), (40, 60), (80, 90))
        for since, until in waits:
            call, approval = f"call_{since}", f"apr_{since}"
            await store.append(
                [
                    held(call, approval, at_ms=NOW + since),
                    decided(call, approval, created_ms=NOW + since, at_ms=NOW + until),
                ],
                fence=fence,
            )
        await store.append([held("call_9", "apr_9", run="run_2", at_ms=NOW)], fence=fence)
        rested = (60 - 10) + (90 - 80)
        assert (await store.usage("run_1", at_ms=NOW + 100)).rested_ms == rested

    async def test_a_wait_that_goes_on_has_lasted_until_now(
        self, store: Store, fence: Fence
    ) -> None:
        """A decision ends it, whichever it is."""
        now, decision, later = NOW + 70, NOW + 80, NOW + 500
        await store.append([held("call_1", "apr_1")], fence=fence)
        assert (await store.usage("run_1", at_ms=now)).rested_ms == now - NOW
        rejection = decided("call_1", "apr_1", ApprovalState.REJECTED, at_ms=decision)
        await store.append([rejection], fence=fence)
        assert (await store.usage("run_1", at_ms=later)).rested_ms == decision - NOW

    async def test_a_run_rests_while_a_call_waits_for_its_result(
        self, store: Store, fence: Fence
    ) -> None:
        """What it waits for people meanwhile counts once."""
        entries = [
            *(intent("call_1"), deferred("call_1", at_ms=NOW + 10)),
            held("call_2", "apr_2", at_ms=NOW + 40),
            decided("call_2", "apr_2", created_ms=NOW + 40, at_ms=NOW + 60),
        ]
        await store.append(entries, fence=fence)
        assert (await store.usage("run_1", at_ms=NOW + 100)).rested_ms == 100 - 10
        await store.append([deferred("call_1", at_ms=NOW + 10, ended_ms=NOW + 50)], fence=fence)
        assert (await store.usage("run_1", at_ms=NOW + 100)).rested_ms == 60 - 10

    @pytest.mark.promise("P6")
    async def test_a_request_has_used_what_its_reply_says(self, store: Store, fence: Fence) -> None:
        """A failed one likewise; one that was not answered counts all that it reserved."""
        await store.append(
            [
                *(asked(f"req_{number}", tokens=1_000, microusd=500) for number in (1, 2, 3)),
                replied("req_1", tokens_in=90, tokens_out=8, microusd=70),
                replied("req_2", status=ReplyStatus.FAILED, tokens_in=90, microusd=60),
                asked("req_4", run="run_2", tokens=1),
            ],
            fence=fence,
        )
        spent = Spent(
            used=Amount(tokens=188, microusd=130),
            held={"req_3": Amount(tokens=1_000, microusd=500)},
        )
        assert (await store.usage("run_1", at_ms=NOW)).spent == spent

    @pytest.mark.promise("P6")
    async def test_calls_and_requests_of_runs_below_count_together(
        self, store: Store, fence: Fence
    ) -> None:
        """In the run, and in the conversation of all of them."""
        below = agent_run("run_2", parent_id="run_1", conversation_id="conv_1")
        await store.append(
            [
                about_run("run_1", EntryKind.RUN_STARTED, agent_run("run_1")),
                about_run("run_2", EntryKind.RUN_STARTED, below),
                *(intent("call_1", reserved=9), ended("call_1", cost=3)),
                asked("req_1", run="run_2", tokens=50, microusd=4),
                *(asked("req_2", run="run_2"), replied("req_2", run="run_2", tokens_out=5)),
            ],
            fence=fence,
        )
        usage = await store.usage("run_1", at_ms=NOW)
        assert usage.steps == 1
        assert usage.by_tool == (("refund", 1),)
        assert usage.spent == Spent(
            used=Amount(proposals=1, calls=1, tokens=5, microusd=3),
            held={"req_1": Amount(tokens=50, microusd=4)},
        )
        talked = (await store.spent(Scope.CONVERSATION, "conv_1")).total
        assert talked == Amount(tokens=55, microusd=4)

    @pytest.mark.promise("P6")
    async def test_requests_count_in_the_window_in_which_they_were_asked(
        self, store: Store, fence: Fence
    ) -> None:
        """From its first millisecond on, and before its end; however many came since."""
        for number in range(_MANY):
            request, run = f"req_{number:03}", f"run_{number}"
            at_ms = NOW + number
            await store.append(
                [
                    asked(request, run=run, at_ms=at_ms, tokens=9),
                    replied(request, run=run, at_ms=at_ms + 1_000, tokens_in=1, microusd=2),
                ],
                fence=fence,
            )
        for scope, whose in ((Scope.USER, "usr_alice"), (Scope.ORGANIZATION, "acme")):
            window = await store.spent(scope, whose, since_ms=NOW + 10, until_ms=NOW + 30)
            assert window == Spent(used=Amount(tokens=20, microusd=40))
            since = await store.spent(scope, whose, since_ms=NOW + 10)
            assert since.total.tokens == _MANY - 10
            assert await store.spent(scope, "usr_bob") == Spent()

    async def test_an_agents_run_began_where_it_says_so(self, store: Store, fence: Fence) -> None:
        """Long before its first call; where it belongs is known without one."""
        born = agent_run("run_1", parent_id="run_0", conversation_id="conv_1")
        begun = about_run("run_1", EntryKind.RUN_STARTED, born)
        await store.append([begun], fence=fence)
        belongs = Usage(started_ms=NOW, parent_id="run_0", conversation_id="conv_1")
        assert await store.usage("run_1", at_ms=NOW + 9) == belongs
        await store.append([intent("call_1", at_ms=NOW + 5)], fence=fence)
        assert (await store.usage("run_1", at_ms=NOW + 9)).started_ms == NOW

    async def test_an_agents_run_rests_from_where_it_says_so_to_where_it_goes_on(
        self, store: Store, fence: Fence
    ) -> None:
        """While a call of its waits it may work on with others, or on what it delegated."""
        turns = (
            (EntryKind.RUN_STARTED, RunStatus.RUNNING, 0),
            (EntryKind.RUN_HELD, RunStatus.HELD, 10),
            (EntryKind.RUN_HELD, RunStatus.HELD, 15),
            (EntryKind.RUN_RESUMED, RunStatus.RUNNING, 30),
            (EntryKind.RUN_HELD, RunStatus.HELD, 70),
        )
        waits = [intent("call_1"), deferred("call_1"), held("call_2", "apr_2")]
        told = [
            about_run("run_1", kind, agent_run("run_1", status), at_ms=NOW + at)
            for kind, status, at in turns
        ]
        await store.append([*waits, *told], fence=fence)
        assert (await store.usage("run_1", at_ms=NOW + 100)).rested_ms == 20 + 30
        over = agent_run("run_1", RunStatus.COMPLETED, ended_ms=NOW + 80)
        ending = about_run("run_1", EntryKind.RUN_ENDED, over, at_ms=NOW + 80)
        await store.append([ending], fence=fence)
        assert (await store.usage("run_1", at_ms=NOW + 100)).rested_ms == 20 + 10

    async def test_calls_with_an_intent_are_listed_from_a_time_on(
        self, store: Store, fence: Fence
    ) -> None:
        """Rates per principal and tool are rebuilt from them; holds and refusals are none."""
        day = 86_400_000
        await store.append([intent("call_1", at_ms=NOW - day)], fence=fence)
        await store.append([intent("call_2", at_ms=NOW - 1)], fence=fence)
        await store.append([intent("call_3", at_ms=NOW), ended("call_3")], fence=fence)
        await store.append([held("call_4", "apr_4", at_ms=NOW + 1)], fence=fence)
        await store.append([intent("call_5", tool="get_order", at_ms=NOW + 2)], fence=fence)
        assert list(await store.admitted_since(NOW)) == [
            ("acme", "usr_alice", "refund", NOW),
            ("acme", "usr_alice", "get_order", NOW + 2),
        ]

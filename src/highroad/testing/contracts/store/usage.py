"""What runs have used: the counters that limits are rebuilt from."""

from highroad.domain.approval import ApprovalState
from highroad.domain.entry import Fence
from highroad.domain.outcome import Status
from highroad.domain.run import Usage
from highroad.ports.store import Store
from highroad.testing.contracts.store.ground import Ground
from highroad.testing.contracts.store.samples import (
    NOW,
    decided,
    ended,
    held,
    intent,
    tool_call,
)


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
            proposals=3,
            calls=2,
            cost_microusd=34,
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
            proposals=2,
            calls=2,
            cost_microusd=110,
            started_ms=NOW,
            by_tool=(("refund", 2),),
        )

    async def test_a_call_that_was_held_is_counted_once(self, store: Store, fence: Fence) -> None:
        """Its intent takes the place of what the hold wrote."""
        await store.append([held("call_1", "apr_1")], fence=fence)
        waiting = await store.usage("run_1", at_ms=NOW)
        await store.append([intent("call_1", reserved=7)], fence=fence)
        running = await store.usage("run_1", at_ms=NOW)
        assert (waiting.proposals, waiting.calls) == (1, 0)
        assert (running.proposals, running.calls, running.cost_microusd) == (1, 1, 7)

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
            ("usr_alice", "refund", NOW),
            ("usr_alice", "get_order", NOW + 2),
        ]

"""Generated histories: calls, what people say, jumps of time, processes that come and go."""

import asyncio
import contextlib
import json
import os
from collections import Counter, defaultdict

import anyio.lowlevel
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from highroad import Held, Limits, ToolContext, ToolError, tool
from highroad.domain.entry import EntryKind
from highroad.domain.error import DecisionRefused, LedgerError, ResultRefused

STATUSES = {"completed", "failed", "refused", "expired", "unknown", "cancelled", "held"}
CALLS_OF_A_RUN = 6
IS_LONG = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"


class History(RuleBasedStateMachine):
    """What may happen to a runtime, in any order."""

    world = None

    def __init__(self):
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.mode = "ok"
        self.effects = Counter()
        self.other_side = defaultdict(set)
        self.calls_of_run = Counter()
        self.lost = []
        self.applied = set()
        self.gate = asyncio.Event()
        self.tokens = {}
        limits = Limits(calls=CALLS_OF_A_RUN, calls_per_tool=4, run_s=1e9, usd=1)
        self.here = type(self).world(*self.tools(), limits=limits)
        self.run(self.here.open())

    async def act(self, name, context, effect):
        """The body of every tool with effects: `mode` says how it ends."""
        if self.mode == "refuse":
            raise ToolError("no", applied=False)
        if self.mode == "die early":
            await asyncio.Event().wait()
        self.calls_of_run[context.run_id] += 1
        effect()
        self.applied.add(context.call_id)
        if self.mode == "dawdle":
            await self.gate.wait()
        if self.mode == "die":
            await asyncio.Event().wait()
        if self.mode == "break":
            raise RuntimeError
        return name

    async def act_once(self, which, name, context):
        key = (which, context.idempotency_key)
        return await self.act(name, context, lambda: self.effects.update([key]))

    def tools(self):
        @tool(tier="reversible")
        async def pay(name: str, context: ToolContext[None]) -> str:
            return await self.act_once("pay", name, context)

        @tool(tier="irreversible")
        async def wire(name: str, context: ToolContext[None]) -> str:
            return await self.act_once("wire", name, context)

        @tool(tier="reversible", effect="idempotent")
        async def charge(name: str, context: ToolContext[None]) -> str:
            side = self.other_side[context.run_id, name]
            return await self.act(name, context, lambda: side.add(context.idempotency_key))

        # What is declared of a tool outlives it if a hook of it leads back to the tool.
        effects = self.effects

        def probe(key):
            return ("check", key) in effects

        def later_probe(key):
            return ("later", key) in effects

        @tool(tier="reversible", effect="checkable", probe=probe)
        async def check(name: str, context: ToolContext[None]) -> str:
            return await self.act_once("check", name, context)

        @tool(tier="read")
        async def look(name: str) -> str:
            if self.mode == "break":
                raise RuntimeError
            return name

        @tool(tier="reversible", effect="checkable", probe=later_probe)
        async def later(name: str, context: ToolContext[None]) -> str:
            self.tokens[context.call_id] = context.completion_token
            await self.act_once("later", name, context)
            context.defer(expires_s=3_600)

        return pay, wire, charge, check, look, later

    def run(self, work):
        return self.loop.run_until_complete(work)

    tool_names = st.sampled_from(["pay", "wire", "charge", "check", "look", "later"])
    names = st.sampled_from("ab")
    runs = st.sampled_from(["r", "s", None])
    keys = st.sampled_from([None, None, "k"])

    @rule(which=tool_names, name=names, run=runs, key=keys, times=st.integers(1, 3))
    def call(self, which, name, run, key, times):
        async def at_once():
            calls = (self.here.call(which, {"name": name}, run=run, key=key) for _ in range(times))
            return await asyncio.gather(*calls)

        for outcome in self.run(at_once()):
            assert outcome.status in STATUSES
            if not isinstance(outcome, Held):
                again = self.run(self.here.wait(outcome.call_id))
                assert again.status == outcome.status

    @rule(mode=st.sampled_from(["ok", "ok", "refuse", "break"]))
    def tools_behave(self, mode):
        self.mode = mode

    @rule(agrees=st.booleans(), number=st.integers(0, 5), waits=st.booleans())
    def somebody_decides(self, agrees, number, waits):
        async def decide():
            approvals = await self.here.desk.list()
            if not approvals:
                return
            approval = approvals[number % len(approvals)]
            decide = self.here.approve if agrees else self.here.reject
            try:
                await decide(approval_of(approval))
            except DecisionRefused:
                assert approval.expires_ms <= self.here.clock.now_ms()
            if waits:
                waiting = (self.here.wait(approval.call_id) for _ in range(2))
                first, second = await asyncio.gather(*waiting)
                assert first.status == second.status != "held"

        self.run(decide())

    @rule(
        number=st.integers(0, 5),
        times=st.integers(1, 2),
        fails=st.booleans(),
        from_afar=st.booleans(),
    )
    def somebody_hands_a_result_in(self, number, times, fails, from_afar):
        """Of a call that waits, has ended or has just begun; once, or twice at the same time."""

        async def hand_in(place, call_id):
            token = self.tokens[call_id]
            if fails:
                applied = None if call_id in self.applied else False
                await place.runtime.fail(call_id, token, ToolError("no", applied=applied))
            else:
                self.applied.add(call_id)
                await place.runtime.complete(call_id, token, "done")

        async def complete():
            if not self.tokens:
                return
            call_id = sorted(self.tokens)[number % len(self.tokens)]
            place = await self.from_afar() if from_afar else self.here
            works = (hand_in(place, call_id) for _ in range(times))
            for found in await asyncio.gather(*works, return_exceptions=True):
                if isinstance(found, Exception) and not isinstance(found, ResultRefused):
                    raise found
            for _ in range(3):
                await self.here.assembly.inbox.empty()
                await asyncio.gather(*self.here.services.tasks, return_exceptions=True)

        self.run(complete())

    @rule()
    def what_waited_too_long_is_ended(self):
        self.run(self.here.assembly.waiting.sweep())

    @rule(seconds=st.sampled_from([0.5, 30, 3_600, 43_200]))
    def time_passes(self, seconds):
        self.here.clock.advance(seconds)

    @rule(seconds=st.sampled_from([1, 600]))
    def the_clock_is_set_back(self, seconds):
        self.here.clock.set_back(seconds)

    @rule()
    def the_process_ends_and_another_begins(self):
        async def restart():
            await self.here.runtime.close()
            await self.here.open()

        self.run(restart())

    @rule(which=tool_names, name=names, run=runs, is_early=st.booleans())
    def the_process_dies_in_a_call(self, which, name, run, is_early):
        async def die():
            self.mode = "die early" if is_early else "die"
            self.lost.append(asyncio.ensure_future(self.here.call(which, {"name": name}, run=run)))
            for _ in range(60):
                await anyio.lowlevel.checkpoint()
            self.mode = "ok"
            await self.here.reopen()

        self.run(die())

    @rule(which=tool_names, name=names, run=runs)
    def another_process_takes_over_in_a_call_that_comes_back_late(self, which, name, run):
        async def take_over():
            old, self.mode, self.gate = self.here.services, "dawdle", asyncio.Event()
            late = asyncio.ensure_future(self.here.call(which, {"name": name}, run=run))
            self.lost.append(late)
            for _ in range(60):
                await anyio.lowlevel.checkpoint()
            self.mode = "ok"
            await self.here.reopen()
            before = await self.ends()
            self.gate.set()
            await asyncio.wait([late])
            with contextlib.suppress(LedgerError):
                await old.ledger.writer.flush()
            assert await self.ends() == before

        self.run(take_over())

    async def ends(self):
        """Every terminal record there is; those of reads ride, and are waited for."""
        await self.here.runtime.flush()
        found = await self.here.store.entries(kind=EntryKind.ENDED, limit=1_000_000)
        return [entry.body for entry in found]

    @rule(number=st.integers(0, 5), errs=st.booleans(), from_afar=st.booleans())
    def somebody_settles(self, number, errs, from_afar):
        """They look at the other side; some err first, and correct it."""

        async def settle():
            unknown = await self.here.runtime.unsettled()
            if not unknown:
                return
            call_id = unknown[number % len(unknown)].call_id
            before = await self.ends()
            truth = call_id in self.applied
            desk = await self.from_afar() if from_afar else self.here
            for word in (not truth, truth) if errs else (truth,):
                await desk.runtime.settle(
                    call_id, applied=word, by=self.here.principal, reason="looked"
                )
                await self.here.assembly.inbox.empty()
                self.here.clock.advance(0.001)
            assert await self.ends() == before
            assert call_id not in {each.call_id for each in await self.here.runtime.unsettled()}

        self.run(settle())

    async def from_afar(self):
        """A second process on the ledger, which owns nothing."""
        other = type(self.here)(*self.here.tools, clock=self.here.clock)
        other.ledger = self.here.ledger
        await other.open()
        assert other.runtime.owner_pid is not None
        return other

    @invariant()
    def what_is_unknown_is_put_before_people(self):
        async def told():
            listed = {each.call_id for each in await self.here.runtime.unsettled()}
            for entry in await self.here.store.entries(kind=EntryKind.ENDED, limit=1_000_000):
                body = json.loads(entry.body)
                if body["status"] == "unknown" and "source" not in body:
                    history = await self.here.services.ledger.history(entry.call_id)
                    assert (entry.call_id in listed) == (history.settled is None)

        self.run(told())

    @invariant()
    def every_call_has_one_end_or_waits_for_people(self):
        for call_id in self.run(self.here.check()):
            history = self.run(self.here.services.ledger.history(call_id))
            assert history.is_held

    @invariant()
    def no_key_has_two_effects(self):
        assert all(count == 1 for count in self.effects.values())
        assert all(len(keys) <= 3 for keys in self.other_side.values())

    @invariant()
    def no_run_is_over_its_limits(self):
        for run in "rs":
            account = self.run(self.here.account(run))
            assert account.calls <= CALLS_OF_A_RUN
        # Recovery may run an idempotent call again; nothing else may.
        for run, calls in self.calls_of_run.items():
            again = sum(1 for task in self.lost if task)
            assert calls <= CALLS_OF_A_RUN + again, run

    @invariant()
    def memory_and_ledger_agree_on_what_was_used(self):
        for run in "rs":
            organization = self.here.services.ledger.keyring.organization("default")
            usage = self.run(
                self.here.store.usage(organization.run_id(run), at_ms=self.here.clock.now_ms())
            )
            account = self.run(self.here.account(run))
            used = usage.spent.total
            assert (used.calls, used.microusd) == (account.calls, account.microusd)

    def teardown(self):
        async def end():
            for task in self.lost:
                task.cancel()
            await asyncio.gather(*self.lost, return_exceptions=True)
            await self.here.runtime.close()
            # What the processes that died had left to write goes down with them. Ending, a task
            # may begin another or set a timer that would: until there is neither.
            while True:
                for timer in self.loop._scheduled:  # noqa: SLF001  asyncio lists them nowhere else
                    timer.cancel()
                left = asyncio.all_tasks(self.loop) - {asyncio.current_task()}
                if not left:
                    break
                for task in left:
                    task.cancel()
                await asyncio.wait(left, timeout=0.1)

        self.run(end())
        self.loop.close()


def approval_of(approval):
    return Held(call_id=approval.call_id, reason="approval", approval_id=approval.id)


@pytest.mark.promise("P3")
@pytest.mark.promise("P4")
@pytest.mark.promise("P6")
@pytest.mark.promise("P11")
@pytest.mark.parametrize(
    "examples",
    [
        60,
        *(
            pytest.param(
                500,
                id=f"500 for the {nth} time",
                marks=[pytest.mark.nightly, pytest.mark.timeout(1_800)],
            )
            for nth in ("1st", "2nd", "3rd", "4th", "5th", "6th")
        ),
    ],
)
def test_whatever_happens_the_promises_hold(world, monkeypatch, examples):
    monkeypatch.setattr(History, "world", world)
    run_state_machine_as_test(
        History,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            derandomize=not IS_LONG,
            suppress_health_check=list(HealthCheck),
        ),
    )

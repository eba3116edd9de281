"""Callers come for an hour of outage, and what becomes of each call is written down."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Final, TypeAlias

from bench.outage.plan import PER_SECOND, SICK, Plan
from bench.outage.services import Client, Log, Services, tools_of
from highroad import tool_definition
from highroad.domain.dependency import BreakerRule, BreakerState, Dependency
from highroad.domain.entry import EntryKind
from highroad.runtime import Runtime
from highroad.settings import Settings, load
from highroad.testing import FakeClock, Rehearsal, simulate
from highroad.testing.clock import DAWN_MS
from highroad.testing.rehearsal import TESTER

_EVERYTHING: Final = 100_000_000
_REDRIVES_A_MINUTE: Final = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a caller was told."""

    status: str
    call_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call, as its caller saw it."""

    tool: str
    at_s: float
    took_s: float
    answer: Answer

    @property
    def is_answered(self) -> bool:
        """Whether the caller got what it wanted."""
        return self.answer.status == "completed"


Make: TypeAlias = Callable[[str, str], Awaitable[Answer]]
"""Makes a call of a tool with an order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What the ledger has of all calls together."""

    ends: Counter[str]
    """Terminal records of each call."""
    attempts: Counter[str]
    """Attempts of each call."""
    letters: frozenset[str]
    """Calls that left a dead letter."""
    opened_s: Sequence[float]
    """When the breaker of `payments` opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two: callers with the road, or without it."""

    calls: Sequence[Call]
    logs: Mapping[str, Log]
    """Of each service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What became of an hour."""

    plan: Plan
    road: Side
    bare: Side
    record: Record
    effects: frozenset[str]
    """Tools that change something."""
    redriven: Counter[str]
    """Letters that were redriven behind the outage, by how that ended."""


def course_of(plan: Plan, *, redrives: int = 100) -> Course:
    """Simulate an hour; the same plan takes the same course each time.

    Args:
        plan: What is asked, and when the trouble comes.
        redrives: Dead letters that are redriven at the end, at most.
    """
    was_disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)  # every call that is refused is a warning
    try:
        return simulate(partial(_course, plan, redrives))
    finally:
        logging.disable(was_disabled)


async def _course(plan: Plan, redrives: int, clock: FakeClock) -> Course:
    ours, theirs = Services(clock, plan), Services(clock, plan)
    tools = tools_of(ours)
    rehearsal = Rehearsal(*tools, settings=_settings(plan))
    rehearsal.clock = clock
    runtime = await rehearsal.start()
    with ours.faults.injected(runtime):
        put_back = runtime.wrap(ours.door)
        road, bare = await asyncio.gather(
            _calls(plan, clock, partial(_over_the_road, runtime)),
            _calls(plan, clock, _client(theirs, tools, clock, plan.seed)),
        )
        put_back()
    record = await _record(rehearsal, runtime)
    batch = await runtime.dead_letters.redrive_many(
        by=TESTER, dependency=SICK, most=redrives, per_minute=_REDRIVES_A_MINUTE
    )
    statuses = [str(done.outcome.status) for done in batch.redriven if done.outcome is not None]
    definitions = [tool_definition(each) for each in tools]
    return Course(
        plan=plan,
        road=Side(calls=road, logs=ours.logs),
        bare=Side(calls=bare, logs=theirs.logs),
        record=record,
        effects=frozenset(each.name for each in definitions if each.has_effects),
        redriven=Counter(statuses),
    )


def _settings(plan: Plan) -> Settings:
    """No configuration but the breaker's."""
    spared = Dependency(name=SICK, breaker=BreakerRule(failure_rate=plan.failure_rate))
    return replace(load(Path.cwd(), {}), dependencies={SICK: spared})


async def _calls(plan: Plan, clock: FakeClock, make: Make) -> Sequence[Call]:
    """Let callers come at random, each by itself, and wait for the last of them."""
    calls: list[Call] = []

    async def call(tool: str, order: str) -> None:
        at_s = clock.monotonic_s()
        answer = await make(tool, order)
        took_s = clock.monotonic_s() - at_s
        calls.append(Call(tool=tool, at_s=at_s, took_s=took_s, answer=answer))

    async def callers(group: asyncio.TaskGroup, tool: str, per_second: float) -> None:
        chance = Random(f"{plan.seed} {tool}")  # noqa: S311 - repeatable
        number = 0
        while True:
            await clock.sleep(chance.expovariate(per_second))
            if clock.monotonic_s() >= plan.end_s:
                return
            number += 1
            group.create_task(call(tool, f"{tool}-{number}"))

    async with asyncio.TaskGroup() as group:
        for tool, per_second in PER_SECOND.items():
            group.create_task(callers(group, tool, per_second))
    return calls


async def _over_the_road(runtime: Runtime, tool: str, order: str) -> Answer:
    outcome = await runtime.call(tool, {"order": order})
    return Answer(status=str(outcome.status), call_id=outcome.call_id)


def _client(
    services: Services, tools: Sequence[Callable[..., object]], clock: FakeClock, seed: int
) -> Make:
    """A caller without a road, whom the same faults strike."""
    client = Client(clock, seed)
    bodies = {}
    for definition in map(tool_definition, tools):
        struck = services.faults.around(definition, services.bodies[definition.name])
        bodies[definition.name] = services.door(definition, struck)

    async def make(tool: str, order: str) -> Answer:
        is_answered = await client.call(bodies[tool], order)
        return Answer(status="completed" if is_answered else "failed")

    return make


async def _record(rehearsal: Rehearsal, runtime: Runtime) -> Record:
    await runtime.flush()
    ends, attempts = Counter[str](), Counter[str]()
    letters: set[str] = set()
    opened_s: list[float] = []
    for entry in await rehearsal.store.entries(limit=_EVERYTHING):
        body = json.loads(entry.body)
        if entry.kind == EntryKind.BREAKER and body["state"] == BreakerState.OPEN:
            opened_s.append((body["at"] - DAWN_MS) / 1_000)
        elif entry.kind == EntryKind.ENDED:
            ends[body["call"]] += 1
            attempts[body["call"]] += body["attempts"]
            if "letter" in body:
                letters.add(body["call"])
    return Record(ends=ends, attempts=attempts, letters=frozenset(letters), opened_s=opened_s)

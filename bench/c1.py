"""C1: what a Cedar decision over arguments costs a call, with forty policies.

Twenty tools have two statements each: a permit over an argument, and a forbid over the time. Ours
is what `authorize` asks of the policy for one call: which statements can decide it, its context,
the engine, and what that says; no two calls are of the same amount, so each is one that nobody has
asked about. It is compared with a step of LangGraph's `create_agent` (see N1), in turns, and the
value is the median of the one over the other.

Quoted beside it: the engine by itself with all forty statements and everything prepared that can
be, in the same turns; a call that differs from an earlier one in nothing that statements look at;
and a decision that does not depend on the call. Both are remembered.
"""

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count, repeat
from time import perf_counter
from typing import Final

import cedarpy
import orjson

from bench.harness import BenchError, Peer, Reading, Turns, rounded, scratch, take_turns
from highroad.adapters.policy.cedar import entities, names
from highroad.adapters.policy.cedar.policy import CedarPolicy
from highroad.adapters.policy.cedar.statement import read
from highroad.domain.facts import Facts
from highroad.domain.identity import Principal
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.policy import PolicyFile
from highroad.domain.tool import Tier, ToolDefinition
from highroad.ports.policy import Permit
from highroad.testing.contracts.policy import call_of

_ROUNDS: Final = 31
_BURST: Final = 50
_TOOLS: Final = 20
_ALICE: Final = Principal("alice", "acme", roles={"support"})
_NOON: Final = Facts(now_ms=1_763_985_600_000)
_SCHEMA: Final[JsonObject] = {
    "type": "object",
    "properties": {"order_id": {"type": "string"}, "cents": {"type": "integer"}},
    "required": ["order_id", "cents"],
}
_STATEMENTS: Final = """
@id("small {0}") permit (principal in Role::"support", action == Action::"tool_{0}", resource)
when {{ context.args.cents < 10000 }};
@id("by day {0}") forbid (principal, action == Action::"tool_{0}", resource)
when {{ context.time.hour < 6 }};
"""
_TEXT: Final = "".join(_STATEMENTS.format(number) for number in range(_TOOLS))
_TOOL: Final = ToolDefinition(
    name="tool_7", description="", input_schema=_SCHEMA, digest="7", tier=Tier.REVERSIBLE
)
_READ: Final = 'permit (principal, action == Action::"tool_7", resource);'


async def measure() -> Reading:
    """Measure C1."""
    decide, unfiltered = _ours(_TEXT, count(1)), _bare()
    again, fixed = _ours(_TEXT, repeat(1)), _ours(_READ, repeat(1))

    async def ours() -> list[float]:
        return _times(decide)

    turns = Turns([], [])
    for _ in range(_ROUNDS):
        turns.ours.append(_times(decide))
        turns.peers.append(_times(unfiltered))
    with scratch() as folder, Peer("langgraph_agent", folder) as peer:

        async def theirs() -> list[float]:
            return peer.burst(_BURST)["agent_step_us"]

        steps = await take_turns(_ROUNDS, ours, theirs)
        versions = peer.versions
    return Reading(
        id="C1",
        value=steps.ratio(),
        unit="of LangGraph's agent step",
        reach="<= 0.15 with N22 and R1",
        reference={"langgraph_agent": {"versions": versions, "agent_step_us": steps.peer_median()}},
        absolute={
            "decision_us": turns.absolute(),
            "forty_unfiltered_us": turns.peer_median(),
            "of_forty_unfiltered": rounded(turns.ratio()),
            "again_us": rounded(statistics.median(_times(again))),
            "fixed_us": rounded(statistics.median(_times(fixed))),
        },
    )


def _ours(text: str, cents: Iterator[int]) -> Callable[[], object]:
    policy = CedarPolicy(read([PolicyFile("c1.cedar", text)]), lambda _: frozenset())
    call = replace(call_of(_TOOL, _ALICE), arguments=_arguments())
    if not isinstance(policy.permits(call, _NOON), Permit):
        raise BenchError("the policy denies the call that is measured")

    def decide() -> object:
        call.known_arguments["cents"] = next(cents)  # below what the statement lets through
        return policy.permits(call, _NOON)

    return decide


def _bare() -> Callable[[], object]:
    """The engine with all statements, parsed once, and entities, read once."""
    statements = cedarpy.PolicySet.from_str(_TEXT)
    about = cedarpy.Entities.from_json_str(orjson.dumps(_entities()).decode())
    request = {
        "principal": entities.uid(names.USER, names.user_id(_ALICE)),
        "action": entities.uid(names.ACTION, _TOOL.name),
        "resource": entities.uid(names.TOOL, _TOOL.name),
    }
    time = {"hour": 12, "weekday": 1, "ms": _NOON.now_ms, "date": "2025-11-24"}

    def decide() -> object:
        context = orjson.dumps({"args": _arguments(), "time": time}).decode()
        return cedarpy.is_authorized({**request, "context": context}, statements, about).allowed

    if not decide():
        raise BenchError("the engine denies the call that is measured")
    return decide


def _entities() -> Sequence[JsonValue]:
    return [*entities.of_principal(_ALICE, ()), *entities.of_tool(_TOOL)]


def _arguments() -> JsonObject:
    return {"order_id": "ORD-000042", "cents": 500}


def _times(work: Callable[[], object]) -> list[float]:
    """Microseconds of each of a burst."""
    times = []
    for _ in range(_BURST):
        start = perf_counter()
        work()
        times.append((perf_counter() - start) * 1e6)
    return times

"""N22: what it costs to say where the arguments of a call come from.

Ours is the time of `ground` for a call with ten arguments of ten kinds (an id, an e-mail address, a
date, cents, a number, a name, an address, a phone number, a currency and one of an enumeration),
each of which stands somewhere in the evidence: the user's request and the results of 100 reads, of
eight leaves each. The results are taken in before the clock starts, as a run does so once for each.

The peer is one step of LangGraph's `create_agent` (see N1). Both run in turns of a few calls each;
the value is the median, over turns, of our median over the peer's, and both are the time that they
took of processors: by the clock a step of a millisecond waits for whoever else uses the machine,
and a call of some microseconds rarely does. Quoted beside it: the same by the clock; the same over
a history of 10,000 results, as a ratio to that of 100 (P10); the same for ten values that nobody
has seen; and what taking in one result costs of time and memory.
"""

import os
from datetime import date, timedelta
from random import sample
from time import perf_counter, process_time
from typing import Final

from bench.harness import Peer, Reading, Turns, median, resident_mb, rounded, scratch, take_turns
from highroad.domain.evidence import EvidenceKind, Source
from highroad.domain.json_value import JsonObject
from highroad.domain.tool import Contract
from highroad.evidence.index import Index
from highroad.evidence.plan import Plan, ground, plan

_ROUNDS: Final = 101
_BURST: Final = 10
_ORDERS: Final = 50
_SHORT: Final = 100
_LONG: Final = 10_000
_SCHEMA: Final[JsonObject] = {
    "type": "object",
    "properties": {
        "order_id": {"type": "string"},
        "email": {"type": "string", "format": "email"},
        "due": {"type": "string", "format": "date"},
        "cents": {"type": "integer"},
        "quantity": {"type": "integer"},
        "customer_name": {"type": "string"},
        "street": {"type": "string"},
        "phone": {"type": "string"},
        "currency": {"type": "string"},
        "reason": {"enum": ["too late", "damaged", "not needed"]},
    },
}
_REQUEST: Final = "Refund €84.00 of the last order of Jane Doe, because it came too late."
_FIRST_DAY: Final = date(2026, 1, 1)


async def measure() -> Reading:
    """Measure N22."""
    compiled = plan(_SCHEMA, Contract())
    before_mb, start = resident_mb(), process_time()
    long = _index(_LONG)
    taken_us, held_mb = (process_time() - start) * 1e6, resident_mb() - before_mb
    short = _index(_SHORT)
    clock, grown = Turns([], []), Turns([], [])
    unseen: list[float] = []
    with scratch() as folder, Peer("langgraph_agent", folder) as peer:

        async def ours() -> list[float]:
            by_clock, worked = _times(compiled, short)
            clock.ours.append(by_clock)
            grown.peers.append(worked)
            grown.ours.append(_times(compiled, long)[1])
            unseen.extend(_times(compiled, short, seen=False)[1])
            return worked

        async def theirs() -> list[float]:
            times = peer.burst(_BURST)
            clock.peers.append(times["agent_step_us"])
            return times["agent_step_cpu_us"]

        turns = await take_turns(_ROUNDS, ours, theirs)
        versions = peer.versions
    return Reading(
        id="N22",
        value=turns.ratio(),
        unit="of a LangGraph agent step, by processor time",
        reach="<= 0.03",
        reference={
            "langgraph_agent": {
                "versions": versions,
                "agent_step_cpu_us": turns.peer_median(),
                "agent_step_us": clock.peer_median(),
            }
        },
        absolute={
            "ground_cpu_us": turns.absolute(),
            "ground_us": clock.absolute(),
            "by_clock": rounded(clock.ratio()),
            "at_10000_over_100": rounded(grown.ratio()),
            "ten_unseen_cpu_us": median(unseen),
            "take_in_cpu_us": rounded(taken_us / _LONG),
            "kb_of_a_result": rounded(held_mb * 1e3 / _LONG),
            "load": rounded(os.getloadavg()[0]),
        },
    )


def _index(results: int) -> Index:
    index = Index()
    index.add_text(Source("request", EvidenceKind.REQUEST), _REQUEST)
    for number in range(results):
        index.add_value(Source(f"call-{number}", EvidenceKind.RESULT), _record(number))
    return index


def _record(number: int) -> JsonObject:
    return {
        "id": f"ORD-{number:06d}",
        "email": f"customer{number}@example.com",
        "due": (_FIRST_DAY + timedelta(days=number)).isoformat(),
        "quantity": number,
        "customer": f"Jane Doe {number}",
        "street": f"{number} Elm Avenue",
        "phone": f"+49 30 {number:07d}",
        "state": "paid",
    }


def _times(compiled: Plan, index: Index, *, seen: bool = True) -> tuple[list[float], list[float]]:
    """Microseconds of each of a burst of calls, by the clock and of processors."""
    by_clock, worked = [], []
    for number in sample(range(_ORDERS), _BURST):
        arguments = _arguments(number) if seen else _unseen(number)
        start, start_cpu = perf_counter(), process_time()
        grounding = ground(compiled, arguments, index)
        worked.append((process_time() - start_cpu) * 1e6)
        by_clock.append((perf_counter() - start) * 1e6)
        if bool(grounding.ungrounded) is seen:
            raise AssertionError([each.pointer for each in grounding.ungrounded])
    return by_clock, worked


def _arguments(number: int) -> JsonObject:
    record = _record(number)
    return {
        "order_id": record["id"],
        "email": record["email"],
        "due": record["due"],
        "cents": 8_400,
        "quantity": number,
        "customer_name": "Jane Doe",
        "street": record["street"],
        "phone": record["phone"],
        "currency": "EUR",
        "reason": "too late",
    }


def _unseen(number: int) -> JsonObject:
    record = _record(_LONG * 2 + number)
    return _arguments(number) | {
        "order_id": record["id"],
        "email": record["email"],
        "due": record["due"],
        "cents": 840_000,
        "quantity": _LONG * 2,
        "customer_name": "John Roe",
        "street": record["street"],
        "phone": record["phone"],
        "currency": "USD",
        "reason": "because",
    }

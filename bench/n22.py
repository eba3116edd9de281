"""N22: what it costs to say where the arguments of a call come from.

Ours is the time of `ground` for a call with ten arguments of ten kinds (an id, an e-mail address, a
date, cents, a number, a name, an address, a phone number, a currency and one of an enumeration),
each of which stands somewhere in the evidence: the user's request and the results of 100 reads, of
eight leaves each. The results are taken in before the clock starts, as a run does so once for each.

The peer is one step of LangGraph's `create_agent` (see N1). Both run in turns; the value is the
median, over turns, of our median over the peer's. Quoted beside it: the same over a history of
10,000 results, as a ratio to that of 100 (P10); the same for ten values that nobody has seen; and
what taking in one result costs of time and memory.
"""

import statistics
from datetime import date, timedelta
from time import perf_counter
from typing import Final

from bench.harness import Peer, Reading, Turns, resident_mb, rounded, scratch, take_turns
from highroad.domain.evidence import EvidenceKind, Source
from highroad.domain.json_value import JsonObject
from highroad.domain.tool import Contract
from highroad.evidence.index import Index
from highroad.evidence.plan import Plan, ground, plan

_ROUNDS: Final = 31
_BURST: Final = 50
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
    before_mb, start = resident_mb(), perf_counter()
    long = _index(_LONG)
    taken_us, held_mb = (perf_counter() - start) * 1e6, resident_mb() - before_mb
    short = _index(_SHORT)
    turns, grown = Turns([], []), Turns([], [])
    with scratch() as folder, Peer("langgraph_agent", folder) as peer:

        async def ours() -> list[float]:
            grown.peers.append(_times(compiled, short))
            grown.ours.append(_times(compiled, long))
            return grown.peers[-1]

        async def theirs() -> list[float]:
            return peer.burst(_BURST)["agent_step_us"]

        turns = await take_turns(_ROUNDS, ours, theirs)
        versions = peer.versions
    unseen = statistics.median(_times(compiled, short, seen=False))
    return Reading(
        id="N22",
        value=turns.ratio(),
        unit="of a LangGraph agent step",
        reach="<= 0.03",
        reference={"langgraph_agent": {"versions": versions, "agent_step_us": turns.peer_median()}},
        absolute={
            "ground_us": turns.absolute(),
            "at_10000_over_100": rounded(grown.ratio()),
            "ten_unseen_us": rounded(unseen),
            "take_in_us": rounded(taken_us / _LONG),
            "kb_of_a_result": rounded(held_mb * 1e3 / _LONG),
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


def _times(compiled: Plan, index: Index, *, seen: bool = True) -> list[float]:
    """Microseconds of each of a burst of calls, on one order after the other."""
    times = []
    for number in range(_BURST):
        arguments = _arguments(number) if seen else _unseen(number)
        start = perf_counter()
        grounding = ground(compiled, arguments, index)
        times.append((perf_counter() - start) * 1e6)
        if bool(grounding.ungrounded) is seen:
            raise AssertionError([each.pointer for each in grounding.ungrounded])
    return times


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

"""R1: what it costs to redact a text in which there is nothing to redact.

The text has 2 KB of prose as tools return it, with dates, prices, order numbers, versions and
times. Ours is the whole of `Redactor.redacted` on a result that holds it; the reference is its
prefilter alone, one scan over the same text. Both run in turns, and the value is the median of
the one over the other.

Quoted beside it: both times, the share of one step of LangGraph's `create_agent` that ours comes
to (see N1), and the time for the same text with six detections in it, which get pseudonyms.
"""

import hashlib
import hmac
import statistics
from collections.abc import Callable
from time import perf_counter
from typing import Final

from bench.harness import Peer, Reading, Turns, rounded, scratch, take_turns
from highroad.domain.json_value import JsonValue
from highroad.domain.redaction import RedactionMode, RedactionRule
from highroad.redaction.detector import Detector
from highroad.redaction.prefilter import scan
from highroad.redaction.pseudonyms import Pseudonyms
from highroad.redaction.redactor import Redactor

_ROUNDS: Final = 31
_BURST: Final = 50
_PROSE: Final = (
    "The customer wrote on 2026-05-12 at 10:15 that order ORD-048213 came late: 3 items for "
    "19.99 EUR each, of which one was damaged. Version 2.4.1 of the shop shows it as paid. "
    "A refund of 1,249.00 EUR was made; please see the notes of the 14th of May below. "
)
_CLEAN: Final = (_PROSE * 9)[:2_048]
_FULL: Final = _CLEAN[:1_800] + (
    " jane@example.com, +49 30 901820, DE89 3704 0044 0532 0130 00, 4111 1111 1111 1111, "
    "SSN 536-90-4399, from 198.51.100.7."
)
_RULE: Final = RedactionRule(mode=RedactionMode.PSEUDONYM)


async def measure() -> Reading:
    """Measure R1."""
    redactor, pseudonyms = Redactor(Detector()), Pseudonyms(_digest)
    clean: JsonValue = {"note": _CLEAN}
    full: JsonValue = {"note": _FULL}
    if redactor.redacted(clean, _RULE, pseudonyms).counts:
        raise AssertionError("the clean text is not clean")

    def ours() -> list[float]:
        return _times(lambda: redactor.redacted(clean, _RULE, pseudonyms))

    turns = Turns([], [])
    for _ in range(_ROUNDS):
        turns.ours.append(ours())
        turns.peers.append(_times(lambda: scan(_CLEAN)))

    async def step() -> list[float]:
        return ours()

    with scratch() as folder, Peer("langgraph_agent", folder) as peer:

        async def theirs() -> list[float]:
            return peer.burst(_BURST)["agent_step_us"]

        steps = await take_turns(_ROUNDS, step, theirs)
        versions = peer.versions
    return Reading(
        id="R1",
        value=turns.ratio(),
        unit="of its prefilter",
        reach="<= 2",
        reference={"prefilter_us": turns.peer_median()},
        absolute={
            "clean_2_kb_us": turns.absolute(),
            "of_a_langgraph_step": rounded(steps.ratio()),
            "langgraph_agent": {"versions": versions, "agent_step_us": steps.peer_median()},
            "six_detections_us": rounded(
                statistics.median(_times(lambda: redactor.redacted(full, _RULE, pseudonyms)))
            ),
        },
    )


def _digest(content: bytes) -> str:
    return hmac.new(b"a key of a run", content, hashlib.sha256).hexdigest()


def _times(work: Callable[[], object]) -> list[float]:
    """Microseconds of each of a burst."""
    times = []
    for _ in range(_BURST):
        start = perf_counter()
        work()
        times.append((perf_counter() - start) * 1e6)
    return times

"""P9: what it costs to say whether a call may have its values, and was asked for.

Ours is the time of the judgement of provenance for the call of N22 (ten arguments of ten kinds,
each of which stands somewhere in the user's request and the results of 100 reads) that also sends
a text of 2 KB: the place that counts for each argument, the rules about what flows, the request
lock. Tracing the arguments is what N22 measures, and comes before. The results are taken in, and
the words of the user compiled, before the clock starts, as a run does so once for each.

The peer is one step of LangGraph's `create_agent` (see N1); both are taken in turns, by the time
that they took of processors, as in N22. Quoted beside it: both together.
"""

import os
from random import sample
from time import process_time
from typing import Any, Final

from bench.harness import Peer, Reading, median, rounded, scratch, take_turns
from bench.n22 import _SCHEMA, _SHORT, _arguments, _record
from highroad import tool_from_schema
from highroad.domain.evidence import EvidenceKind, Source
from highroad.domain.json_value import JsonObject
from highroad.domain.provenance import ProvenanceRules
from highroad.pipeline.evidence import Plans, RunEvidence
from highroad.pipeline.provenance import flowing, reasons
from highroad.pipeline.weighing import weighed
from highroad.tools.compile import RegisteredTool
from highroad.tools.registry import Registry

_ROUNDS: Final = 101
_BURST: Final = 10
_ORDERS: Final = 50
_REQUEST: Final = (
    "Refund €84.00 of the last order of Jane Doe, because it came late, and send her a message. "
    "The terms stand at https://shop.example/terms."
)
_SAID: Final = "We are sorry that it came too late. " * 55 + "See https://shop.example/terms."


async def measure() -> Reading:
    """Measure P9."""
    tool, evidence = tool_of_call(), seen_before()
    judge(tool, evidence, 1)
    both: list[float] = []
    with scratch() as folder, Peer("langgraph_agent", folder) as peer:

        async def ours() -> list[float]:
            times = _times(tool, evidence)
            both.extend(each for each, _ in times)
            return [judged for _, judged in times]

        async def theirs() -> list[float]:
            return peer.burst(_BURST)["agent_step_cpu_us"]

        turns = await take_turns(_ROUNDS, ours, theirs)
        versions = peer.versions
    return Reading(
        id="P9",
        value=turns.ratio(),
        unit="of a LangGraph agent step, by processor time",
        reach="<= 0.03",
        reference={
            "langgraph_agent": {"versions": versions, "agent_step_cpu_us": turns.peer_median()}
        },
        absolute={
            "judge_cpu_us": turns.absolute(),
            "with_tracing_cpu_us": median(both),
            "load": rounded(os.getloadavg()[0]),
        },
    )


def tool_of_call() -> RegisteredTool[Any]:
    """Make the tool that is called."""
    properties = {**_SCHEMA["properties"], "body": {"type": "string"}}  # type: ignore[dict-item]  # it is an object
    made = tool_from_schema(
        lambda _: None,
        name="send_refund",
        description="Send a refund with a message.",
        parameters={**_SCHEMA, "properties": properties},
        tier="reversible",
    )
    return next(iter(Registry([made])))


def seen_before() -> RunEvidence:
    """Take in the user's request, and the results of the reads."""
    evidence = RunEvidence(Plans())
    evidence.said("request", _REQUEST)
    for number in range(_SHORT):
        source = Source(f"call-{number}", EvidenceKind.RESULT)
        evidence.index.add_value(source, _record(number))
    return evidence


def _times(tool: RegisteredTool[Any], evidence: RunEvidence) -> list[tuple[float, float]]:
    """Microseconds of processors of each of a burst of calls, and of them those behind tracing."""
    return [judge(tool, evidence, number) for number in sample(range(_ORDERS), _BURST)]


def judge(tool: RegisteredTool[Any], evidence: RunEvidence, number: int) -> tuple[float, float]:
    """Trace and judge one call; gives the microseconds of both, and of judging alone.

    Raises:
        AssertionError: Something stands against it, or its values were not traced.
    """
    arguments: JsonObject = {**_arguments(number), "body": _SAID}
    start = process_time()
    grounding = evidence.ground(tool.definition, arguments)
    traced = process_time()
    weighing = weighed(tool, grounding, arguments, evidence)
    found = [*reasons(weighing, _RULES), *flowing(weighing, _RULES.flows)]
    end = process_time()
    if found or len(weighing.sources) < _BURST:
        raise AssertionError(found)
    return (end - start) * 1e6, (end - traced) * 1e6


_RULES: Final = ProvenanceRules()

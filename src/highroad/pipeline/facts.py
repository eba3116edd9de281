"""Facts about a call that policies ask for, gathered only where one does."""

from highroad.domain.call import Call
from highroad.domain.facts import NO_FACTS, NO_LABELS, Facts
from highroad.pipeline import provenance
from highroad.pipeline.context import RoadContext


async def facts_of(call: Call, context: RoadContext) -> Facts:
    """What the rules for the tool of this call look at.

    Raises:
        CountersError: Nobody can say what the run did so far.
    """
    services = context.services
    wanted = services.policy.wanted(call.known_definition)
    if not wanted.is_anything:
        return NO_FACTS
    return Facts(
        now_ms=services.clock.now_ms(),
        calls={tool: await _calls(tool, call, context) for tool in wanted.calls},
        labels=provenance.labels_of(call, context) if wanted.labels else NO_LABELS,
    )


async def _calls(tool: str, call: Call, context: RoadContext) -> int:
    """How often its run has called a tool; a run of one has not, and nothing of it is counted."""
    return 0 if call.is_direct else await context.services.budgets.calls_of(context.run, tool)

"""`admit`: reserves what the call may use."""

from typing import Any, Final

from highroad.domain.call import Call
from highroad.domain.error import CallError, Code
from highroad.domain.verdict import Proceed, Refuse, Verdict
from highroad.limits.exceeded import Exceeded, RateExceeded
from highroad.pipeline.context import RoadContext
from highroad.pipeline.services import Services
from highroad.tools.compile import RegisteredTool

CROWDED: Final = CallError(
    code=Code.OVERLOADED,
    message="Other calls of this run took all the time that this one had, so nothing was run.",
    hint="Make fewer calls at once.",
    retryable=True,
)


def applies(tool: RegisteredTool[Any], services: Services) -> bool:
    """Always, but for a lone read that is free and has no rate."""
    del tool, services
    return True


def applies_to_lone_read(tool: RegisteredTool[Any], services: Services) -> bool:
    """A run of one can exceed only a rate, or its money at once."""
    return tool.definition.cost_usd > 0 or services.per_minute(tool.definition) is not None


async def admit(call: Call, context: RoadContext) -> Verdict:
    """Reserve budget, count against the rate, and take a slot of the run."""
    services, definition = context.services, call.known_definition
    per_minute = services.per_minute(definition)
    if per_minute is not None:
        taken = services.rates.take(context.record.principal_id, definition.name, per_minute)
        if isinstance(taken, RateExceeded):
            return Refuse(taken.error, rule="limits.per_minute")
        context.taken = taken
    reserved = context.account.reserve(services.demand(context.tool, call))
    if isinstance(reserved, Exceeded):
        return Refuse(reserved.error, rule=f"limits.{reserved.limit}")
    context.hold_reservation(reserved)
    try:
        await context.take_slot()
    except TimeoutError:
        return Refuse(CROWDED, rule="limits.parallel")
    return Proceed(call)

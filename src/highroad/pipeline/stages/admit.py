"""`admit`: reserves what the call may use."""

from typing import Any

from highroad.domain.call import Call
from highroad.domain.verdict import Proceed, Refuse, Verdict
from highroad.limits.exceeded import Exceeded, RateExceeded
from highroad.pipeline.context import RoadContext
from highroad.pipeline.services import Services
from highroad.tools.compile import RegisteredTool


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
    await context.take_slot()
    return Proceed(call)

"""`admit`: reserves what the call may use."""

from typing import Any

from highroad.domain.call import Call
from highroad.domain.error import CountersError
from highroad.domain.verdict import Proceed, Refuse, Verdict
from highroad.limits.reservation import Reservation
from highroad.pipeline.context import RoadContext
from highroad.pipeline.services import Services
from highroad.pipeline.spending import spending_of, without_counters
from highroad.tools.compile import RegisteredTool


def applies(tool: RegisteredTool[Any], services: Services) -> bool:
    """Always, but for a lone read that is free and that no budget or rate binds."""
    del tool, services
    return True


def applies_to_lone_read(tool: RegisteredTool[Any], services: Services) -> bool:
    """A run of one can exceed only its money at once, a rate, or a wider budget."""
    definition = tool.definition
    is_free = definition.cost_usd == 0 and tool.cost.actual is None
    return not is_free or services.binds(definition)


async def admit(call: Call, context: RoadContext) -> Verdict:
    """Reserve of every budget and take a turn of every rate, at once; then a slot of the run."""
    services = context.services
    try:
        reserved = await services.budgets.reserve(spending_of(call, context))
    except CountersError:
        verdict = without_counters(call, services)
        if isinstance(verdict, Refuse):
            return verdict
        await context.take_slot()
        return verdict
    if not isinstance(reserved, Reservation):
        return Refuse(reserved.error, rule=reserved.rule)
    context.hold_reservation(reserved)
    await context.take_slot()
    return Proceed(call)

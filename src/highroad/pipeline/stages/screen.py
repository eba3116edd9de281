"""`screen`: could the call run now? It looks and reserves nothing."""

from typing import Any

from highroad.domain.call import Call
from highroad.domain.demand import Shortage
from highroad.domain.error import CountersError
from highroad.domain.tool import Isolation
from highroad.domain.verdict import Proceed, Refuse, Verdict
from highroad.pipeline.context import RoadContext
from highroad.pipeline.programs import unavailable
from highroad.pipeline.services import Services
from highroad.pipeline.spending import spending_of, without_counters
from highroad.tools.compile import RegisteredTool


def applies_to_lone_read(tool: RegisteredTool[Any], services: Services) -> bool:
    """A run of one exceeds nothing but a rate or a wider budget; its attempt asks the breaker."""
    return tool.definition.isolation is Isolation.SANDBOX or services.binds(tool.definition)


async def screen(call: Call, context: RoadContext) -> Verdict:
    """Turn down what rate, budget and breaker would turn down after people were asked."""
    services = context.services
    if call.known_definition.isolation is Isolation.SANDBOX:
        choice = services.programs.choice_for_bodies(call.known_definition.tier)
        if choice.sandbox is None:
            return Refuse(unavailable(choice), rule=f"sandbox.{choice.tier}")
    way = services.ways.to(call.known_definition.needs)
    try:
        found = await services.budgets.look(spending_of(call, context), way.demand)
    except CountersError:
        return without_counters(call, services)
    match found:
        case None:
            return Proceed(call)
        case Shortage():
            return Refuse(way.refusal(found), rule=f"breaker.{way.dependency.name}")
        case _:
            return Refuse(found.error, rule=found.rule)

"""`screen`: could the call run now? It looks and reserves nothing."""

from typing import Any

from highroad.domain.call import Call
from highroad.domain.verdict import Proceed, Refuse, Verdict
from highroad.pipeline.context import RoadContext
from highroad.pipeline.services import Services
from highroad.tools.compile import RegisteredTool


def applies(tool: RegisteredTool[Any], services: Services) -> bool:
    """Always, but for a lone read without a rate."""
    del tool, services
    return True


def applies_to_lone_read(tool: RegisteredTool[Any], services: Services) -> bool:
    """A run of one can exceed nothing but a rate."""
    return services.per_minute(tool.definition) is not None


async def screen(call: Call, context: RoadContext) -> Verdict:
    """Turn down what rate and budget would turn down after people were asked."""
    services, definition = context.services, call.known_definition
    per_minute = services.per_minute(definition)
    if per_minute is not None:
        limited = services.rates.look(context.record.principal_id, definition.name, per_minute)
        if limited is not None:
            return Refuse(limited.error, rule="limits.per_minute")
    exceeded = context.account.look(services.demand(context.tool, call))
    if exceeded is not None:
        return Refuse(exceeded.error, rule=f"limits.{exceeded.limit}")
    return Proceed(call)

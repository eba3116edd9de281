"""What a call spends: who spends it, how much, and what becomes of it without counters."""

import logging
from typing import Final

from highroad.domain.call import Call
from highroad.domain.demand import Amount
from highroad.domain.error import CallError, Code, CountersError
from highroad.domain.limits import WithoutCounters
from highroad.domain.verdict import Proceed, Refuse
from highroad.limits.exceeded import Exceeded
from highroad.limits.reservation import Reservation
from highroad.limits.share import Spending, to_microusd
from highroad.pipeline.context import RoadContext
from highroad.pipeline.services import Services

_log: Final = logging.getLogger("highroad.limits")

UNCOUNTED: Final = CallError(
    code=Code.LIMITS_UNAVAILABLE,
    message="What limits count cannot be reached, so nobody can say whether there is room.",
    hint="Try again later.",
    retryable=True,
)


async def propose(call: Call, context: RoadContext) -> Exceeded | None:
    """Count a call that was received, whatever becomes of it."""
    services = context.services
    try:
        found = await services.budgets.propose(context.spender())
    except CountersError as error:  # `screen` and `admit` judge what that means for this call
        _log.warning("call %s is not counted as a proposal: %s", call.id, error)
        return None
    if isinstance(found, Exceeded):
        return found
    context.near.extend(found)
    return None


def spending_of(call: Call, context: RoadContext) -> Spending:
    """What the call takes, worked out once on its way."""
    if context.spending is None:
        services, definition = context.services, call.known_definition
        spender = context.spender(services.cap(definition), services.per_minute(definition))
        context.spending = services.budgets.spending(spender, _amount(call, context))
    return context.spending


async def reserve(call: Call, context: RoadContext) -> Proceed | Refuse:
    """Reserve of every budget and take a turn of every rate, at once.

    Doing it once more takes only what the counters do not know the call to have any more.
    """
    try:
        reserved = await context.services.budgets.reserve(spending_of(call, context))
    except CountersError:
        return without_counters(call, context.services)
    if not isinstance(reserved, Reservation):
        return Refuse(reserved.error, rule=reserved.rule)
    context.hold_reservation(reserved)
    return Proceed(call)


def _amount(call: Call, context: RoadContext) -> Amount:
    """What the call declares to take at most."""
    services, tool = context.services, context.tool
    amount = services.amount(tool)
    if tool.cost.estimate is None and not services.budgets.bounds_wall:
        return amount
    if tool.cost.estimate is not None:
        estimate = to_microusd(tool.cost.reserve(call.known_arguments))
        amount = amount._replace(microusd=estimate)
    if services.budgets.bounds_wall:
        amount = amount._replace(wall_ms=max(0, int(context.remaining_s() * 1_000)))
    return amount


def without_counters(call: Call, services: Services) -> Proceed | Refuse:
    """Fail closed, but for reads where the settings say so."""
    is_allowed = services.limits.reads_without_counters is WithoutCounters.ALLOW
    if is_allowed and not call.known_definition.has_effects:
        return Proceed(call, note="limits.reads_without_counters")
    return Refuse(UNCOUNTED, rule="limits.reads_without_counters")

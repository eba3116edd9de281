"""`admit`: reserves what the call may use."""

from typing import Any, Final

from highroad.domain.call import Call
from highroad.domain.error import CallError, Code
from highroad.domain.verdict import Refuse, Verdict
from highroad.pipeline.context import RoadContext
from highroad.pipeline.services import Services
from highroad.pipeline.spending import reserve
from highroad.tools.compile import RegisteredTool

CROWDED: Final = CallError(
    code=Code.OVERLOADED,
    message="Other calls of this run took all the time that this one had, so nothing was run.",
    hint="Make fewer calls at once.",
    retryable=True,
)


def applies_to_lone_read(tool: RegisteredTool[Any], services: Services) -> bool:
    """A run of one can exceed only its money at once, a rate, or a wider budget."""
    definition = tool.definition
    is_free = definition.cost_usd == 0 and tool.cost.actual is None
    return not is_free or services.binds(definition)


async def admit(call: Call, context: RoadContext) -> Verdict:
    """Reserve of every budget and take a turn of every rate, at once; then a slot of the run."""
    verdict = await reserve(call, context)
    if isinstance(verdict, Refuse):
        return verdict
    try:
        await context.take_slot()
    except TimeoutError:
        return Refuse(CROWDED, rule="limits.parallel")
    return verdict

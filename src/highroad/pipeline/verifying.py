"""A second opinion on a call, where one is configured."""

from typing import Any, Final

from highroad.domain.call import Call
from highroad.domain.error import CallError
from highroad.domain.verdict import Proceed, Refuse
from highroad.pipeline.asking import answered
from highroad.pipeline.context import RoadContext
from highroad.pipeline.services import Services
from highroad.tools.compile import RegisteredTool

_RULE: Final = "assess.verifier"


def applies(tool: RegisteredTool[Any], services: Services) -> bool:
    """Whether there is a verifier; reads are not worth its time."""
    return services.verifier is not None and tool.definition.has_effects


async def verified(call: Call, context: RoadContext) -> Proceed | Refuse:
    """Ask the verifier; its reasons become obligations. One that cannot be asked passes nothing."""
    verifier = context.services.verifier
    if verifier is None or not context.tool.definition.has_effects:
        return Proceed(call)
    found = await answered(verifier.verify(call), _time_s(context), rule=_RULE)
    if isinstance(found, Refuse):
        return found
    if isinstance(found, CallError):
        return Refuse(found, rule=_RULE)
    return Proceed(call, found)


def _time_s(context: RoadContext) -> float:
    """What an attempt has where its tool sets no time itself: a verifier knows nothing of that."""
    return min(context.services.limits.attempt_s, context.remaining_s())

"""Stated confidence: is the model as sure of a call as the policy asks?

Only a call is judged whose model was asked, by the request that its reply answers. What a model
says of itself stops nothing by itself: it is a reason to ask a person.
"""

from typing import Any, Final

from highroad.domain.approval import Obligation
from highroad.domain.call import Call
from highroad.domain.confidence import Statement
from highroad.domain.verdict import Proceed
from highroad.pipeline.context import RoadContext
from highroad.pipeline.services import Services
from highroad.tools.compile import RegisteredTool

LOW: Final = "low_confidence"
"""Code of the obligation of a call that its model is not sure enough of."""
NONE: Final = "no_confidence"
"""Code of the obligation of a call of which it does not say, where it was asked."""
_UNSTATED: Final = Obligation(
    NONE, "The model was asked how sure it is and why, and did not say it in a form that counts."
)


def applies(tool: RegisteredTool[Any], services: Services) -> bool:
    """Whether policy asks how sure a model is of calls of a tool; of reads it never does."""
    return tool.definition.has_effects and services.confidence.of(tool.name) is not None


def rule_in_force(call: Call, tool: RegisteredTool[Any], services: Services) -> str | None:
    """What is asked of a model that was asked; what it said is no rule."""
    threshold = services.confidence.of(tool.name)
    if call.revision or call.stated is None or not applies(tool, services):
        return None
    return f"confidence {threshold:g}"


async def confident(call: Call, context: RoadContext) -> Proceed:
    """Ask a person where the model is not sure enough, or does not say."""
    threshold = context.services.confidence.of(context.tool.name)
    if call.stated is None or call.revision or threshold is None:
        return Proceed(call)
    obligation = _obligation(call.stated, threshold)
    if obligation is None:
        return Proceed(call, note=f"confidence: {call.stated.confidence:g}")
    return Proceed(call, (obligation,), note=f"confidence.{obligation.code}")


def _obligation(stated: Statement, threshold: float) -> Obligation | None:
    if stated.confidence is None or not stated.reasoning:
        return _UNSTATED
    if stated.confidence >= threshold:
        return None
    return Obligation(
        LOW,
        f"The model says that it is sure of this call by {stated.confidence:g}; {threshold:g} is "
        "asked.",
    )

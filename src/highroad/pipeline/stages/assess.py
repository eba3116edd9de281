"""`assess`: is the call what was asked for? A second opinion, where one is configured."""

from typing import Any

from highroad.domain.call import Call
from highroad.domain.error import CallError
from highroad.domain.verdict import Proceed, Refuse, Verdict
from highroad.pipeline.context import RoadContext
from highroad.pipeline.services import Services
from highroad.tools.compile import RegisteredTool


def applies(tool: RegisteredTool[Any], services: Services) -> bool:
    """Whether there is a verifier; reads are not worth its time."""
    return services.verifier is not None and tool.definition.has_effects


async def assess(call: Call, context: RoadContext) -> Verdict:
    """Ask the verifier; its reasons become obligations."""
    verifier = context.services.verifier
    if verifier is None or context.approval is not None:
        return Proceed(call)  # a call that was held was assessed before it was
    found = await verifier.verify(call)
    if isinstance(found, CallError):
        return Refuse(found, rule="assess.verifier")
    return Proceed(call, found)

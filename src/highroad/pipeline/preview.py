"""The end of a dry run: what would have happened."""

from highroad.domain.approval import Obligation
from highroad.domain.call import Call
from highroad.domain.outcome import Ending, Preview, Status
from highroad.pipeline.body import tool_context
from highroad.pipeline.context import RoadContext


async def preview(call: Call, context: RoadContext, obligations: tuple[Obligation, ...]) -> Ending:
    """Say what would have happened; the tool's own preview is asked, its body is not run."""
    changes = None
    if context.tool.preview is not None:
        seen = await tool_context(call, context)
        changes = await context.tool.preview(call.known_arguments, seen)
    return Ending(
        status=Status.COMPLETED,
        result=Preview(
            tool=call.known_definition.name,
            would="ask" if obligations else "run",
            reasons=tuple(obligation.reason for obligation in obligations),
            changes=changes,
        ),
        is_dry_run=True,
    )

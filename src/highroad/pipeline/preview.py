"""The end of a dry run: what would have happened."""

from highroad.domain.approval import Obligation
from highroad.domain.call import Call
from highroad.domain.json_value import JsonValue
from highroad.domain.outcome import Ending, Preview, Status
from highroad.domain.verdict import Conclude, Refuse
from highroad.pipeline.asking import ask
from highroad.pipeline.context import RoadContext


async def preview(
    call: Call, context: RoadContext, obligations: tuple[Obligation, ...]
) -> Conclude | Refuse:
    """Say what would have happened; the tool's own preview is asked, its body is not run."""
    changes: JsonValue = None
    asked = context.tool.preview
    if asked is not None:
        answer = await ask(asked, call.known_arguments, call, context, rule="preview")
        if isinstance(answer, Refuse):
            return answer
        changes = answer
    found = Preview(
        tool=call.known_definition.name,
        would="ask" if obligations else "run",
        reasons=tuple(obligation.reason for obligation in obligations),
        changes=changes,
    )
    return Conclude(Ending(status=Status.COMPLETED, result=found, is_dry_run=True))

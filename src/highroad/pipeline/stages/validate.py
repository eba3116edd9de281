"""`validate`: coercion, schema, semantic types, then the tool's own pure checks."""

from highroad.domain.call import Call
from highroad.domain.verdict import Proceed, Refuse, Verdict
from highroad.pipeline.context import RoadContext
from highroad.tools.invalid import Invalid
from highroad.tools.validate import check_arguments


async def validate(call: Call, context: RoadContext) -> Verdict:
    """Check the arguments by themselves: no network, no disk, every error at once."""
    checked = check_arguments(context.tool, call.known_arguments)
    if isinstance(checked, Invalid):
        return Refuse(checked.error(), rule=f"arguments.{checked.problems[0].code}")
    if checked.coercions:
        context.record.coercions = tuple(map(str, checked.coercions))
        call = call.resolved(call.known_definition, checked.arguments)
        context.advance(call)
    return Proceed(call)

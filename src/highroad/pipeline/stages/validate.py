"""`validate`: coercion, schema, semantic types, then the tool's own pure checks."""

from itertools import takewhile
from typing import Any

from highroad.domain.call import Call
from highroad.domain.json_value import JsonObject
from highroad.domain.verdict import Proceed, Refuse, Verdict
from highroad.pipeline.checking import judged
from highroad.pipeline.context import RoadContext
from highroad.pipeline.lending import by_value, with_spoken
from highroad.pipeline.personal import handed
from highroad.pipeline.refusal import refused
from highroad.tools.arguments.invalid import Invalid
from highroad.tools.body.call_check import CheckStage
from highroad.tools.compile import RegisteredTool
from highroad.tools.migration import migrated
from highroad.tools.validate import check_arguments


async def validate(call: Call, context: RoadContext) -> Verdict:
    """Check the arguments by themselves: no network, no disk, every error at once."""
    tool, arguments = context.tool, call.known_arguments
    taken = of_today = _as_of_today(tool, arguments, context)
    note: str | None = None
    if not context.services.redaction.is_off:
        given = handed(call, context, taken)
        if isinstance(given, Refuse):
            return given
        taken, note = given.arguments, given.note
    taken = with_spoken(call, context, taken)
    refusal = by_value(call, context, taken)
    if refusal is not None:
        return refusal
    checked = check_arguments(tool, taken)
    if isinstance(checked, Invalid):
        return await refused(checked, call, context)
    own = context.services.checks.at(CheckStage.VALIDATE, tool.name)
    if own:
        said = judged(own, call.resolved(call.known_definition, checked.arguments))
        if isinstance(said, Refuse):
            return said
        if said:
            return await refused(Invalid.of(said, is_authored=True), call, context)
    context.services.repairs.passed(call, tool.name)
    changes = tuple(map(str, checked.coercions))
    if of_today is not arguments:
        changes = (f"arguments of an older version as {tool.definition.version}", *changes)
    if changes or taken is not arguments:
        context.record.coercions = changes
        call = call.resolved(call.known_definition, checked.arguments)
        context.advance(call)
    return Proceed(call, note=note)


def _as_of_today(
    tool: RegisteredTool[Any], arguments: JsonObject, context: RoadContext
) -> JsonObject:
    """Arguments that were written for an older version, as this one takes them."""
    if tool.migrate is None:
        return arguments
    versions = context.services.registry.versions(tool.name)
    older = takewhile(lambda each: each.definition is not tool.definition, versions)
    return migrated(tool, arguments, older)

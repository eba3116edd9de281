"""`resolve`: raw model output becomes a known, pinned tool and parsed arguments."""

from typing import Any, Final

from highroad.domain.call import Call
from highroad.domain.error import CallError, Code
from highroad.domain.json_value import JsonObject
from highroad.domain.verdict import Proceed, Refuse, Verdict
from highroad.pipeline.context import RoadContext
from highroad.ports.policy import Deny
from highroad.tools.compile import RegisteredTool
from highroad.tools.invalid import Invalid
from highroad.tools.parse import parse

CHANGED: Final = CallError(
    code=Code.DEFINITION_CHANGED,
    message="The definition of this tool is not the one that was accepted.",
    hint="Use another tool; a person has to accept the change first.",
)


async def resolve(call: Call, context: RoadContext) -> Verdict:
    """Find the tool, as far as this caller may know of it, and parse the arguments.

    A tool that no arguments could make available to this caller is `unknown_tool` to it; the
    ledger has the rule.
    """
    services = context.services
    if context.approval is None:  # a call that was held has been counted
        exceeded = context.account.propose()
        if exceeded is not None:
            return Refuse(exceeded.error, rule=f"limits.{exceeded.limit}")
    tool = services.registry.find(call.tool)
    if tool is None:
        return Refuse(_unknown(call, context))
    refused, arguments = _judge(call, context, tool)
    resolved = call.resolved(tool.definition, arguments)
    # From here on the ledger knows the tool, whatever the caller is told.
    context.settle_on(tool, resolved)
    return refused or Proceed(resolved)


def _judge(
    call: Call, context: RoadContext, tool: RegisteredTool[Any]
) -> tuple[Refuse | None, JsonObject | None]:
    """Whether this caller may use this definition at all, and the arguments if they can be read."""
    services = context.services
    admission = services.admission(call, tool.definition)
    if isinstance(admission, Deny):
        return Refuse(_unknown(call, context), rule=admission.rule, actual=Code.DENIED), None
    context.record.rules = admission.rules
    change = services.changed.get(tool.name)
    if change is not None:
        return Refuse(CHANGED, rule=f"pins.{change}"), None
    parsed = parse(call.raw, names=tool.names, max_bytes=services.limits.argument_bytes)
    if isinstance(parsed, Invalid):
        return Refuse(parsed.error(), rule=f"arguments.{parsed.problems[0].code}"), None
    return None, parsed


def _unknown(call: Call, context: RoadContext) -> CallError:
    """Near names are taken from the tools that this caller may see."""
    services = context.services
    visible = [
        definition.name
        for definition in services.registry.definitions()
        if not isinstance(services.admission(call, definition), Deny)
    ]
    near = services.registry.near(call.tool, visible)
    if near:
        hint = f"Did you mean {' or '.join(near)}?"
    elif visible:
        hint = f"Tools that you can use: {', '.join(sorted(visible)[:20])}."
    else:
        hint = "There is no tool that you can use."
    return CallError(
        code=Code.UNKNOWN_TOOL, message="There is no tool of this name for you.", hint=hint
    )

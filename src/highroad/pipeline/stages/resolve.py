"""`resolve`: raw model output becomes a known, pinned tool and parsed arguments."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from highroad.domain.call import Call
from highroad.domain.error import CallError, Code
from highroad.domain.identity import Principal
from highroad.domain.json_value import JsonObject
from highroad.domain.secret import SecretText
from highroad.domain.tool import Tier
from highroad.domain.verdict import Proceed, Refuse, Verdict
from highroad.pipeline.context import RoadContext
from highroad.pipeline.referring import referred
from highroad.pipeline.refusal import refused
from highroad.pipeline.services import Services
from highroad.pipeline.spending import propose
from highroad.ports.policy import Deny
from highroad.tools.arguments.invalid import Invalid
from highroad.tools.arguments.parse import parse
from highroad.tools.compile import RegisteredTool
from highroad.tools.versions import Choice, Chosen, Unavailable, choose

CHANGED: Final = CallError(
    code=Code.DEFINITION_CHANGED,
    message="The definition of this tool is not the one that was accepted.",
    hint="Use another tool; a person has to accept the change first.",
)


CANCELLED: Final = CallError(
    code=Code.CANCELLED,
    message="The run that this call belongs to was called off.",
    hint="Make no more calls in this run; tell the user that it was called off.",
)


ENDED: Final = CallError(
    code=Code.DENIED,
    message="The key through which this call came is good no more.",
    hint="Make no more calls; tell the user that their key has ended.",
)


async def resolve(call: Call, context: RoadContext) -> Verdict:
    """Find the version of the tool that answers this caller, and parse the arguments.

    A tool that no arguments could make available to this caller is `unknown_tool` to it; the
    ledger has the rule.
    """
    services = context.services
    # A call that was held has been counted, and what nothing counts is within any limit but none.
    if context.approval is None and not (context.is_lone and services.limits.proposals):
        exceeded = await propose(call, context)
        if exceeded is not None:
            return Refuse(exceeded.error, rule=exceeded.rule)
    if services.cancelled.holds(context.run):
        return Refuse(CANCELLED, rule="run.cancelled")
    versions = services.registry.versions(call.tool)
    choice = _choose(services, versions, call.principal, call.version)
    tool = _behind(choice, versions)
    if tool is None:
        return Refuse(_unknown(call, context), rule=_why_not(choice) if versions else None)
    verdict, arguments = _judge(call, context, tool, choice)
    read = None if isinstance(arguments, Invalid) else arguments
    resolved = _dry(call.resolved(tool.definition, read), services)
    # From here on the ledger knows the tool, whatever the caller is told.
    context.settle_on(tool, resolved)
    ended = await _ended(resolved, services) if call.delegation else None
    if ended is not None:
        return ended
    if isinstance(arguments, Invalid):
        return await refused(arguments, call, context)
    note = choice.reason if isinstance(choice, Chosen) and len(versions) > 1 else None
    is_read = verdict is None and call.takes_handles
    said = await referred(resolved, context, note) if is_read else verdict
    return said or Proceed(resolved, note=note)


async def _ended(call: Call, services: Services) -> Refuse | None:
    """Whether an API key in the chain of a call is good no more, however long ago that was made.

    Every drive comes by here: that of a call in a run, and of one that was held, too.
    """
    if services.validity is None:
        return None
    is_fresh = call.known_definition.tier is Tier.PRIVILEGED
    key_id = await services.validity.ended_in(call.delegation, call.organization, is_fresh=is_fresh)
    return None if key_id is None else Refuse(ENDED, rule=f"delegation.{key_id}: has ended")


def _dry(call: Call, services: Services) -> Call:
    """The call as a dry run, where it has effects and its run or the deployment is dry.

    Every drive comes by here, that of a call which was held before the deployment was dry too.
    """
    if call.dry_run or not services.spares(call):
        return call
    is_made = not call.known_definition.has_effects or services.hands_on(call.tool)
    return call if is_made else replace(call, dry_run=True)


def _choose(
    services: Services,
    versions: Sequence[RegisteredTool[Any]],
    principal: Principal,
    wanted: str | None = None,
) -> Choice:
    """Which version answers; nearly always there is one, which nothing stands against."""
    if len(versions) == 1:
        only = versions[0].definition
        is_plain = only.flag is None and only.digest not in services.changed
        if is_plain and (wanted is None or wanted == only.version):
            return Chosen(only, "")
    return choose(
        (each.definition for each in versions),
        is_accepted=lambda each: each.digest not in services.changed,
        is_on=lambda flag: services.flags.is_on(flag, principal),
        wanted=wanted,
    )


def _behind(choice: Choice, versions: Sequence[RegisteredTool[Any]]) -> RegisteredTool[Any] | None:
    """The version that a choice speaks of."""
    for each in versions:
        if each.definition is choice.definition:
            return each
    return None


def _why_not(choice: Choice) -> str:
    """Why no version answers, for the ledger."""
    return f"versions: {choice.reason}"


def _judge(
    call: Call, context: RoadContext, tool: RegisteredTool[Any], choice: Choice
) -> tuple[Refuse | None, JsonObject | Invalid | None]:
    """Whether this caller may use this definition at all; if so, what its arguments read as."""
    services = context.services
    admission = services.admission(call, tool.definition)
    if isinstance(admission, Deny):
        return Refuse(_unknown(call, context), rule=admission.rule, actual=Code.DENIED), None
    context.record.rules = admission.rules
    if isinstance(choice, Unavailable):
        if choice.code is Code.UNKNOWN_TOOL:
            return Refuse(_unknown(call, context), rule=_why_not(choice)), None
        return Refuse(CHANGED, rule=f"pins.{services.changed[tool.definition.digest]}"), None
    return None, _read(call, context, tool)


def _read(call: Call, context: RoadContext, tool: RegisteredTool[Any]) -> JsonObject | Invalid:
    """The arguments in JSON; a secret that code hands in by its value has a reference there."""
    raw = call.raw
    if tool.secret_arguments and isinstance(raw, Mapping):
        raw = _referred(raw, call, context)
    most = context.services.limits.argument_bytes
    return parse(raw, names=tool.names, max_bytes=most)


def _referred(raw: Mapping[str, object], call: Call, context: RoadContext) -> Mapping[str, object]:
    services, organization = context.services, call.organization
    return {
        name: services.secrets.take_in(given, organization, services.ledger.keyring)
        if isinstance(given, SecretText)
        else given
        for name, given in raw.items()
    }


def _unknown(call: Call, context: RoadContext) -> CallError:
    """Near names are taken from the tools that would answer this caller."""
    registry = context.services.registry
    names = {definition.name for definition in registry.definitions()}
    visible = [name for name in names if _would_answer(name, call, context.services)]
    near = registry.near(call.tool, visible)
    if near:
        hint = f"Did you mean {' or '.join(near)}?"
    elif visible:
        hint = f"Tools that you can use: {', '.join(sorted(visible)[:20])}."
    else:
        hint = "There is no tool that you can use."
    return CallError(
        code=Code.UNKNOWN_TOOL, message="There is no tool of this name for you.", hint=hint
    )


def _would_answer(name: str, call: Call, services: Services) -> bool:
    """Whether a call of the same caller by this name alone would get as far as its arguments."""
    choice = _choose(services, services.registry.versions(name), call.principal)
    if not isinstance(choice, Chosen):
        return False
    return not isinstance(services.admission(call, choice.definition), Deny)

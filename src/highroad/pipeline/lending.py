"""What a call holds of secrets: borrowed before its intent, and for as long as its body runs.

Until then a call carries references alone: what is judged, asked about, sealed and compared has no
value in it.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from highroad.domain.call import Call
from highroad.domain.error import CallError, Code, Problem, ToolError
from highroad.domain.failure import Failure
from highroad.domain.failure_kind import FailureKind
from highroad.domain.identity import Origin
from highroad.domain.json_value import JsonObject
from highroad.domain.outcome import Proof
from highroad.domain.secret import (
    HANDED_IN,
    MASK,
    SPOKEN,
    SecretError,
    SecretText,
    named_by,
)
from highroad.domain.verdict import Refuse
from highroad.domain.verification import UserTurn
from highroad.evidence.intent.spoken import is_called
from highroad.pipeline.context import RoadContext
from highroad.pipeline.grounding import comes_from_model
from highroad.pipeline.judgement import undeclared
from highroad.pipeline.lent import Lent
from highroad.pipeline.services import Services
from highroad.pipeline.timer import within
from highroad.redaction.known_secrets import KNOWN
from highroad.tools.arguments.pointer import pointer
from highroad.tools.compile import RegisteredTool

_log: Final = logging.getLogger("highroad.secrets")

BY_VALUE: Final = "secrets.by_value"
_WANTED: Final = "a reference to a secret, such as secret:name"
NOT_ALLOWED: Final = CallError(
    code=Code.DENIED,
    message="There is no such secret, or it is not yours to name.",
    hint="Do not try another name; tell the user that this secret is not allowed.",
)


# -- references --------------------------------------------------------------------------------


def with_spoken(call: Call, context: RoadContext, arguments: JsonObject) -> JsonObject:
    """The arguments with references in place of secrets that the user said in this run."""
    tool, services = context.tool, context.services
    if not tool.spoken_arguments or not comes_from_model(call):
        return arguments
    turns = services.evidence.of(call).turns
    found = {
        name: spoken(services, call.run_id, call.organization, turns, tool, name, given)
        for name in tool.spoken_arguments
        if isinstance(given := arguments.get(name), str)
    }
    taken = {name: each for name, each in found.items() if each is not None}
    return {**arguments, **taken} if taken else arguments


def spoken(  # noqa: PLR0913, PLR0917 - who said it, where, and what a model makes of it
    services: Services,
    run_id: str,
    organization: str,
    turns: Sequence[UserTurn],
    tool: RegisteredTool[Any],
    argument: str,
    given: str,
) -> str | None:
    """A reference to a secret that the user said in a run, where a model passes its value on.

    Only where an argument is a secret by its name alone, and where the user's own words call the
    very value so: no text that a tool has read counts, and the model has nothing to choose between.
    """
    word = tool.spoken_arguments.get(argument)
    if word is None or named_by(given) is not None:
        return None
    if not is_called(given, word, [turn.text for turn in turns]):
        return None
    return services.secrets.take_in_spoken(given, run_id, organization, services.ledger.keyring)


def by_value(call: Call, context: RoadContext, arguments: JsonObject) -> Refuse | None:
    """Turn down values where references belong, and known values wherever they stand.

    The arguments are kept without them. A value that a caller says is not known from then on:
    whoever could have any word hidden could have every word hidden.
    """
    tool = context.tool
    if not tool.secret_arguments and KNOWN.is_empty:
        return None
    found = [
        name
        for name in tool.secret_arguments
        if arguments.get(name) is not None and named_by(arguments[name]) is None
    ]
    kept: JsonObject = {**arguments, **dict.fromkeys(found, MASK)}
    # In the form in which they are sealed, which then need not be looked through once more.
    if found or _has_known(context, arguments):
        hidden = KNOWN.hidden_json(kept)
        if isinstance(hidden, dict) and hidden is not kept:
            found += [name for name in kept if hidden.get(name) != kept[name]]
            kept = hidden
    if not found:
        return None
    context.advance(call.resolved(call.known_definition, kept))
    context.canonical_arguments  # noqa: B018 - kept in this form, and not as they came
    problems = [
        Problem(pointer([name], tool.names), Code.SECRET_BY_VALUE, _WANTED) for name in found
    ]
    error = CallError(
        code=Code.SECRET_BY_VALUE,
        message="An argument has a secret by its value. It was not used, and is kept nowhere.",
        hint=f"Pass {_WANTED}; values are fetched when the tool runs. If there is no reference, "
        "ask the user to have the secret set up; do not ask for its value.",
        problems=tuple(problems),
    )
    return Refuse(error, rule=BY_VALUE)


def _has_known(context: RoadContext, arguments: JsonObject) -> bool:
    if KNOWN.is_empty:
        return False
    if arguments is not context.record.call.arguments:  # pseudonyms in them were turned back
        return KNOWN.is_in_bytes(orjson.dumps(arguments))
    return KNOWN.is_in_bytes(context.canonical_arguments)


def allowed(call: Call, context: RoadContext) -> Refuse | None:
    """Turn down references that the caller may not name; one that nobody has looks the same."""
    rules, tool = context.services.secrets.rules, context.tool
    agents = tuple(delegate.agent for delegate in call.delegation)
    for argument in tool.secret_arguments:
        name = named_by(call.known_arguments.get(argument))
        if name is None:
            continue
        if name.startswith(HANDED_IN):
            is_allowed = call.origin is Origin.CODE or call.parent_id is not None
        elif name.startswith(SPOKEN):
            is_here = context.services.secrets.was_spoken_in(name, call.run_id)
            is_allowed = is_here and argument in tool.spoken_arguments
        else:
            is_allowed = rules.permits(
                name, tool=tool.name, roles=frozenset(call.principal.roles), agents=agents
            )
        if not is_allowed:
            return Refuse(NOT_ALLOWED, rule=f"secrets.allow: {argument}")
    return None


# -- values ------------------------------------------------------------------------------------


async def borrow(call: Call, context: RoadContext) -> Refuse | None:
    """Fetch what the call's body needs; where one cannot be had, nothing is run."""
    services = context.services
    lent = Lent(services.secrets, services.clock, call.id, _names(call, context))
    failed = await _fetch(lent, context)
    if failed is not None:
        return Refuse(failed, rule="secrets.unavailable")
    for name in _names(call, context):
        if name.startswith(SPOKEN):
            context.hidden += (services.secrets.hide_for_now(name),)
    context.lent = lent
    lent.keep_good()
    return None


def give_back(context: RoadContext) -> None:
    """The body is over, and holds nothing any more."""
    if context.lent is not None:
        context.lent.end()
        context.lent = None


async def borrow_again(context: RoadContext) -> Failure | None:
    """Fetch them for another attempt: one may have been rotated, which is why the last failed."""
    lent, attempt = context.lent, context.record.attempts + 1
    if lent is None or lent.attempt >= attempt:
        return None
    lent.attempt = attempt
    error = await _fetch(lent, context)
    if error is None:
        return None
    return Failure(
        kind=FailureKind.TRANSIENT if error.retryable else FailureKind.DENIED,
        error=error,
        applied=False,
        proof=Proof.NOT_STARTED,
        rule="secrets.unavailable",
        was_made=False,
    )


def handed_to(call: Call, context: RoadContext) -> JsonObject:
    """The arguments as the body is handed them: with values in place of references."""
    arguments, lent = call.known_arguments, context.lent
    if lent is None:
        return arguments
    values = {
        argument: lent.secret(name).reveal()
        for argument in context.tool.secret_arguments
        if (name := named_by(arguments.get(argument))) is not None
    }
    return {**arguments, **values} if values else arguments


def declared_values(context: RoadContext) -> Mapping[str, str]:
    """What a body gets that runs apart: the secrets that its tool declares."""
    lent = context.lent
    if lent is None:
        return {}
    return {name: lent.secret(name).reveal() for name in context.tool.definition.secrets}


def secret_for(context: RoadContext, name: str) -> SecretText:
    """What a body that asks by name is given.

    Raises:
        ToolError: Its tool does not declare it, or this is no time to have it.
    """
    definition = context.tool.definition
    if name not in definition.secrets:
        raise undeclared(definition.name, name)
    lent = context.lent
    if lent is None or not lent.has(name):
        raise ToolError(
            f"{definition.name} asks for the secret {name!r} where nothing is run yet: previews, "
            "checks and dry runs have none.",
            code=Code.SECRET_UNAVAILABLE,
            hint="Tell the user that the tool is broken.",
            kind=FailureKind.BUG,
        )
    return lent.secret(name)


def _names(call: Call, context: RoadContext) -> tuple[str, ...]:
    tool, arguments = context.tool, call.known_arguments
    referred = (named_by(arguments.get(each)) for each in tool.secret_arguments)
    return tuple(dict.fromkeys((*tool.definition.secrets, *filter(None, referred))))


async def _fetch(lent: Lent, context: RoadContext) -> CallError | None:
    try:
        await within(context.attempt_s(), lent.fetch())
    except SecretError as error:
        may_pass, why = error.may_pass, str(error)
    except TimeoutError:
        may_pass, why = True, "its source did not answer in time"
    else:
        return None
    _log.warning("call %s has no secret: %s", context.record.call.id, why)
    return CallError(
        code=Code.SECRET_UNAVAILABLE,
        message="A secret that this tool needs cannot be had, so nothing was run.",
        hint="Try again later." if may_pass else "Tell the user that a secret has to be set up.",
        retryable=may_pass,
    )

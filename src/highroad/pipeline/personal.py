"""Personal data in arguments: what a tool is handed of it.

A pseudonym is turned back into its value where an argument is there to take such a value, and
nowhere else: what is not declared stays closed. It happens before anything is judged, so rules,
grounding and the people who decide see the value that the tool will.
"""

from functools import lru_cache
from typing import Final

from highroad.domain.call import Call
from highroad.domain.error import CallError, Code, Problem
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.redaction import InArguments
from highroad.domain.tool import ToolDefinition
from highroad.domain.value import value
from highroad.domain.verdict import Refuse
from highroad.pipeline.context import RoadContext
from highroad.pipeline.redaction import NOTED, Redaction, note
from highroad.redaction.pseudonyms import has_pseudonym, revealed
from highroad.tools.arguments.pointer import pointer

_FORMATS: Final = frozenset({"email", "idn-email", "phone", "tel", "iban", "ipv4", "ipv6"})
"""Of values that are personal by their type."""
_WANTED: Final = "a pseudonym that a result of this run has"


@value(kw_only=False)
class Handed:
    """Arguments as the tool is handed them, and what the record says of that."""

    arguments: JsonObject
    note: str | None = None


def handed(call: Call, context: RoadContext, arguments: JsonObject) -> Handed | Refuse:
    """Turn back pseudonyms where values are taken; look at, or mask, what else is personal.

    A body's own calls are handed what it says.
    """
    redaction = context.services.redaction
    if call.parent_id is not None:
        return Handed(arguments)
    takes = taking(context.tool.definition)
    values = redaction.behind(call.run_id)
    told = {
        name: revealed(each, values) if name in takes else each for name, each in arguments.items()
    }
    unknown = [name for name in takes & told.keys() if _has_pseudonym(told[name])]
    if unknown:
        return _refused([pointer([name], context.tool.names) for name in sorted(unknown)])
    turned = [pointer([name], context.tool.names) for name in told if told[name] != arguments[name]]
    return _looked_into(context, Handed(told if turned else arguments, _note_of(turned)), takes)


@lru_cache(4_096)
def taking(definition: ToolDefinition) -> frozenset[str]:
    """Arguments that are there to take what is personal: by declaration, or by their format."""
    members = definition.input_schema.get("properties")
    named = members.items() if isinstance(members, dict) else ()
    return frozenset({*definition.personal, *(name for name, part in named if _is_personal(part))})


def masked_in(arguments: JsonObject, definition: ToolDefinition, redaction: Redaction) -> list[str]:
    """Arguments that a tool would not be handed whole."""
    if redaction.is_off or redaction.rules.arguments is not InArguments.MASK:
        return []
    takes = taking(definition)
    others = {name: each for name, each in arguments.items() if name not in takes}
    found = redaction.redactor.redacted(others, redaction.in_arguments).json
    left = found if isinstance(found, dict) else {}
    return sorted(name for name, each in others.items() if left.get(name) != each)


def _is_personal(part: JsonValue) -> bool:
    if not isinstance(part, dict):
        return False
    branches = part.get("anyOf")
    below = [*(branches if isinstance(branches, list) else ()), part.get("items")]
    return part.get("format") in _FORMATS or any(map(_is_personal, below))


def _has_pseudonym(json: JsonValue) -> bool:
    match json:
        case str():
            return has_pseudonym(json)
        case dict():
            return any(map(_has_pseudonym, (*json, *json.values())))
        case list():
            return any(map(_has_pseudonym, json))
        case _:
            return False


def _refused(pointers: list[str]) -> Refuse:
    plain = ", ".join(f"`{each[1:]}`" for each in pointers)
    error = CallError(
        code=Code.PSEUDONYM_UNKNOWN,
        message=f"Nothing in this run is known to stand behind what {plain} has.",
        hint="Read the record again in this run, and use the pseudonym that it shows then.",
        problems=tuple(Problem(each, "pseudonym", _WANTED) for each in pointers),
    )
    return Refuse(error, rule=f"{NOTED}unknown")


def _note_of(turned: list[str]) -> str | None:
    return f"{NOTED}turned back {' '.join(turned)}" if turned else None


def _looked_into(context: RoadContext, so_far: Handed, takes: frozenset[str]) -> Handed:
    """What is personal in arguments that are not there for it."""
    redaction = context.services.redaction
    if redaction.rules.arguments is InArguments.OFF:
        return so_far
    others = {name: each for name, each in so_far.arguments.items() if name not in takes}
    found = redaction.redactor.redacted(others, redaction.in_arguments)
    if not found.counts or not isinstance(found.json, dict):
        return so_far
    told = "; ".join(filter(None, (so_far.note, note(found.counts))))
    if redaction.rules.arguments is InArguments.OBSERVE:
        return Handed(so_far.arguments, told)
    return Handed({**so_far.arguments, **found.json}, told)

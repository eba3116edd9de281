"""The Cedar schema of a set of tools: what policies may name, and of which type it is."""

from collections.abc import Iterable, Sequence
from typing import Final

from highroad.adapters.policy.cedar import facts, names
from highroad.adapters.policy.cedar.shapes import declared, record_of
from highroad.domain.facts import CONFIDENTIAL, INTEGRITY, LEAST
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.tool import Tier, ToolDefinition

_TEXT: Final[JsonObject] = {"type": "String"}
_TEXTS: Final[JsonObject] = {"type": "Set", "element": {"type": "String"}}
_NUMBER: Final[JsonObject] = {"type": "Long"}
_TRUTH: Final[JsonObject] = {"type": "Boolean"}
_TIME: Final = {"ms": _NUMBER, "hour": _NUMBER, "weekday": _NUMBER, "date": _TEXT}


def _record(attributes: dict[str, JsonObject], *, required: bool = True) -> JsonObject:
    members: JsonObject = {name: {**of, "required": required} for name, of in attributes.items()}
    return {"type": "Record", "attributes": members}


def _entity(*member_of: str, **attributes: JsonObject) -> JsonObject:
    return {"memberOfTypes": [*member_of], "shape": _record(attributes)}


_ENTITIES: Final[JsonObject] = {
    names.USER: _entity(
        names.ROLE,
        names.ORGANIZATION,
        id=_TEXT,
        organization=_TEXT,
        roles=_TEXTS,
        permissions=_TEXTS,
        authenticated=_TRUTH,
    ),
    names.ROLE: {},
    names.ORGANIZATION: {},
    names.TAG: {},
    names.SERVER: {},
    # An enumeration, so that a tier which there is not is told.
    names.TIER: {"enum": [str(tier) for tier in Tier]},
    names.TOOL: _entity(
        names.TAG,
        names.TIER,
        names.SERVER,
        name=_TEXT,
        tier=_TEXT,
        effect=_TEXT,
        version=_TEXT,
        source=_TEXT,
        permissions=_TEXTS,
        tags=_TEXTS,
        has_effects=_TRUTH,
    ),
}


def schema_of(tools: Iterable[ToolDefinition]) -> JsonObject:
    """The schema in Cedar's JSON form: an action for each tool, with the types of its arguments."""
    known = {tool.name: tool for tool in tools}
    return {
        "": {
            "entityTypes": _ENTITIES,
            "actions": {name: _action(tool, sorted(known)) for name, tool in known.items()},
        }
    }


def _action(tool: ToolDefinition, others: Sequence[str]) -> JsonValue:
    context = {
        facts.ARGS: declared(record_of(tool.input_schema)),
        facts.AGENTS: _TEXTS,
        facts.TIME: _record(dict(_TIME)),
        facts.HISTORY: _record(dict.fromkeys(others, _NUMBER)),
        facts.LABELS: _labels(_arguments(tool)),
    }
    return {
        "appliesTo": {
            "principalTypes": [names.USER],
            "resourceTypes": [names.TOOL],
            "context": _record(context),
        }
    }


def _labels(arguments: Sequence[str]) -> JsonObject:
    """What is always told is required; an argument of such a name is not found under it."""
    words = _record(dict.fromkeys(arguments, _TEXT), required=False)
    optional = {**dict.fromkeys(arguments, _TEXTS), LEAST: _TEXT}
    members: JsonObject = {name: {**of, "required": False} for name, of in optional.items()}
    for name, of in {INTEGRITY: words, CONFIDENTIAL: _TEXTS}.items():
        members[name] = {**of, "required": True}
    return {"type": "Record", "attributes": members}


def _arguments(tool: ToolDefinition) -> list[str]:
    members = tool.input_schema.get("properties")
    return [*members] if isinstance(members, dict) else []

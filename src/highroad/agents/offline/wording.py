"""What the offline model says: short, and made of nothing but what is known."""

from collections.abc import Sequence
from typing import Final

import orjson

from highroad.agents.offline.facts import result_of
from highroad.agents.offline.filling import Filling
from highroad.agents.offline.slot import Slot
from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.model import ToolMessage

_FIELDS: Final = 12
_ITEMS: Final = 5
_LONGEST: Final = 200

NOTHING_ASKED: Final = "Nothing was asked."
TOO_LONG: Final = (
    "This request is too long for the offline model, so nothing was done. Say it in fewer words."
)
NO_TOOL: Final = "None of the tools at hand fits this request, so nothing was done."


def no_calls(tool: str) -> str:
    """That a tool fits, and may not be called."""
    return f"{tool} fits this request, but no tool may be called now. Nothing was done."


def question(tool: str, filling: Filling) -> str:
    """Ask for what is lacking, by the names and descriptions of the arguments."""
    asked = [_lacking(slot) for slot in filling.missing]
    asked += [f"which {_lacking(slot)} of those that were named" for slot in filling.unclear]
    return f"To call {tool} I need to know: {'; '.join(asked)}. What is it to be?"


def _lacking(slot: Slot) -> str:
    said = slot.description.strip().rstrip(".")
    told = f"{slot.name} ({said})" if said else slot.name
    listed = ", ".join(str(choice) for choice in slot.choices[:_FIELDS])
    return f"{told}, one of {listed}" if listed else told


def report(results: Sequence[ToolMessage]) -> str:
    """What became of the calls, a sentence for each."""
    return " ".join(outcome(message) for message in results)


def outcome(message: ToolMessage) -> str:
    """What became of one call."""
    head = _head(message)
    if "approval_id" in head:
        return (
            f"{message.tool} is held: it waits for approval {head['approval_id']}, "
            "and nothing was done so far."
        )
    if message.is_error or "code" in head:
        return f"{message.tool} was not completed: {_why(head) or _short(head)}"
    note = f" {head['note']}" if isinstance(head.get("note"), str) else ""
    return f"{message.tool}: {_told(result_of(message))}.{note}"


def _head(message: ToolMessage) -> JsonObject:
    try:
        told: JsonValue = orjson.loads(message.content)
    except orjson.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) else {}


def _why(head: JsonObject) -> str:
    return " ".join(str(head[key]) for key in ("message", "hint") if head.get(key))


def _told(result: JsonValue) -> str:
    match result:
        case None:
            return "done"
        case dict():
            fields = list(result.items())
            said = ", ".join(f"{name} {_short(told)}" for name, told in fields[:_FIELDS])
            return said or "done"
        case list():
            items = "; ".join(_told(each) for each in result[:_ITEMS])
            more = f"; and {len(result) - _ITEMS} more" if len(result) > _ITEMS else ""
            return f"{len(result)} found ({items}{more})" if result else "none found"
        case _:
            return _short(result)


def _short(told: JsonValue) -> str:
    text = told if isinstance(told, str) else orjson.dumps(told).decode()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"

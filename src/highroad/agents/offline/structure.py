"""A structured answer out of what is known; nothing is made up to fill the form."""

from collections.abc import Iterator, Sequence
from typing import Final

from highroad.agents.offline.facts import result_of
from highroad.agents.offline.filling import fill
from highroad.agents.offline.forms import given_by_schema
from highroad.agents.offline.reading import Reading
from highroad.agents.offline.slot import Slot, slots
from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.domain.model import ToolMessage

_PROSE: Final = frozenset({"answer", "summary", "text", "reply", "explanation", "outcome"})
_KINDS: Final[dict[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def structured(
    schema: JsonSchema, reading: Reading, results: Sequence[ToolMessage], text: str
) -> tuple[JsonObject, tuple[Slot, ...]]:
    """An object of this schema, and the required members that nothing is known of.

    Members come from results by their name, latest first, then from the request; prose is
    `text`, the report of what was done.
    """
    asked = slots(schema)
    by_result = {slot.name: found for slot in asked for found in _found(slot, results)}
    by_request = fill(schema, reading).arguments
    prose = {
        slot.name: text
        for slot in asked
        if slot.type == "string" and slot.named & _PROSE and results
    }
    known = {**by_request, **by_result, **prose}
    lacking = tuple(slot for slot in asked if slot.is_required and slot.name not in known)
    return {slot.name: known[slot.name] for slot in asked if slot.name in known}, lacking


def _found(slot: Slot, results: Sequence[ToolMessage]) -> Iterator[JsonValue]:
    """The value of this name in the first result that has it, or what the schema fixes."""
    for proposal in given_by_schema(slot):
        yield proposal.value
    for message in results:
        told = result_of(message)
        if isinstance(told, dict) and not message.is_error and _is_of(told.get(slot.name), slot):
            yield told[slot.name]


def _is_of(told: JsonValue, slot: Slot) -> bool:
    if slot.choices and told not in slot.choices:
        return False
    if isinstance(told, bool):
        return slot.type == "boolean"
    return isinstance(told, _KINDS.get(slot.type, ()))

"""What earlier calls were made with, and have brought back: ids, addresses, names of things.

Numbers are left alone: an amount that stands in a result is not one that the user named.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

import orjson

from highroad.agents.offline.slot import Slot
from highroad.domain.json_value import JsonValue
from highroad.domain.model import Message, ModelCall, ModelMessage, ToolMessage
from highroad.domain.value import value
from highroad.tools.search.words import name_words, words

_ID: Final = frozenset(words("id"))


@value
class Fact:
    """One text of a call or its result."""

    key: str
    """Its name there."""
    text: str
    tool: str


def result_of(message: ToolMessage) -> JsonValue:
    """What a call brought back, out of the answer it stands in; text that is no JSON as it is."""
    try:
        told: JsonValue = orjson.loads(message.content)
    except orjson.JSONDecodeError:
        return message.content
    return told["result"] if isinstance(told, dict) and "result" in told else told


def facts(messages: Sequence[Message]) -> tuple[Fact, ...]:
    """The texts of all calls that did not fail, and of their results, in order."""
    made = {call.id: call for message in messages for call in _calls(message)}
    return tuple(
        fact
        for message in messages
        if isinstance(message, ToolMessage) and not message.is_error
        for told in (_arguments(made.get(message.id)), result_of(message))
        for fact in _in(told, "", message.tool)
    )


def _calls(message: Message) -> Sequence[ModelCall]:
    return message.calls if isinstance(message, ModelMessage) else ()


def _arguments(call: ModelCall | None) -> JsonValue:
    """What a call was made with; another model may have written what is no JSON."""
    try:
        told: JsonValue = orjson.loads(call.arguments) if call is not None else None
    except orjson.JSONDecodeError:
        return None
    return told if isinstance(told, dict) else None


def _in(told: JsonValue, key: str, tool: str) -> Iterator[Fact]:
    match told:
        case str():
            yield Fact(key=key, text=told, tool=tool)
        case list():
            for each in told:
                yield from _in(each, key, tool)
        case dict():
            for name, each in told.items():
                yield from _in(each, name, tool)
        case _:
            pass


def known(slot: Slot, told: Sequence[Fact]) -> str | None:
    """The one value that results have for an argument; `None` where there is none, or several."""
    found = {fact.text for fact in told if _answers(slot, fact)}
    return found.pop() if len(found) == 1 else None


def _answers(slot: Slot, fact: Fact) -> bool:
    if slot.type != "string" or slot.choices:
        return False
    pattern = slot.text("pattern")
    if pattern and re.search(pattern, fact.text) is None:
        return False
    if slot.text("format") == "email":
        return "email" in fact.key.lower() and "@" in fact.text
    return fact.key == slot.name or _is_id_of(slot, fact)


def _is_id_of(slot: Slot, fact: Fact) -> bool:
    """`order_id` is the `id` in what `get_order` brought."""
    named = frozenset(words(slot.name))
    return fact.key == "id" and named >= _ID and named - _ID <= frozenset(name_words(fact.tool))

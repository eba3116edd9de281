"""What comes next: a call, a question, or an answer."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final, TypeAlias

import orjson

from highroad.agents.offline.choice import THRESHOLD, Routed, best, intent, relevance
from highroad.agents.offline.clauses import clauses, is_order
from highroad.agents.offline.conversation import LONGEST, Conversation, conversation
from highroad.agents.offline.facts import Fact
from highroad.agents.offline.filling import Filling, fill
from highroad.agents.offline.reading import Reading
from highroad.agents.offline.structure import structured
from highroad.agents.offline.wording import (
    NO_TOOL,
    NOTHING_ASKED,
    TOO_LONG,
    no_calls,
    question,
    report,
)
from highroad.domain.model import ModelRequest, OfferedTool, ToolMessage
from highroad.domain.value import value

_AFTER: Final = re.compile(r"(?i)\b(?:use |only |call )?after (?:calling )?`?([A-Za-z][\w-]*)")
"""How descriptions of tools name the one that comes before."""


@value
class Calls:
    """A tool is to be called."""

    tool: OfferedTool
    filling: Filling
    confidence: float


@value
class Says:
    """Something is to be said."""

    text: str
    confidence: float


Step: TypeAlias = Calls | Says


@value
class Wanted:
    """A tool that a piece of the request is for."""

    tool: OfferedTool
    filling: Filling
    confidence: float


def step(request: ModelRequest, today: date | None) -> Step:
    """The next step of a conversation.

    Only what the user says outside of quotes chooses a tool; results of tools never do.
    """
    said = conversation(request.messages)
    if not said.asked.strip():
        return Says(text=NOTHING_ASKED, confidence=1.0)
    if len(said.asked) > LONGEST:
        return Says(text=TOO_LONG, confidence=1.0)
    if any(message.is_error for message in said.results):
        return Says(text=report(said.results), confidence=1.0)
    wanted = _wanted(request, said, today)
    if not wanted or request.choice == "none":
        # A loop that winds up says so as the user: what was done before it is the answer.
        earlier = said.results or (said.earlier if request.choice == "none" else ())
        otherwise = no_calls(wanted[0].tool.name) if wanted else NO_TOOL
        return _answer(request, said, today, report(earlier) or otherwise)
    following = next(_open(request, wanted, said), None)
    return following or _answer(request, said, today, report(_of(wanted, said)))


def routed(request: ModelRequest, today: date | None) -> Routed:
    """Which tool the request is for, whatever may be called and is lacking."""
    tools = request.tools
    said = conversation(request.messages)
    found = _best_of(tools, said, today) if len(said.asked) <= LONGEST else None
    if found is None:
        return Routed(tool=None, confidence=1.0)
    if found.confidence < THRESHOLD:
        return Routed(tool=None, confidence=1 - found.confidence)
    return Routed(tool=found.tool.name, confidence=found.confidence)


def _wanted(request: ModelRequest, said: Conversation, today: date | None) -> list[Wanted]:
    """What the pieces of the request are for, in order."""
    if isinstance(request.choice, OfferedTool):
        reading = Reading(text=said.whole, today=today)
        return [_judged(request.choice, reading, said.told)]
    first = _best_of(request.tools, said, today)
    is_must = request.choice == "required" and not said.results
    if first is None or not (is_must or _is_meant(first, said, request.tools)):
        return []
    pieces = clauses(Reading(text=said.whole, today=today), request.tools)
    if len(pieces) == 1:
        return [first]
    return list(_each(pieces, request.tools, said, today)) or [first]


def _is_meant(wanted: Wanted, said: Conversation, tools: Sequence[OfferedTool]) -> bool:
    """Sure enough, or ordered by its own verb: then what is lacking is worth a question."""
    return wanted.confidence >= THRESHOLD or is_order(Reading(text=said.whole).plain, tools)


def _each(
    pieces: Sequence[Reading],
    tools: Sequence[OfferedTool],
    said: Conversation,
    today: date | None,
) -> Iterator[Wanted]:
    """A tool for each piece; what a piece does not say, the whole request may."""
    for piece in pieces:
        tool = best(tools, piece)
        if tool is None:
            continue
        wanted = _judged(tool, piece, said.told)
        if not wanted.filling.is_complete:
            whole = _judged(tool, Reading(text=said.whole, today=today), said.told)
            wanted = whole if whole.filling.is_complete else wanted
        if wanted.confidence >= THRESHOLD or is_order(piece.plain, tools):
            yield wanted


def _best_of(tools: Sequence[OfferedTool], said: Conversation, today: date | None) -> Wanted | None:
    """For the last message alone where that suffices, else with what was said before it."""
    found = None
    for text in dict.fromkeys((said.asked, said.whole)):
        reading = Reading(text=text, today=today)
        tool = best(tools, reading)
        if tool is not None:
            found = _judged(tool, reading, said.told)
            if found.filling.is_complete and found.confidence >= THRESHOLD:
                break
    return found


def _judged(tool: OfferedTool, reading: Reading, told: Sequence[Fact]) -> Wanted:
    filling = fill(tool.input_schema, reading, told, intent=intent(tool))
    return Wanted(tool=tool, filling=filling, confidence=relevance(tool, reading, filling))


def _open(request: ModelRequest, wanted: Sequence[Wanted], said: Conversation) -> Iterator[Step]:
    """The steps that are not done, in order: what must come before a call, then the call."""
    done = [message.tool for message in said.results]
    for each in wanted:
        if each.tool.name in done:
            done.remove(each.tool.name)
            continue
        if not isinstance(request.choice, OfferedTool) and _may_be_known(each.filling):
            yield from _before(request.tools, each, said, frozenset({each.tool.name}))
        yield _call_or_question(each)


def _may_be_known(filling: Filling) -> bool:
    """Whether results may bring what is lacking; numbers and choices come from the user alone."""
    return not filling.unclear and all(slot.type == "string" for slot in filling.missing)


def _before(
    tools: Sequence[OfferedTool], wanted: Wanted, said: Conversation, seen: frozenset[str]
) -> Iterator[Step]:
    """Tools that the description has come first, where they can be called and were not."""
    done = {message.tool for message in said.results} | seen
    named = _AFTER.findall(wanted.tool.description)
    for tool in tools:
        if tool.name in named and tool.name not in done:
            first = _judged(tool, Reading(text=said.whole), said.told)
            yield from _before(tools, first, said, seen | {tool.name})
            if first.filling.is_complete:
                yield Calls(tool=tool, filling=first.filling, confidence=wanted.confidence)


def _call_or_question(wanted: Wanted) -> Step:
    if wanted.filling.is_complete:
        return Calls(tool=wanted.tool, filling=wanted.filling, confidence=wanted.confidence)
    return Says(text=question(wanted.tool.name, wanted.filling), confidence=wanted.confidence)


def _of(wanted: Sequence[Wanted], said: Conversation) -> list[ToolMessage]:
    """The results that were asked for, without those that had to come first."""
    names = {each.tool.name for each in wanted}
    return [message for message in said.results if message.tool in names]


def _answer(request: ModelRequest, said: Conversation, today: date | None, text: str) -> Says:
    """A text, or what is known in the form that is asked for."""
    if request.output is None:
        return Says(text=text, confidence=1.0)
    reading = Reading(text=said.whole, today=today)
    known, lacking = structured(request.output, reading, said.results, text)
    if lacking:
        asked = Filling(sources={}, missing=lacking)
        return Says(text=question("answer", asked), confidence=1.0)
    return Says(text=orjson.dumps(known).decode(), confidence=1.0)

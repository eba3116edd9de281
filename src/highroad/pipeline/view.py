"""What the caller sees of an ending: the record has all of it, the view what is theirs to see.

A view is made for each reader anew, of whatever the result comes from: a fresh one, one that is
kept, one of an earlier call, one that is read back from the ledger.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeAlias

import orjson
from pydantic import ValidationError

from highroad.domain.error import CallError
from highroad.domain.identity import Origin, Principal
from highroad.domain.json_value import JsonValue
from highroad.domain.outcome import AnyOutcome, Completed, Ending, Held, Preview, Status
from highroad.domain.part import Blob
from highroad.domain.redaction import RedactionMode, RedactionRule, SensitiveKind
from highroad.ledger.history import CallHistory
from highroad.ledger.keyring import RunKey
from highroad.pipeline import readership
from highroad.pipeline.aside import aside
from highroad.pipeline.context import RoadContext
from highroad.pipeline.difference import diff_of
from highroad.pipeline.readership import Readership
from highroad.pipeline.redaction import OPEN, READS, Redaction, note
from highroad.pipeline.result import Result, maker
from highroad.pipeline.services import Services
from highroad.redaction.known_secrets import KNOWN
from highroad.redaction.pseudonyms import Pseudonyms, concealed
from highroad.redaction.redactor import Redactor

_LARGE: Final = 16_384
"""Bytes of a result: with a finding in every line they take some 50 ms."""

NO_MORE: Final = "What was put out of sight is not of the type that the tool returns."


class View:
    """Values as one reader may see them, and what of them was put out of sight.

    Args:
        redactor: Does it.
        rules: One after the other: of the tool that was called, and of the one that made it.
        pseudonyms: Of the run in which they are read.
        is_open: The reader sees what is personal, and others would not.
        readership: What of the result is for other readers; `None` where nothing is.
    """

    def __init__(
        self,
        redactor: Redactor,
        rules: Iterable[RedactionRule | None],
        pseudonyms: Pseudonyms,
        *,
        is_open: bool,
        readership: Readership | None = None,
    ) -> None:
        self._redactor = redactor
        self._rules = tuple(rule for rule in rules if rule is not None)
        self._readership = readership
        self.is_clear: bool = not self._rules and readership is None
        """Everything stays as it is."""
        self._pseudonyms = pseudonyms
        self.is_open: bool = is_open
        self.counts: Counter[SensitiveKind] = Counter()

    def json(self, json: JsonValue) -> JsonValue:
        """A value in JSON; itself where it holds nothing."""
        for rule in self._rules:
            redacted = self._redactor.redacted(json, rule, self._pseudonyms)
            self.counts.update(redacted.counts)
            json = redacted.json
        return json

    def result(self, json: JsonValue) -> JsonValue:
        """A result in JSON: what is for other readers first; itself where it holds nothing."""
        if self._readership is not None:
            json = self._readership.seen(json, self._standing_in)
        return self.json(json)

    def preview(self, preview: Preview, json: JsonValue) -> tuple[Preview, JsonValue]:
        """A preview, of which the difference is made of the changes that are seen."""
        changes = preview.changes
        if self._readership is not None:
            changes = self._readership.seen_changes(changes)
        whole = {**json, "changes": changes} if isinstance(json, dict) else json
        seen = self.json(whole)
        if seen is whole and changes is preview.changes:
            return preview, json
        found = _seen_preview(preview, seen)
        return found, orjson.loads(orjson.dumps(found))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What whoever sees less of a result is told."""
        hides = self._readership is not None and self._readership.hides
        return (self._readership.warning,) if hides and self._readership is not None else ()

    @property
    def note(self) -> str | None:
        """What the record says of it."""
        of_readers = None if self._readership is None else self._readership.note
        return (
            "; ".join(filter(None, (note(self.counts, is_open=self.is_open), of_readers))) or None
        )

    @property
    def _standing_in(self) -> Pseudonyms | None:
        """What stands for texts of others, where a rule wants pseudonyms in place of masks."""
        wants = any(rule.mode is RedactionMode.PSEUDONYM for rule in self._rules)
        return self._pseudonyms if wants else None

    def text(self, text: str) -> str:
        """A text."""
        return str(self.json(text))

    def comparable(self, json: JsonValue) -> JsonValue:
        """A value in JSON, with pseudonyms for all that is put out of sight."""
        for rule in self._rules:
            json = self._redactor.redacted(json, rule.comparable, self._pseudonyms).json
        return json

    def error(self, error: CallError) -> CallError:
        """An error; what nobody wrote has nothing of anybody."""
        if not error.is_authored:
            return error
        return replace(error, message=self.text(error.message), hint=self.text(error.hint))


Seen: TypeAlias = tuple[Ending, Result | None, str | None]
"""An ending as its caller sees it, and what the record says of that."""


async def seen(context: RoadContext, ending: Ending, result: Result | None) -> Seen:
    """An ending as its caller sees it; what takes long to look through holds up nobody else."""
    view = _view_of(context, ending)
    if view is None:
        return ending, result, None
    if result is not None and len(result.data) > _LARGE:
        return await aside(partial(_seen, context, ending, result, view))
    return _seen(context, ending, result, view)


def _seen(context: RoadContext, ending: Ending, result: Result | None, view: View) -> Seen:
    if ending.error is not None:
        ending = replace(ending, error=view.error(ending.error))
    if result is not None:
        result = _seen_result(context, ending, result, view)
    return ending, result, view.note


def shown_note(context: RoadContext, result: Result | None, note: str | None) -> str | None:
    """The note of an ending, and what was found in its result that a model is not shown as it is.

    Code reads a result as it came, so nobody looks where code called.
    """
    if result is None or context.record.call.origin is Origin.CODE:
        return note
    found = sorted(context.services.showing.of(result.json).found)
    if not found:
        return note
    said = f"shown as data: {' '.join(found)}"
    return said if note is None else f"{note}; {said}"


def told(context: RoadContext, text: str) -> str:
    """What a body says while it runs, as its caller sees it."""
    view, text = _view_of(context, None), KNOWN.hidden(text)
    return text if view is None else view.text(text)


def comparable(context: RoadContext, json: JsonValue) -> JsonValue:
    """A value for another model than the caller's, in which what is equal can be told to be.

    That model is shown what a body's own call holds as well, and is nobody that the body answers.
    """
    if context.services.redaction.is_off or not context.is_resolved:
        return json
    return _callers_view(context, None).comparable(json)


def _view_of(context: RoadContext, ending: Ending | None) -> View | None:
    """That of the caller; `None` where they see everything, and nobody looks.

    A call from inside a body is made by the tool's own code, and answers nobody else: what the
    body makes of it is redacted when that ends.
    """
    if not context.is_resolved or context.record.call.parent_id is not None:
        return None
    readership = None if ending is None else _readership(context, ending)
    if context.services.redaction.is_off and readership is None:
        return None
    view = _callers_view(context, None if ending is None else ending.maker, readership)
    is_concerned = view.is_open or not view.is_clear
    return view if is_concerned else None


def _readership(context: RoadContext, ending: Ending) -> Readership | None:
    """What of a result is for other readers than the caller."""
    registry, record = context.services.registry, context.record
    if not registry.has_readers or ending.status is not Status.COMPLETED:
        return None
    made_by = context.tool if ending.stored is None else maker(context, ending)
    versions = registry.versions(ending.maker or context.tool.name)
    return readership.for_caller(made_by, versions, record.call.principal, record.principal_id)


def _callers_view(
    context: RoadContext, maker: str | None, readership: Readership | None = None
) -> View:
    services = context.services
    is_open = READS in services.policy.permissions(context.record.call.principal)
    tools = {context.tool.name, maker or context.tool.name}
    key = context.record.run_key
    return _view(services.redaction, tools, key, readership, is_open=is_open)


def _view(
    redaction: Redaction,
    tools: set[str],
    key: RunKey,
    readership: Readership | None = None,
    *,
    is_open: bool,
) -> View:
    names = sorted(tools)
    rules = [redaction.rule(tool, is_open=is_open) for tool in names]
    is_open = is_open and any(redaction.rule(tool, is_open=False) for tool in names)
    pseudonyms = redaction.pseudonyms(key)
    return View(redaction.redactor, rules, pseudonyms, is_open=is_open, readership=readership)


def _seen_result(context: RoadContext, ending: Ending, result: Result, view: View) -> Result:
    warnings = (*map(view.text, result.warnings), *view.warnings)
    if isinstance(result.value, Preview):
        preview, json = view.preview(result.value, result.json)
        return replace(result, json=json, value=preview, warnings=warnings)
    json = view.result(result.json)
    if json is result.json:
        return replace(result, warnings=warnings)
    blobs = _left(result.blobs, json)
    if result.is_invalid:
        return replace(result, json=json, value=json, warnings=warnings, blobs=blobs)
    tool = maker(context, ending) or context.tool
    value, untyped = _read(tool.result.read, json, blobs)
    return replace(result, json=json, value=value, warnings=(*warnings, *untyped), blobs=blobs)


def _left(blobs: tuple[Blob, ...], json: JsonValue) -> tuple[Blob, ...]:
    """The images and files that a result still names."""
    if not blobs:
        return blobs
    data = orjson.dumps(json)
    return tuple([blob for blob in blobs if blob.digest.encode() in data])


def _seen_preview(preview: Preview, json: JsonValue) -> Preview:
    """A preview of which the changes are seen; the difference is made of these."""
    changes = json["changes"] if isinstance(json, dict) else None
    return replace(preview, changes=changes, diff=diff_of(changes))


def _read(
    read: Callable[[bytes, Mapping[str, Any]], Any], json: JsonValue, blobs: tuple[Blob, ...]
) -> tuple[Any, tuple[str, ...]]:
    """The return type of what is left, or its JSON and a warning where it is none."""
    try:
        return read(orjson.dumps(json), {blob.digest: blob for blob in blobs}), ()
    except ValidationError:
        return json, (NO_MORE,)


async def answering(services: Services, history: CallHistory) -> CallHistory:
    """The call whose result answers this one; it may be itself."""
    origin = history
    while origin.ended is not None and "source" in origin.ended:
        source = await services.ledger.history(origin.ended["source"])
        if source is None:
            break
        origin = source
    return origin


async def seen_again(services: Services, history: CallHistory, outcome: AnyOutcome) -> AnyOutcome:
    """An outcome that was read back from the ledger, as whoever made the call sees it.

    Whether they see what is personal was decided when it ended; where it was not, they do not.
    """
    redaction, registry = services.redaction, services.registry
    is_all = redaction.is_off and not readership.concerns(history, registry)
    if is_all or "parent" in history.opening or isinstance(outcome, Held):
        return outcome
    view = await _view_again(services, history)
    match outcome:
        case Completed():
            return _seen_completed(services, history, outcome, view)
        case _ if outcome.error.is_authored:
            return replace(outcome, error=view.error(outcome.error))
        case _:
            return outcome


async def json_again(services: Services, history: CallHistory, json: JsonValue) -> JsonValue:
    """Arguments that were read back from the ledger, as whoever called sees them."""
    if services.redaction.is_off:
        return json
    view = await _view_again(services, history)
    return view.json(concealed(json, services.redaction.behind(history.run_id)))


async def result_again(services: Services, history: CallHistory, json: JsonValue) -> JsonValue:
    """A result that was read back from the ledger, likewise."""
    if services.redaction.is_off and not readership.concerns(history, services.registry):
        return json
    return (await _view_again(services, history)).result(json)


def preview_for(
    services: Services, history: CallHistory, reader: Principal | None, changes: JsonValue
) -> JsonValue:
    """What a preview says, as somebody else than its caller may see it: by their own rights."""
    if reader is None or not services.registry.has_readers:
        return changes
    name, version = history.opening["tool"] or "", history.opening.get("version")
    made_by = None if version is None else services.registry.find(name, version)
    opaque_id = services.ledger.keyring.opaque(reader)
    versions = services.registry.versions(name)
    found = readership.for_caller(made_by, versions, reader, opaque_id)
    return changes if found is None else found.seen_changes(changes)


async def _view_again(services: Services, history: CallHistory) -> View:
    origin = await answering(services, history)
    tools = {each.opening["tool"] or "" for each in (history, origin)}
    key = await services.ledger.vault.key_of_run(history.run_id)
    found = _readership_again(services, history, origin)
    return _view(services.redaction, tools, key, found, is_open=_was_open(history))


async def readership_again(services: Services, history: CallHistory) -> Readership | None:
    """What of a result that is read back from the ledger is for other readers than its caller."""
    return _readership_again(services, history, await answering(services, history))


def _readership_again(
    services: Services, history: CallHistory, origin: CallHistory
) -> Readership | None:
    name, version = origin.opening["tool"] or "", origin.opening.get("version")
    made_by = None if version is None else services.registry.find(name, version)
    return readership.again(made_by, services.registry.versions(name), history)


def _was_open(history: CallHistory) -> bool:
    stages = [] if history.ended is None else history.ended.get("stages", [])
    return any(line[0] == "finish" and (line[3] or "").startswith(OPEN) for line in stages)


def _seen_completed(
    services: Services, history: CallHistory, outcome: Completed[Any], view: View
) -> AnyOutcome:
    warnings = (*outcome.warnings, *view.warnings)
    if isinstance(outcome.value, Preview):
        preview, json = view.preview(outcome.value, outcome.json)
        return replace(outcome, json=json, value=preview, warnings=warnings)
    json = view.result(outcome.json)
    if json is outcome.json:
        return replace(outcome, warnings=warnings)
    name, version = history.opening["tool"] or "", outcome.version
    tool = services.registry.find(name, version) or services.registry.find(name)
    is_typed = not outcome.result_invalid
    blobs = _left(outcome.blobs, json)
    if tool is None or not is_typed:
        return replace(outcome, json=json, value=json, warnings=warnings, blobs=blobs)
    value, untyped = _read(tool.result.read, json, blobs)
    return replace(outcome, json=json, value=value, warnings=(*warnings, *untyped), blobs=blobs)

"""What one reader sees of a result whose labels say who may read it.

Readers that somebody declared are a right: whoever is none of them is shown a mask in the place of
each value, and the record keeps all of it. Readers that were derived hide nothing; they are in no
definition.
"""

import json
import re
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from typing import Any, Final

import orjson

from highroad.domain.identity import Principal
from highroad.domain.json_value import JsonValue
from highroad.domain.label import UNLABELLED, Label, Labels
from highroad.domain.value import value as frozen_value
from highroad.evidence.pointer import ANY, child
from highroad.ledger.history import CallHistory
from highroad.pipeline.difference import sides_of
from highroad.redaction.pseudonyms import Pseudonyms
from highroad.redaction.redactor import told_apart
from highroad.tools.compile import RegisteredTool
from highroad.tools.registry import Registry
from highroad.tools.schemas.navigation import member_names

MASK: Final = "[confidential]"
_OTHERS: Final = Label(readers=frozenset())
_HID: Final = "readers: hid "
_SHOWN: Final = "readers: shown "
_NOTED: Final = re.compile(rf"(?:^|; )({_HID}|{_SHOWN})")
_JSON: Final = json.JSONDecoder()
_IsReader = Callable[[str, Label], bool]
"""Whether somebody is among the readers of a label, which stands at a pointer."""


@frozen_value(eq=False)
class Readership:
    """What of a result one reader may see."""

    hidden: Labels
    """Of which those have readers that are not for this one."""
    names: frozenset[str]
    """Keys that the schema or a label says; all others are data."""
    shown: tuple[str, ...]
    """Pointers of labels whose readers this one is among."""

    @property
    def hides(self) -> tuple[str, ...]:
        """Pointers of labels that are for others alone."""
        return self.hidden.restricted

    @property
    def warning(self) -> str:
        """What whoever sees less is told."""
        places = ", ".join(at or "any of it" for at in self.hides)
        return f"You may not read {places}: a mask stands in the place of each value there."

    @property
    def note(self) -> str | None:
        """What the record says of it: pointers as the contract has them, never a reader (P7)."""
        parts = [f"{_HID}{len(self.hides)}"] if self.hides else []
        parts += [f"{_SHOWN}{orjson.dumps(self.shown).decode()}"] if self.shown else []
        return "; ".join(parts) or None

    def seen(self, found: JsonValue, pseudonyms: Pseudonyms | None = None) -> JsonValue:
        """A result as this one may see it; itself where nothing is hidden.

        Args:
            found: The result in JSON; it is not changed.
            pseudonyms: Stand for texts in place of the mask.
        """
        return self._seen(found, "", pseudonyms) if self.hides else found

    def seen_changes(self, changes: JsonValue) -> JsonValue:
        """What a preview says, likewise: its labels are those of the result."""
        if not self.hides:
            return changes
        before, after = sides_of(changes)
        if after is changes:
            return self.seen(changes)
        return {"before": self.seen(before), "after": self.seen(after)}

    def _seen(self, found: JsonValue, at: str, pseudonyms: Pseudonyms | None) -> JsonValue:
        match found:
            case dict():
                below = {key: child(at, key) for key in found}
                keys = [self._key(key, below[key]) for key in found]
                seen = [self._seen(each, below[key], pseudonyms) for key, each in found.items()]
                return told_apart(keys, seen)
            case list():
                return [self._seen(each, f"{at}/{n}", pseudonyms) for n, each in enumerate(found)]
            case _:
                return _masked(found, pseudonyms) if self.is_hidden(at) else found

    def _key(self, key: str, at: str) -> str:
        return MASK if key not in self.names and self.is_hidden(at) else key

    def is_hidden(self, at: str) -> bool:
        """Whether what stands at a pointer is for others alone, whatever the mask of it is."""
        return self.hidden.at(at).readers is not None


_NOTHING: Final = Readership(hidden=Labels(default=_OTHERS), names=frozenset(), shown=())
"""Of a result under labels that are gone nobody can say any more who may read it."""


def for_caller(
    tool: RegisteredTool[Any] | None,
    versions: Iterable[RegisteredTool[Any]],
    principal: Principal,
    opaque_id: str,
) -> Readership | None:
    """What a caller may see of a result.

    Args:
        tool: That made it; `None` where that version is there no more.
        versions: That are there of it.
        principal: Who called.
        opaque_id: Theirs.

    Returns:
        `None` where everybody may see all of it.
    """
    names = {principal.id, opaque_id, *principal.roles}
    if tool is None:
        return _NOTHING if any(each.has_readers for each in versions) else None
    return _readership(tool, lambda _, label: not names.isdisjoint(label.readers or ()))


def again(
    tool: RegisteredTool[Any] | None,
    versions: Iterable[RegisteredTool[Any]],
    history: CallHistory,
) -> Readership | None:
    """What the caller of a call on record may see of its result: no more than when it ended.

    Args:
        tool: That made the result; `None` where that version is there no more.
        versions: That are there of it.
        history: Of the call.
    """
    note = _note_of(history)
    if tool is None:
        is_restricted = note.startswith(_HID) or any(each.has_readers for each in versions)
        return _NOTHING if is_restricted else None
    shown = _pointers_in(note)
    return _readership(tool, lambda at, _: at in shown)


def concerns(history: CallHistory, registry: Registry) -> bool:
    """Whether a result that is read back may have readers."""
    return registry.has_readers or bool(_note_of(history))


def _readership(tool: RegisteredTool[Any], is_reader: _IsReader) -> Readership | None:
    labels = tool.definition.contract.labels
    if not labels.restricted:
        return None
    said = {**dict(labels.leaves), "": labels.default}
    shown = tuple([at for at in labels.restricted if is_reader(at, said[at])])
    closed = frozenset(labels.restricted).difference(shown)
    hidden = {at: _OTHERS if at in closed else UNLABELLED for at in said}
    leaves = tuple([(at, hidden[at]) for at in said if at])
    return Readership(
        hidden=Labels(default=hidden[""], leaves=leaves), names=_names(tool, labels), shown=shown
    )


def _names(tool: RegisteredTool[Any], labels: Labels) -> frozenset[str]:
    schema = tool.definition.output_schema
    said = frozenset(token for at, _ in labels.leaves for token in at.split("/")) - {ANY}
    return said if schema is None else said | member_names(dict(schema))


def _note_of(history: CallHistory) -> str:
    """What the record of a call says of readers."""
    lines = [] if history.ended is None else history.ended.get("stages", [])
    notes = [line[3] or "" for line in lines if line[0] == "finish"]
    found = _NOTED.search(notes[0]) if notes else None
    return "" if found is None else notes[0][found.start(1) :]


def _pointers_in(note: str) -> AbstractSet[str]:
    """Labels that the caller was a reader of when the call ended."""
    _, said, told = note.partition(_SHOWN)
    return frozenset(_JSON.raw_decode(told)[0]) if said else frozenset()


def _masked(found: JsonValue, pseudonyms: Pseudonyms | None) -> JsonValue:
    """Something of the same type that says nothing; an empty text says as little."""
    match found:
        case bool():
            return False
        case int() | float():
            return type(found)(0)
        case str() if found:
            return MASK if pseudonyms is None else pseudonyms.of_confidential(found)
        case _:
            return found

"""Strict mode: a schema in the subset to which a provider holds a model's arguments.

Every object is closed. Where the subset has no optional members, each is required, and what was
optional is nullable instead; `relaxed` undoes that, by the sentence with which the description of
each such member ends.
"""

from dataclasses import dataclass, field
from typing import Final

import orjson

from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.tools.arguments.pointer import pointer
from highroad.tools.schemas.describe import describe
from highroad.tools.schemas.navigation import parts
from highroad.tools.schemas.nullable import allows_null, unwrapped, with_null, without_null
from highroad.tools.shapes.rendered import Note, NoteCode, reads_back
from highroad.tools.shapes.same import is_same
from highroad.tools.shapes.subset import Subset

LEAVE_OUT: Final = "Optional: null leaves it out."
"""Ends the description of an optional member that has no null of its own."""
MAY_BE_NULL: Final = "Optional; null is a value."
"""Ends the description of an optional member for which null is a value."""

_SILENT: Final = ("$comment", "examples", "deprecated", "readOnly", "writeOnly")
_NULLABLE_TYPES: Final = 2
"""A type and null: the one list of types that the guides show."""


def strict(schema: JsonSchema, subset: Subset) -> tuple[JsonObject | None, tuple[Note, ...]]:
    """The schema for strict mode, or `None`; the notes say what changed, or why it cannot be.

    Args:
        schema: Of a tool's arguments, in JSON Schema 2020-12.
        subset: What the provider takes.
    """
    work = _Work(schema, subset)
    made = work.part(dict(schema), ("input_schema",))
    if "anyOf" in schema or schema.get("type") != "object":
        work.refuse(("input_schema",), "the root must be one object, and no choice")
    for reason in subset.beyond(made):
        work.refuse(("input_schema",), reason)
    refused = tuple(note for note in work.notes if note.code is NoteCode.NOT_STRICT)
    if refused:
        return None, refused
    notes = tuple(work.notes)
    if reads_back(notes) and not is_same(relaxed(made), schema):
        work.note(("input_schema",), NoteCode.OTHER_FORM, "it is read back in another form")
    return made, tuple(work.notes)


def relaxed(schema: JsonSchema) -> JsonObject:
    """A schema of strict mode with its optional members optional again."""
    root: JsonObject = orjson.loads(orjson.dumps(schema))
    for part in parts(root):
        members, required = part.get("properties"), part.get("required")
        if isinstance(members, dict) and isinstance(required, list):
            for name, member in members.items():
                if isinstance(member, dict) and (found := _optional(member)) is not None:
                    members[name] = found
                    part["required"] = required = [each for each in required if each != name]
            if not required:
                del part["required"]
    return _unwrapped_below(root)


def _optional(member: JsonObject) -> JsonObject | None:
    """The member as it was before it was required; `None` if nothing says that it was optional."""
    said = member.get("description")
    for sentence in (LEAVE_OUT, MAY_BE_NULL):
        if isinstance(said, str) and said.endswith(sentence):
            words = said.removesuffix(sentence).removesuffix(" ")
            found = {key: value for key, value in member.items() if key != "description"}
            if words:
                found["description"] = words
            return without_null(found) if sentence is LEAVE_OUT else found
    return None


def _unwrapped_below(part: JsonObject) -> JsonObject:
    for keyword in ("properties", "$defs"):
        if isinstance(held := part.get(keyword), dict):
            for name, each in held.items():
                held[name] = _unwrapped_below(each) if isinstance(each, dict) else each
    if isinstance(items := part.get("items"), dict):
        part["items"] = _unwrapped_below(items)
    if isinstance(branches := part.get("anyOf"), list):
        part["anyOf"] = [
            _unwrapped_below(each) if isinstance(each, dict) else each for each in branches
        ]
    return unwrapped(part)


@dataclass(frozen=True, slots=True)
class _Work:
    root: JsonSchema
    subset: Subset
    notes: list[Note] = field(default_factory=list)

    def note(self, path: tuple[str | int, ...], code: NoteCode, reason: str) -> None:
        self.notes.append(Note(pointer=pointer(path, _keys(path)), code=code, reason=reason))

    def refuse(self, path: tuple[str | int, ...], reason: str) -> None:
        self.note(path, NoteCode.NOT_STRICT, reason)

    def part(self, part: JsonValue, path: tuple[str | int, ...]) -> JsonObject:
        if not isinstance(part, dict):
            self.refuse(path, "it takes every value, and strict mode needs a type")
            return {}
        made = self._keywords(dict(part), path)
        self._below(made, path)
        if made.get("type") == "object" or "properties" in made:
            self._object(made, part, path)
        elif made.get("type") == "array" and "items" not in made:
            self.refuse(path, "the items of an array must have a type")
        if "$ref" in made and len(made) > 1 and "$defs" not in made:
            # A reference stands alone; a choice of one lets the words stand beside it.
            made = {"anyOf": [{"$ref": made.pop("$ref")}], **made}
        return made

    def _keywords(self, part: JsonObject, path: tuple[str | int, ...]) -> JsonObject:
        """Keep what strict mode takes; say in words what it does not; refuse what has no words."""
        in_words = [key for key in part if self.subset.says_in_words(key, part[key])]
        words: JsonObject = {key: part.pop(key) for key in in_words}
        if words:
            self._say(part, f"Form: {describe({**_typed(part), **words}, self.root)}.")
        if "default" in part and "default" not in self.subset.taken:
            words["default"] = part.pop("default")
            self._say(part, f"Default: {orjson.dumps(words['default']).decode()}.")
        for keyword in words:
            self.note((*path, keyword), NoteCode.IN_WORDS, "strict mode has no such keyword")
        for keyword in [key for key in part if key in _SILENT or key.startswith("x-")]:
            del part[keyword]
            self.note((*path, keyword), NoteCode.LEFT_OUT, "strict mode has no such keyword")
        if "oneOf" in part and "anyOf" not in part:
            part["anyOf"] = part.pop("oneOf")
            self.note((*path, "oneOf"), NoteCode.OTHER_FORM, "strict mode has `anyOf` alone")
        for keyword in part.keys() - self.subset.taken:
            self.refuse((*path, keyword), f"strict mode has no `{keyword}`")
        self._type(part, path)
        return part

    def _type(self, part: JsonObject, path: tuple[str | int, ...]) -> None:
        kind = part.get("type")
        if isinstance(kind, list) and (len(kind) > _NULLABLE_TYPES or "null" not in kind):
            self.refuse((*path, "type"), "of a list of types strict mode knows one type and null")
        if kind is None and part.keys().isdisjoint({"$ref", "anyOf", "const", "enum"}):
            self.refuse(path, "it takes every value, and strict mode needs a type")

    def _say(self, part: JsonObject, sentence: str) -> None:
        said = part.get("description")
        part["description"] = f"{said} {sentence}" if said else sentence

    def _below(self, part: JsonObject, path: tuple[str | int, ...]) -> None:
        for keyword in ("properties", "$defs"):
            held = part.get(keyword)
            if isinstance(held, dict):
                part[keyword] = {
                    name: self.part(each, (*path, keyword, name)) for name, each in held.items()
                }
        if "items" in part:
            part["items"] = self.part(part["items"], (*path, "items"))
        branches = part.get("anyOf")
        if isinstance(branches, list):
            part["anyOf"] = [
                self.part(each, (*path, "anyOf", at)) for at, each in enumerate(branches)
            ]

    def _object(self, made: JsonObject, part: JsonObject, path: tuple[str | int, ...]) -> None:
        if part.get("additionalProperties") is not False:
            self.refuse(path, "an object must be closed: `additionalProperties` is not false")
            return
        made.setdefault("properties", {})
        if not self.subset.has_optional:
            self._require_all(made, part, path)

    def _require_all(self, made: JsonObject, part: JsonObject, path: tuple[str | int, ...]) -> None:
        members, original = made["properties"], part.get("properties")
        required = part.get("required")
        names: list[JsonValue] = list(required) if isinstance(required, list) else []
        made["required"] = names
        if not (isinstance(members, dict) and isinstance(original, dict)):
            return
        for name, member in original.items():
            if name not in names and isinstance(each := members[name], dict):
                names.append(name)
                is_null_a_value = allows_null(member, self.root)
                self._say(each, MAY_BE_NULL if is_null_a_value else LEAVE_OUT)
                members[name] = each if is_null_a_value else with_null(each)
                where = (*path, "properties", name)
                self.note(where, NoteCode.OPTIONAL_AS_NULL, "strict mode requires every member")


def _typed(part: JsonObject) -> JsonObject:
    kind = part.get("type")
    known = [each for each in kind if each != "null"] if isinstance(kind, list) else [kind]
    return {"type": known[0]} if known and known[0] else {}


def _keys(path: tuple[str | int, ...]) -> frozenset[str]:
    return frozenset(token for token in path if isinstance(token, str))

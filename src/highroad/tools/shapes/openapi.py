"""Gemini's own schemas: a part of OpenAPI 3.0, with types in capitals and `nullable`.

Source: Gemini API reference, `Schema`, as the types of Google's Python package 3.4 (November 2026)
carry it. It closes no object, refers to nothing, and lists texts alone in `enum`.
"""

from dataclasses import dataclass, field
from typing import Final, TypeAlias

from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.tools.arguments.pointer import pointer
from highroad.tools.dialect.report import EVERY
from highroad.tools.schemas.describe import describe
from highroad.tools.schemas.navigation import resolve
from highroad.tools.shapes.rendered import Note, NoteCode

_TAKEN: Final = frozenset(
    """
    title description default format pattern minLength maxLength minimum maximum
    minItems maxItems minProperties maxProperties required
    """.split()  # noqa: SIM905 - a list of quoted words hides the words
)
_MADE: Final = frozenset({"type", "enum", "const", "anyOf", "properties", "items", "$defs", "$ref"})
_IN_WORDS: Final = ("exclusiveMinimum", "exclusiveMaximum", "multipleOf", "uniqueItems")
_MOST: Final = 1_000
"""References that are written out; definitions that each use others twice would have no end."""

Path: TypeAlias = tuple[str | int, ...]
Within: TypeAlias = frozenset[str]
"""References that are being written out: one of them again is recursion, which has no form."""


def in_openapi(schema: JsonSchema, field_name: str) -> tuple[JsonObject, tuple[Note, ...]]:
    """A schema in Gemini's form, and what that does not carry.

    Args:
        schema: In JSON Schema 2020-12.
        field_name: Of the tool, with which pointers begin.
    """
    work = _Work(schema)
    made = work.part(dict(schema), (field_name,), frozenset())
    return made, tuple(work.notes)


@dataclass(frozen=True, slots=True)
class _Work:
    root: JsonSchema
    notes: list[Note] = field(default_factory=list)
    written: list[str] = field(default_factory=list)

    def note(self, path: Path, code: NoteCode, reason: str) -> None:
        self.notes.append(Note(pointer=pointer(path, EVERY), code=code, reason=reason))

    def part(self, part: JsonValue, path: Path, within: Within) -> JsonObject:
        if not isinstance(part, dict):
            self.note(path, NoteCode.LEFT_OUT, "a schema that is true or false")
            return {}
        if "$ref" in part:
            return self._referred(part, path, within)
        made = {keyword: value for keyword, value in part.items() if keyword in _TAKEN}
        self._say_words(part, made, path)
        self._say_type(part, made, path)
        self._say_values(part, made, path)
        self._say_below(part, made, path, within)
        self._leave_out(part, path)
        return made

    def _referred(self, part: JsonObject, path: Path, within: Within) -> JsonObject:
        """What a reference means, in its place."""
        reference = str(part["$ref"])
        words = {keyword: value for keyword, value in part.items() if keyword != "$ref"}
        if reference in within or len(self.written) >= _MOST:
            self.note(path, NoteCode.LEFT_OUT, "the form cannot say what contains itself")
            return self.part({**words, "type": "object"}, path, within)
        self.written.append(reference)
        self.note((*path, "$ref"), NoteCode.OTHER_FORM, "what is referred to stands in its place")
        return self.part({**resolve(part, self.root), **words}, path, within | {reference})

    def _say_words(self, part: JsonObject, made: JsonObject, path: Path) -> None:
        words: JsonObject = {keyword: part[keyword] for keyword in _IN_WORDS if keyword in part}
        if words:
            kind = part.get("type")
            typed: JsonObject = {"type": kind} if isinstance(kind, str) else {}
            said = made.get("description")
            sentence = f"Form: {describe({**typed, **words}, self.root)}."
            made["description"] = f"{said} {sentence}" if said else sentence
        for keyword in words:
            self.note((*path, keyword), NoteCode.IN_WORDS, "the form has no such keyword")

    def _say_type(self, part: JsonObject, made: JsonObject, path: Path) -> None:
        kind = part.get("type")
        kinds = [each for each in (kind if isinstance(kind, list) else [kind]) if each]
        named = [str(each).upper() for each in kinds if each != "null" or len(kinds) == 1]
        if "null" in kinds and len(kinds) > 1:
            made["nullable"] = True
        if len(named) == 1:
            made["type"] = named[0]
        elif named:
            made["anyOf"] = [{"type": each} for each in named]
            self.note((*path, "type"), NoteCode.OTHER_FORM, "several types are a choice")
        elif part.keys().isdisjoint({"anyOf", "oneOf", "enum", "const"}):
            self.note(path, NoteCode.LEFT_OUT, "a value of any type; the form is made for one")

    def _say_values(self, part: JsonObject, made: JsonObject, path: Path) -> None:
        values = part.get("enum")
        if "const" in part:
            values = [part["const"]]
            self.note((*path, "const"), NoteCode.OTHER_FORM, "one value is an enum of one")
        if not isinstance(values, list):
            return
        kept = [value for value in values if value is not None]
        if any(isinstance(value, dict | list | float) for value in kept):
            self.note((*path, "enum"), NoteCode.LEFT_OUT, "the form lists texts alone")
            return
        made["enum"] = [_as_text(value) for value in kept]
        if not all(isinstance(value, str) for value in kept):
            made["format"] = "enum"
        if "type" not in made:
            self.note(
                (*path, "type"), NoteCode.OTHER_FORM, "values are texts where no type is said"
            )

    def _say_below(self, part: JsonObject, made: JsonObject, path: Path, within: Within) -> None:
        members = part.get("properties")
        if isinstance(members, dict):
            made["properties"] = {
                name: self.part(each, (*path, "properties", name), within)
                for name, each in members.items()
            }
        if "items" in part:
            made["items"] = self.part(part["items"], (*path, "items"), within)
        keyword = "anyOf" if "anyOf" in part else "oneOf"
        branches = part.get(keyword)
        if isinstance(branches, list):
            self._say_choice(branches, made, (*path, keyword), within)

    def _say_choice(
        self, branches: list[JsonValue], made: JsonObject, path: Path, within: Within
    ) -> None:
        others = [each for each in branches if each != {"type": "null"}]
        rendered = [self.part(each, (*path, at), within) for at, each in enumerate(others)]
        self.note(path, NoteCode.OTHER_FORM, "a choice is `anyOf` and `nullable`")
        if len(others) < len(branches):
            made["nullable"] = True
        if len(rendered) == 1:
            made.update({**rendered[0], **made})
        else:
            made["anyOf"] = list(rendered)

    def _leave_out(self, part: JsonObject, path: Path) -> None:
        is_object = "properties" in part or part.get("type") == "object"
        if is_object and part.get("additionalProperties") is not False:
            self.note(
                (*path, "additionalProperties"),
                NoteCode.LEFT_OUT,
                "the form has only named members",
            )
        known = _TAKEN | _MADE | {*_IN_WORDS, "additionalProperties", "oneOf"}
        for keyword in [each for each in part if each not in known]:
            self.note((*path, keyword), NoteCode.LEFT_OUT, "the form has no such keyword")


def _as_text(value: JsonValue) -> str:
    return value if isinstance(value, str) else str(value).lower()

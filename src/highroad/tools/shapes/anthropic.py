"""Anthropic: tools of the Messages API, and its `tool_result`.

Source: Anthropic's API reference as the types of its Python package 2.12 (November 2026) carry it.
A name is of letters, digits, `_` and `-`, at most 64. For strict mode see `anthropic_strict.py`.
Bounds are those of its guides on images (5 MB in base64) and PDF (32 MB for a request).
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from highroad.domain.json_value import JsonObject
from highroad.domain.part import File, Image
from highroad.tools.shapes.anthropic_strict import SUBSET, Room
from highroad.tools.shapes.fields import name_in, objects_in, schema_in, text_in
from highroad.tools.shapes.media import Media, in_base64, plain_type
from highroad.tools.shapes.names import NameRule
from highroad.tools.shapes.plain import plain_arguments
from highroad.tools.shapes.rendered import Note, NoteCode, Rendered
from highroad.tools.shapes.shape import Shape
from highroad.tools.shapes.spec import ToolSpec
from highroad.tools.shapes.strict import relaxed, strict
from highroad.tools.shapes.told import Asked, Block, Told
from highroad.tools.shapes.unsaid import without_place

NAMES: Final = NameRule(re.compile(r"[a-zA-Z0-9_-]{1,64}"), 64)

_PLAIN: Final = "text/plain"
MEDIA: Final = Media(
    images=frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"}),
    files=frozenset({"application/pdf", _PLAIN}),
    utf8=frozenset({_PLAIN}),
    largest_image=3_750_000,
    largest_file=20_000_000,
    most=20_000_000,
)

_NO_ROOM: Final = Note(
    pointer="/input_schema",
    code=NoteCode.NOT_STRICT,
    reason="the request has as much in strict mode as it takes; offer fewer tools",
)


def render(spec: ToolSpec) -> Rendered:
    """A tool for the field `tools` of a request; examples have their own field."""
    schema, notes = plain_arguments(spec.input_schema)
    form: JsonObject = {"name": spec.name, "input_schema": schema, **_said(spec)}
    return Rendered(form=form, notes=notes + _missing(spec))


def render_strict(spec: ToolSpec) -> Rendered:
    """The same in strict mode, if that can say it."""
    schema, notes = strict(spec.input_schema, SUBSET)
    if schema is None:
        return _plain(spec, *notes)
    form: JsonObject = {"name": spec.name, "input_schema": schema, "strict": True, **_said(spec)}
    return Rendered(form=form, notes=notes + _missing(spec), is_strict=True)


def render_all_strict(specs: Sequence[ToolSpec]) -> list[Rendered]:
    """Tools of one request, the first of them in strict mode, as far as it goes."""
    room = Room()
    return [_in_room(spec, render_strict(spec), room) for spec in specs]


def _in_room(spec: ToolSpec, rendered: Rendered, room: Room) -> Rendered:
    schema = rendered.form["input_schema"]
    if not (rendered.is_strict and isinstance(schema, dict)) or room.take(schema):
        return rendered
    return _plain(spec, _NO_ROOM)


def _plain(spec: ToolSpec, *notes: Note) -> Rendered:
    plain = render(spec)
    return replace(plain, notes=plain.notes + notes)


def _said(spec: ToolSpec) -> JsonObject:
    form: JsonObject = {}
    if spec.description:
        form["description"] = spec.description
    if spec.examples:
        form["input_examples"] = list(spec.examples)
    return form


def _missing(spec: ToolSpec) -> tuple[Note, ...]:
    return without_place(spec, "output_schema", "annotations", "title")


def read(form: JsonObject) -> ToolSpec:
    """A tool of one's own; the provider's server tools have no schema, and are none."""
    schema = schema_in(form, "input_schema") or {}
    return ToolSpec(
        name=name_in(form),
        description=text_in(form, "description"),
        input_schema=relaxed(schema) if form.get("strict") is True else schema,
        examples=objects_in(form, "input_examples"),
    )


def answer(said: Told, asked: Asked) -> JsonObject:
    """A block for the content of the next message of the user."""
    form: JsonObject = {
        "type": "tool_result",
        "tool_use_id": asked.needed_id(),
        "content": [_block(block) for block in said.blocks],
    }
    return {**form, "is_error": True} if said.is_error else form


def _block(block: Block) -> JsonObject:
    match block:
        case str():
            return {"type": "text", "text": block}
        case Image():
            return {"type": "image", "source": _source(block)}
        case File():
            document: JsonObject = {"type": "document", "source": _source(block)}
            return {**document, "title": block.name} if block.name else document


def _source(part: Image | File) -> JsonObject:
    media_type = plain_type(part.media_type)
    if media_type == _PLAIN:
        return {"type": "text", "media_type": media_type, "data": part.data.decode()}
    return {"type": "base64", "media_type": media_type, "data": in_base64(part.data)}


MESSAGES: Final = Shape(
    name="anthropic", names=NAMES, render=render, read=read, answer=answer, media=MEDIA
)
MESSAGES_STRICT: Final = replace(
    MESSAGES, name="anthropic-strict", render=render_strict, render_all=render_all_strict
)

"""MCP: tools as `tools/list` answers, and what `tools/call` answers.

Source: Model Context Protocol, revision 2025-11-25, server features, tools: names of 1 to 128
letters, digits, `_`, `-` and `.`; `inputSchema` and `outputSchema` are JSON Schema 2020-12 where
they name no other draft, and describe objects. It bounds no message; the bounds here are our own.
"""

import re
from typing import Final

from highroad.domain.json_value import JsonObject
from highroad.domain.part import Blob, File, Image
from highroad.tools.shapes.fields import map_in, name_in, schema_in, text_in
from highroad.tools.shapes.media import Media, in_base64
from highroad.tools.shapes.names import NameRule
from highroad.tools.shapes.rendered import Note, NoteCode, Rendered
from highroad.tools.shapes.shape import Shape
from highroad.tools.shapes.spec import ToolSpec
from highroad.tools.shapes.told import Asked, Block, Told
from highroad.tools.shapes.words import parted, with_examples

NAMES: Final = NameRule(re.compile(r"[a-zA-Z0-9_.-]{1,128}"), 128)
MEDIA: Final = Media(
    images=None,
    files=None,
    largest_image=20_000_000,
    largest_file=20_000_000,
    most=20_000_000,
)

_NO_OBJECT: Final = Note(
    pointer="/output_schema",
    code=NoteCode.LEFT_OUT,
    reason="structured content of MCP is an object, and the result is none",
)


def render(spec: ToolSpec) -> Rendered:
    """A tool for the `tools` of an answer."""
    description, notes = with_examples(spec)
    form: JsonObject = {"name": spec.name, "inputSchema": dict(spec.input_schema)}
    if spec.title:
        form["title"] = spec.title
    if description:
        form["description"] = description
    if spec.annotations:
        form["annotations"] = dict(spec.annotations)
    if spec.output_schema is not None:
        if spec.output_schema.get("type") == "object":
            form["outputSchema"] = dict(spec.output_schema)
        else:
            notes += (_NO_OBJECT,)
    return Rendered(form=form, notes=notes)


def read(form: JsonObject) -> ToolSpec:
    """A tool of a server's list."""
    description, examples = parted(text_in(form, "description"))
    return ToolSpec(
        name=name_in(form),
        description=description,
        input_schema=schema_in(form, "inputSchema") or {},
        output_schema=schema_in(form, "outputSchema"),
        examples=examples,
        annotations=map_in(form, "annotations"),
        title=text_in(form, "title"),
    )


def answer(said: Told, _: Asked) -> JsonObject:
    """The result of `tools/call`; which call it answers stands in the message around it.

    Clients hold every result that is no error to the tool's `outputSchema`. So what does not fit
    it, a dry run too, is marked as an error, and `structuredContent` is there only where it fits.
    """
    form: JsonObject = {
        "content": [block_of(block) for block in said.blocks],
        "isError": not said.is_promised,
    }
    return form if said.promised is None else {**form, "structuredContent": said.promised}


def block_of(block: Block) -> JsonObject:
    """A block of content."""
    match block:
        case str():
            return {"type": "text", "text": block}
        case Image():
            return {"type": "image", "data": in_base64(block.data), "mimeType": block.media_type}
        case File():
            return {"type": "resource", "resource": _resource(block)}


def _resource(file: File) -> JsonObject:
    """A resource has an address; one of the digest (RFC 6920 section 7) needs no server."""
    return {
        "uri": f"nih:sha-256;{Blob.of(file.data).digest}",
        "mimeType": file.media_type,
        "blob": in_base64(file.data),
    }


TOOLS: Final = Shape(name="mcp", names=NAMES, render=render, read=read, answer=answer, media=MEDIA)

"""OpenAI: tools and answers of Chat Completions and of the Responses API, tools also strict.

Source: OpenAI's API reference as the types of its Python package 3.54 (November 2026) carry it; for
strict mode see `openai_strict.py`. A name is of letters, digits, `_` and `-`, at most 64. What
files the Responses API takes is in its guide "File inputs" (50 MB for a request, in base64); of GIF
it takes those without animation, which nobody checks here.
"""

import re
from dataclasses import replace
from functools import partial
from typing import Final

from highroad.domain.json_value import JsonObject, JsonValue
from highroad.domain.part import File, Image
from highroad.tools.shapes.fields import map_in, name_in, schema_in, text_in
from highroad.tools.shapes.media import Media, in_base64, plain_type
from highroad.tools.shapes.names import NameRule
from highroad.tools.shapes.openai_strict import SUBSET
from highroad.tools.shapes.plain import plain_arguments
from highroad.tools.shapes.rendered import Rendered
from highroad.tools.shapes.shape import Shape
from highroad.tools.shapes.spec import ToolSpec
from highroad.tools.shapes.strict import relaxed, strict
from highroad.tools.shapes.told import Asked, Block, Told
from highroad.tools.shapes.unsaid import without_place
from highroad.tools.shapes.words import parted, with_examples

NAMES: Final = NameRule(re.compile(r"[a-zA-Z0-9_-]{1,64}"), 64)

_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
RESPONSES_MEDIA: Final = Media(
    images=frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"}),
    files=frozenset(
        {
            "application/pdf",
            "application/json",
            "text/csv",
            "text/html",
            "text/markdown",
            "text/plain",
            f"{_OFFICE}.presentationml.presentation",
            f"{_OFFICE}.spreadsheetml.sheet",
            f"{_OFFICE}.wordprocessingml.document",
        }
    ),
    largest_image=20_000_000,
    largest_file=30_000_000,
    most=30_000_000,
)


def read(form: JsonObject) -> ToolSpec:
    """A tool of either API, in either mode, or of the older `functions`."""
    function = map_in(form, "function") or form
    description, examples = parted(text_in(function, "description"))
    spec = ToolSpec(
        name=name_in(function),
        description=description,
        input_schema=schema_in(function, "parameters") or {},
        output_schema=schema_in(function, "output_schema"),
        examples=examples,
    )
    if function.get("strict") is True:
        return replace(spec, input_schema=relaxed(spec.input_schema))
    return spec


def _render_chat(spec: ToolSpec, *, is_strict: bool) -> Rendered:
    function = _function(spec, is_strict=is_strict)
    return replace(
        function,
        form={"type": "function", "function": function.form},
        notes=function.notes + without_place(spec, "output_schema", "annotations", "title"),
    )


def _render_response(spec: ToolSpec, *, is_strict: bool) -> Rendered:
    function = _function(spec, is_strict=is_strict)
    form: JsonObject = {"type": "function", **function.form}
    if spec.output_schema is not None:
        form["output_schema"] = dict(spec.output_schema)
    return replace(
        function, form=form, notes=function.notes + without_place(spec, "annotations", "title")
    )


def _function(spec: ToolSpec, *, is_strict: bool) -> Rendered:
    description, notes = with_examples(spec)
    parameters, on_strict = strict(spec.input_schema, SUBSET) if is_strict else (None, ())
    is_held = parameters is not None
    if parameters is None:
        parameters, on_plain = plain_arguments(spec.input_schema)
        notes += on_plain
    form: JsonObject = {"name": spec.name, "parameters": parameters, "strict": is_held}
    if description:
        form["description"] = description
    return Rendered(form=form, notes=notes + on_strict, is_strict=is_held)


def _answer_chat(said: Told, asked: Asked) -> JsonObject:
    """A message; where it has no parts, its content is text, as the form's many imitators want."""
    texts: list[JsonValue] = [
        {"type": "text", "text": block} for block in said.blocks if isinstance(block, str)
    ]
    return {
        "role": "tool",
        "tool_call_id": asked.needed_id(),
        "content": texts if said.beside else said.text,
    }


def _answer_response(said: Told, asked: Asked) -> JsonObject:
    """An item of the input."""
    return {
        "type": "function_call_output",
        "call_id": asked.needed_id(),
        "output": [_item(block) for block in said.blocks] if said.beside else said.text,
    }


def _item(block: Block) -> JsonObject:
    match block:
        case str():
            return {"type": "input_text", "text": block}
        case Image():
            return {"type": "input_image", "image_url": _data_url(block), "detail": "auto"}
        case File():
            return {
                "type": "input_file",
                "filename": block.name or "file",
                "file_data": _data_url(block),
            }


def _data_url(part: Image | File) -> str:
    return f"data:{plain_type(part.media_type)};base64,{in_base64(part.data)}"


_CHAT: Final = partial(Shape, names=NAMES, read=read, answer=_answer_chat, media=Media())
_RESPONSES: Final = partial(
    Shape, names=NAMES, read=read, answer=_answer_response, media=RESPONSES_MEDIA
)
CHAT: Final = _CHAT(name="openai", render=partial(_render_chat, is_strict=False))
CHAT_STRICT: Final = _CHAT(name="openai-strict", render=partial(_render_chat, is_strict=True))
RESPONSES: Final = _RESPONSES(
    name="openai-responses", render=partial(_render_response, is_strict=False)
)
RESPONSES_STRICT: Final = _RESPONSES(
    name="openai-responses-strict", render=partial(_render_response, is_strict=True)
)

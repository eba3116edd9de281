"""Gemini: function declarations, their parameters in JSON Schema or in its own form, and answers.

Source: Gemini API reference, `FunctionDeclaration`, as the types of Google's Python package 3.4
(November 2026) carry it. References disagree on names (63, 64 or 128 characters; with dots, colons
and dashes or without), so these are as short and plain as the narrowest of them says. An answer is
a `FunctionResponse`; bytes in it are for models from Gemini 3 on, and a request takes 20 MB.
"""

import re
from dataclasses import replace
from functools import partial
from typing import Final

from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.domain.part import File, Image, Text
from highroad.tools.dialect import repair_arguments, repair_result
from highroad.tools.shapes.fields import name_in, schema_in, text_in
from highroad.tools.shapes.media import Media, in_base64, plain_type
from highroad.tools.shapes.names import NameRule
from highroad.tools.shapes.openapi import in_openapi
from highroad.tools.shapes.rendered import Note, NoteCode, Rendered
from highroad.tools.shapes.same import is_same
from highroad.tools.shapes.shape import Shape
from highroad.tools.shapes.spec import ToolSpec
from highroad.tools.shapes.told import Asked, Told
from highroad.tools.shapes.unsaid import without_place
from highroad.tools.shapes.words import parted, with_examples

NAMES: Final = NameRule(re.compile(r"[a-zA-Z_][a-zA-Z0-9_-]{0,62}"), 63)
MEDIA: Final = Media(
    images=frozenset({"image/jpeg", "image/png", "image/webp"}),
    files=frozenset({"application/pdf", "text/plain"}),
    largest_image=7_000_000,
    largest_file=7_000_000,
    most=14_000_000,
    has_texts=False,
)


def read(form: JsonObject) -> ToolSpec:
    """A declaration, in the names of the API or in those of its Python package."""
    description, examples = parted(text_in(form, "description"))
    return ToolSpec(
        name=name_in(form),
        description=description,
        input_schema=schema_in(form, "parametersJsonSchema", "parameters_json_schema", "parameters")
        or {},
        output_schema=schema_in(form, "responseJsonSchema", "response_json_schema", "response"),
        examples=examples,
    )


def _render(spec: ToolSpec) -> Rendered:
    rendered = _declaration(spec)
    form: JsonObject = {**rendered.form, "parametersJsonSchema": dict(spec.input_schema)}
    if spec.output_schema is not None:
        form["responseJsonSchema"] = dict(spec.output_schema)
    return replace(rendered, form=form)


def _render_openapi(spec: ToolSpec) -> Rendered:
    rendered = _declaration(spec)
    form, notes = dict(rendered.form), rendered.notes
    parameters, more = in_openapi(spec.input_schema, "input_schema")
    if parameters.get("properties"):
        form["parameters"] = parameters
    else:
        parameters = {}
    notes += more or _unless_same(repair_arguments(parameters).schema, spec.input_schema, "input")
    if spec.output_schema is not None:
        response, more = in_openapi(spec.output_schema, "output_schema")
        form["response"] = response
        notes += more or _unless_same(repair_result(response).schema, spec.output_schema, "output")
    return replace(rendered, form=form, notes=notes)


def _declaration(spec: ToolSpec) -> Rendered:
    description, notes = with_examples(spec)
    form: JsonObject = {"name": spec.name}
    if description:
        form["description"] = description
    return Rendered(form=form, notes=notes + without_place(spec, "annotations", "title"))


def _unless_same(back: JsonSchema, schema: JsonSchema, which: str) -> tuple[Note, ...]:
    if is_same(back, schema):
        return ()
    return (
        Note(
            pointer=f"/{which}_schema",
            code=NoteCode.OTHER_FORM,
            reason="it is read back in another form",
        ),
    )


def _listed(forms: list[JsonObject]) -> list[JsonValue]:
    return [{"functionDeclarations": list[JsonValue](forms)}]


def _answer(said: Told, asked: Asked) -> JsonObject:
    """A part for the next content of the user; its JSON is no text, so text stays in it."""
    response: JsonObject = {"error": said.head} if said.is_error else said.head
    form: JsonObject = {"name": asked.needed_name(), "response": response}
    if asked.call_id:
        form["id"] = asked.call_id
    if said.beside:
        form["parts"] = [
            _inline(part, f"part_{number}")
            for number, part in enumerate(said.beside, start=1)
            if not isinstance(part, Text)
        ]
    return {"functionResponse": form}


def _inline(part: Image | File, name: str) -> JsonObject:
    return {
        "inlineData": {
            "mimeType": plain_type(part.media_type),
            "displayName": name,
            "data": in_base64(part.data),
        }
    }


_FORM: Final = partial(Shape, names=NAMES, read=read, listed=_listed, answer=_answer, media=MEDIA)
JSON_SCHEMA: Final = _FORM(name="gemini", render=_render)
OPENAPI: Final = _FORM(name="gemini-openapi", render=_render_openapi)

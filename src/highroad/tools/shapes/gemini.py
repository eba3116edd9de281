"""Gemini: function declarations, with their parameters in JSON Schema or in its own form.

Source: Gemini API reference, `FunctionDeclaration`, as the types of Google's Python package 3.4
(November 2026) carry it. References disagree on names (63, 64 or 128 characters; with dots, colons
and dashes or without), so these are as short and plain as the narrowest of them says.
"""

import re
from dataclasses import replace
from typing import Final

from highroad.domain.json_value import JsonObject, JsonSchema, JsonValue
from highroad.tools.dialect import repair_arguments, repair_result
from highroad.tools.shapes.fields import name_in, schema_in, text_in
from highroad.tools.shapes.names import NameRule
from highroad.tools.shapes.openapi import in_openapi
from highroad.tools.shapes.rendered import Note, NoteCode, Rendered
from highroad.tools.shapes.same import is_same
from highroad.tools.shapes.shape import Shape
from highroad.tools.shapes.spec import ToolSpec
from highroad.tools.shapes.unsaid import without_place
from highroad.tools.shapes.words import parted, with_examples

NAMES: Final = NameRule(re.compile(r"[a-zA-Z_][a-zA-Z0-9_-]{0,62}"), 63)


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


JSON_SCHEMA: Final = Shape(name="gemini", names=NAMES, render=_render, read=read, listed=_listed)
OPENAPI: Final = Shape(
    name="gemini-openapi", names=NAMES, render=_render_openapi, read=read, listed=_listed
)

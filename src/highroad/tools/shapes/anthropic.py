"""Anthropic: tools of the Messages API.

Source: Anthropic's API reference as the types of its Python package 2.12 (November 2026) carry it.
A name is of letters, digits, `_` and `-`, at most 64. Its `strict` is not asked for.
"""

import re
from typing import Final

from highroad.domain.json_value import JsonObject
from highroad.tools.shapes.fields import name_in, objects_in, schema_in, text_in
from highroad.tools.shapes.names import NameRule
from highroad.tools.shapes.plain import plain_arguments
from highroad.tools.shapes.rendered import Rendered
from highroad.tools.shapes.shape import Shape
from highroad.tools.shapes.spec import ToolSpec
from highroad.tools.shapes.unsaid import without_place

NAMES: Final = NameRule(re.compile(r"[a-zA-Z0-9_-]{1,64}"), 64)


def render(spec: ToolSpec) -> Rendered:
    """A tool for the field `tools` of a request; examples have their own field."""
    schema, notes = plain_arguments(spec.input_schema)
    form: JsonObject = {"name": spec.name, "input_schema": schema}
    if spec.description:
        form["description"] = spec.description
    if spec.examples:
        form["input_examples"] = list(spec.examples)
    missing = without_place(spec, "output_schema", "annotations", "title")
    return Rendered(form=form, notes=notes + missing)


def read(form: JsonObject) -> ToolSpec:
    """A tool of one's own; the provider's server tools have no schema, and are none."""
    return ToolSpec(
        name=name_in(form),
        description=text_in(form, "description"),
        input_schema=schema_in(form, "input_schema") or {},
        examples=objects_in(form, "input_examples"),
    )


MESSAGES: Final = Shape(name="anthropic", names=NAMES, render=render, read=read)

"""OpenAI: tools of Chat Completions and of the Responses API, each also in strict mode.

Source: OpenAI's API reference as the types of its Python package 3.54 (November 2026) carry it;
for strict mode see `strict.py`. A name is of letters, digits, `_` and `-`, at most 64.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from highroad.domain.json_value import JsonObject
from highroad.tools.shapes.fields import map_in, name_in, schema_in, text_in
from highroad.tools.shapes.names import NameRule
from highroad.tools.shapes.plain import plain_arguments
from highroad.tools.shapes.rendered import Rendered
from highroad.tools.shapes.shape import Shape
from highroad.tools.shapes.spec import ToolSpec
from highroad.tools.shapes.strict import relaxed, strict
from highroad.tools.shapes.unsaid import without_place
from highroad.tools.shapes.words import parted, with_examples

NAMES: Final = NameRule(re.compile(r"[a-zA-Z0-9_-]{1,64}"), 64)


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
    parameters, on_strict = strict(spec.input_schema) if is_strict else (None, ())
    is_held = parameters is not None
    if parameters is None:
        parameters, on_plain = plain_arguments(spec.input_schema)
        notes += on_plain
    form: JsonObject = {"name": spec.name, "parameters": parameters, "strict": is_held}
    if description:
        form["description"] = description
    return Rendered(form=form, notes=notes + on_strict, is_strict=is_held)


def _shape(name: str, render: Callable[[ToolSpec], Rendered]) -> Shape:
    return Shape(name=name, names=NAMES, render=render, read=read)


CHAT: Final = _shape("openai", partial(_render_chat, is_strict=False))
CHAT_STRICT: Final = _shape("openai-strict", partial(_render_chat, is_strict=True))
RESPONSES: Final = _shape("openai-responses", partial(_render_response, is_strict=False))
RESPONSES_STRICT: Final = _shape(
    "openai-responses-strict", partial(_render_response, is_strict=True)
)

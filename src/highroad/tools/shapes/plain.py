"""A schema of arguments without strict mode: JSON Schema as it is, but for choices at its root.

OpenAI and Anthropic are reported to answer a request with an error when the root of a tool's
schema has one of these keywords; neither reference lists them.
"""

from typing import Final

from highroad.domain.json_value import JsonObject, JsonSchema
from highroad.tools.shapes.rendered import Note, NoteCode

_REFUSED: Final = ("anyOf", "oneOf", "allOf", "not", "enum", "const")
_OF_PARTS: Final = "unevaluatedProperties"
"""It closes what the parts name; without them it would close too much."""


def plain_arguments(schema: JsonSchema) -> tuple[JsonObject, tuple[Note, ...]]:
    """The schema as the provider takes it, and what is missing there."""
    left_out = [keyword for keyword in _REFUSED if keyword in schema]
    if left_out and _OF_PARTS in schema:
        left_out.append(_OF_PARTS)
    notes = tuple(
        Note(
            pointer=f"/input_schema/{keyword}",
            code=NoteCode.LEFT_OUT,
            reason="the provider refuses it at the root of a schema; our own check holds it",
        )
        for keyword in left_out
    )
    return {key: value for key, value in schema.items() if key not in left_out}, notes

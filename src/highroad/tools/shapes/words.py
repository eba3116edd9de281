"""What a form has no field for, said in the description, and found there again."""

from typing import Final

import orjson

from highroad.domain.json_value import JsonObject
from highroad.tools.shapes.rendered import Note, NoteCode
from highroad.tools.shapes.spec import ToolSpec

_EXAMPLES: Final = "Examples of arguments:\n"


def with_examples(spec: ToolSpec) -> tuple[str, tuple[Note, ...]]:
    """The description with the examples behind it, each a line of JSON."""
    if not spec.examples:
        return spec.description, _taken_for_examples(spec.description)
    lines = "\n".join(orjson.dumps(each).decode() for each in spec.examples)
    note = Note(
        pointer="/examples",
        code=NoteCode.EXAMPLES_IN_WORDS,
        reason="the form has no field for examples; they stand behind the description",
    )
    before = f"{spec.description}\n\n" if spec.description else ""
    return f"{before}{_EXAMPLES}{lines}", (note,)


def parted(description: str) -> tuple[str, tuple[JsonObject, ...]]:
    """A description without the examples behind it, and these."""
    words, found, lines = description.rpartition(_EXAMPLES)
    if not found or (words and not words.endswith("\n\n")):
        return description, ()
    examples = [_object(line) for line in lines.split("\n")]
    if any(each is None for each in examples):
        return description, ()
    return words.removesuffix("\n\n"), tuple(each for each in examples if each is not None)


def _object(line: str) -> JsonObject | None:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _taken_for_examples(description: str) -> tuple[Note, ...]:
    if not parted(description)[1]:
        return ()
    return (
        Note(
            pointer="/description",
            code=NoteCode.OTHER_FORM,
            reason="what stands at its end is read back as examples",
        ),
    )

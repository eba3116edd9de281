"""Notes on fields of a tool that a form has no place for."""

from highroad.tools.shapes.rendered import Note, NoteCode
from highroad.tools.shapes.spec import ToolSpec


def without_place(spec: ToolSpec, *fields: str) -> tuple[Note, ...]:
    """A note for each of these fields that the tool has."""
    return tuple(
        Note(
            pointer=f"/{field}",
            code=NoteCode.LEFT_OUT,
            reason=f"the form has no place for {field}",
        )
        for field in fields
        if getattr(spec, field)
    )

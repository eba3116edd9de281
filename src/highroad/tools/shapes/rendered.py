"""A tool in one provider's form, and what that form does not carry as it was."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from highroad.domain.json_value import JsonObject


class NoteCode(StrEnum):
    """What became of a part of a tool on its way into a form; stable."""

    NOT_STRICT = "not_strict"
    """Strict mode cannot say this, so the tool is offered without it, as it stands."""
    OPTIONAL_AS_NULL = "optional_as_null"
    """An optional member that must now be sent; null leaves it out, and is taken away again."""
    EXAMPLES_IN_WORDS = "examples_in_words"
    """Examples stand at the end of the description, and are found there again."""
    IN_WORDS = "in_words"
    """The form has no keyword for it; the description says it, and only our own check holds it."""
    LEFT_OUT = "left_out"
    """The form has no place for it; where it narrows, only our own check holds it."""
    OTHER_FORM = "other_form"
    """The same in another form, in which it is read back."""


_READ_BACK: Final = frozenset(
    {NoteCode.NOT_STRICT, NoteCode.OPTIONAL_AS_NULL, NoteCode.EXAMPLES_IN_WORDS}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One thing that a form does not carry as it was.

    Args:
        pointer: Where in the tool's own fields, for example `/input_schema/properties/limit`.
        code: What became of it.
        reason: The same for people.
    """

    pointer: str
    code: NoteCode
    reason: str

    def __str__(self) -> str:
        return f"{self.pointer}: {self.code}: {self.reason}"


def reads_back(notes: tuple[Note, ...]) -> bool:
    """Whether a form with these notes gives, when it is read, what it was rendered from."""
    return all(note.code in _READ_BACK for note in notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One tool in one form.

    Args:
        form: JSON, as the provider takes it.
        notes: What it does not carry as it was.
        is_strict: Whether the provider is asked to hold the model to the schema.
    """

    form: JsonObject
    notes: tuple[Note, ...] = ()
    is_strict: bool = False

    @property
    def reads_back(self) -> bool:
        """Whether reading the form gives the tool's own fields, all of them."""
        return reads_back(self.notes)

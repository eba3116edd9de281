"""Outcomes in the form in which a provider takes the answer to a tool call."""

from dataclasses import dataclass

from highroad.domain.json_value import JsonObject
from highroad.domain.outcome import AnyOutcome
from highroad.tools.shapes.apart import PartNote
from highroad.tools.shapes.known import known
from highroad.tools.shapes.shape import Shape
from highroad.tools.shapes.told import Asked, told


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An outcome in one form.

    Args:
        form: JSON: a message, an item, a block or a part, as the provider's request takes it.
        notes: Images and files whose bytes it does not carry. The form tells of each with its
            media type, size and digest.
    """

    form: JsonObject
    notes: tuple[PartNote, ...] = ()


def answer(
    outcome: AnyOutcome,
    shape: Shape | str,
    *,
    provider_call_id: str = "",
    name: str = "",
    has_media: bool = True,
) -> Answer:
    """The answer to a model's call, whatever became of it.

    Args:
        outcome: Any of the six endings, or `Held`.
        shape: One of `SHAPES`, or its name.
        provider_call_id: The id that the provider gave to the call; OpenAI and Anthropic need it.
        name: The tool, as the model called it; Gemini needs it.
        has_media: Whether the model takes images and files; a model of text alone is told in words.

    Raises:
        DeclarationError: There is no such shape, or it needs the id or the name, and it is empty.
    """
    form = known(shape)
    media = form.media if has_media else form.media.without_bytes
    said = told(outcome, media)
    asked = Asked(call_id=provider_call_id, name=name)
    return Answer(form=form.answer(said, asked), notes=said.notes)

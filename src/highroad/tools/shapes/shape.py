"""What every provider's form has: a name, a rule for names, tools both ways, and answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from highroad.domain.json_value import JsonObject, JsonValue
from highroad.tools.shapes.media import Media
from highroad.tools.shapes.names import NameRule
from highroad.tools.shapes.rendered import Rendered
from highroad.tools.shapes.spec import ToolSpec
from highroad.tools.shapes.told import Asked, Told


def as_list(forms: list[JsonObject]) -> list[JsonValue]:
    """Tools side by side, as most requests take them."""
    return list(forms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One form of tools, and of the answers to their calls.

    Args:
        name: As settings and commands call it.
        names: What the provider takes for a name.
        render: A tool whose name is legal, in this form.
        read: A form, as a tool; schemas come as they stand there. Raises `DeclarationError` for
            one that has no name.
        answer: What a model is told, in this form. Raises `DeclarationError` where the form needs
            an id or a name that nobody said.
        media: What may stand beside the JSON of an answer.
        render_all: The tools of one request, in the order of names, where `render` alone does not
            know what the request takes.
        listed: Forms, as the field `tools` of a request takes them.
    """

    name: str
    names: NameRule
    render: Callable[[ToolSpec], Rendered]
    read: Callable[[JsonObject], ToolSpec]
    answer: Callable[[Told, Asked], JsonObject]
    media: Media
    render_all: Callable[[Sequence[ToolSpec]], list[Rendered]] | None = None
    listed: Callable[[list[JsonObject]], list[JsonValue]] = as_list

    def rendered(self, specs: Sequence[ToolSpec]) -> list[Rendered]:
        """The tools of one request, in this form."""
        if self.render_all is not None:
            return self.render_all(specs)
        return [self.render(spec) for spec in specs]

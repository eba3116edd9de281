"""What every provider's form has: a name, a rule for names, and the two directions."""

from collections.abc import Callable
from dataclasses import dataclass

from highroad.domain.json_value import JsonObject, JsonValue
from highroad.tools.shapes.names import NameRule
from highroad.tools.shapes.rendered import Rendered
from highroad.tools.shapes.spec import ToolSpec


def as_list(forms: list[JsonObject]) -> list[JsonValue]:
    """Tools side by side, as most requests take them."""
    return list(forms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One form of tools.

    Args:
        name: As settings and commands call it.
        names: What the provider takes for a name.
        render: A tool whose name is legal, in this form.
        read: A form, as a tool; schemas come as they stand there. Raises `DeclarationError` for
            one that has no name.
        listed: Forms, as the field `tools` of a request takes them.
    """

    name: str
    names: NameRule
    render: Callable[[ToolSpec], Rendered]
    read: Callable[[JsonObject], ToolSpec]
    listed: Callable[[list[JsonObject]], list[JsonValue]] = as_list

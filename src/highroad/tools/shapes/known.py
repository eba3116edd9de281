"""Every form that is known here, by its name."""

from collections.abc import Mapping
from typing import Final

from highroad.domain.error import DeclarationError
from highroad.tools.shapes import anthropic, gemini, mcp, openai
from highroad.tools.shapes.shape import Shape

SHAPES: Final[Mapping[str, Shape]] = {
    shape.name: shape
    for shape in (
        openai.CHAT,
        openai.CHAT_STRICT,
        openai.RESPONSES,
        openai.RESPONSES_STRICT,
        anthropic.MESSAGES,
        anthropic.MESSAGES_STRICT,
        gemini.JSON_SCHEMA,
        gemini.OPENAPI,
        mcp.TOOLS,
    )
}
"""Every form that tools and answers can be rendered to, by its name."""


def known(shape: Shape | str) -> Shape:
    """A form, or the one of that name.

    Raises:
        DeclarationError: There is no such form.
    """
    if isinstance(shape, Shape):
        return shape
    if shape not in SHAPES:
        raise DeclarationError(f"there is no shape {shape!r}; there are {', '.join(SHAPES)}")
    return SHAPES[shape]

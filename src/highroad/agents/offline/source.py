"""Where the value of an argument comes from. There is no source beside these."""

from enum import StrEnum

from highroad.agents.offline.span import Span
from highroad.domain.json_value import JsonValue
from highroad.domain.value import value


class SourceKind(StrEnum):
    """Who said the value."""

    REQUEST = "request"
    """The user."""
    RESULT = "result"
    """An earlier call that did not fail, or its result."""
    SCHEMA = "schema"
    """The schema of the tool: the one value that is allowed, or the default of what is required."""


@value
class Source:
    """The value of one argument, who said it, and how plainly."""

    value: JsonValue
    kind: SourceKind
    strength: float
    """From 0 to 1: how sure it is that the value belongs here."""
    spans: tuple[Span, ...] = ()
    """Of a request, which characters it is made of."""

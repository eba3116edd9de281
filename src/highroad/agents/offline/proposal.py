"""A value that may stand in an argument, and how much speaks for it."""

from highroad.agents.offline.slot import Slot
from highroad.agents.offline.source import SourceKind
from highroad.agents.offline.span import Span
from highroad.domain.json_value import JsonValue
from highroad.domain.value import value

CERTAIN = 6.0
"""The form of the value leaves no doubt: an id of a pattern, a word of a list, `radius=5`."""
PLAIN = 3.0
"""The argument is called by its name beside the value; enough for one that may be left out."""
POSSIBLE = 1.0
"""Of the right kind; enough for an argument that is required."""


@value
class Proposal:
    """One value for one argument."""

    slot: Slot
    value: JsonValue
    score: float
    spans: tuple[Span, ...] = ()
    """What it is made of: a piece of a request fills one argument."""
    kind: SourceKind = SourceKind.REQUEST

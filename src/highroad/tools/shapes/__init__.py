"""Tools in the form of each provider, and back; and the answers to their calls.

`offer` renders definitions and brings calls home, `answer` renders outcomes, and `read_tools` reads
anybody's tool list. There is one module for each provider.
"""

from highroad.tools.shapes.answers import Answer, answer
from highroad.tools.shapes.apart import PartNote
from highroad.tools.shapes.known import SHAPES
from highroad.tools.shapes.offer import Offer, offer
from highroad.tools.shapes.reading import ForeignTool, ToolList, Unread, read_tools
from highroad.tools.shapes.rendered import Note, NoteCode, Rendered
from highroad.tools.shapes.spec import ToolSpec, spec_of

__all__ = [
    "SHAPES",
    "Answer",
    "ForeignTool",
    "Note",
    "NoteCode",
    "Offer",
    "PartNote",
    "Rendered",
    "ToolList",
    "ToolSpec",
    "Unread",
    "answer",
    "offer",
    "read_tools",
    "spec_of",
]

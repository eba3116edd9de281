"""Tools in the form of each provider, and back.

`offer` renders definitions and brings calls home; `read_tools` reads anybody's tool list. There is
one module for each provider; results have no forms here yet.
"""

from highroad.tools.shapes.known import SHAPES
from highroad.tools.shapes.offer import Offer, offer
from highroad.tools.shapes.reading import ForeignTool, ToolList, Unread, read_tools
from highroad.tools.shapes.rendered import Note, NoteCode, Rendered
from highroad.tools.shapes.spec import ToolSpec, spec_of

__all__ = [
    "SHAPES",
    "ForeignTool",
    "Note",
    "NoteCode",
    "Offer",
    "Rendered",
    "ToolList",
    "ToolSpec",
    "Unread",
    "offer",
    "read_tools",
    "spec_of",
]

"""Finding the tools that a text is about, among many.

`words` takes names and texts apart, `index` ranks tools by BM25, and `fusion` adds the nearness of
vectors where there is an embedder. `tool` is the search as a tool that models call.
"""

from highroad.tools.search.fusion import Fusion
from highroad.tools.search.index import Index, Match
from highroad.tools.search.tool import TOOL_SEARCH, Found, search_tool

__all__ = ["TOOL_SEARCH", "Found", "Fusion", "Index", "Match", "search_tool"]

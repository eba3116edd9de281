"""MCP, each scene in the other era than by the door `mcp`."""

from doors.mcp import DOOR as ONE
from doors.mcp import Mcp
from ten_calls import ALL

DOOR = Mcp(asking=ALL.keys() - ONE.asking)

"""A server of MCP that speaks on its standard streams, in either era of the protocol."""

from highroad.adapters.upstreams.mcp_stdio.server import McpStdio

__all__ = ["McpStdio"]

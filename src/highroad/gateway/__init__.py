"""The door for programs that speak protocols: MCP clients, so far on standard streams."""

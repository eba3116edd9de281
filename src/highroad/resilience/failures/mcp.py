"""MCP: errors of JSON-RPC 2.0 (section 5.1), and results that say `isError`."""

from collections.abc import Mapping
from typing import Any, Final

from highroad.domain.failure_kind import FailureKind
from highroad.resilience.failures.likeness import class_names, read, whole_number
from highroad.resilience.failures.meaning import Meaning

CODES: Final[Mapping[int, tuple[FailureKind, bool]]] = {
    -32700: (FailureKind.BUG, True),  # "Invalid JSON was received by the server"
    -32600: (FailureKind.BUG, True),  # "The JSON sent is not a valid Request object"
    -32601: (FailureKind.PERMANENT, True),  # "The method does not exist / is not available"
    -32602: (FailureKind.INVALID_ARGUMENTS, False),
    -32603: (FailureKind.UNKNOWN, False),
    -32002: (FailureKind.INVALID_ARGUMENTS, False),  # MCP: resource not found
    -32042: (FailureKind.DENIED, False),  # MCP: a person must visit a URL first
    -32000: (FailureKind.TRANSIENT, False),  # the Python SDK: the connection was closed
    408: (FailureKind.TIMEOUT, False),  # the Python SDK: no answer in time
    -32001: (FailureKind.TIMEOUT, False),  # the TypeScript SDK: no answer in time
}
"""What a code is a sign of, and whether it says itself that the method was not run."""

_ERRORS: Final = frozenset({"mcp.McpError", "mcp.MCPError"})
_MOST_TEXT: Final = 1_000


def meaning(error: BaseException, now_ms: int | None) -> Meaning | None:
    """What an error of a server means; `None` of all others."""
    del now_ms
    if not class_names(error) & _ERRORS:
        return None
    code = whole_number(read(error, "error", "code"))
    if code is None or code not in CODES:
        return Meaning(kind=FailureKind.UNKNOWN, rule="mcp")
    kind, is_not_applied = CODES[code]
    return Meaning(kind=kind, rule=f"mcp.{code}", is_not_applied=is_not_applied)


def is_error(result: object) -> bool:
    """Whether a result is one of MCP that says of itself that the tool failed."""
    if isinstance(result, dict):
        return (
            "isError" in result
            and result["isError"] is True
            and isinstance(result.get("content"), list)
        )
    is_result = type(result).__name__ == "CallToolResult"
    return is_result and True in {read(result, "isError"), read(result, "is_error")}


def words(result: object) -> str:
    """What such a result says to the model, up to a thousand characters."""
    content = result.get("content") if isinstance(result, dict) else read(result, "content")
    texts = [_text(part) for part in content] if isinstance(content, list) else []
    return "\n".join(text for text in texts if text)[:_MOST_TEXT]


def _text(part: Any) -> str:  # noqa: ANN401 - a part of a foreign result
    found = part.get("text") if isinstance(part, dict) else read(part, "text")
    return found if isinstance(found, str) else ""

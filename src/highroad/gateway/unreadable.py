"""Requests that the library cannot read, and what they are answered all the same.

A line with half a character (a lone surrogate), with very many levels or with a number of thousands
of digits the library lets fall, and whoever sent it waits for ever. Where that is a call, the road
says what is wrong with its arguments and puts it on record; any other is answered by its id.
"""

import re
from typing import Final

import orjson
from mcp.types import (
    INVALID_REQUEST,
    ErrorData,
    JSONRPCError,
    jsonrpc_message_adapter,
)
from pydantic import ValidationError

from highroad.domain.json_value import JsonValue
from highroad.tools.arguments.invalid import Invalid
from highroad.tools.arguments.parse import parse, parse_value

_TOKENS: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"|[{}\[\],:]|[^\s"{}\[\],:]++')
_LONGEST_ID: Final = 200
_CANNOT_READ: Final = (
    "This request cannot be read: it has half a character, too many levels or a number of "
    "thousands of digits."
)


def is_readable(line: str) -> bool:
    """Whether the library takes it for a message."""
    try:
        jsonrpc_message_adapter.validate_json(line, by_name=False)
    except ValidationError:
        return False
    return True


def in_its_place(line: str) -> str | JSONRPCError | None:
    """What becomes of a line that is not readable; the time it takes grows with its length alone.

    Returns:
        A call of the same tool whose arguments are their own text, for the road to refuse; else
        the answer; `None` where nobody waits for one, or nobody knows who.
    """
    request = _members(line)
    id_ = _plain(request.get('"id"', "")) if len(request.get('"id"', "")) <= _LONGEST_ID else None
    if not isinstance(id_, str | int) or isinstance(id_, bool) or '"method"' not in request:
        return None
    params = _members(request.get('"params"', ""))
    name, arguments = _plain(params.get('"name"', "")), params.get('"arguments"', "{}")
    is_call = _plain(request['"method"']) == "tools/call" and isinstance(name, str)
    if not is_call or not isinstance(parse(arguments), Invalid):
        return JSONRPCError(
            jsonrpc="2.0", id=id_, error=ErrorData(code=INVALID_REQUEST, message=_CANNOT_READ)
        )
    told = {"name": name, "arguments": arguments, "_meta": _plain(params.get('"_meta"', "{}"))}
    call = {"jsonrpc": "2.0", "id": id_, "method": "tools/call", "params": told}
    return orjson.dumps(call).decode()


def _plain(text: str) -> JsonValue:
    """The value, where it is one that can be written again."""
    found = parse_value(text)
    return None if isinstance(found, Invalid) else found


def _members(text: str) -> dict[str, str]:
    """The text of each member of an object by the text of its name; of what is no object none."""
    found: dict[str, str] = {}
    depth, name, begin, before = 0, "", 0, ""
    for token in _TOKENS.finditer(text):
        sign = token[0]
        if depth == 1 and sign == ":":
            name, begin = before, token.end()
        elif depth == 1 and sign in {",", "}"} and name:
            found[name] = text[begin : token.start()].strip()
            name = ""
        depth += (sign in {"{", "["}) - (sign in {"}", "]"})
        before = sign
    return found

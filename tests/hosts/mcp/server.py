"""A server of MCP that offers the tools of the ten calls, by hand: it starts at once."""

import asyncio
import inspect
import json
import os
import sys
from pathlib import Path
from threading import Thread

sys.path.insert(0, str(Path(__file__).parents[1]))

from effects import FUNCTIONS

TOOLS = {each.__name__: each for each in FUNCTIONS}
TYPES = {str: "string", int: "integer"}


def send(**message):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def form(function):
    parameters = inspect.signature(function).parameters
    return {
        "name": function.__name__,
        "description": inspect.getdoc(function),
        "inputSchema": {
            "type": "object",
            "properties": {
                name: {"type": TYPES[each.annotation]} for name, each in parameters.items()
            },
            "required": list(parameters),
            "additionalProperties": False,
        },
    }


def called(name, arguments):
    try:
        said = asyncio.run(TOOLS[name](**arguments))
    except ConnectionResetError:
        os._exit(1)  # as the line breaks
    return {"content": [{"type": "text", "text": said}]}


def answered(method, params):
    match method:
        case "initialize":
            return {
                "protocolVersion": params["protocolVersion"],
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "orders", "version": "1"},
            }
        case "tools/list":
            return {"tools": [form(each) for each in FUNCTIONS]}
        case "tools/call":
            return called(params["name"], params["arguments"])


def answer(message):
    result = answered(message["method"], message.get("params") or {})
    if result is None:
        send(id=message["id"], error={"code": -32601, "message": "Method not found"})
    else:
        send(id=message["id"], result=result)


for line in sys.stdin:
    message = json.loads(line)
    if "id" in message:
        # Each apart: whoever waits for what never comes must not keep the next one waiting.
        Thread(target=answer, args=(message,), daemon=True).start()

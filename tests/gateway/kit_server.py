"""The server of the contract kit in the older era of the protocol, by hand: it starts at once."""

import json
import os
import sys

NAMES = ["echo", "fail", "count", "wait", "given_up", "traced", "die", "grow"]
SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}}
given_up = []


def send(**message):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def text(said, **more):
    return {"content": [{"type": "text", "text": said}], **more}


def flood(has_end):
    """Write a line of 17 MB, or one that never ends."""
    written = 0
    while not has_end or written < 17_000_000:
        written += sys.stdout.write("x" * 100_000)
    sys.stdout.write("\n")
    return text("flooded")


def called(name, params):  # noqa: PLR0911 - one for each tool
    match name:
        case "echo":
            return text(params["arguments"]["text"])
        case "fail":
            return text("it went wrong", isError=True)
        case "count":
            for done in (1, 2, 3):
                told = {"progressToken": params["_meta"]["progressToken"], "progress": done}
                send(method="notifications/progress", params={**told, "total": 3})
            return text("counted")
        case "given_up":
            return text(str(len(given_up)))
        case "traced":
            meta = params.get("_meta", {})
            found = ("traceparent", "tracestate", "baggage")
            return text(json.dumps({name: meta[name] for name in found if name in meta}))
        case "die":
            os._exit(1)
        case "flood":
            return flood(params["arguments"]["has_end"])
        case "grow":
            NAMES.append("grown")
            send(method="notifications/tools/list_changed")
            return text("grown")
        case _:
            return text("no such tool", isError=True)


def answered(method, params):  # noqa: PLR0911 - one for each request
    match method:
        case "initialize":
            return {
                "protocolVersion": params["protocolVersion"],
                "capabilities": {"tools": {"listChanged": True}, "prompts": {}, "resources": {}},
                "serverInfo": {"name": "kit", "version": "1"},
            }
        case "tools/list":
            return {
                "tools": [
                    {"name": name, "description": name, "inputSchema": SCHEMA} for name in NAMES
                ]
            }
        case "prompts/list":
            return {"prompts": [{"name": "greet"}]}
        case "resources/list":
            # On two pages, of which the second says that it is the last.
            at = params.get("cursor", "1")
            page = {"resources": [{"uri": f"note://{at}", "name": at}]}
            return page if at == "2" else {**page, "nextCursor": "2"}
        case "resources/templates/list":
            return {"resourceTemplates": [{"uriTemplate": "note://{day}", "name": "day"}]}
        case "tools/call":
            return called(params["name"], params)
        case _:
            return None


for line in sys.stdin:
    message = json.loads(line)
    method, params = message.get("method"), message.get("params") or {}
    if method == "notifications/cancelled":
        given_up.append(params["requestId"])
    if "id" not in message or params.get("name") == "wait":
        continue
    result = answered(method, params)
    if result is None:
        send(id=message["id"], error={"code": -32601, "message": "Method not found"})
    else:
        send(id=message["id"], result=result)

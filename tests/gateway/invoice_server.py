"""A server that pays: its arguments say what for, to whom and how much, and a word with it."""

import json
import sys

TEXT, NUMBER = {"type": "string"}, {"type": "number"}
INVOICE = {"invoice_id": TEXT, "recipient": TEXT, "amount": NUMBER}
OPEN = {"invoice_id": "INV-000042", "recipient": "Quayside Pottery", "amount": 84.5}


def tool(name, does, **arguments):
    schema = {"type": "object", "properties": arguments, "required": [*arguments]}
    return {"name": name, "description": does, "inputSchema": schema}


TOOLS = [
    tool("list_invoices", "List the invoices that are open."),
    tool("pay_invoice", "Pay an invoice.", **INVOICE, note=TEXT),
]


def answered(method, params):
    match method:
        case "initialize":
            return {
                "protocolVersion": params["protocolVersion"],
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "invoices", "version": "1"},
            }
        case "tools/list":
            return {"tools": TOOLS}
        case "tools/call":
            found = [OPEN] if params["name"] == "list_invoices" else "paid"
            return {"content": [{"type": "text", "text": json.dumps(found)}]}
        case _:
            return None


for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    result = answered(message["method"], message.get("params") or {})
    end = {"error": {"code": -32601, "message": "?"}} if result is None else {"result": result}
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": message["id"], **end}) + "\n")
    sys.stdout.flush()

"""A governed call in a few lines: no key, no server, no network.

It prints:

    {'id': 'ORD-000042', 'state': 'paid'}
    refused unknown_tool: Did you mean get_order?
"""

from highroad import tool
from highroad.sync import Runtime


@tool(tier="read")
def get_order(order_id: str) -> dict[str, str]:
    """Read an order.

    Args:
        order_id: Order id, for example "ORD-000042".
    """
    return {"id": order_id, "state": "paid"}


with Runtime.open(tools=[get_order]) as runtime:
    print(runtime.call(get_order, {"order_id": "ORD-000042"}).unwrap())

    outcome = runtime.call("get_orders", {"order_id": "ORD-000042"})
    if outcome.error is not None:
        print(f"{outcome.status} {outcome.error.code}: {outcome.error.hint}")

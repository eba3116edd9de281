"""ReAct: each step depends on what the last one found.

It prints:

    completed It is in Ghent. (3 requests)
"""

import asyncio

from highroad import Agent, Runtime, tool
from highroad.testing import ScriptedModel, call


@tool(tier="read")
def find_order(customer: str) -> str:
    """Find the newest order of a customer.

    Args:
        customer: Name of the customer.
    """
    return {"Alice": "ORD-000042"}[customer]


@tool(tier="read")
def parcel_of(order_id: str) -> str:
    """Say where the parcel of an order is.

    Args:
        order_id: Order id, for example "ORD-000042".
    """
    return {"ORD-000042": "in Ghent"}[order_id]


tracker = Agent(
    name="tracker",
    tools=[find_order, parcel_of],
    model=ScriptedModel(
        call("find_order", customer="Alice"),
        call("parcel_of", order_id="ORD-000042"),
        "It is in Ghent.",
    ),
)  # ReAct is what an agent does that is told nothing else


async def main() -> None:
    """Ask where a parcel is, and watch."""
    async with Runtime.open(agents=[tracker]) as runtime:
        run = await runtime.run("tracker", "Where is Alice's parcel?")
        print(run.status, run.result, f"({run.steps} requests)")


asyncio.run(main())

"""A search along calls: a way that disappoints is left, and only the chosen one has effects.

It prints:

    held paid: []
    completed 5 euros of ORD-000042 are paid back. paid: [500]
"""

import asyncio
import json

from highroad import Agent, Principal, Runtime, tool
from highroad.agents.searching.lats import lats
from highroad.testing import ScriptedModel, call

PAID: list[int] = []


@tool(tier="read")
def find_orders(year: int) -> list[str]:
    """List the orders of a year.

    Args:
        year: The year.
    """
    return {2024: [], 2025: ["ORD-000042"]}[year]


@tool(tier="irreversible", effect="idempotent")
def refund(order_id: str, cents: int) -> str:
    """Pay back part of an order.

    Args:
        order_id: Order id, for example "ORD-000042".
        cents: Amount in euro cents.
    """
    PAID.append(cents)
    return f"{cents} cents of {order_id} are paid back"


clerk = Agent(
    name="clerk",
    tools=[find_orders, refund],
    strategy=lats(rounds=2, branch=2, depth=3),
    iterations=12,
    model=ScriptedModel(
        call("find_orders", year=2024),
        call("find_orders", year=2025),
        call("refund", order_id="ORD-000042", cents=500),
        "There is one order, ORD-000042.",
        call("refund", order_id="ORD-000042", cents=500),
        "5 euros of ORD-000042 are paid back.",
    ),
    roles={
        "judge": ScriptedModel(
            json.dumps({"scores": [0.1, 0.7]}),
            json.dumps({"scores": [0.9, 0.2]}),
        )
    },
)


async def main() -> None:
    """Search, ask a person about the one effect, and have it."""
    async with Runtime.open(agents=[clerk]) as runtime:
        run = await runtime.run("clerk", "Refund 5 euros of my order.")
        print(run.status, "paid:", PAID)
        while run.holds:
            await runtime.approvals.approve(run.holds[0].approval_id or "", by=Principal("bob"))
            run = await runtime.resume(run.id)
        print(run.status, run.result, "paid:", PAID)


asyncio.run(main())

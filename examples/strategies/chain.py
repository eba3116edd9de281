"""Steps that are known: code calls the tools in order, a model writes at the end.

It prints:

    held at refund []
    completed We are sorry. Your 60 euros are on their way. [6000]
"""

import asyncio

from highroad import Agent, Principal, Runtime, tool
from highroad.agents.strategies.chain import chain, prompt, use
from highroad.testing import ScriptedModel

PAID: list[int] = []


@tool(tier="read")
def price_of(order_id: str) -> dict[str, object]:
    """Say what an order has cost.

    Args:
        order_id: Order id, for example "ORD-000042".
    """
    return {"order_id": order_id, "cents": 6_000}


@tool(tier="irreversible", effect="idempotent")
def refund(order_id: str, cents: int) -> str:
    """Pay back part of an order.

    Args:
        order_id: Order id, for example "ORD-000042".
        cents: Amount in euro cents.
    """
    PAID.append(cents)
    return f"{cents} cents of {order_id} are paid back"


support = Agent(
    name="support",
    model=ScriptedModel("We are sorry. Your 60 euros are on their way."),
    tools=[price_of, refund],
    strategy=chain(
        use("price_of", lambda order: {"order_id": order}),
        use("refund", lambda price: price),
        prompt("Tell the customer in one sentence: {before}"),
    ),
)


async def main() -> None:
    """Wait for a person in the middle of it."""
    async with Runtime.open(agents=[support]) as runtime:
        run = await runtime.run("support", "ORD-000042")
        print(run.status, "at", run.holds[0].tool, PAID)
        await runtime.approvals.approve(run.holds[0].approval_id or "", by=Principal("bob"))
        run = await runtime.resume(run.id)
        print(run.status, run.result, PAID)


asyncio.run(main())

"""A supervisor divides a request over two clerks, one of whom waits for a person.

The clerk for refunds gets one tool and at most ten cents of the budget. Its hold appears in the run
at the top, with the way to it; agreeing to it moves that branch alone. It prints:

    held: refund, asked for by sales > refunds
    completed: The vase costs 5 euros, and 5 euros are on their way back.
"""

import asyncio
import json

from highroad import Agent, Member, Principal, Runtime, tool
from highroad.agents.teams.supervisor import supervisor
from highroad.testing import ScriptedModel, call


@tool(tier="read")
def price_of(article: str) -> int:
    """Say what an article costs, in cents.

    Args:
        article: Its name.
    """
    return {"vase": 500}[article]


@tool(tier="irreversible", effect="idempotent")
def refund(order_id: str, cents: int) -> str:
    """Pay back part of an order."""
    return f"{cents} cents of {order_id} are paid back"


prices = Agent(
    name="prices",
    description="Knows what articles cost.",
    tools=[price_of],
    model=ScriptedModel(call("price_of", article="vase"), "A vase costs 5 euros."),
)
refunds = Agent(
    name="refunds",
    description="Pays back.",
    tools=[refund, price_of],
    model=ScriptedModel(call("refund", order_id="ORD-000042", cents=500), "5 euros paid back."),
)
PLAN = {
    "tasks": [
        {"agent": "prices", "task": "What does a vase cost?"},
        {"agent": "refunds", "task": "Pay back 5 euros of order ORD-000042."},
    ]
}
sales = Agent(
    name="sales",
    tools=(),
    team=[prices, Member(refunds, tools=[refund], usd=0.10)],
    strategy=supervisor(),
    model=ScriptedModel(
        json.dumps(PLAN), "The vase costs 5 euros, and 5 euros are on their way back."
    ),
)


async def main() -> None:
    """Run it to the hold, agree, and go on."""
    async with Runtime.open("sqlite:///teams.db", agents=[sales]) as runtime:
        run = await runtime.run(sales, "What does the vase of ORD-000042 cost? Pay 5 euros back.")
        for hold in run.holds:
            way = " > ".join((run.agent, *hold.path))
            print(f"{run.status}: {hold.tool}, asked for by {way}")
            await runtime.approvals.approve(hold.approval_id or "", by=Principal("bob"))
        run = await runtime.resume(run.id)
        print(f"{run.status}: {run.result}")


if __name__ == "__main__":
    asyncio.run(main())

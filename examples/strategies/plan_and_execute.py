"""A plan first, then step by step, and a new plan where a step fails.

It prints:

    completed There are no candles; a vase and a lamp are 14 euros.
"""

import asyncio
import json

from highroad import Agent, Runtime, ToolError, tool
from highroad.agents.strategies.planning import plan_and_execute
from highroad.testing import ScriptedModel, call


@tool(tier="read")
def price_of(article: str) -> int:
    """Say what an article costs, in cents.

    Args:
        article: Its name, for example "vase".
    """
    prices = {"vase": 500, "lamp": 900}
    if article not in prices:
        raise ToolError(f"There is no {article}; there are {', '.join(prices)}.")
    return prices[article]


buyer = Agent(
    name="buyer",
    tools=[price_of],
    strategy=plan_and_execute(max_replans=1),
    model=ScriptedModel(
        json.dumps({"steps": ["Find the price of a vase", "Find the price of a candle"]}),
        call("price_of", article="vase"),
        "A vase costs 5 euros.",
        call("price_of", article="candle"),
        "FAILED: there are no candles, but lamps.",
        json.dumps({"is_done": False, "steps": ["Find the price of a lamp"]}),
        call("price_of", article="lamp"),
        "A lamp costs 9 euros.",
        "There are no candles; a vase and a lamp are 14 euros.",
    ),
)


async def main() -> None:
    """Ask for something of which a part cannot be had."""
    async with Runtime.open(agents=[buyer]) as runtime:
        run = await runtime.run("buyer", "What do a vase and a candle cost?")
        print(run.status, run.result)


asyncio.run(main())

"""One tool: the model fills its arguments, and its result is the answer.

It prints:

    completed 22.00 dollars (1 request)
    completed 10.20 pounds (1 request)
"""

import asyncio
from typing import Annotated, Literal

from pydantic import Field

from highroad import Agent, Runtime, tool
from highroad.agents.strategies.single import single_tool


@tool(tier="read")
def convert(amount: Annotated[float, Field(gt=0)], currency: Literal["dollars", "pounds"]) -> str:
    """Convert an amount of euros to another currency.

    Args:
        amount: Amount in euros.
        currency: The currency to convert to.
    """
    return f"{amount * {'dollars': 1.1, 'pounds': 0.85}[currency]:.2f} {currency}"


converter = Agent(
    name="converter", model="offline:", tools=[convert], strategy=single_tool("convert")
)


async def main() -> None:
    """Ask twice."""
    async with Runtime.open(agents=[converter]) as runtime:
        for request in ("Convert 20 euros to dollars.", "What are 12 euros in pounds?"):
            run = await runtime.run("converter", request)
            print(run.status, run.result, f"({run.steps} request)")


asyncio.run(main())

"""The cheap model answers where it is sure, and the strong one all the rest.

It prints:

    completed: We open at nine. (cheap 1, strong 0)
    completed: That depends on your contract. (cheap 2, strong 1)
"""

import asyncio
import json

from highroad import Agent, Runtime
from highroad.agents.ladder import ladder
from highroad.testing import ScriptedModel

cheap = ScriptedModel(
    json.dumps({"answer": "We open at nine.", "confidence": 0.95}),
    json.dumps({"answer": "Yes?", "confidence": 0.2}),
)
strong = ScriptedModel("That depends on your contract.")
support = Agent(
    name="support", tools=(), model=strong, roles={"cheap": cheap}, strategy=ladder("cheap")
)


async def main() -> None:
    """Ask twice."""
    async with Runtime.open("sqlite:///ladder.db", agents=[support]) as runtime:
        for question in ("When do you open?", "May I cancel early?"):
            run = await runtime.run(support, question)
            asked = f"(cheap {len(cheap.requests)}, strong {len(strong.requests)})"
            print(f"{run.status}: {run.result} {asked}")


if __name__ == "__main__":
    asyncio.run(main())

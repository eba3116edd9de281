"""Several next thoughts, of which the best are thought on.

It prints:

    completed 4 * (4 + 6 - 4) = 24 (5 requests)
"""

import asyncio
import json

from highroad import Agent, Runtime
from highroad.agents.searching.tree import tree_of_thoughts
from highroad.testing import ScriptedModel

thinker = Agent(
    name="thinker",
    tools=(),
    strategy=tree_of_thoughts(width=1, depth=2, branch=2),
    model=ScriptedModel(
        json.dumps({"thoughts": ["4 + 6 = 10 (left: 4, 10)", "6 * 4 = 24 (left: 4, 24)"]}),
        json.dumps({"thoughts": ["10 * 4 = 40", "4 * (10 - 4) = 24"]}),
        "4 * (4 + 6 - 4) = 24",
    ),
    roles={
        "judge": ScriptedModel(
            json.dumps({"scores": [0.7, 0.2]}),
            json.dumps({"scores": [0.0, 1.0]}),
        )
    },
)


async def main() -> None:
    """Play the game of 24, in which a first step may lead nowhere."""
    async with Runtime.open(agents=[thinker]) as runtime:
        run = await runtime.run("thinker", "Make 24 of 4, 4, 4 and 6.")
        print(run.status, run.result, f"({run.steps} requests)")


asyncio.run(main())

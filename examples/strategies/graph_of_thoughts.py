"""Thoughts that branch, merge and are refined: split a list, sort the parts, merge them.

It prints:

    completed 1 3 5 7 (7 requests)
"""

import asyncio
import json

from highroad import Agent, Runtime
from highroad.agents.searching.graph import aggregate, generate, graph_of_thoughts, refine
from highroad.testing import ScriptedModel

sorter = Agent(
    name="sorter",
    tools=(),
    strategy=graph_of_thoughts(
        generate(2, "Split the list into {count} halves."),
        generate(1, "Sort this half: {thought}"),
        aggregate("Merge these sorted lists:\n{thought}"),
        refine(),
    ),
    model=ScriptedModel(
        json.dumps({"thoughts": ["7 3", "5 1"]}),
        json.dumps({"thoughts": ["3 7"]}),
        json.dumps({"thoughts": ["1 5"]}),
        "1 5 3 7",
        "1 3 5 7",
        "1 3 5 7",
    ),
    roles={"judge": ScriptedModel(json.dumps({"scores": [0.4, 1.0]}))},
)


async def main() -> None:
    """Have a list sorted."""
    async with Runtime.open(agents=[sorter]) as runtime:
        run = await runtime.run("sorter", "Sort 7 3 5 1.")
        print(run.status, run.result, f"({run.steps} requests)")


asyncio.run(main())
